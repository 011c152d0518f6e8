"""Adding to a signed report over HTTP: with the password, to the version that was read, by who may sign, and never to what is open."""

import pytest
from builders_web import PASSWORD, Answer, Browser, World

from wetread.domain.job import JobState
from wetread.domain.role import Role
from wetread.domain.study_state import StudyState

WORDS = "The seventh rib is broken, too."


def add(reader: Browser, key: str, version: int = 1, password: str = PASSWORD, text: str = WORDS) -> Answer:
    body = {"version": version, "text": text, "meaning": "I add this", "password": password}
    return reader.post(f"/api/studies/{key}/addendum", body)


def a_signed_study(world: World, reader: Browser) -> str:
    key = world.add_study()
    etag = reader.post(f"/api/studies/{key}/open").json()["report"]["etag"]  # type: ignore[index]
    body = {"etag": etag, "meaning": "I approve this report", "password": PASSWORD}
    assert reader.post(f"/api/studies/{key}/sign", body).status == 200
    return key


def test_an_addendum_is_another_version_under_its_own_signature(world: World, door: Browser) -> None:
    world.add_account("b.other", Role.RADIOLOGIST, name="Dr. B Other")
    key = a_signed_study(world, door.as_("radiologist"))
    other = door.as_("b.other")
    (first,) = other.get(f"/api/studies/{key}").json()["versions"]  # type: ignore[misc]
    added = add(other, key).json()
    assert (added["version"], added["status"], added["content"]) == (2, "appended", first["content"])
    assert added["signature"] == first["signature"]
    (addendum,) = added["addenda"]  # type: ignore[misc]
    assert (addendum["text"], addendum["signature"]["signer_name"]) == (WORDS, "Dr. B Other")
    reading = other.get(f"/api/studies/{key}").json()
    assert reading["versions"] == [first, added]
    assert reading["study"]["state"] == "amended"  # type: ignore[index]
    with world.services.database.begin(write=False) as unit:
        assert unit.study(key).state is StudyState.AMENDED  # type: ignore[arg-type]
    assert "deliver:" + key + ":2:folder" in {job.dedupe_key for job, _ in world.services.database.jobs(JobState.READY)}
    events = [each.event for each in world.services.database.audit_records()]
    assert (events[-2].action, dict(events[-2].detail)["version"]) == ("report.append", "2")
    assert not any("rib" in repr(each) for each in events)


def test_an_addendum_needs_the_password_and_the_version_that_was_read(world: World, door: Browser) -> None:
    reader = door.as_("radiologist")
    key = a_signed_study(world, reader)
    assert add(reader, key, password="wrong").status == 401
    assert add(reader, key, version=2).status == 412
    assert add(reader, key, text="   ").status == 409
    assert add(reader, key).status == 200
    assert add(reader, key).status == 412
    assert add(reader, key, version=2).json()["version"] == 3


def test_a_resident_adds_nothing_and_nobody_adds_to_an_open_report(world: World, door: Browser) -> None:
    reader = door.as_("radiologist")
    key = a_signed_study(world, reader)
    for role in ("resident", "quality", "admin"):
        assert add(door.as_(role), key).status == 403
    assert reader.post(f"/api/studies/{key}/amend", {"reason": "side"}).status == 200
    assert add(reader, key, version=2).status == 409
    open_one = world.add_study()
    reader.post(f"/api/studies/{open_one}/open")
    assert add(reader, open_one).status == 409


def test_who_holds_the_study_open_is_not_overtaken(world: World, door: Browser) -> None:
    world.add_account("b.other", Role.RADIOLOGIST)
    reader = door.as_("radiologist")
    key = a_signed_study(world, reader)
    assert reader.send("PUT", f"/api/studies/{key}/lock", {"screen": "screen-one"}).json()["mine"] is True
    refused = add(door.as_("b.other"), key)
    assert (refused.status, refused.json()["code"]) == (409, "study_locked")


@pytest.mark.parametrize("text", ["", "x" * 4001, "bell\x07"])
def test_words_that_do_not_fit_are_refused_without_being_repeated(world: World, door: Browser, text: str) -> None:
    reader = door.as_("radiologist")
    key = a_signed_study(world, reader)
    refused = add(reader, key, text=text)
    assert refused.status == 400
    assert not text or text.encode() not in refused.body
