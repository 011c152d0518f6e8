"""The worklist over the real HTTP door: every act by its rules, with the statuses and warnings of PS3.18 chapter 11."""

import json
from typing import Any

import pytest
from builders_web import Browser, World
from builders_workitems import DONE, JSON, OTHER_TXN, TXN, UID, WHY, System, a_read, a_step, code, said, sequence

from wetread.domain.read_request import RequestState
from wetread.domain.reading import ReaderProfile, ReadingMode


@pytest.fixture
def ris(world: World, door: Browser) -> System:
    return System(world, door)


def test_a_workitem_is_created_found_and_retrieved_without_its_transaction(ris: System) -> None:
    answer = ris.create(a_step())
    assert (answer.status, answer.headers["location"].rpartition("/dicom-web")[2]) == (201, f"/workitems/{UID}")
    held = ris.get()
    assert held["00080018"]["Value"] == [UID]
    assert (held["00741000"]["Value"], held["00741202"]["Value"]) == (["SCHEDULED"], ["wetread"])
    assert ris.state("IN PROGRESS").status == 200
    assert "00081195" not in ris.get()
    assert [row["00080018"]["Value"] for row in ris.search("00741000=IN PROGRESS".replace(" ", "%20"))] == [[UID]]


def test_a_workitem_without_a_uid_is_given_one(ris: System) -> None:
    answer = ris.send("POST", "/workitems", [a_step()])
    uid = answer.headers["location"].rpartition("/")[2]
    assert ris.get(uid)["00080018"]["Value"] == [uid]


def test_a_uid_is_used_once(ris: System) -> None:
    assert [ris.create(a_step()).status, ris.create(a_step("HIGH")).status] == [201, 409]
    assert ris.get()["00741200"]["Value"] == ["MEDIUM"]


@pytest.mark.parametrize(
    "broken",
    [
        {"00741000": {"vr": "CS", "Value": ["IN PROGRESS"]}},
        {"00741200": {"vr": "CS", "Value": ["ROUTINE"]}},
        {"00741200": {"vr": "CS"}},
        {"00741204": {"vr": "LO"}},
        {"00081195": {"vr": "UI", "Value": [TXN]}},
        {"00080018": {"vr": "UI", "Value": ["2.25.9"]}},
        {"00080018": {"vr": "UI", "Value": ["../etc/passwd"]}},
        DONE,
        {"7FE00010": {"vr": "OW"}},
        {"00404021": {"vr": "SQ", "BulkDataURI": "http://169.254.169.254/"}},
        {"0040": {"vr": "SH"}},
        {"00404021": {"vr": "SQ", "Value": ["no item"]}},
        {"00100010": {"vr": "PN", "Value": [{"Romaji": "x"}]}},
        {"00741204": {"vr": "LO", "Value": ["a\u0000b"]}},
        {"00741204": {"vr": "LO", "Value": [True]}},
    ],
)
def test_what_is_no_new_workitem_is_refused(ris: System, broken: dict[str, Any]) -> None:
    assert ris.create(a_step(**broken)).status == 400
    assert ris.search() == []


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"[" * 40 + b"]" * 40, JSON, 400),
        (b"[{}]" + b" " * 300_000, JSON, 413),
        (b"[]", JSON, 400),
        (b"[{},{}]", JSON, 400),
        (b'[{"00741204":{"vr":"LO"},"00741204":{"vr":"LO"}}]', JSON, 400),
        (b"[{}]", "text/plain", 415),
    ],
)
def test_a_body_is_bounded_and_read_strictly(ris: System, body: bytes, kind: str, status: int) -> None:
    answer = ris._door.send(
        "POST",
        "/dicom-web/workitems",
        raw=body,
        headers={"Authorization": f"Bearer {ris._token}", "Content-Type": kind},
    )
    assert answer.status == status


def test_the_whole_life_of_a_workitem(ris: System) -> None:
    ris.create(a_step())
    assert ris.update({"00741200": {"vr": "CS", "Value": ["HIGH"]}}).status == 200
    assert ris.state("IN PROGRESS").status == 200
    assert ris.update(DONE, TXN).status == 200
    assert ris.state("COMPLETED").status == 200
    assert (ris.get()["00741000"]["Value"], ris.get()["00741200"]["Value"]) == (["COMPLETED"], ["HIGH"])
    again = ris.state("COMPLETED")
    assert (again.status, said(again)) == (200, "The UPS is already in the requested state of COMPLETED.")


