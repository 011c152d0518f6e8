"""What a reader is told of films with a score like this one: counted by bin, site and model version; never of few films, never without its basis."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from quality_data import MADE_AT, Feed, rows_of

from wetread.domain.quality import NAIVE
from wetread.domain.reliability import ALL_SITES, BLIND, EDGES, FEWEST, Reliability, ScoreShare, share_like
from wetread.monitoring.prediction_log import PredictionRow
from wetread.monitoring.reliability import reliability_of

NIGHT = datetime(2026, 3, 2, tzinfo=UTC)
ROW = replace(rows_of(Feed(days=1, per_day=1))[0], site="north", finding="effusion", model_sha256="m")


def films(n: int, had: int, **changes: object) -> list[PredictionRow]:
    """`n` studies of as many patients at 0.64; the first `had` were signed as positive."""
    row = replace(ROW, probability=0.64, **changes)  # type: ignore[arg-type]
    return [
        replace(
            row, study=f"{row.site}{at}", patient=f"{row.site}p{at}", label="positive" if at < had else "not_mentioned"
        )
        for at in range(n)
    ]


def counted(rows: list[PredictionRow], unmentioned_as: str = "negative") -> Reliability:
    return reliability_of(rows, NIGHT, "2025-12-08", unmentioned_as)


def like(counted: Reliability, probability: float = 0.64, site: str = "north", model: str = "m") -> ScoreShare | None:
    return share_like(counted.shares, site, "effusion", model, probability)


def test_of_a_hundred_films_at_this_site_so_many_had_it() -> None:
    share = like(counted([*films(100, 31), *films(500, 400, site="south")]))
    assert share is not None
    assert (share.site, share.basis, share.low, share.high, share.n, share.had) == ("north", NAIVE, 0.6, 0.7, 100, 31)
    assert (share.share_low, share.share_high) == pytest.approx((0.2278, 0.4063), abs=5e-4)  # Wilson 1927 of 31 in 100


def test_too_few_here_falls_back_to_all_sites_and_says_so_and_too_few_everywhere_says_only_n() -> None:
    few = films(FEWEST - 1, 9)
    assert like(counted([*few, *films(1, 1, site="south")])) == share_of(ALL_SITES, FEWEST, 10)
    alone = like(counted(few))
    assert alone is not None
    assert (alone.site, alone.n) == ("north", FEWEST - 1)
    assert like(counted(few), probability=0.71) is None


def share_of(site: str, n: int, had: int) -> ScoreShare:
    (found,) = [each for each in counted(films(n, had)).shares if each.site == "north"]
    return replace(found, site=site)


def test_another_model_version_or_bin_tells_nothing() -> None:
    known = counted(films(60, 20))
    assert like(known, model="other") is None
    assert like(known, probability=0.7) is None
    assert like(known, probability=0.6) is not None


def test_the_last_bin_holds_a_certainty() -> None:
    sure = [replace(each, probability=1.0) for each in films(40, 40)]
    share = like(counted(sure), probability=1.0)
    assert share is not None
    assert (share.high, share.n) == (EDGES[-1], 40)


def test_what_readers_said_before_they_saw_the_ai_counts_more_than_what_they_signed() -> None:
    blind = [
        replace(each, own_label="positive" if at % 4 == 0 else "negative") for at, each in enumerate(films(40, 40))
    ]
    share = like(counted([*blind, *(replace(each, study=f"x{each.study}") for each in films(60, 60))]))
    assert share is not None
    assert (share.basis, share.n, share.had) == (BLIND, 40, 10)
    few = like(counted([*blind[: FEWEST - 1], *(replace(each, study=f"x{each.study}") for each in films(60, 60))]))
    assert few is not None
    assert few.basis == NAIVE


def test_films_of_one_patient_are_worth_less() -> None:
    often = [replace(each, patient=f"p{at // 5}") for at, each in enumerate(films(100, 30))]
    once, clustered = like(counted(films(100, 30))), like(counted(often))
    assert once is not None
    assert clustered is not None
    assert clustered.share_high - clustered.share_low > 1.5 * (once.share_high - once.share_low)


def test_sampled_truth_and_open_labels_are_not_counted() -> None:
    assert counted([replace(each, truth_probability=0.2) for each in films(50, 20)]).shares == ()
    assert counted([replace(each, label="uncertain") for each in films(50, 20)]).shares == ()
    ignoring = like(counted(films(50, 20), "ignore"))
    assert ignoring is not None
    assert (ignoring.n, ignoring.had) == (20, 20)


def test_a_calibrated_log_agrees_with_its_scores() -> None:
    known = reliability_of(rows_of(Feed(per_day=60)), MADE_AT, "2025-12-08", "negative")
    here = [each for each in known.shares if each.site == "north" and each.n >= 100]
    assert len(here) >= 8
    off = [each for each in here if not each.share_low - 0.03 < (each.low + each.high) / 2 < each.share_high + 0.03]
    assert off == []
