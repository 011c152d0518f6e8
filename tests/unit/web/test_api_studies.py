"""Reading, writing, signing, amending, rejecting over HTTP: every law of sign-off holds at the door too."""

import threading
from datetime import timedelta

import pytest
from builders_web import PASSWORD, Answer, Browser, World

from wetread.domain.role import Role
from wetread.domain.study_state import StudyState
from wetread.testing.builders import a_decision

SECTIONS = ["indication", "technique", "comparison", "findings", "impression"]


def content(text: str = "Small apical pneumothorax.") -> dict[str, object]:
    return {
        "sections": [{"section": "impression", "text": text}],
        "findings": [{"name": "pneumothorax", "present": True, "laterality": "left"}],
    }


def opened(reader: Browser, key: str) -> dict[str, object]:
    answer = reader.post(f"/api/studies/{key}/open")
    assert answer.status == 200
    report = answer.json()["report"]
    assert isinstance(report, dict)
    return report


def sign(reader: Browser, key: str, etag: object, password: str = PASSWORD) -> Answer:
    return reader.post(
        f"/api/studies/{key}/sign", {"etag": etag, "meaning": "I approve this report", "password": password}
    )


def state_of(reader: Browser, key: str) -> object:
    study = reader.get(f"/api/studies/{key}/status").json()["study"]
    assert isinstance(study, dict)
    return study["state"]


def test_a_reader_gets_everything_the_page_needs(world: World, door: Browser) -> None:
    key = world.add_study(patient_name="Doe^Jane")
    reading = door.as_("radiologist").get(f"/api/studies/{key}").json()
    assert set(reading) == {
        "study",
        "ai",
        "triage",
        "draft",
        "report",
        "versions",
        "deliveries",
        "instances",
        "synthetic",
        "identity",
        "late_images",
        "lock",
        "marks",
        "now",
        "prior_search",
        "priors",
        "reading",
        "recovery",
        "reliability",
    }
    finding = reading["ai"]["analysis"]["findings"][0]  # type: ignore[index]
    assert (finding["probability"], finding["operating_point"]["threshold"], finding["called"]) == (0.82, 0.5, True)
    assert reading["identity"]["patient_name"] == "Doe^Jane"  # type: ignore[index]
    assert reading["report"] is None
    assert reading["study"]["state"] == "drafted"  # type: ignore[index]


def test_reading_is_audited_every_time_and_says_who(world: World, door: Browser) -> None:
    key = world.add_study()
    for _ in range(2):
        door.as_("quality").get(f"/api/studies/{key}")
    assert world.audited().count(("study.read", "quality", "success")) == 2


def test_a_probability_nobody_calibrated_is_null_and_not_called(world: World, door: Browser) -> None:
    from wetread.testing.builders import a_finding, an_analysis

    key = world.add_study(analysis=an_analysis(findings=(a_finding(probability=None),)))
    finding = door.as_("radiologist").get(f"/api/studies/{key}").json()["ai"]["analysis"]["findings"][0]  # type: ignore[index]
    assert (finding["probability"], finding["called"], finding["raw_score"]) == (None, False, 1.5)


def test_a_study_the_model_could_not_read_says_why_and_stays_readable(world: World, door: Browser) -> None:
    key = world.add_study(StudyState.AI_UNAVAILABLE, reason="this is a lateral view")
    reader = door.as_("radiologist")
    assert reader.get(f"/api/studies/{key}").json()["ai"] == {
        "status": "unavailable",
        "reason": "this is a lateral view",
        "analysis": None,
    }
    report = opened(reader, key)
    saved = reader.put(f"/api/studies/{key}/report", content("Normal."), report["etag"])
    assert sign(reader, key, saved.json()["etag"]).json()["status"] == "final"


def test_a_film_unlike_the_training_films_is_marked(world: World, door: Browser) -> None:
    from wetread.testing.builders import an_analysis

    key = world.add_study(analysis=an_analysis(ood_score=1.5, ood_threshold=1.0))
    assert door.as_("radiologist").get(f"/api/studies/{key}").json()["ai"]["status"] == "out_of_distribution"  # type: ignore[index]