def test_a_claim_is_one_performers(ris: System) -> None:
    ris.create(a_step())
    assert [ris.state("IN PROGRESS", txn).status for txn in (TXN, OTHER_TXN, TXN)] == [200, 400, 409]
    assert said(ris.state("IN PROGRESS", OTHER_TXN)) == "The Transaction UID is incorrect."
    missing = ris.state("COMPLETED", "")
    assert (missing.status, said(missing)) == (400, "The Transaction UID is missing.")


@pytest.mark.parametrize("guess", ["2.25.1111", "2.25.11", "2.25.111.0", "0.0", "nonsense"])
def test_a_transaction_is_not_guessed_and_the_try_is_written_down(world: World, ris: System, guess: str) -> None:
    ris.create(a_step())
    ris.state("IN PROGRESS")
    assert ris.state("CANCELED", guess).status == 400
    assert ris.update({"00741204": {"vr": "LO", "Value": ["mine now"]}}, guess).status == 400
    assert ris.get()["00741000"]["Value"] == ["IN PROGRESS"]
    if guess != "nonsense":
        assert ("workitem.change_state", "workflow", "C301") in world.audited()


@pytest.mark.parametrize(
    ("wanted", "there"), [("COMPLETED", {}), ("CANCELED", {}), ("COMPLETED", WHY), ("CANCELED", DONE)]
)
def test_an_end_needs_what_the_standard_asks_of_it(ris: System, wanted: str, there: dict[str, Any]) -> None:
    ris.create(a_step())
    ris.state("IN PROGRESS")
    if there:
        ris.update(there, TXN)
    answer = ris.state(wanted)
    assert (answer.status, said(answer)) == (
        409,
        "The submitted request is inconsistent with the current state of the UPS Instance.",
    )


def test_a_performer_may_give_up_with_a_reason(ris: System) -> None:
    ris.create(a_step())
    ris.state("IN PROGRESS")
    ris.update(WHY, TXN)
    assert ris.state("CANCELED").status == 200
    progress = ris.get()["00741002"]["Value"][0]
    assert progress["00404052"]["Value"][0].startswith("2026")
    assert said(ris.state("CANCELED")) == "The UPS is already in the requested state of CANCELED."


@pytest.mark.parametrize(
    "change",
    [
        {"00741000": {"vr": "CS", "Value": ["COMPLETED"]}},
        {"00080018": {"vr": "UI", "Value": ["2.25.9"]}},
        {"00100020": {"vr": "LO", "Value": ["P-78"]}},
        {"0020000D": {"vr": "UI", "Value": ["2.25.9"]}},
        {"00741200": {"vr": "CS", "Value": ["NOW"]}},
    ],
)
def test_an_update_changes_neither_state_nor_whom_it_is_of(ris: System, change: dict[str, Any]) -> None:
    ris.create(a_step())
    assert ris.update(change).status == 400


def test_nothing_changes_after_the_end(ris: System) -> None:
    ris.create(a_step())
    assert ris.send("POST", f"/workitems/{UID}/cancelrequest", [{}]).status == 202
    held = ris.get()
    assert held["00741000"]["Value"] == ["CANCELED"]
    assert held["00741002"]["Value"][0]["0074100E"]["Value"][0]["00080100"]["Value"] == ["110513"]
    assert ris.update({"00741204": {"vr": "LO", "Value": ["x"]}}).status == 409
    again = ris.send("POST", f"/workitems/{UID}/cancelrequest", [{}])
    assert (again.status, said(again)) == (202, "The UPS is already in the requested state of CANCELED.")


