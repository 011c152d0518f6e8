"""What a deployment controller is told of a model version: one plain word, and why."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from builders_web import Browser, World, a_token, open_door

from wetread.domain.model_version import VersionState
from wetread.domain.role import Role
from wetread.domain.rollout import Approval, Ask, Rollout, Verdict
from wetread.testing.rollout_builders import a_decision_of_gates, a_model_version, a_rollout

S = VersionState
PATH = "/api/rollouts/phantom-net@2.0.0/analysis"


def save(world: World, *rollouts: Rollout) -> None:
    with world.services.database.begin() as unit:
        for each in rollouts:
            unit.save_rollout(each, expected_etag=None)
        unit.commit()


def ask(door: Browser, query: str = "") -> dict[str, object]:
    answer = door.as_("quality").send("GET", PATH + query)
    assert answer.status == 200, answer.body
    return json.loads(answer.body)  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("state", "percent", "held", "query", "result"),
    [
        (S.SHADOW, 0, "", "", "hold"),
        (S.SHADOW, 0, "", "?percent=0", "pass"),
        (S.CANARY, 5, "", "?percent=5", "pass"),
        (S.CANARY, 5, "", "?percent=25", "hold"),
        (S.CANARY, 25, "drift", "?percent=5", "hold"),
        (S.ACTIVE, 100, "", "", "pass"),
        (S.RETIRED, 0, "", "", "fail"),
        (S.RETIRED, 0, "", "?percent=0", "fail"),
    ],
)
def test_one_word_says_it(
    world: World, door: Browser, state: S, percent: int, held: str, query: str, result: str
) -> None:
    save(world, a_rollout(state=state, percent=percent, held=held))
    assert ask(door, query)["result"] == result


def test_a_recommendation_is_no_pass_before_people_approved(world: World, door: Browser) -> None:
    approval = Approval("q.lee", Role.QUALITY, world.clock.now(), "looks good")
    rollout = a_rollout(ask=Ask("m.engineer", world.clock.now(), 5, 1, (approval,)))
    save(world, rollout)
    with world.services.database.begin() as unit:
        at = rollout.since + timedelta(days=15)
        unit.add_decision(a_decision_of_gates(verdict=Verdict.PROMOTE, reason="every gate passes", decided_at=at))
        unit.commit()
    answer = ask(door, "?percent=5")
    (site,) = answer["sites"]  # type: ignore[misc]
    assert answer["result"] == "hold"
    assert (site["recommended"], site["approvals"], site["asked_percent"]) == (True, 1, 5)
    assert (site["verdict"], site["reason"]) == ("promote", "every gate passes")


def test_all_sites_pass_together_and_one_that_took_it_back_fails_all(world: World, door: Browser) -> None:
    wide = a_rollout(state=S.ACTIVE, percent=100)
    save(world, wide, replace(wide, site="south", state=S.CANARY, percent=5), replace(wide, model_key="other@1.0.0"))
    assert ask(door)["result"] == "hold"
    assert ask(door, "?site=north")["result"] == "pass"
    assert len(ask(door)["sites"]) == 2  # type: ignore[arg-type]
    save(world, replace(wide, site="west", state=S.RETIRED))
    assert ask(door)["result"] == "fail"


def test_the_model_card_is_of_what_reads(world: World, door: Browser) -> None:
    world.services = replace(world.services, version_card=lambda version: f"card of {version.key}")
    with world.services.database.begin() as unit:
        unit.add_version(a_model_version())
        unit.commit()
    with open_door(world) as other:
        quality = other.as_("quality")
        plain = quality.send("GET", "/api/model-card").body
        save(world, a_rollout())
        assert quality.send("GET", "/api/model-card").body == plain  # a shadow is shown to nobody
        save(world, a_rollout(site="south", state=S.CANARY, percent=5))
        shown = quality.send("GET", "/api/model-card").body
    assert b"reads 5 % of the studies of south.\n\ncard of phantom-net@2.0.0" in shown
    assert shown.endswith(plain)


@pytest.mark.parametrize("query", ["?percent=101", "?percent=-1", "?percent=", "?percent=5.0", "?percent=abc"])
def test_a_share_that_is_none_is_refused(world: World, door: Browser, query: str) -> None:
    save(world, a_rollout())
    assert door.as_("quality").send("GET", PATH + query).status == 400


def test_what_has_no_rollout_is_not_found(world: World, door: Browser) -> None:
    save(world, a_rollout())
    for path in ("/api/rollouts/nobody@1.0.0/analysis", PATH + "?site=nowhere"):
        assert door.as_("quality").send("GET", path).status == 404


def test_a_controller_asks_with_the_token_of_a_service_and_nobody_without_one(world: World, door: Browser) -> None:
    save(world, a_rollout())
    assert door.send("GET", PATH).status == 401
    token = a_token(world, "service")
    assert door.send("GET", PATH, None, {"Authorization": f"Bearer {token}"}).status == 200
