"""Whoever is killed, and whenever: the study ends in exactly one report, delivered once."""

import random
import signal
import time
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path

import pytest
from neighbours.wetread import PASSWORD, Wetread
from pydicom import dcmread
from stow_front import store_one
from tests.films import film
from tests.journey.waiting import wait_for
from tests.soak.forked import command

from wetread.demo.client import Json, ReadingRoomClient

pytestmark = pytest.mark.real

READING = ["analyse_claimed", *(f"{stage}_{step}" for stage in ("analyse", "triage", "draft") for step in ("computed", "before_commit", "after_commit"))]  # fmt: skip
DELIVERING = ["deliver_claimed", "deliver_computed", "deliver_before_commit", "deliver_after_commit"]


def keys(client: ReadingRoomClient) -> dict[str, str]:
    """Every study's key, with its state."""
    return {
        row["study_key"]: row["state"] for view in ("open", "reported", "rejected") for row in client.worklist(view)
    }


def sign(client: ReadingRoomClient, key: str) -> None:
    path = f"/api/studies/{key}"
    report = client.post(f"{path}/open", {})["report"]
    client.post(f"{path}/sign", {"etag": report["etag"], "meaning": "approved", "password": PASSWORD})


def assert_one_report(client: ReadingRoomClient, key: str) -> None:
    reading: Json = client.get(f"/api/studies/{key}")
    assert [version["status"] for version in reading["versions"]] == ["final"]
    assert [delivery["state"] for delivery in reading["deliveries"]] == ["acknowledged"]


def assert_delivered_once(house: Wetread, client: ReadingRoomClient, studies: int) -> None:
    for key in keys(client):
        assert_one_report(client, key)
    outbox = house.folder / "outbox"
    of = [dcmread(each, stop_before_pixels=True).StudyInstanceUID for each in outbox.glob("*.sr.dcm")]
    assert len(of) == len(set(of)) == len(keys(client)) == studies
    assert not [name for name in outbox.iterdir() if name.name.endswith(".part")]


def assert_record_is_whole(house: Wetread) -> None:
    assert house.run("audit", "verify").returncode == 0
    assert house.run("status").returncode == 0


def kill_at(house: Wetread, point: str) -> None:
    with command(["worker"], house.environment, point) as doomed:
        doomed.join(180)
        assert doomed.exitcode == -signal.SIGKILL, f"{point} was not reached"


def test_workers_killed_at_every_step_leave_one_report_a_study(tmp_path: Path) -> None:
    """As many studies as points: one worker after the other dies of them, and who comes last ends what all have left."""
    points = [*READING, *DELIVERING]
    house = Wetread(tmp_path / "house", {"WORKERS": "0", "MAX_ATTEMPTS": "100", "LEASE_S": "1"})
    house.add_radiologist()
    with house.serving() as service:
        client = service.client
        assert {store_one(house.port, film(100 + n)) for n in range(len(points))} == {200}
        for point in READING:
            kill_at(house, point)
        with command(["worker"], house.environment):
            wait_for(lambda: list(keys(client).values()) == ["drafted"] * len(points), "all drafts", 300)
        for key in keys(client):
            sign(client, key)
        for point in DELIVERING:
            kill_at(house, point)
        with command(["worker"], house.environment):
            wait_for(lambda: list(keys(client).values()) == ["delivered"] * len(points), "all deliveries", 300)
        assert_delivered_once(house, client, len(points))
        assert_record_is_whole(house)


def test_a_server_killed_at_random_leaves_one_report(tmp_path: Path) -> None:
    """Everything dies with the server (its workers and doors are its children); the next one goes on."""
    dice = random.Random(3)
    house = Wetread(tmp_path / "house")
    house.add_radiologist()
    for _ in range(4):
        with house.serving() as service:
            with suppress(OSError, HTTPException):
                store_one(house.port, film(22))
            time.sleep(dice.uniform(0.0, 2.0))
            service.process.send_signal(signal.SIGKILL)
            service.process.wait()
    with house.serving() as service:
        assert store_one(house.port, film(22)) == 200
        wait_for(lambda: list(keys(service.client).values()) == ["drafted"], "a draft")
        (key,) = keys(service.client)
        sign(service.client, key)
        service.process.send_signal(signal.SIGKILL)
        service.process.wait()
    with house.serving() as service:
        wait_for(lambda: keys(service.client) == {key: "delivered"}, "delivery")
        assert_delivered_once(house, service.client, 1)
        assert_record_is_whole(house)
