"""The life of a model version: every pair of state and event, and who may bring one about."""

from itertools import product

import pytest

from wetread.domain.errors import IllegalTransition
from wetread.domain.model_version import VERSION_TRANSITIONS, VersionEvent, VersionState, next_version_state
from wetread.domain.role import PERMITTED, Act, Role
from wetread.testing.rollout_builders import a_gate_plan, a_rollout

S, E = VersionState, VersionEvent
ALLOWED = {
    (S.CANDIDATE, E.START): S.SHADOW,
    (S.SHADOW, E.WIDEN): S.CANARY,
    (S.SHADOW, E.ROLL_BACK): S.RETIRED,
    (S.CANARY, E.WIDEN): S.CANARY,
    (S.CANARY, E.ACTIVATE): S.ACTIVE,
    (S.CANARY, E.ROLL_BACK): S.RETIRED,
    (S.ACTIVE, E.SUPERSEDE): S.RETIRED,
    (S.ACTIVE, E.ROLL_BACK): S.RETIRED,
    (S.RETIRED, E.START): S.SHADOW,
    (S.RETIRED, E.RESTORE): S.ACTIVE,
}


@pytest.mark.parametrize(("state", "event"), list(product(VersionState, VersionEvent)))
def test_every_pair(state: VersionState, event: VersionEvent) -> None:
    if (state, event) in ALLOWED:
        assert next_version_state(state, event) is ALLOWED[state, event]
        return
    with pytest.raises(IllegalTransition, match=state.value):
        next_version_state(state, event)


def test_only_the_shadow_leads_to_a_canary_and_only_a_canary_to_use() -> None:
    into = {after: {before for (before, _), to in VERSION_TRANSITIONS.items() if to is after} for after in VersionState}
    assert into[S.CANARY] == {S.SHADOW, S.CANARY}
    assert into[S.ACTIVE] == {S.CANARY, S.RETIRED}  # RETIRED: given back after its successor was rolled back


@pytest.mark.parametrize(
    ("act", "roles"),
    [
        (Act.REGISTER_MODEL, {Role.ML_ENGINEER}),
        (Act.ASK_FOR_PROMOTION, {Role.ML_ENGINEER}),
        (Act.APPROVE_PROMOTION, {Role.QUALITY, Role.ADMIN}),
        (Act.STOP_ROLLOUT, {Role.ML_ENGINEER, Role.QUALITY, Role.ADMIN, Role.SERVICE}),
        (Act.SEE_ROLLOUTS, {Role.ML_ENGINEER, Role.QUALITY, Role.ADMIN, Role.SERVICE}),
    ],
)
def test_who_may_do_what(act: Act, roles: set[Role]) -> None:
    assert {role for role in Role if act in PERMITTED[role]} == roles


def test_stages_follow_one_another_up_to_the_whole_site() -> None:
    plan = a_gate_plan(stages=(5, 25))
    assert [a_rollout(plan=plan, percent=at).next_percent for at in (0, 5, 10, 25)] == [5, 25, 25, 100]
