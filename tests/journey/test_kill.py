"""Whoever is killed, and whenever: the study ends in exactly one report, delivered once."""

import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from neighbours.wetread import PASSWORD, Wetread
from tests.films import film
from tests.journey.waiting import wait_for
from tests.soak.forked import command

from wetread.demo.client import Json, ReadingRoomClient

pytestmark = pytest.mark.real

STAGES = ("analyse", "triage", "draft", "deliver")
POINTS = [
    "analyse_claimed",
    "deliver_claimed",
    *(f"{stage}_{step}" for stage in STAGES for step in ("computed", "before_commit", "after_commit")),
]


def keys(client: ReadingRoomClient) -> dict[str, str]:
    """Every study's key, with its state."""
    return {
        row["study_key"]: row["state"] for view in ("open", "reported", "rejected") for row in client.worklist(view)
    }


def sign(client: ReadingRoomClient, key: str) -> None:
    path = f"/api/studies/{key}"
    report = client.post(f"{path}/open", {})["report"]
    client.post(f"{path}/sign", {"etag": report["etag"], "meaning": "approved", "password": PASSWORD})


def reports_in(outbox: Path) -> int:
    return len(list(outbox.glob("*.sr.dcm")))


def assert_one_report(house: Wetread, client: ReadingRoomClient, key: str, before: int = 0) -> None:
    reading: Json = client.get(f"/api/studies/{key}")
    assert [version["status"] for version in reading["versions"]] == ["final"]
    assert [delivery["state"] for delivery in reading["deliveries"]] == ["acknowledged"]
    assert reports_in(house.folder / "outbox") == before + 1
    assert not [name for name in (house.folder / "outbox").iterdir() if name.name.endswith(".part")]


def assert_record_is_whole(house: Wetread) -> None:
    assert house.run("audit", "verify").returncode == 0
    assert house.run("status").returncode == 0


@pytest.fixture(scope="module")
def without_workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Wetread, ReadingRoomClient]]:
    """One service for all points, without a worker of its own; in the end its record is whole."""
    house = Wetread(tmp_path_factory.mktemp("kill") / "house", {"WORKERS": "0"})
    house.add_radiologist()
    with house.serving() as service:
        yield house, service.client
        assert_record_is_whole(house)


@pytest.mark.parametrize("point", POINTS)
def test_a_worker_killed_at_any_step_leaves_one_report(
    tmp_path: Path, without_workers: tuple[Wetread, ReadingRoomClient], point: str
) -> None:
    house, client = without_workers
    known, delivered = keys(client), reports_in(house.folder / "outbox")
    assert set(known.values()) <= {"delivered"}
    (tmp_path / "film.dcm").write_bytes(film(100 + POINTS.index(point)))
    assert house.run("send", str(tmp_path / "film.dcm"), "--to", house.dicomweb_url).returncode == 0
    (key,) = keys(client).keys() - known.keys()
    with command(["worker"], house.environment, point) as doomed:
        if point.startswith("deliver"):
            wait_for(lambda: keys(client)[key] == "drafted", "a draft")
            sign(client, key)
        doomed.join(180)
        assert doomed.exitcode == -signal.SIGKILL
    with command(["worker"], house.environment):
        if not point.startswith("deliver"):
            wait_for(lambda: keys(client)[key] == "drafted", "a draft")
            sign(client, key)
        wait_for(lambda: keys(client)[key] == "delivered", "delivery")
    assert_one_report(house, client, key, delivered)


def test_a_server_killed_at_random_leaves_one_report(tmp_path: Path) -> None:
    """Everything dies with the server (its workers and doors are its children); the next one goes on."""
    dice = random.Random(3)
    house = Wetread(tmp_path / "house")
    house.add_radiologist()
    (tmp_path / "film.dcm").write_bytes(film(22))
    for _ in range(4):
        with house.serving() as service:
            house.run("send", str(tmp_path / "film.dcm"), "--to", house.dicomweb_url)
            time.sleep(dice.uniform(0.0, 2.0))
            service.process.send_signal(signal.SIGKILL)
            service.process.wait()
    with house.serving() as service:
        assert house.run("send", str(tmp_path / "film.dcm"), "--to", house.dicomweb_url).returncode == 0
        wait_for(lambda: list(keys(service.client).values()) == ["drafted"], "a draft")
        (key,) = keys(service.client)
        sign(service.client, key)
        service.process.send_signal(signal.SIGKILL)
        service.process.wait()
    with house.serving() as service:
        wait_for(lambda: keys(service.client) == {key: "delivered"}, "delivery")
        assert_one_report(house, service.client, key)
        assert_record_is_whole(house)
