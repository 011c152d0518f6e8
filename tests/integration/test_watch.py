"""The watched folder takes what is whole, moves it away, and survives being stopped at any point."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

import pytest
from builders_ingest import House, JsonInspector, a_file

from wetread.domain.errors import TransientError
from wetread.domain.study import InstanceHeader
from wetread.ingest.watch import FolderWatch, run_watch


class MoodyInspector(JsonInspector):
    busy = False

    def inspect(self, path: Path) -> InstanceHeader:
        if self.busy:
            raise TransientError("busy")
        return super().inspect(path)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path, inspector=MoodyInspector())
    yield house
    house.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "in"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.is_file())


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def rows(house: House) -> int:
    with house.database.begin(write=False) as unit:
        return len(unit.instances(house.key()))


def test_a_settled_file_is_taken_and_moved(house: House, folder: Path) -> None:
    watch = FolderWatch(folder, house.reception, settle_s=2)
    (folder / "room 1").mkdir()
    (folder / "room 1" / "DOE^JANE.dcm").write_bytes(a_file())
    assert watch.sweep(0) == 0
    assert watch.sweep(1.9) == 0
    assert watch.sweep(2.0) == 1
    assert names(folder / "done") == [f"{sha(a_file())}.dcm"]
    assert rows(house) == 1


def test_a_growing_file_is_left_alone(house: House, folder: Path) -> None:
    watch = FolderWatch(folder, house.reception, settle_s=2)
    growing = folder / "x"
    for now_s in range(0, 10, 2):
        growing.write_bytes(a_file(filler=now_s))
        assert watch.sweep(now_s) == 0
    assert watch.sweep(10) == 1
    assert names(folder / "done") == [f"{sha(a_file(filler=8))}.dcm"]


@pytest.mark.parametrize("name", [".hidden", "film.dcm.part", "film.tmp"])
def test_what_says_that_it_is_unfinished_is_left_alone(house: House, folder: Path, name: str) -> None:
    watch = FolderWatch(folder, house.reception, settle_s=0)
    (folder / name).write_bytes(a_file())
    assert (watch.sweep(0), watch.sweep(9)) == (0, 0)


def test_a_refused_file_is_kept_with_the_reason(house: House, folder: Path) -> None:
    watch = FolderWatch(folder, house.reception, settle_s=0)
    (folder / "a").write_bytes(b"garbage")
    (folder / "b").write_bytes(a_file(filler=1))
    (folder / "c").write_bytes(a_file(filler=2))
    assert watch.sweep(0) == 3
    refused = folder / "refused"
    assert (refused / f"{sha(b'garbage')}.dcm").read_bytes() == b"garbage"
    assert (refused / f"{sha(b'garbage')}.txt").read_text().startswith("not_dicom: ")
    assert (refused / f"{sha(a_file(filler=2))}.txt").read_text().startswith("conflict: ")
    assert names(folder / "done") == [f"{sha(a_file(filler=1))}.dcm"]


def test_a_link_is_not_followed(house: House, folder: Path, tmp_path: Path) -> None:
    watch = FolderWatch(folder, house.reception, settle_s=0)
    (tmp_path / "secret").write_bytes(a_file())
    (folder / "link").symlink_to(tmp_path / "secret")
    (folder / "linked-folder").symlink_to(tmp_path)
    assert watch.sweep(0) == 0
    assert rows(house) == 0


def test_what_cannot_be_stored_now_stays_and_is_tried_again(house: House, folder: Path) -> None:
    watch = FolderWatch(folder, house.reception, settle_s=0)
    (folder / "a").write_bytes(a_file())
    MoodyInspector.busy = True
    try:
        assert watch.sweep(0) == 0
    finally:
        MoodyInspector.busy = False
    assert names(folder) == ["a"]
    assert watch.sweep(1) == 1


def test_a_file_taken_but_not_moved_is_a_duplicate_after_a_restart(house: House, folder: Path) -> None:
    house.send(a_file())
    watch = FolderWatch(folder, house.reception, settle_s=0)
    (folder / "a").write_bytes(a_file())
    assert watch.sweep(0) == 1
    assert names(folder / "done") == [f"{sha(a_file())}.dcm"]
    assert rows(house) == 1


def test_many_files_are_all_taken(house: House, folder: Path) -> None:
    watch = FolderWatch(folder, house.reception, settle_s=0)
    for n in range(40):
        (folder / f"{n}").write_bytes(a_file(f"1.2.{n}"))
    assert watch.sweep(0) == 40
    assert rows(house) == 40


def test_the_watch_runs_until_it_is_stopped(house: House, folder: Path) -> None:
    stopped = Event()
    thread = Thread(target=run_watch, args=(folder, house.reception, stopped), kwargs={"poll_s": 0.05})
    thread.start()
    try:
        while not (folder / "done").is_dir():
            stopped.wait(0.01)
        (folder / "a").write_bytes(a_file())
        while not names(folder / "done"):
            stopped.wait(0.05)
    finally:
        stopped.set()
        thread.join(120)
    assert not thread.is_alive()
