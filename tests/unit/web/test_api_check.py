"""Contradictions over HTTP, macros, and the microphone: asked for, answered, and kept from whoever must commit first."""

from dataclasses import replace

from builders_web import World, a_world, open_door

from wetread.domain.reading import ReadingMode
from wetread.signoff.modes import ModePolicy
from wetread.web.services import WebSettings

WORDS = {
    "sections": [{"section": "findings", "text": "No pneumothorax."}],
    "findings": [{"name": "pneumothorax", "present": True, "laterality": "left"}],
}


def test_warnings_name_the_words_and_nothing_is_kept(world: World) -> None:
    key = world.add_study()
    with open_door(world) as door:
        reader = door.as_("radiologist")
        before = world.audited()
        (warning,) = reader.post(f"/api/studies/{key}/check", WORDS).json()["warnings"]  # type: ignore[misc]
        assert world.audited() == before
    assert (warning["code"], warning["section"], warning["start"], warning["end"]) == ("denied", "findings", 3, 15)


def test_a_second_reader_is_told_nothing_by_it() -> None:
    world = a_world()
    desk = replace(world.services.desk, modes=ModePolicy(ReadingMode.SECOND_READER))
    world.services = replace(world.services, desk=desk)
    key = world.add_study()
    with open_door(world) as door:
        refused = door.as_("radiologist").post(f"/api/studies/{key}/check", WORDS)
    assert (refused.status, refused.json()["code"]) == (403, "commit_first")


def test_ones_own_macros_stand_beside_the_sites() -> None:
    world = a_world()
    world.services = replace(world.services, macros={".nl": "The lungs are clear."})
    with open_door(world) as door:
        reader = door.as_("radiologist")
        mine = [{"name": ".nh", "text": "The heart is not enlarged."}]
        kept = reader.send("PUT", "/api/reader/macros", {"macros": mine}).json()
        assert (kept["macros"], kept["site_macros"]) == (mine, [{"name": ".nl", "text": "The lungs are clear."}])
        assert door.as_("resident").get("/api/reader").json()["macros"] == []
        assert reader.send("PUT", "/api/reader/macros", {"macros": mine * 2}).status == 422
        assert reader.send("PUT", "/api/reader/macros", {"macros": [{"name": "nh", "text": "x"}]}).status == 400


def test_the_microphone_is_only_for_a_site_that_dictates() -> None:
    for dictation, policy in ((False, "microphone=(),"), (True, "microphone=(self),")):
        world = a_world(settings=WebSettings(version="0", dictation=dictation))
        with open_door(world) as door:
            reader = door.as_("radiologist")
            answer = reader.get("/api/session")
            assert policy in answer.headers["permissions-policy"]
            assert answer.json()["dictation"] is dictation
            assert "script-src 'self'" in answer.headers["content-security-policy"]
