"""Which version reads a study: the same study always the same way, evenly, and widening moves nobody out."""

from itertools import pairwise

import pytest

from wetread.domain.identifiers import StudyKey
from wetread.domain.model_version import VersionState
from wetread.domain.rollout import Rollout
from wetread.governance.assignment import place_of, reader_of, shadows_of
from wetread.testing.rollout_builders import a_rollout

KEYS = [StudyKey(f"study{number:06}") for number in range(8_000)]


def test_a_study_stands_where_it_always_stood() -> None:
    """Fixed values: a release that hashed otherwise would move studies between versions in the middle of a rollout."""
    places = [place_of(StudyKey(key), "net@2.0.0", "north") for key in ("a", "b", "c")]
    assert places == pytest.approx(GOLDEN, abs=1e-12)


GOLDEN = [0.657803546974, 0.095157940154, 0.857006403982]


@pytest.mark.parametrize(("model", "site"), [("net@2.0.0", "north"), ("net@2.0.1", "north"), ("net@2.0.0", "Süd")])
def test_studies_are_spread_evenly(model: str, site: str) -> None:
    counts = [0] * 100
    for key in KEYS:
        counts[int(100 * place_of(key, model, site))] += 1
    chi_square = sum((count - 80) ** 2 / 80 for count in counts)
    assert 60 < chi_square < 150  # 99 degrees of freedom: beyond either end once in 2,000


def test_versions_and_sites_share_out_apart() -> None:
    first = {key for key in KEYS if place_of(key, "net@2.0.0", "north") < 0.25}
    for model, site in (("net@2.0.1", "north"), ("net@2.0.0", "south")):
        both = sum(place_of(key, model, site) < 0.25 for key in first) / len(first)
        assert abs(both - 0.25) < 0.04


def test_widening_moves_nobody_out() -> None:
    shares = [{k for k in KEYS if reader_of([canary(p)], k)} for p in (1, 5, 25, 99)]
    assert all(small < wide for small, wide in pairwise(shares))
    assert abs(len(shares[1]) / len(KEYS) - 0.05) < 0.01


def canary(percent: int) -> Rollout:
    return a_rollout(state=VersionState.CANARY, percent=percent)


def test_the_canary_reads_its_share_and_the_active_version_the_rest() -> None:
    active = a_rollout(model_key="old@1.0.0", state=VersionState.ACTIVE, percent=100)
    wide, shadow = a_rollout(state=VersionState.CANARY, percent=40), a_rollout(model_key="next@3.0.0")
    retired = a_rollout(model_key="gone@0.1.0", state=VersionState.RETIRED)
    found = [reader_of((active, wide, shadow, retired), key) for key in KEYS]
    assert set(found) == {active, wide}
    assert abs(found.count(wide) / len(KEYS) - 0.4) < 0.02
    assert shadows_of((active, wide, shadow, retired)) == (shadow,)


def test_without_a_rollout_the_installed_model_reads() -> None:
    assert reader_of((), KEYS[0]) is None
    assert reader_of((a_rollout(), a_rollout(state=VersionState.RETIRED)), KEYS[0]) is None
