"""The quality page's answers: numbers with n, one cell with everything, nothing before the first round, and a look that is written down once."""

from builders_web import Browser, World

from wetread.monitoring.measures import MEASURES
from wetread.testing.quality_builders import a_quality_cell, a_quality_report

CELL = "/api/quality/cell?site=north&scanner=Acme+P1&finding=effusion&model=phantom-net+1.0.0"


def keep(world: World) -> None:
    with world.services.database.begin() as unit:
        unit.save_quality(a_quality_report())
        unit.commit()


def test_before_the_first_round_there_is_no_report(door: Browser) -> None:
    answer = door.as_("quality").get("/api/quality").json()
    assert answer["report"] is None
    assert answer["definitions"] == MEASURES


def test_every_cell_comes_with_its_numbers_and_without_its_pictures(world: World, door: Browser) -> None:
    keep(world)
    report = door.as_("admin").get("/api/quality").json()["report"]
    (cell,) = report["cells"]  # type: ignore[index]
    assert cell["key"] == {"site": "north", "scanner": "Acme P1", "finding": "effusion", "model": "phantom-net 1.0.0"}
    assert {"name": "sensitivity", "n": 40, "value": 0.85, "low": 0.71, "high": 0.93, "refused": ""} in cell["numbers"]
    assert not {"gaps", "reliability", "trend", "psi_shares", "adjudicated"} & set(cell)
    assert cell["worse_groups"] == 0
    (tag,) = report["tags"]  # type: ignore[index]
    assert (tag["tag"], tag["distance"], tag["shares"][0]) == ("view", 0.2, ["PA", 0.7, 0.5])


def test_one_cell_comes_whole(world: World, door: Browser) -> None:
    keep(world)
    reader = door.as_("quality")
    cell = reader.get(CELL).json()
    assert len(cell["reliability"]) == len(a_quality_cell().reliability)  # type: ignore[arg-type]
    assert cell["adjudicated"][0]["numbers"][0]["value"] == 0.74  # type: ignore[index]
    assert cell["gaps"][0]["groups"][1]["withheld"] == "fewer than 10 cases"  # type: ignore[index]
    assert reader.get(CELL.replace("effusion", "nodule")).status == 404
    assert reader.get("/api/quality/cell?site=north").status == 400


def test_a_look_is_written_down_but_not_every_refresh(world: World, door: Browser) -> None:
    keep(world)
    reader = door.as_("quality")
    for _ in range(3):
        reader.get("/api/quality")
    assert world.audited().count(("quality.look", "quality", "success")) == 1
