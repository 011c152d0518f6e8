"""A film that may be another patient's is listed without a name, compared by those who may read it, and answered by a person."""

from datetime import UTC, datetime

from builders_web import Browser, World

from wetread.domain.identifiers import StudyKey
from wetread.domain.identity_hold import HoldKind, IdentityHold
from wetread.domain.order import PatientNumber, Person
from wetread.domain.study import Sex

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
CLAIM = Person(PatientNumber("PAT002", "HOSPITAL"), "Roe^Richard", "19800101", Sex.MALE)


def in_doubt(world: World) -> StudyKey:
    key = world.add_study()
    hold = IdentityHold("h1", key, HoldKind.PATIENT_MISMATCH, NOW, ("patient_id", "name"))
    with world.services.database.begin() as unit:
        unit.open_hold(hold)
        unit.commit()
    assert world.services.order_store is not None
    world.services.order_store.keep_claim("h1", CLAIM)
    return key


def test_a_doubt_is_listed_without_saying_who(world: World, door: Browser) -> None:
    key = in_doubt(world)
    answer = door.as_("radiologist").get("/api/identity-holds")
    (hold,) = answer.json()["holds"]  # type: ignore[misc]
    assert (hold["study_key"], hold["kind"], hold["stops_signing"]) == (key, "patient_mismatch", True)
    assert hold["differs"] == ["patient_id", "name"]
    assert b"Roe" not in answer.body


def test_film_and_order_stand_side_by_side_and_looking_is_audited(world: World, door: Browser) -> None:
    key = in_doubt(world)
    (hold,) = door.as_("radiologist").get(f"/api/studies/{key}/identity").json()["holds"]  # type: ignore[misc]
    assert hold["said"]["patient_name"] == "Roe^Richard"
    assert hold["film"]["patient_id"] == "P1"
    assert ("identity.compare", "radiologist", "success") in world.audited()


def test_a_signature_waits_for_the_answer(world: World, door: Browser) -> None:
    key, doctor = in_doubt(world), door.as_("radiologist")
    opened = doctor.post(f"/api/studies/{key}/open").json()
    etag = opened["report"]["etag"]  # type: ignore[index]
    signature = {"etag": etag, "meaning": "authored", "password": "correct horse battery"}
    refused = doctor.post(f"/api/studies/{key}/sign", signature)
    assert (refused.status, refused.json()["code"]) == (409, "patient_in_doubt")
    assert (
        door.as_("technologist")
        .post(f"/api/studies/{key}/identity", {"hold_key": "h1", "answer": "right_patient"})
        .status
        == 403
    )
    answered = doctor.post(f"/api/studies/{key}/identity", {"hold_key": "h1", "answer": "right_patient"}).json()
    assert (answered["answer"], answered["answered_by"], answered["stops_signing"]) == (
        "right_patient",
        "radiologist",
        False,
    )
    assert doctor.post(f"/api/studies/{key}/sign", signature).status == 200
    again = doctor.post(f"/api/studies/{key}/identity", {"hold_key": "h1", "answer": "right_patient"})
    assert again.status == 409


def test_one_found_to_be_another_patients_stays_in_the_list_as_it_stays_in_the_way(world: World, door: Browser) -> None:
    key, doctor = in_doubt(world), door.as_("radiologist")

    def listed_after(answer: str) -> list[tuple[str, bool]]:
        assert doctor.post(f"/api/studies/{key}/identity", {"hold_key": "h1", "answer": answer}).status == 200
        holds = doctor.get("/api/identity-holds").json()["holds"]
        return [(each["answer"], each["stops_signing"]) for each in holds]  # type: ignore[index, union-attr]

    assert listed_after("wrong_patient") == [("wrong_patient", True)]
    assert listed_after("right_patient") == []


def test_a_doubt_of_another_study_cannot_be_answered_here(world: World, door: Browser) -> None:
    in_doubt(world)
    other = world.add_study()
    answer = door.as_("radiologist").post(
        f"/api/studies/{other}/identity", {"hold_key": "h1", "answer": "right_patient"}
    )
    assert answer.status in (404, 409, 422)
    assert answer.json()["code"] == "no_hold"
