"""Who is told of which workitems, over the real HTTP door."""

import pytest
from builders_web import Browser, World
from builders_workitems import UID, System, a_step

from wetread.domain.role import Role


@pytest.fixture
def ris(world: World, door: Browser) -> System:
    return System(world, door)


def test_a_subscriber_is_its_accounts_own(world: World, door: Browser, ris: System) -> None:
    world.add_account("other", Role.WORKFLOW)
    ris.create(a_step())
    assert ris.send("POST", f"/workitems/{UID}/subscribers/RIS").status == 201
    stranger = System(world, door, "other")
    for method, path in (("POST", f"{UID}/subscribers/RIS"), ("DELETE", f"{UID}/subscribers/RIS")):
        assert stranger.send(method, f"/workitems/{path}").status == 403
    assert ris.send("POST", f"/workitems/{UID}/subscribers/A*B").status == 400
    assert [ris.send("DELETE", f"/workitems/{UID}/subscribers/RIS").status for _ in range(2)] == [200, 404]


def test_a_subscription_to_the_worklist_is_to_what_stands_and_what_comes(world: World, ris: System) -> None:
    ris.create(a_step(), "2.25.1")
    worklist = "/workitems/1.2.840.10008.5.1.4.34.5"
    filtered = "/workitems/1.2.840.10008.5.1.4.34.5.1"
    assert ris.send("POST", f"{worklist}/subscribers/ALL?deletionlock=true").status == 201
    assert ris.send("POST", f"{filtered}/subscribers/URGENT?ScheduledProcedureStepPriority=HIGH").status == 201
    assert ris.send("POST", f"{filtered}/subscribers/BAD").status == 400
    assert ris.send("POST", f"{filtered}/subscribers/BAD?Shoe=42").status == 400
    ris.create(a_step("HIGH"), "2.25.2")
    assert ris.send("POST", f"{worklist}/subscribers/ALL/suspend").status == 200
    ris.create(a_step("HIGH"), "2.25.3")

    def counted(subscriber: str) -> int:
        with world.services.database.begin(write=False) as unit:
            return len([each for each in unit.subscriptions_of(subscriber) if each.scope != "*"])

    assert (counted("ALL"), counted("URGENT")) == (2, 2)
    assert ris.send("DELETE", f"{worklist}/subscribers/ALL").status == 200
    assert (counted("ALL"), counted("URGENT")) == (0, 2)
    assert ris.send("POST", f"{worklist}/subscribers/ALL/suspend").status == 404
    assert ris.send("POST", f"/workitems/{UID}/subscribers/ALL/suspend").status == 400


def test_the_service_says_that_it_keeps_a_worklist_and_an_event_channel(door: Browser) -> None:
    told = door.as_("radiologist").send("OPTIONS", "/dicom-web", headers={"Accept": "application/json"}).json()
    paths = {each["path"]: [method["method"] for method in each["methods"]] for each in told["resources"]}  # type: ignore[attr-defined, index]
    assert (paths["/workitems"], paths["/subscribers/{subscriber}"]) == (["POST", "GET"], ["GET"])
    assert paths["/workitems/{workitem}/state"] == ["PUT"]
