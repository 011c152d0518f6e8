"""Law 2 under kill -9 and on a full disk: what was acknowledged is there, what was not may be sent again, and nothing is there twice."""

import os
import shutil
import signal
from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path

import hostile
import pytest
from builders_ingest import House, a_file
from failing_calls import failing
from raw_dimse import RawScu
from stow_front import store_one
from tests.small_disk import a_small_disk
from tests.soak.forked import receiver

from wetread.dicom.sandbox import Sandbox
from wetread.domain.audit import verify_chain
from wetread.domain.job import JobState
from wetread.ingest.outcome import Outcome
from wetread.storage.files import DiskFileStore

INSTANCES = [(f"1.2.{n}", a_file(f"1.2.{n}", filler=20_000)) for n in range(6)]
POINTS = ["before_keep", "before_fsync", "after_fsync", "after_rename", "after_keep", "before_commit", "after_commit", "before_status"]  # fmt: skip
CR = hostile.CR_STORAGE


def send_all(port: int, door: str, instances: list[tuple[str, bytes]] = INSTANCES) -> list[str]:
    """The SOP Instance UIDs that were acknowledged, until the receiver is gone."""
    acknowledged = []
    for uid, content in instances:
        try:
            if (_by_stow if door == "stow" else _by_dimse)(port, uid, content):
                acknowledged.append(uid)
        except (OSError, HTTPException, AssertionError):
            break
    return acknowledged


def _by_stow(port: int, uid: str, content: bytes) -> bool:
    return store_one(port, content) == 200


def _by_dimse(port: int, uid: str, content: bytes) -> bool:
    with RawScu(port) as scu:
        assert scu.associate([("1.2.840.10008.5.1.4.1.1.1.1", hostile.EXPLICIT)])
        return scu.store("1.2.840.10008.5.1.4.1.1.1.1", uid, content).status == 0


def assert_whole(folder: Path, acknowledged: list[str]) -> None:
    """Every acknowledged instance has its bytes, its row, its identity and its job."""
    house = House(folder)
    kept = {each.header.sop_instance_uid: each for each in house.vault.unnamed.instances(house.key())}
    with house.database.begin(write=False) as unit:
        rows = {each.instance_key: each for each in unit.instances(house.key())}
    for uid in acknowledged:
        row = rows[kept[uid].instance_key]
        assert house.files.verify(row.content_sha256)
        assert kept[uid].content_sha256 == row.content_sha256
    jobs = [job.dedupe_key for job, _ in house.database.jobs(JobState.READY)]
    assert len(jobs) == len(set(jobs)) <= 1
    assert bool(jobs) or not acknowledged
    assert verify_chain(house.database.audit_records()) is None
    house.close()


def assert_each_once(folder: Path) -> None:
    house = House(folder)
    with house.database.begin(write=False) as unit:
        assert len(unit.instances(house.key())) == len(INSTANCES)
    assert len(house.vault.unnamed.instances(house.key())) == len(INSTANCES)
    house.files.sweep(older_than_s=3600)
    assert list((folder / "films" / "incoming").iterdir()) == []
    house.close()


@pytest.mark.parametrize("door", ["stow", "dimse"])
@pytest.mark.parametrize("point", POINTS)
def test_a_receiver_killed_anywhere_loses_nothing_it_acknowledged(tmp_path: Path, door: str, point: str) -> None:
    """At the third instance, so that there is something to lose; a rename and a folder's fsync come several times for each."""
    House(tmp_path).close()
    nth = {"before_fsync": 9, "after_fsync": 9}.get(point, 3)
    with receiver(tmp_path, door, point, nth) as (port, child):
        acknowledged = send_all(port, door)
        child.join(120)
        assert child.exitcode == -signal.SIGKILL, "the fault point was never reached"
    assert 0 < len(acknowledged) < len(INSTANCES)
    assert_whole(tmp_path, acknowledged)
    with receiver(tmp_path, door) as (port, _):
        assert send_all(port, door) == [uid for uid, _ in INSTANCES]
    assert_whole(tmp_path, [uid for uid, _ in INSTANCES])
    assert_each_once(tmp_path)


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.parametrize("call", ["fsync", "fdatasync"])
def test_a_receiver_whose_disk_fails_ends_and_acknowledges_nothing(tmp_path: Path, call: str) -> None:
    """From the thread that received, while the film or the row that names it is made durable."""
    House(tmp_path).close()
    with receiver(tmp_path, "stow") as (port, child), failing(child.pid, call, "EIO"):
        assert send_all(port, "stow") == []
        child.join(120)
        assert child.exitcode == os.EX_IOERR
    with receiver(tmp_path, "stow") as (port, _):
        assert send_all(port, "stow") == [uid for uid, _ in INSTANCES]
    assert_each_once(tmp_path)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    yield from a_small_disk(tmp_path / "disk", 6)


def test_a_full_film_disk_is_said_and_forgotten_when_there_is_room(small_disk: Path, tmp_path: Path) -> None:
    house = House(tmp_path, films=small_disk / "films")
    filler = small_disk / "filler"
    filler.write_bytes(bytes(4 << 20))
    big = a_file(filler=4 << 20)
    for _ in range(3):
        with pytest.raises(Exception, match="disk is full"):
            house.send(big)
    assert list((small_disk / "films" / "incoming").iterdir()) == []
    filler.unlink()
    assert [each.outcome for each in house.send(big)] == [Outcome.STORED]
    house.close()


def test_a_full_database_disk_acknowledges_nothing(small_disk: Path) -> None:
    house = House(small_disk)
    filler = small_disk / "filler"
    free = shutil.disk_usage(small_disk).free
    filler.write_bytes(bytes(free - 40_000))
    sent = [(n, house.send(a_file(f"1.2.{n}"))[0].outcome) for n in range(60)]
    acknowledged = [n for n, outcome in sent if outcome.acknowledged]
    assert {outcome for _, outcome in sent} & {Outcome.STORAGE_FULL, Outcome.UNAVAILABLE}
    filler.unlink()
    assert all(house.send(a_file(f"1.2.{n}"))[0].outcome.acknowledged for n in range(60))
    with house.database.begin(write=False) as unit:
        assert len(unit.instances(house.key())) == 60
    assert len(acknowledged) < 60
    assert verify_chain(house.database.audit_records()) is None
    house.close()


def test_hostile_files_among_honest_ones_change_nothing_for_them(tmp_path: Path) -> None:
    """Every attack of the catalogue, each in a request with an honest film."""
    with Sandbox(children=2) as sandbox:
        house = House(tmp_path, inspector=sandbox)
        for n, case in enumerate(hostile.hostile_files()):
            uid = f"{hostile.ROOT}.7.{n}"
            control = hostile.film({0x00080018: ("UI", uid.encode())}, instance=uid)
            before = house.database.change_token()
            attack, honest = house.send(case.content, control)
            refused = case.fate is hostile.Fate.REFUSED
            assert honest.outcome is Outcome.STORED, case.name
            assert (attack.outcome is Outcome.REFUSED) == refused, (case.name, attack)
            if refused:
                assert house.database.change_token() - before <= 3, case.name
        assert list((DiskFileStore(tmp_path / "films")._root / "incoming").iterdir()) == []
        house.close()