def test_a_performer_that_nobody_can_tell_is_not_asked_to_stop(world: World, door: Browser, ris: System) -> None:
    ris.create(a_step())
    ris.state("IN PROGRESS")
    answer = ris.send("POST", f"/workitems/{UID}/cancelrequest", [{}])
    assert (answer.status, said(answer)) == (409, "The performer cannot be contacted.")
    assert ris.send("POST", f"/workitems/{UID}/subscribers/AI").status == 201
    doctor = door.as_("radiologist")
    sent = {"Content-Type": JSON}
    assert doctor.send("POST", f"/dicom-web/workitems/{UID}/cancelrequest", raw=b"[{}]", headers=sent).status == 202
    assert ris.get()["00741000"]["Value"] == ["IN PROGRESS"]


def test_what_is_not_there_is_not_found(ris: System) -> None:
    answers = [
        ris.send("GET", "/workitems/2.25.404"),
        ris.state("IN PROGRESS", uid="2.25.404"),
        ris.update({}, uid="2.25.404"),
        ris.send("POST", "/workitems/2.25.404/cancelrequest", [{}]),
        ris.send("POST", "/workitems/2.25.404/subscribers/RIS"),
        ris.send("DELETE", "/workitems/2.25.404/subscribers/RIS"),
    ]
    assert [each.status for each in answers] == [404] * 6
    assert ris.send("GET", "/workitems/not-a-uid").status == 400


def test_the_worklist_is_searched_as_studies_are(ris: System) -> None:
    for number, (name, at) in enumerate(
        (("Doe^Jane", "20261129"), ("Roe^Richard", "20261128"), ("Doe^John", "20261130")), 1
    ):
        step = a_step(
            **{"00100010": {"vr": "PN", "Value": [{"Alphabetic": name}]}, "00404005": {"vr": "DT", "Value": [at]}}
        )
        ris.create(step, f"2.25.{number}")

    def found(query: str) -> list[str]:
        return [row["00080018"]["Value"][0] for row in ris.search(query)]

    assert found("") == ["2.25.2", "2.25.1", "2.25.3"]
    assert found("PatientName=doe*") == ["2.25.1", "2.25.3"]
    assert found("PatientName=richard%20roe&fuzzymatching=true") == ["2.25.2"]
    assert found("ScheduledProcedureStepStartDateTime=20261129-20261130") == ["2.25.1", "2.25.3"]
    assert found("ScheduledWorkitemCodeSequence.CodeValue=110005&limit=1&offset=1") == ["2.25.1"]
    assert found("00404018.00080100=110004") == []
    assert found("SOPInstanceUID=2.25.1,2.25.3") == ["2.25.1", "2.25.3"]


def test_a_search_tells_more_where_it_is_asked_and_says_what_it_ignores(ris: System) -> None:
    ris.create(a_step(**{"00741224": {"vr": "SQ"}, "00380500": {"vr": "LO", "Value": ["state"]}}))
    assert "00380500" not in ris.search()[0]
    assert "00380500" in ris.search("includefield=00380500")[0]
    assert "00380500" in ris.search("includefield=all")[0]
    ignoring = ris.send("GET", "/workitems?Shoe=42", Accept=JSON)
    assert "ignored" in said(ignoring)
    assert ris.send("GET", "/workitems?orderby=PatientName").status == 400


def test_answers_come_as_xml_where_that_is_asked_for(ris: System) -> None:
    ris.create(a_step())
    for path in (f"/workitems/{UID}", "/workitems"):
        answer = ris.send("GET", path, Accept='multipart/related; type="application/dicom+xml"')
        assert answer.status == 200
        assert b'keyword="ProcedureStepLabel"' in answer.body


def test_a_read_is_asked_for_and_brings_its_study_forward(world: World, ris: System) -> None:
    key = world.add_study()
    with world.services.database.begin(write=False) as unit:
        study = unit.study(key)
    uid = world.services.vault.unnamed.study(key).study_instance_uid
    assert ris.create(a_read(uid, "HIGH")).status == 201
    with world.services.database.begin(write=False) as unit:
        (request,) = unit.requests_of([key])[key]
        assert (request.state, unit.study(key).priority.rank >= study.priority.rank) == (RequestState.WAITING, True)


