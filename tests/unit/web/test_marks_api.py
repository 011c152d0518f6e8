"""Marks over HTTP: what the page sends comes back; what does not fit is refused, and its words are nowhere else."""

import pytest
from builders_web import Browser, World, film_key_of

ARROW = {"kind": "arrow", "points": [[5, 5.25], [50, 50]], "text": "Mrs Vale's clip"}


def test_marks_come_back_as_they_were_sent(world: World, door: Browser) -> None:
    key = world.add_study()
    films = [{"instance_key": film_key_of(world, key), "marks": [ARROW]}]  # type: ignore[arg-type]
    reader = door.as_("radiologist")
    kept = reader.send("PUT", f"/api/studies/{key}/marks", {"films": films})
    assert (kept.status, kept.json()["version"]) == (200, 1)
    mine = reader.get(f"/api/studies/{key}").json()["marks"]["mine"]  # type: ignore[index]
    assert (mine["films"], mine["reader_name"]) == (
        [{**films[0], "marks": [{**ARROW, "points": [[5.0, 5.25], [50.0, 50.0]]}]}],
        "Radiologist",
    )
    seen = door.as_("resident").get(f"/api/studies/{key}").json()["marks"]
    assert (seen["mine"], [each["reader_id"] for each in seen["others"]]) == (None, ["radiologist"])  # type: ignore[index]
    assert reader.send("PUT", f"/api/studies/{key}/marks", {"films": []}).status == 200
    assert reader.get(f"/api/studies/{key}").json()["marks"]["mine"]["films"] == []  # type: ignore[index]
    assert not any("Vale" in repr(each) for each in world.services.database.audit_records())


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"points": [[1, 2]]}, 422),
        ({"points": [[1, 2], [3]]}, 422),
        ({"points": [[1, 2], [3, 1e9]]}, 400),
        ({"points": [[1, 2], [3, True]]}, 400),
        ({"points": [[1, 2], [3, "4"]]}, 400),
        ({"text": "secret" * 20}, 400),
        ({"text": "secret\x1b"}, 400),
        ({"kind": "polygon"}, 400),
        ({"who": "secret"}, 400),
    ],
)
def test_what_is_no_mark_is_refused(world: World, door: Browser, change: dict[str, object], status: int) -> None:
    key = world.add_study()
    film = {"instance_key": film_key_of(world, key), "marks": [{**ARROW, **change}]}  # type: ignore[arg-type]
    refused = door.as_("radiologist").send("PUT", f"/api/studies/{key}/marks", {"films": [film]})
    assert refused.status == status
    assert b"secret" not in refused.body
