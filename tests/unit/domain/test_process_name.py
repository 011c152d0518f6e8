"""Processes that share a folder and not a process table never write into each other's half-made files."""

from pathlib import Path

import pytest

from wetread.checkpoints.write_once import write_once


def test_two_that_are_number_1_make_files_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.getpid", lambda: 1)
    names: list[str] = []
    monkeypatch.setattr("os.link", lambda fresh, _: names.append(Path(fresh).name))
    for host in ("pager-a", "pager-b"):
        monkeypatch.setattr("socket.gethostname", lambda host=host: host)
        write_once(tmp_path / "head", b"x")
    assert names == [".head.pager-a-1", ".head.pager-b-1"]
