"""A score comes with what became of films like it, or with how few those were; an out-of-distribution film with neither."""

from builders_web import Browser, World

from wetread.domain.quality import NAIVE
from wetread.domain.reliability import ALL_SITES, Reliability, ScoreShare
from wetread.testing.builders import NOON, an_analysis


def test_a_score_comes_with_what_became_of_films_like_it(world: World, door: Browser) -> None:
    key = world.add_study()
    reader = door.as_("radiologist")
    assert reader.get(f"/api/studies/{key}").json()["reliability"] == {
        "made_at": None, "since": None, "fewest": 30, "findings": {},
    }  # fmt: skip
    model = an_analysis().model.sha256
    few, many = (
        ScoreShare(site, "pneumothorax", model, NAIVE, 0.8, 0.9, n, 31, 0.2, 0.4)
        for site, n in (("north", 7), (ALL_SITES, 412))
    )
    for shares, told in (
        ((few,), {"scope": "few", "n": 7}),
        (
            (few, many),
            {"scope": "all", "basis": "naive", "from": 0.8, "to": 0.9, "n": 412, "had": 31, "low": 0.2, "high": 0.4},
        ),
    ):
        with world.services.database.begin() as unit:
            unit.save_reliability(Reliability(NOON, "2026-01-01", shares))
            unit.commit()
        known = reader.get(f"/api/studies/{key}").json()["reliability"]
        assert known["findings"] == {"pneumothorax": told}  # type: ignore[index]


def test_a_film_unlike_the_training_films_is_told_nothing(world: World, door: Browser) -> None:
    key = world.add_study(analysis=an_analysis(ood_score=1.5, ood_threshold=1.0))
    assert door.as_("radiologist").get(f"/api/studies/{key}").json()["reliability"] is None
