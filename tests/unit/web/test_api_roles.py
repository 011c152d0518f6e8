"""Every operation times every role, read from the operation table: nobody gets more than the permission table gives."""

import re

import pytest
from builders_web import PASSWORD, Browser, World, a_token, a_world, open_door

from wetread.domain.role import PERMITTED, Act, Role
from wetread.web.operation_table import OPERATIONS
from wetread.web.operations import Access, Operation

BODIES: dict[str, object] = {
    "login": {"actor_id": "radiologist", "password": PASSWORD},
    "save_report": {"sections": [{"section": "impression", "text": "x"}], "findings": []},
    "sign_report": {"etag": 1, "meaning": "m", "password": PASSWORD},
    "amend_report": {"reason": "r"},
    "append_to_report": {"version": 1, "text": "t", "meaning": "m", "password": PASSWORD},
    "search_worklist": {"text": "doe"},
    "retry_work": {"jobs": [1]},
    "add_account": {
        "actor_id": "new",
        "role": "resident",
        "display_name": "",
        "new_password": PASSWORD,
        "password": "x",
    },
    "set_role": {"role": "resident", "password": "x"},
    "set_disabled": {"disabled": True, "password": "x"},
    "set_password": {"new_password": PASSWORD, "password": "x"},
    "end_session": {"session": "0" * 16},
    "rollout_ask": {"site": "north", "password": "x"},
    **{
        f"rollout_{name}": {"site": "north", "reason": "because", "password": "x"}
        for name in ("approve", "hold", "resume", "roll_back")
    },
    "check_policy": {"policy": "a"},
    "propose_policy": {"policy": "a", "reason": "r", "password": "x"},
    **{f"{name}_policy": {"reason": "r", "password": "x"} for name in ("approve", "withdraw", "revert")},
    "look_at_erasure": {"study_key": "a" * 24, "whole_patient": False, "reason": "wrong_upload"},
    "ask_for_erasure": {"study_key": "a" * 24, "whole_patient": False, "reason": "wrong_upload", "password": PASSWORD},
    **{f"{name}_erasure": {"password": PASSWORD} for name in ("approve", "withdraw")},
    "release_returned": {"study_key": "a" * 24, "password": PASSWORD},
    "set_legal_hold": {"study_key": "a" * 24, "whole_patient": False, "reason": "litigation", "password": PASSWORD},
    "lift_legal_hold": {"password": PASSWORD},
    "try_policy": {"policy": "a", "hours": 24, "most": 10},
    "save_views": {"views": []},
    "reject_draft": {"etag": 1, "reason_code": "not_useful"},
    "commit_findings": {"findings": [{"name": "effusion", "presence": "negative"}]},
    "keep_marks": {"films": []},
    "check_report": {"sections": [], "findings": []},
    "note_seen": {"what": "draft"},
    "choose_mode": {"mode": "concurrent"},
    "keep_macros": {"macros": [{"name": ".nl", "text": "The lungs are clear."}]},
    "take_lock": {"screen": "screen-of-a-test"},
    "answer_identity": {"hold_key": "h", "answer": "seen"},
    "keep_unsaved": {"version": 1, "content": {"sections": [], "findings": []}},
    "critical_acknowledge": {"etag": 1, "read_back": "right pneumothorax"},
    "critical_communicate": {"etag": 1, "to_whom": "ward 4", "how": "phone", "read_back_confirmed": True},
    "critical_close": {"etag": 1, "reason": "not_confirmed", "note": "skin fold"},
    "critical_release": {"etag": 1},
    "acknowledge_alarm": {"alarm_key": "nothing_arrives/north"},
    "hand_over": {
        "site": "north",
        "duty": "primary",
        "person_id": "ann",
        "starts_at": "2026-03-02T08:00:00Z",
        "ends_at": "2026-03-02T18:00:00Z",
        "reason": "ill",
    },
}
OPEN_ENDED = {"events"}  # answers for as long as it is listened to: see tests/integration/test_web_live.py


@pytest.fixture(scope="module")
def world() -> World:
    return a_world()


@pytest.fixture(scope="module")
def door(world: World):  # type: ignore[no-untyped-def]
    with open_door(world) as browser:
        yield browser


@pytest.fixture(scope="module")
def readers(door: Browser) -> dict[Role, Browser]:
    return {role: door.as_(role.value) for role in Role}


