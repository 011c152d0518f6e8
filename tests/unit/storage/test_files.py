"""The file store's own promises on the disk."""

import fcntl
import subprocess
import sys
from pathlib import Path

import pytest

from wetread.domain.errors import TransientError
from wetread.ports.file_store import StoredFile
from wetread.storage.disk_room import rooms_of
from wetread.storage.files import DiskFileStore


def test_files_and_folders_are_for_their_owner_only(tmp_path: Path) -> None:
    store = DiskFileStore(tmp_path / "store")
    with store.receive() as file:
        file.write(b"content")
        file.flush()
        modes = {path.stat().st_mode & 0o777 for path in tmp_path.glob("store/incoming/*")}
        stored = file.keep()
    assert modes == {0o600}
    assert stored.path.stat().st_mode & 0o777 == 0o600
    folders = {path for path in tmp_path.rglob("*") if path.is_dir()}
    assert {path.stat().st_mode & 0o777 for path in folders} == {0o700}
    assert stored.path == tmp_path / "store" / stored.sha256[:2] / stored.sha256


def test_what_was_kept_is_there_for_the_next_process(tmp_path: Path) -> None:
    with DiskFileStore(tmp_path).receive() as file:
        file.write(b"content")
        stored = file.keep()
    assert DiskFileStore(tmp_path).path_of(stored.sha256).read_bytes() == b"content"


def test_a_file_of_an_older_store_lies_a_folder_deeper_and_is_a_file_like_any_other(tmp_path: Path) -> None:
    store = DiskFileStore(tmp_path)
    kept = [_keep(store, content) for content in (b"old", b"erased", b"new")]
    for each in kept[:2]:
        deeper = each.path.parent / each.sha256[2:4]
        deeper.mkdir()
        each.path.rename(deeper / each.sha256)
    assert sorted(store.stored()) == sorted(each.sha256 for each in kept)
    assert all(store.verify(each.sha256) for each in kept)
    again = _keep(store, b"old")
    assert store.path_of(again.sha256) == again.path
    assert sorted(store.stored()) == sorted(each.sha256 for each in kept)
    assert store.erase(kept[1].sha256)
    assert store.remove(kept[0].sha256, unless_newer_s=0)
    assert list(store.stored()) == [kept[2].sha256]


_RECEIVER = """
import sys
from pathlib import Path
from wetread.storage.files import DiskFileStore
file = DiskFileStore(Path(sys.argv[1])).receive()
file.write(b"half of it" * 100)
print(file.path, flush=True)
sys.stdin.read()
"""


def test_what_a_killed_process_received_is_swept_at_once_and_what_a_living_one_receives_stays(tmp_path: Path) -> None:
    store = DiskFileStore(tmp_path)
    command = [sys.executable, "-c", _RECEIVER, str(tmp_path)]
    with (
        store.receive() as ours,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other,
    ):
        assert other.stdout is not None
        theirs = Path(other.stdout.readline().strip())
        assert store.sweep(older_than_s=3600) == 0
        other.kill()
        other.wait()
        assert theirs.stat().st_size == 1000
        assert store.sweep(older_than_s=3600) == 1
        assert not theirs.exists()
        ours.write(b"content")
        assert store.verify(ours.keep().sha256)


def test_a_sweep_between_the_making_of_a_file_and_its_lock_costs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, flock, swept = DiskFileStore(tmp_path), fcntl.flock, list[int]()

    def swept_first(file: int, operation: int) -> None:
        if not swept:
            swept.append(0)
            swept[0] = store.sweep(older_than_s=3600)
        flock(file, operation)

    monkeypatch.setattr(fcntl, "flock", swept_first)
    assert store.verify(_keep(store, b"content").sha256)
    assert swept == [1]


def test_a_file_without_a_lock_is_left_to_its_age(tmp_path: Path) -> None:
    """An earlier version may be receiving it while this one starts; and there are file systems without locks."""
    store = DiskFileStore(tmp_path)
    (tmp_path / "incoming" / ("0" * 32)).write_bytes(b"half of it")
    assert store.sweep(older_than_s=3600) == 0
    assert store.sweep(older_than_s=0) == 1


def _keep(store: DiskFileStore, content: bytes) -> StoredFile:
    with store.receive() as file:
        file.write(content)
        return file.keep()


def test_films_leave_the_reserve_to_others_and_a_probe_still_finds_the_store_working(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = [100]
    monkeypatch.setattr("wetread.storage.files.free_bytes", lambda _: free[0])
    store = DiskFileStore(tmp_path, reserve_bytes=100)
    assert _keep(store, b"a film").sha256
    free[0] = 99
    store.receive().discard()
    for content in (b"short", bytes(1000)):
        with pytest.raises(TransientError, match="full or nearly so") as refusal:
            _keep(store, content)
        assert refusal.value.code == "storage_full"
    assert list((tmp_path / "incoming").iterdir()) == []
    free[0] = 100
    monkeypatch.setattr("wetread.storage.files.free_files", lambda _: 1023)
    with pytest.raises(TransientError, match="full or nearly so"):
        _keep(store, b"a film more than there is room for files")
    monkeypatch.setattr("wetread.storage.files.free_files", lambda _: None)
    assert len({_keep(store, content).sha256 for content in (b"short", bytes(1000))}) == 2


def test_room_is_told_of_each_file_system_once(tmp_path: Path) -> None:
    places = {"films": tmp_path / "films", "database": tmp_path, "kernel": Path("/proc")}
    places["films"].mkdir()
    here, elsewhere = rooms_of(places)
    assert (here.holds, elsewhere.holds) == (("films", "database"), ("kernel",))
    assert 0 < here.free_bytes <= here.total_bytes
    with pytest.raises(OSError, match="No such file"):
        rooms_of({"films": tmp_path / "gone"})
