"""The look of the films by what the network made of them: against a frozen sample, one film a patient, nobody on both sides; what is erased or not kept leaves the comparison."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
import pytest
from quality_data import MADE_AT, Feed, rows_of

from wetread.cli.monitor_table import quality_lines
from wetread.domain.alarm import AlarmKind
from wetread.domain.errors import TransientError
from wetread.domain.identifiers import StudyKey
from wetread.domain.quality import FilmDrift, QualityReference, QualityReport
from wetread.evaluation.embedding_drift import domain_auroc, mmd_test
from wetread.monitoring.cells import QualityLimits
from wetread.monitoring.films import MIN_DAYS, film_drifts, films_frozen_with
from wetread.monitoring.prediction_log import PredictionRow
from wetread.monitoring.quality import QualityWatch
from wetread.monitoring.quality_rules import quality_verdicts
from wetread.monitoring.tags import tagged_studies
from wetread.ports.case_store import Case, CaseStore
from wetread.scorecard.quality_page import quality_page
from wetread.testing.builders import NOON
from wetread.testing.memory_cases import MemoryCaseStore
from wetread.testing.memory_database import MemoryDatabase
from wetread.testing.quality_builders import a_film_drift, a_quality_report

SHA = "a" * 64
SINCE = (MADE_AT.date() - timedelta(days=28)).isoformat()
ROWS = [
    replace(each, patient=each.study, model_sha256=SHA) for each in rows_of(Feed(days=60, per_day=5))
]  # 160 studies before the window, 140 in it
DIMENSIONS = 12


def store_of(shift: float = 0.0, rows: list[PredictionRow] = ROWS) -> MemoryCaseStore:
    """Every film has a vector; those of the window are moved by `shift` standard deviations in each dimension."""
    store, random = MemoryCaseStore(), np.random.default_rng(4)
    for row in rows:
        vector = random.normal(size=DIMENSIONS) + (shift if row.date >= SINCE else 0.0)
        store.keep(Case(StudyKey(row.study), SHA, NOON, vector.astype(np.float32)))
    return store


def frozen_of(store: CaseStore, rows: list[PredictionRow] = ROWS, studies: int = 120) -> QualityReference:
    return films_frozen_with(QualityReference(), tagged_studies(rows), store, studies)


def drift(
    store: CaseStore, reference: QualityReference, rows: list[PredictionRow] = ROWS, alpha: float = 1 / 365
) -> FilmDrift:
    (found,) = film_drifts(tagged_studies(rows), reference, store, SINCE, alpha)
    return found


def test_the_numbers_are_those_of_the_two_sides() -> None:
    store = store_of(0.4)
    found = drift(store, frozen_of(store))
    first = store.vectors(SHA, [StudyKey(each.study) for each in ROWS[:120]])
    last = store.vectors(SHA, [StudyKey(each.study) for each in ROWS if each.date >= SINCE])
    sides = np.array(list(first.values())), np.array(list(last.values()))
    assert (found.n_reference, found.n) == (120, 140)
    assert found.mmd == pytest.approx(mmd_test(*sides, permutations=1).squared)
    assert found.p == 1 / 1000
    assert found.auroc == pytest.approx(domain_auroc(*sides).value, abs=0.03)


def test_films_that_look_different_ring_and_say_that_it_is_no_verdict() -> None:
    store = store_of(0.4)
    films = (drift(store, frozen_of(store)),)
    found = quality_verdicts(a_quality_report(cells=(), tags=(), films=films), QualityReference(), 1.0)
    (silence,) = found.silences
    assert (silence.kind, silence.alarm_key) == (AlarmKind.FILMS_DRIFTED, "films_drifted/north/phantom-net 1.0.0")
    assert "n 140 films against 120" in silence.message
    assert "a reason to look, not a verdict" in silence.message
    assert not silence.pages


def test_films_that_look_the_same_ring_nobody_and_are_judged() -> None:
    store = store_of()
    found = drift(store, frozen_of(store))
    assert found.p is not None
    assert found.p > 0.05
    verdicts = quality_verdicts(a_quality_report(cells=(), tags=(), films=(found,)), QualityReference(), 1.0)
    assert (verdicts.silences, verdicts.judged) == ((), {"films_drifted/north/phantom-net 1.0.0"})


@pytest.mark.parametrize(("p", "auroc", "rings"), [(0.001, 0.56, 1), (0.001, 0.54, 0), (0.01, 0.9, 0)])
def test_both_chance_and_size_must_speak(p: float, auroc: float, rings: int) -> None:
    report = a_quality_report(cells=(), tags=(), films=(a_film_drift(p=p, auroc=auroc),))
    assert len(quality_verdicts(report, QualityReference(), 1.0).silences) == rings


def a_look_by_day(of_day: float, moved: float = 0.0) -> MemoryCaseStore:
    """The films of a day are alike in every feature by `of_day` standard deviations; those of the window are `moved` besides."""
    store, random = MemoryCaseStore(), np.random.default_rng(8)
    looks = {day: of_day * random.normal(size=DIMENSIONS) for day in sorted({row.date for row in ROWS})}
    for row in ROWS:
        vector = random.normal(size=DIMENSIONS) + looks[row.date] + (moved if row.date >= SINCE else 0.0)
        store.keep(Case(StudyKey(row.study), SHA, NOON, vector.astype(np.float32)))
    return store


def test_days_that_differ_are_no_drift_and_a_drift_over_them_is() -> None:
    """Film by film the two sides differ beyond chance, for each day has a look of its own; day by day they do not."""
    store = a_look_by_day(0.7)
    first = store.vectors(SHA, [StudyKey(each.study) for each in ROWS[:120]])
    last = store.vectors(SHA, [StudyKey(each.study) for each in ROWS if each.date >= SINCE])
    by_film = mmd_test(np.array(list(first.values())), np.array(list(last.values())), permutations=300)
    calm, moved = drift(store, frozen_of(store)), drift(moving := a_look_by_day(0.7, 0.8), frozen_of(moving))
    assert calm.p is not None
    assert moved.p is not None
    assert by_film.p < 0.01 < 0.05 < calm.p
    assert moved.p < 0.01


def test_a_busy_sites_yardstick_is_of_fourteen_days_and_waits_for_them() -> None:
    store = store_of()
    reference = frozen_of(store, studies=50).films[0]
    assert len(reference.studies) == 50
    assert len({day for *_, day in reference.studies}) == MIN_DAYS
    assert reference.studies == frozen_of(store, studies=50).films[0].studies
    assert frozen_of(store, ROWS[: 5 * (MIN_DAYS - 1)], studies=50).films == ()


def test_a_window_of_few_days_is_not_judged() -> None:
    store = store_of()
    early = [row for row in ROWS if row.date < SINCE]
    night = sorted({row.date for row in ROWS if row.date >= SINCE})[:12]
    found = drift(store, frozen_of(store), [*early, *(row for row in ROWS if row.date in night)])
    assert (found.n, found.p, found.refused) == (60, None, "too few: films of 12 days on one side, 14 are needed")


def test_a_reference_frozen_before_days_were_kept_is_still_compared() -> None:
    store = store_of(0.4)
    (frozen,) = (reference := frozen_of(store)).films
    old = replace(reference, films=(replace(frozen, studies=tuple(each[:2] for each in frozen.studies)),))
    found = drift(store, old)
    assert (found.n_reference, found.n, found.p) == (120, 140, 1 / 1000)


def test_what_is_erased_leaves_the_comparison_down_to_too_few() -> None:
    store = store_of()
    reference = frozen_of(store)
    for study, *_ in reference.films[0].studies[:71]:
        store.erase_study(StudyKey(study))
    found = drift(store, reference)
    assert (found.n_reference, found.p, found.auroc) == (49, None, None)
    assert found.refused == "too few: 140 films of other patients with a vector now, 49 in the reference, 50 are needed"


def test_a_patient_of_the_reference_is_not_on_the_other_side() -> None:
    again = [
        replace(each, patient=ROWS[0].patient) if each.date >= SINCE and each.study[-1] in "02468" else each
        for each in ROWS
    ]
    store = store_of()
    assert drift(store, frozen_of(store, again), again).n == 70


def test_the_reference_waits_for_enough_films_with_a_vector_and_is_frozen_once() -> None:
    late = store_of(rows=ROWS[100:])
    reference = frozen_of(late)
    assert reference.films[0].studies[0][0] == ROWS[100].study
    assert films_frozen_with(reference, tagged_studies(ROWS), store_of(), 50) is reference
    assert frozen_of(store_of(rows=ROWS[200:])).films == ()
    none = drift(late, QualityReference())
    assert (none.p, none.refused[:22]) == (None, "no reference is frozen")


def test_sides_are_bounded_and_drawn_the_same_every_night(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wetread.monitoring.films.MOST_FILMS", 60)
    store = store_of()
    reference = frozen_of(store)
    assert len(reference.films[0].studies) == 60
    found = drift(store, reference)
    assert (found.n_reference, found.n) == (60, 60)
    assert drift(store, reference) == found


@dataclass
class Log:
    left_out: dict[str, int]

    def rows(self, since: datetime) -> Iterator[PredictionRow]:
        return iter(ROWS)


def measured(cases: Callable[[], CaseStore] | None) -> tuple[QualityReport, QualityReference]:
    log = Log({})
    limits = QualityLimits(reference_studies=120)
    watch = QualityWatch(MemoryDatabase(), lambda: log, limits, 1.0, cases)  # type: ignore[arg-type, return-value]
    return watch.measure(MADE_AT)


def test_a_night_measures_the_look_where_vectors_are_kept_and_says_so_where_not() -> None:
    store = store_of(0.4)
    report, reference = measured(lambda: store)
    assert len(reference.films[0].studies) == 120
    assert report.films[0].p == 1 / 1000
    assert any("new told from old with AUROC" in each for each in quality_lines(report))
    assert f"<td>{report.films[0].auroc:.3f}</td>" in quality_page(report)
    without, _ = measured(None)
    assert without.films == ()
    assert "whether their look changed is not measured" in without.films_unsaid
    assert any(without.films_unsaid in each for each in quality_lines(without))
    assert without.films_unsaid in quality_page(without)


def test_a_store_that_is_away_leaves_the_rest_of_the_night_measured_and_the_alarm_open() -> None:
    def away() -> CaseStore:
        raise TransientError("the database is away", code="database_down")

    report, reference = measured(away)
    assert "could not be read (database_down)" in report.films_unsaid
    assert report.cells
    verdicts = quality_verdicts(report, reference, 1.0)
    key = "films_drifted/north/phantom-net 1.0.0"
    assert key in verdicts.wider
    assert key not in verdicts.judged