def path_of(operation: Operation, key: str) -> str:
    filled = operation.path.replace("{study_key}", key).replace("{study_uid}", "2.25.1")
    filled = filled.replace("{series_uid}", "2.25.1.1").replace("{sop_uid}", "2.25.1.1.1")
    filled = filled.replace("{critical_key}", f"{key}:1").replace("{override_id}", "none")
    filled = (
        filled.replace("{model}", "phantom-net@2.0.0")
        .replace("{actor_id}", "nobody")
        .replace("{name}", "none")
        .replace("{number}", "1")
    )
    filled = filled.replace("{resource_type}", "DiagnosticReport").replace("{resource_id}", key)
    filled = filled.replace("{workitem}", "2.25.404").replace("{subscriber}", "RIS")
    filled = filled.replace("{frames}", "1").replace("{place}", "7FE00010")
    assert not re.search(r"[{}]", filled)
    return filled


def ask(browser: Browser, operation: Operation, key: str) -> int:
    headers = {"If-Match": '"1"'} if operation.if_match else {}
    if operation.takes:
        headers |= {"Content-Type": operation.takes[0]}
        return browser.send(operation.method, path_of(operation, key), headers=headers, raw=b"[{}]").status
    return browser.send(operation.method, path_of(operation, key), BODIES.get(operation.name), headers).status


def cells() -> list[tuple[Operation, Role]]:
    return [(operation, role) for operation in OPERATIONS for role in Role if operation.name not in OPEN_ENDED]


@pytest.mark.parametrize(("operation", "role"), cells(), ids=lambda each: getattr(each, "name", str(each)))
def test_an_operation_answers_exactly_the_roles_that_hold_its_act(
    world: World, readers: dict[Role, Browser], operation: Operation, role: Role
) -> None:
    key = world.add_study()
    browser = readers[role] if operation.name != "logout" else readers[role].as_(role.value)
    allowed = operation.act is None or operation.act in PERMITTED[role]
    status = ask(browser, operation, key)
    assert (status == 403) is not allowed, status
    assert status < 500


@pytest.mark.parametrize(
    "operation", [each for each in OPERATIONS if each.access is not Access.PUBLIC], ids=lambda each: each.name
)
def test_a_stranger_is_asked_to_sign_in(world: World, door: Browser, operation: Operation) -> None:
    assert ask(Browser(door.port), operation, world.add_study()) == 401


@pytest.mark.parametrize(
    "operation", [each for each in OPERATIONS if each.access is Access.PERSON], ids=lambda each: each.name
)
def test_what_a_person_answers_for_no_token_may_do(world: World, door: Browser, operation: Operation) -> None:
    token = a_token(world, "radiologist")
    assert ask(Browser(door.port, defaults={"Authorization": f"Bearer {token}"}), operation, world.add_study()) == 403


@pytest.mark.parametrize(
    "operation", [each for each in OPERATIONS if "{study_key}" in each.path], ids=lambda each: each.name
)
@pytest.mark.parametrize("key", ["a" * 24, "nokey", "A" * 24, "a" * 23 + "1", "x" * 4000])
def test_a_study_that_is_not_there_is_404_everywhere(
    door: Browser, readers: dict[Role, Browser], operation: Operation, key: str
) -> None:
    assert ask(readers[Role.RADIOLOGIST], operation, key) == 404


def test_only_reading_roles_may_sign_and_a_service_never() -> None:
    """The law behind the table: no operation that changes a report is open to a service, an engineer or an admin."""
    for operation in OPERATIONS:
        if operation.changes and "{study_key}" in operation.path:
            assert operation.act in (Act.EDIT_DRAFT, Act.SIGN)
            assert operation.access is Access.PERSON


@pytest.mark.parametrize(
    "operation",
    [each for each in OPERATIONS if not each.changes and each.name not in OPEN_ENDED],
    ids=lambda each: each.name,
)
def test_reading_changes_nothing_but_the_audit_log(
    world: World, readers: dict[Role, Browser], operation: Operation
) -> None:
    key = world.add_study()
    before = snapshot(world, key)
    ask(readers[Role.RADIOLOGIST], operation, key)
    assert snapshot(world, key) == before


def snapshot(world: World, key: str) -> tuple[object, ...]:
    database = world.services.database
    with database.begin(write=False) as unit:
        facts = (unit.study(key), unit.reports(key), unit.draft(key), unit.deliveries(key), unit.accounts())  # type: ignore[arg-type]
        queue = (unit.criticals(), unit.alarms(), unit.overrides(ends_after=world.clock.now()))
    return (*facts, *queue, database.count_jobs())