def test_edit_and_sign(world: World, door: Browser) -> None:
    key = world.add_study()
    reader = door.as_("radiologist")
    report = opened(reader, key)
    assert (report["status"], report["version"], report["signature"]) == ("partial", 1, None)
    saved = reader.put(f"/api/studies/{key}/report", content(), report["etag"])
    assert saved.status == 200
    assert saved.headers["etag"] == f'"{saved.json()["etag"]}"'
    signed = sign(reader, key, saved.json()["etag"]).json()
    assert signed["status"] == "final"
    signature = signed["signature"]
    assert isinstance(signature, dict)
    assert (signature["signer_id"], signature["meaning"], signature["signed_at"]) == (
        "radiologist",
        "I approve this report",
        world.clock.now().isoformat(),
    )
    assert len(str(signature["content_sha256"])) == 64
    assert state_of(reader, key) == "signed"
    assert sum(world.services.database.count_jobs().values()) == 1


def test_a_signature_needs_the_password_again(world: World, door: Browser) -> None:
    key = world.add_study()
    reader = door.as_("radiologist")
    etag = opened(reader, key)["etag"]
    wrong = sign(reader, key, etag, "correct horse batterz")
    assert (wrong.status, wrong.json()["code"]) == (401, "bad_credentials")
    assert reader.post(f"/api/studies/{key}/sign", {"etag": etag, "meaning": "m"}).status == 400
    assert state_of(reader, key) == "in_reading"
    assert ("reauthenticate", "radiologist", "bad_credentials") in world.audited()


def test_an_ended_session_signs_nothing(world: World, door: Browser) -> None:
    key = world.add_study()
    reader = door.as_("radiologist")
    etag = opened(reader, key)["etag"]
    world.clock.advance(world.services.settings.idle_s + 1)
    answer = sign(reader, key, etag)
    assert (answer.status, answer.json()["code"]) == (401, "not_signed_in")
    assert state_of(door.as_("radiologist"), key) == "in_reading"


def test_another_persons_password_signs_nothing(world: World, door: Browser) -> None:
    world.add_account("second", Role.RADIOLOGIST, password="another long password")
    key = world.add_study()
    reader = door.as_("radiologist")
    assert sign(reader, key, opened(reader, key)["etag"], "another long password").status == 401


def test_a_stale_edit_is_refused_and_nothing_is_overwritten(world: World, door: Browser) -> None:
    key = world.add_study()
    first, second = door.as_("radiologist"), door.as_("resident")
    etag = opened(first, key)["etag"]
    assert second.put(f"/api/studies/{key}/report", content("Mine."), etag).status == 200
    stale = first.put(f"/api/studies/{key}/report", content("No, mine."), etag)
    assert (stale.status, stale.json()["code"]) == (412, "stale_version")
    assert first.get(f"/api/studies/{key}").json()["report"]["content"]["sections"][0]["text"] == "Mine."  # type: ignore[index]
    assert sign(first, key, etag).status == 412


@pytest.mark.parametrize(
    ("header", "status"), [(None, 428), ('"x"', 400), ("*", 400), ('W/"1"', 400), ('"1", "2"', 400), ("1", 400)]
)
def test_an_edit_says_what_it_edits(world: World, door: Browser, header: str | None, status: int) -> None:
    key = world.add_study()
    reader = door.as_("radiologist")
    opened(reader, key)
    assert reader.send("PUT", f"/api/studies/{key}/report", content(), {"If-Match": header}).status == status


