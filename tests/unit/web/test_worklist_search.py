"""Search by accession number, patient id and name: found in every state, for those who may read, and audited without the words."""

from dataclasses import replace

import pytest
from builders_web import Browser, World, a_world, open_door

from wetread.domain.reading import ReadingMode
from wetread.domain.study_state import StudyState
from wetread.signoff.modes import ModePolicy
from wetread.testing.builders import a_decision
from wetread.web.worklist_search import matches_for


def _found(door: Browser, text: str) -> list[str]:
    answer = door.as_("radiologist").post("/api/worklist/search", {"text": text})
    assert answer.status == 200, answer.body
    return [each["accession_number"] for each in answer.json()["studies"]]  # type: ignore[attr-defined]


def test_a_patient_or_an_order_is_found_by_its_beginning(world: World, door: Browser) -> None:
    world.add_study(accession_number="ACC-17", patient_id="P-9", patient_name="Okafor^Ngozi^M")
    world.add_study(StudyState.SIGNED, accession_number="ACC-18", patient_id="P-10", patient_name="Okafor^Ada")
    world.add_study(StudyState.REJECTED, accession_number="B-1", patient_id="ACC-1", patient_name="Berg^Nils")
    assert _found(door, "ACC-17") == ["ACC-17"]
    assert set(_found(door, "ACC-1")) == {"ACC-17", "ACC-18", "B-1"}
    assert _found(door, "okafor, n") == ["ACC-17"]
    assert _found(door, "okafor ada") == ["ACC-18"]
    assert set(_found(door, "OKAFOR")) == {"ACC-17", "ACC-18"}
    assert _found(door, "P-10") == ["ACC-18"]
    assert _found(door, "nobody") == []


@pytest.mark.parametrize("text", ["%", "%%", "\\\\", "__", "[a-z]", "' OR 1=1 --", "**", "^^", "  "])
def test_what_is_no_name_finds_nothing_and_breaks_nothing(world: World, door: Browser, text: str) -> None:
    world.add_study(patient_name="Okafor^Ada")
    answer = door.as_("radiologist").post("/api/worklist/search", {"text": text})
    assert answer.status == (400 if len(text) < 2 else 200)
    assert answer.status == 400 or answer.json()["studies"] == []


def test_a_search_is_audited_without_what_was_searched_for(world: World, door: Browser) -> None:
    world.add_study(patient_name="Secret^Person", patient_id="SECRET")
    door.as_("quality").post("/api/worklist/search", {"text": "secret"})
    (record,) = [each for each in world.services.database.audit_records() if each.event.action == "worklist.search"]
    assert record.event.actor_id == "quality"
    assert dict(record.event.detail) == {"fields": "PatientName", "results": "1", "address": "127.0.0.1"}
    assert "ecret" not in repr(list(world.services.database.audit_records()))


def test_who_may_not_read_may_not_search(world: World, door: Browser) -> None:
    assert door.as_("technologist").post("/api/worklist/search", {"text": "doe"}).status == 403


def test_a_search_text_becomes_matching_keys() -> None:
    assert matches_for(" doe,  jane ")["PatientName"] == "doe^jane*"
    assert matches_for("doe jane ann")["PatientName"] == "doe^jane^ann*"
    assert matches_for("A?7*")["AccessionNumber"] == "A?7*"
    assert matches_for("*") == {}


def test_views_are_kept_on_the_server_for_their_owner_only(world: World, door: Browser) -> None:
    view = {"name": "Stat, north", "view": "open", "states": ["drafted"], "priorities": ["stat"], "sites": ["north"]}
    reader = door.as_("radiologist")
    assert reader.get("/api/worklist/views").json() == {"views": []}
    assert reader.send("PUT", "/api/worklist/views", {"views": [view]}).status == 200
    assert door.as_("radiologist").get("/api/worklist/views").json() == {"views": [view]}
    assert door.as_("resident").get("/api/worklist/views").json() == {"views": []}
    assert ("worklist.save_views", "radiologist", "success") in world.audited()


def test_a_view_keeps_no_text_and_no_more_than_six_have_keys(door: Browser) -> None:
    view = {"name": "a", "view": "open", "states": [], "priorities": [], "sites": []}
    reader = door.as_("radiologist")

    def status(*views: dict[str, object]) -> int:
        return reader.send("PUT", "/api/worklist/views", {"views": list(views)}).status

    assert status({**view, "text": "Okafor"}) == 400
    assert status(view, view) == 400
    assert status(*({**view, "name": f"v{n}"} for n in range(7))) == 400
    assert status({**view, "states": ["gone"]}) == 400
    assert status({**view, "name": " "}) == 400
    assert status(*({**view, "name": f"v{n}"} for n in range(6))) == 200


def test_a_search_tells_a_second_reader_no_more_than_the_list_does() -> None:
    world = a_world()
    desk = replace(world.services.desk, modes=ModePolicy(ReadingMode.SECOND_READER))
    world.services = replace(world.services, desk=desk)
    world.add_study(patient_name="Okafor^Ada", decision=a_decision(reason="pneumothorax 0.94"))
    with open_door(world) as door:
        for role, reason in (("radiologist", ""), ("quality", "pneumothorax 0.94")):
            answer = door.as_(role).post("/api/worklist/search", {"text": "okafor"})
            (row,) = answer.json()["studies"]  # type: ignore[misc]
            assert (row["reason"], row["withheld"]) == (reason, "" if reason else "until_commit")
