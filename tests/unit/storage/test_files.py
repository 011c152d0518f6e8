"""The file store's own promises on the disk."""

from pathlib import Path

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
    assert stored.path == tmp_path / "store" / stored.sha256[:2] / stored.sha256[2:4] / stored.sha256


def test_what_was_kept_is_there_for_the_next_process(tmp_path: Path) -> None:
    with DiskFileStore(tmp_path).receive() as file:
        file.write(b"content")
        stored = file.keep()
    assert DiskFileStore(tmp_path).path_of(stored.sha256).read_bytes() == b"content"