def test_of_two_who_sign_at_once_exactly_one_wins(world: World, door: Browser) -> None:
    world.add_account("second", Role.RADIOLOGIST)
    for _ in range(5):
        key = world.add_study()
        readers = [door.as_("radiologist"), door.as_("second")]
        etag = opened(readers[0], key)["etag"]
        answers: list[Answer] = []
        start = threading.Barrier(2)

        def attempt(
            reader: Browser,
            key: str = key,
            etag: object = etag,
            start: threading.Barrier = start,
            answers: list[Answer] = answers,
        ) -> None:
            start.wait()
            answers.append(sign(reader, key, etag))

        threads = [threading.Thread(target=attempt, args=(reader,)) for reader in readers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(answer.status for answer in answers) == [200, 412]
        with world.services.database.begin(write=False) as unit:
            assert len([each for each in unit.reports(key) if each.signature]) == 1  # type: ignore[arg-type]


def test_a_signed_version_never_changes(world: World, door: Browser) -> None:
    key = world.add_study()
    reader = door.as_("radiologist")
    signed = sign(reader, key, opened(reader, key)["etag"]).json()
    assert reader.put(f"/api/studies/{key}/report", content("Changed."), signed["etag"]).status == 412
    assert sign(reader, key, signed["etag"]).status == 412
    assert (
        reader.post(f"/api/studies/{key}/reject", {"etag": signed["etag"], "reason_code": "not_useful"}).status == 412
    )
    assert reader.get(f"/api/studies/{key}").json()["report"] == signed


def test_an_amendment_is_a_new_version_with_its_reason(world: World, door: Browser) -> None:
    key = world.add_study()
    reader = door.as_("radiologist")
    first = sign(reader, key, opened(reader, key)["etag"]).json()
    amended = reader.post(f"/api/studies/{key}/amend", {"reason": "wrong side"}).json()
    assert (amended["version"], amended["status"], amended["amendment_reason"]) == (2, "partial", "wrong side")
    saved = reader.put(f"/api/studies/{key}/report", content("Right, not left."), amended["etag"]).json()
    assert sign(reader, key, saved["etag"]).json()["status"] == "amended"
    versions = reader.get(f"/api/studies/{key}").json()["versions"]
    assert isinstance(versions, list)
    assert versions[0] == first


def test_what_is_not_signed_cannot_be_amended(world: World, door: Browser) -> None:
    key = world.add_study()
    reader = door.as_("radiologist")
    opened(reader, key)
    assert reader.post(f"/api/studies/{key}/amend", {"reason": "r"}).status == 409


def test_a_residents_signature_is_preliminary_until_a_radiologist_signs(world: World, door: Browser) -> None:
    key = world.add_study()
    resident, radiologist = door.as_("resident"), door.as_("radiologist")
    assert sign(resident, key, opened(resident, key)["etag"]).json()["status"] == "preliminary"
    assert resident.post(f"/api/studies/{key}/amend", {"reason": "r"}).status == 403
    assert sign(radiologist, key, opened(radiologist, key)["etag"]).json()["status"] == "final"


def test_a_rejected_draft_leaves_an_empty_report_and_its_reason(world: World, door: Browser) -> None:
    key = world.add_study()
    reader = door.as_("radiologist")
    etag = opened(reader, key)["etag"]
    assert reader.post(f"/api/studies/{key}/reject", {"etag": etag, "reason_code": "because"}).status == 400
    blank = reader.post(f"/api/studies/{key}/reject", {"etag": etag, "reason_code": "wrong_side"}).json()
    assert [each["text"] for each in blank["content"]["sections"]] == [""] * 5  # type: ignore[index]
    records = [each.event for each in world.services.database.audit_records()]
    assert ("reason", "wrong_side") in records[-1].detail


def test_a_study_that_was_not_admitted_cannot_be_opened(world: World, door: Browser) -> None:
    key = world.add_study(StudyState.REJECTED)
    assert door.as_("radiologist").post(f"/api/studies/{key}/open").status == 409


@pytest.mark.parametrize(
    "change",
    [
        {"sections": [{"section": "impression", "text": "a"}] * 2, "findings": []},
        {"sections": [], "findings": [{"name": "mass", "present": True, "laterality": ""}] * 2},
        {"sections": [{"section": "addendum", "text": "a"}], "findings": []},
        {"sections": [{"section": "impression", "text": "a" * 20_001}], "findings": []},
        {"sections": [], "findings": [{"name": "pneumothorx", "present": True, "laterality": ""}]},
        {"sections": [], "findings": [{"name": "mass", "present": "yes", "laterality": ""}]},
        {"sections": []},
    ],
)
def test_content_that_is_no_report_is_refused(world: World, door: Browser, change: dict[str, object]) -> None:
    key = world.add_study()
    reader = door.as_("radiologist")
    etag = opened(reader, key)["etag"]
    assert reader.put(f"/api/studies/{key}/report", change, etag).status == 400


def test_the_models_number_survives_an_edit_and_cannot_be_written(world: World, door: Browser) -> None:
    key = world.add_study()
    reader = door.as_("radiologist")
    etag = opened(reader, key)["etag"]
    reader.put(f"/api/studies/{key}/report", content(), etag)
    with world.services.database.begin(write=False) as unit:
        report = unit.report(key)  # type: ignore[arg-type]
    assert report is not None
    assert [(each.name.value, each.probability) for each in report.content.findings] == [("pneumothorax", 0.82)]


def test_priors_of_the_same_patient_are_linked(world: World, door: Browser) -> None:
    older = world.add_study(patient_id="SAME", study_date="20250101")
    newer = world.add_study(patient_id="SAME", study_date="20260101")
    world.add_study(patient_id="OTHER")
    priors = door.as_("radiologist").get(f"/api/studies/{newer}").json()["priors"]
    assert [each["study_key"] for each in priors] == [older]  # type: ignore[union-attr, index]


def test_the_worklist_is_ordered_by_urgency_and_says_why(world: World, door: Browser) -> None:
    from wetread.domain.priority import Priority

    routine = world.add_study(
        decision=a_decision(priority=Priority.ROUTINE, critical=False, reason="nothing called"),
        received_at=world.clock.now() - timedelta(hours=9),
    )
    critical = world.add_study()
    rows = door.as_("radiologist").get("/api/worklist").json()["studies"]
    assert [(each["study_key"], each["reason"]) for each in rows] == [
        (critical, "pneumothorax called"),
        (routine, "nothing called"),
    ]  # type: ignore[union-attr, index]


def test_the_worklist_names_nobody_to_those_who_may_not_read(world: World, door: Browser) -> None:
    world.add_study(patient_name="Secret^Person", patient_id="SECRET-1", accession_number="SECRET-2")
    assert b"Secret" in door.as_("radiologist").get("/api/worklist").body
    seen = door.as_("technologist").get("/api/worklist").body
    assert b"pneumothorax called" in seen
    assert b"ecret" not in seen
    assert b"SECRET" not in seen


def test_the_worklist_shows_what_changed_and_nothing_twice(world: World, door: Browser) -> None:
    reader = door.as_("radiologist")
    first = reader.get("/api/worklist")
    assert reader.get("/api/worklist", {"If-None-Match": first.headers["etag"]}).status == 304
    key = world.add_study()
    changed = reader.get("/api/worklist", {"If-None-Match": first.headers["etag"]})
    assert changed.status == 200
    opened(reader, key)
    assert reader.get("/api/worklist").json()["studies"][0]["state"] == "in_reading"  # type: ignore[index]
    sign(reader, key, 1)
    assert reader.get("/api/worklist").json()["studies"] == []
    assert reader.get("/api/worklist").json()["counts"] == {"open": 0, "reported": 1, "rejected": 0}


def test_a_worklist_that_refreshes_itself_is_audited_once_in_a_while(world: World, door: Browser) -> None:
    """A live list would otherwise wake itself for ever: every audit record is a change."""
    reader = door.as_("radiologist")
    for _ in range(4):
        reader.get("/api/worklist")
    assert world.audited().count(("worklist.read", "radiologist", "success")) == 1
    world.clock.advance(601)
    reader.get("/api/worklist")
    assert world.audited().count(("worklist.read", "radiologist", "success")) == 2


def test_a_study_the_vault_has_lost_hides_no_other(world: World, door: Browser) -> None:
    lost, kept = world.add_study(), world.add_study()
    world.services.vault._instances = {k: v for k, v in world.services.vault._instances.items() if v.study_key != lost}  # type: ignore[attr-defined]
    reader = door.as_("radiologist")
    names = {each["study_key"]: each["patient_name"] for each in reader.get("/api/worklist").json()["studies"]}  # type: ignore[union-attr, index]
    assert names == {lost: "identity missing^tell an administrator", kept: "Doe^Jane"}
    assert reader.get(f"/api/studies/{lost}").status == 200


def test_an_unknown_view_is_refused(door: Browser) -> None:
    assert door.as_("radiologist").get("/api/worklist?view=open%27").status == 400


def test_no_answer_about_a_refused_act_names_the_patient(world: World, door: Browser) -> None:
    key = world.add_study(StudyState.REJECTED, patient_name="Secret^Person", patient_id="SECRET-1")
    for role in Role:
        browser = door.as_(role.value)
        for method, path in (
            ("POST", "open"),
            ("POST", "amend"),
            ("PUT", "report"),
            ("POST", "sign"),
            ("POST", "reject"),
        ):
            answer = browser.send(method, f"/api/studies/{key}/{path}", {"reason": "r"})
            assert answer.status >= 400
            assert b"ecret" not in answer.body
            assert b"SECRET" not in answer.body


def test_the_sources_of_a_report_are_drawn_and_the_look_is_audited(world: World, door: Browser) -> None:
    key = world.add_study()
    answer = door.as_("radiologist").get(f"/api/studies/{key}/provenance.svg")
    assert (answer.status, answer.headers["content-type"]) == (200, "image/svg+xml")
    assert b">Left pneumothorax.</text>" in answer.body
    assert ("study.read", "radiologist", "success") in world.audited()
