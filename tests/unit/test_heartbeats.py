"""Workers that share a folder and not a process table: each has a sign of life of its own."""

import os
from pathlib import Path

import pytest

from wetread.heartbeats import Heartbeats


def test_one_that_ends_takes_no_other_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.getpid", lambda: 1)
    monkeypatch.setattr("socket.gethostname", lambda: "worker-a")
    first = Heartbeats(tmp_path)
    monkeypatch.setattr("socket.gethostname", lambda: "worker-b")
    second = Heartbeats(tmp_path)
    first.beat()
    second.beat()
    first.end()
    assert [each.name for each in tmp_path.iterdir()] == ["worker-worker-b-1"]
    assert second.problem() == ""
    second.end()
    assert second.problem() == "no worker has started yet"


def test_signs_of_the_long_dead_go(tmp_path: Path) -> None:
    dead, silent = tmp_path / "worker-dead-1", tmp_path / "worker-silent-1"
    for each, ago in ((dead, 3), (silent, 0.5)):
        each.touch()
        at = each.stat().st_mtime - ago * 86_400
        os.utime(each, (at, at))
    assert "no worker has been heard of" in Heartbeats(tmp_path).problem()
    Heartbeats(tmp_path).beat()
    assert not dead.exists()
    assert silent.exists()


def test_a_disk_that_takes_no_file_ends_no_worker(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("a file where the folder would be")
    mine = Heartbeats(tmp_path / "run")
    mine.beat()
    mine.end()
    assert mine.problem() == "no worker has started yet"
