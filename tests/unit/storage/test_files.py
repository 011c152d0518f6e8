"""The file store's own promises on the disk."""

from pathlib import Path

from wetread.ports.file_store import StoredFile
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


def _keep(store: DiskFileStore, content: bytes) -> StoredFile:
    with store.receive() as file:
        file.write(content)
        return file.keep()
