"""Every operation times every role, read from the operation table: nobody gets more than the permission table gives."""

import pytest
from builders_operations import BODIES, path_of
from builders_web import Browser, World, a_token, a_world, open_door

from wetread.domain.role import PERMITTED, Act, Role
from wetread.web.operation_table import OPERATIONS
from wetread.web.operations import Access, Operation

ENDS_OWN = {"login", "logout", "leave", "end_other_sessions"}
NO_STUDY = "a" * 24
OPEN_ENDED = {"events"}  # answers for as long as it is listened to: see tests/integration/test_web_live.py


@pytest.fixture(scope="module")
def world() -> World:
    """Never empty: what lists studies has one to show."""
    world = a_world()
    world.add_study()
    return world


@pytest.fixture(scope="module")
def door(world: World):  # type: ignore[no-untyped-def]
    with open_door(world) as browser:
        yield browser


@pytest.fixture(scope="module")
def readers(door: Browser) -> dict[Role, Browser]:
    return {role: door.as_(role.value) for role in Role}


def key_for(world: World, operation: Operation) -> str:
    """A study of its own where the path names one; another would only lengthen the list that each later answer goes through."""
    return world.add_study() if NO_STUDY in path_of(operation, NO_STUDY) else NO_STUDY


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
    key = key_for(world, operation)
    browser = readers[role]
    if operation.name in ENDS_OWN:  # tried by somebody else of that role
        browser = browser.as_(world.add_account(f"other-{role.value}", role).actor_id)
    allowed = operation.act is None or operation.act in PERMITTED[role]
    status = ask(browser, operation, key)
    assert (status == 403) is not allowed, status
    assert status < 500


@pytest.mark.parametrize(
    "operation", [each for each in OPERATIONS if each.access is not Access.PUBLIC], ids=lambda each: each.name
)
def test_a_stranger_is_asked_to_sign_in(world: World, door: Browser, operation: Operation) -> None:
    assert ask(Browser(door.port), operation, key_for(world, operation)) == 401


@pytest.mark.parametrize(
    "operation", [each for each in OPERATIONS if each.access is Access.PERSON], ids=lambda each: each.name
)
def test_what_a_person_answers_for_no_token_may_do(world: World, door: Browser, operation: Operation) -> None:
    token = a_token(world, "radiologist")
    stranger = Browser(door.port, defaults={"Authorization": f"Bearer {token}"})
    assert ask(stranger, operation, key_for(world, operation)) == 403


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