def test_a_read_names_one_study(ris: System) -> None:
    assert ris.create(a_step(**{"00404018": sequence(code("110004"))})).status == 400
    two = [{"0020000D": {"vr": "UI", "Value": [each]}} for each in ("2.25.1", "2.25.2")]
    assert ris.create(a_step(**{"00404018": sequence(code("110004")), "00404021": sequence(*two)})).status == 400
    assert ris.search() == []


def test_a_request_follows_its_workitem_until_somebody_else_takes_it(world: World, ris: System) -> None:
    ris.create(a_read("2.25.31", "LOW"))
    ris.update({"00741200": {"vr": "CS", "Value": ["HIGH"]}})

    def request() -> tuple[str, str]:
        assert world.services.workitems is not None
        with world.services.database.begin(write=False) as unit:
            found = unit.request(world.services.workitems.book.key(UID))
        assert found is not None
        return found.priority.value, found.state.value

    assert request() == ("stat", "waiting")
    ris.state("IN PROGRESS")
    assert request() == ("stat", "withdrawn")


def test_a_read_stays_one_and_its_uid_is_not_used_again(world: World, ris: System) -> None:
    ris.create(a_read("2.25.31"))
    assert ris.update({"00404018": sequence(code("110005"))}).status == 400
    ris.send("POST", f"/workitems/{UID}/cancelrequest", [{}])
    world.clock.advance(31 * 86_400)
    assert world.services.workitems is not None
    assert world.services.workitems.forget_ended() == 1
    again = System(world, ris._door)
    assert (again.send("GET", f"/workitems/{UID}").status, again.create(a_read("2.25.31")).status) == (404, 409)


def test_systems_and_people_may_what_their_role_may(world: World, door: Browser, ris: System) -> None:
    ris.create(a_step())
    modality = System(world, door, "service")
    assert [modality.send("GET", "/workitems").status, modality.create(a_step(), "2.25.6").status] == [403, 403]
    doctor = door.as_("radiologist")
    assert doctor.get(f"/dicom-web/workitems/{UID}").status == 200
    sent = {"00741000": {"vr": "CS", "Value": ["IN PROGRESS"]}, "00081195": {"vr": "UI", "Value": [TXN]}}
    raw, headers = json.dumps([sent]).encode(), {"Content-Type": JSON}
    assert doctor.send("PUT", f"/dicom-web/workitems/{UID}/state", raw=raw, headers=headers).status == 403
    assert door.get("/dicom-web/workitems").status == 401
    forged = {"Content-Type": JSON, "Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert doctor.send("POST", "/dicom-web/workitems", raw=b"[{}]", headers=forged).status == 403


def test_what_was_performed_is_kept_from_whom_the_result_is_kept(world: World, door: Browser, ris: System) -> None:
    uid = world.services.vault.unnamed.study(world.add_study()).study_instance_uid
    ris.create(a_read(uid))
    ris.create(a_step(), "2.25.6")
    for each in (UID, "2.25.6"):
        ris.state("IN PROGRESS", uid=each)
        ris.update(DONE, TXN, each)
    with world.services.database.begin() as unit:
        unit.save_reader_profile(ReaderProfile("resident", ReadingMode.AI_OFF))
        unit.commit()

    def told(browser: Browser, path: str) -> list[bool]:
        rows = json.loads(browser.get(f"/dicom-web/workitems{path}").body)
        return ["00741216" in each for each in rows]

    doctor, resident = door.as_("radiologist"), door.as_("resident")
    every, listed = f"/{UID}", "?includefield=all"
    assert [told(doctor, each) for each in (every, listed, "")] == [[True], [True, True], [False, False]]
    assert [told(resident, each) for each in (every, "/2.25.6", listed)] == [[False], [True], [False, True]]
    assert told(resident, "?includefield=00741216") == [False, True]


def test_nothing_of_a_workitem_stands_in_the_audit_or_the_working_database(world: World, ris: System) -> None:
    ris.create(a_read("2.25.31"))
    ris.search("PatientName=Doe*")
    ris.get()
    said_of_it = " ".join(str(each.event) for each in world.services.database.audit_records())
    with world.services.database.begin(write=False) as unit:
        said_of_it += str(unit.open_requests())
    for name in ("Doe", "P-77", "2.25.31", UID + '"'):
        assert name not in said_of_it
