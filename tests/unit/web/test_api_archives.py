"""Other archives on the administration page, the hint that wakes a feed, and what a reader sees of fetched films and of images that came late."""

from dataclasses import replace

from builders_web import Browser, World, a_token, open_door

from wetread.domain.archive_feed import ArchiveProbe, FetchedCopy, PriorFetch, PriorOutcome, PriorSearch, PutAside
from wetread.domain.capability import Capability, Verdict
from wetread.domain.late_images import LateImages
from wetread.domain.study_state import StudyState
from wetread.testing.builders import an_analysis
from wetread.web.services import Administration

ARCHIVES = Administration(archives=("pacs", "vna"))


def test_it_says_what_each_archive_is_and_how_its_feed_goes(world: World) -> None:
    now = world.clock.now()
    world.services = replace(world.services, administration=ARCHIVES)
    unable = Capability("QIDO-RS", "fuzzy names", Verdict.NO, "HTTP 400")
    with world.services.database.begin() as unit:
        unit.save_probe(ArchiveProbe("pacs", "Orthanc", "1.10", now, (unable,)))
        unit.save_feed(replace(unit.feed("pacs"), failing_since=now, failure="receiver_busy", missed=2))
        unit.put_aside(PutAside("pacs", "x", "too_large", "too large", now))
        unit.commit()
    with open_door(world) as door:
        answer = door.as_("admin").get("/api/archives").json()
    pacs, vna = answer["archives"]  # type: ignore[misc]
    assert (pacs["product"], pacs["failure"], pacs["missed"], pacs["put_aside"]) == (
        "Orthanc 1.10",
        "receiver_busy",
        2,
        1,
    )
    assert [each["verdict"] for each in pacs["capabilities"]] == ["no"]
    assert (vna["name"], vna["probed_at"]) == ("vna", "")


def test_a_hint_wakes_the_feed_of_a_known_archive_and_is_not_believed(world: World) -> None:
    world.services = replace(world.services, administration=ARCHIVES)
    with open_door(world) as door:
        service = Browser(door.port, defaults={"Authorization": f"Bearer {a_token(world, 'service')}"})
        told = {"instances": ["/etc/passwd"], "cursor": "0"}
        assert service.post("/api/archives/pacs/hint", told).status == 204
        assert service.post("/api/archives/other/hint", told).status == 404
        assert door.post("/api/archives/pacs/hint").status == 401
        assert door.as_("radiologist").post("/api/archives/pacs/hint").status == 403
    with world.services.database.begin(write=False) as unit:
        assert unit.feed("pacs").hinted_at == world.clock.now()
        assert unit.feeds() == (unit.feed("pacs"),)


def test_a_fetched_prior_says_where_it_came_from_and_what_was_not_fetched_is_said(world: World, door: Browser) -> None:
    older = world.add_study(StudyState.FETCHED, patient_id="SAME", study_date="20250101")
    newer = world.add_study(patient_id="SAME", study_date="20260101")
    fetches = (PriorFetch("pacs", PriorOutcome.FETCHED, 1), PriorFetch("vna", PriorOutcome.AMBIGUOUS))
    with world.services.database.begin() as unit:
        unit.save_copy(FetchedCopy(older, "pacs", newer, world.clock.now()))
        unit.save_prior_search(PriorSearch(newer, world.clock.now(), fetches))
        unit.commit()
    reader = door.as_("radiologist")
    reading = reader.get(f"/api/studies/{newer}").json()
    assert [(each["study_key"], each["fetched_from"]) for each in reading["priors"]] == [(older, "pacs")]  # type: ignore[attr-defined]
    assert reading["prior_search"] == [
        {"archive": "pacs", "outcome": "fetched"},
        {"archive": "vna", "outcome": "ambiguous"},
    ]
    assert [each["study_key"] for each in reader.get("/api/worklist").json()["studies"]] == [newer]  # type: ignore[attr-defined]
    assert reader.get(f"/api/studies/{older}/pixels").status == 200  # it hangs beside the film
    reader.get(f"/api/studies/{older}")
    assert reader.post(f"/api/studies/{older}/open", {}).status == 409  # nobody reads a copy
    with world.services.database.begin(write=False) as unit:
        assert unit.reading(older, "radiologist") is None  # and nothing holds it when its time is up


def test_new_images_stand_on_the_list_and_are_answered_by_who_may_sign(world: World, door: Browser) -> None:
    key = world.add_study(StudyState.NEW_IMAGES)
    with world.services.database.begin() as unit:
        (film,) = unit.instances(key)
        now, analysis = world.clock.now(), replace(an_analysis(), heat=None)
        unit.save_late_images(LateImages(key, now, now, (film.instance_key,), analysis=analysis, reason="pneumothorax"))
        unit.commit()
    reader = door.as_("radiologist")
    (row,) = reader.get("/api/worklist").json()["studies"]  # type: ignore[misc]
    assert (row["state"], row["new_images"], row["reason"]) == ("new_images", 1, "pneumothorax")
    late = reader.get(f"/api/studies/{key}").json()["late_images"]
    assert (late["open"], late["read"]) == (True, True)  # type: ignore[index, call-overload]
    assert reader.get(f"/api/studies/{key}/status").json()["late_images"] == 1
    assert door.as_("resident").post(f"/api/studies/{key}/keep-report", {}).status == 403
    assert door.as_("radiologist").post(f"/api/studies/{key}/keep-report", {}).json() == {"state": "signed"}
    assert door.as_("radiologist").get("/api/worklist").json()["studies"] == []
    assert ("late_images.answer", "radiologist", "success") in world.audited()
