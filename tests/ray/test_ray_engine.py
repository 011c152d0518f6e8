"""Ray as an engine of `wetread batch` (`make test-ray`): what every engine does, and that it keeps to this machine.

Apart from `make test`: Ray gives itself half a minute to start, whatever the machine has to do besides, and a test must not hang on that.
"""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from batch_engines import BatchEngineSuite, Subject, expected, films, outcomes, pooled
from films import film

from wetread.batch.ray_readers import RayReaders
from wetread.batch.reader_pool import ReaderPool
from wetread.domain.batch import FilmRow, FilmTask, Unanswered
from wetread.inference.bundle import BUNDLED, load_bundle

__all__ = ["expected", "films"]  # fixtures of the suite


DOCS = (Path(__file__).parents[2] / "docs" / "batch.md").read_text("utf-8")


class TestRay(BatchEngineSuite):
    @pytest.fixture(scope="class")
    @classmethod
    def subject(cls) -> Iterator[Subject]:
        sha256 = load_bundle(BUNDLED).identity.sha256
        with pooled(lambda: ReaderPool(RayReaders(None, 1), 1, sha256)) as subject:
            yield subject
        assert not _processes()

    def test_it_listens_on_loopback_only(
        self, subject: Subject, films: list[FilmTask], expected: dict[int, FilmRow | Unanswered]
    ) -> None:
        assert outcomes(subject.engine, films[:1])[1] == expected[1]
        listening = _listening(_processes())
        assert listening
        assert {place.rpartition(":")[0] for place in listening} <= {"127.0.0.1", "[::ffff:127.0.0.1]", "[::1]"}
        assert not any(place.endswith(":8265") for place in listening)  # the dashboard

    def test_it_tells_nobody_that_it_runs_and_answers_who_has_the_token(self, subject: Subject) -> None:
        assert os.environ["RAY_USAGE_STATS_ENABLED"] == "0"
        assert os.environ["RAY_AUTH_MODE"] == "token"
        assert len(os.environ["RAY_AUTH_TOKEN"]) == 64
        assert not (Path.home() / ".ray" / "auth_token").exists()

    def test_its_logs_name_no_film(self, subject: Subject, films: list[FilmTask]) -> None:
        import ray

        folder = Path(ray._private.worker._global_node.get_logs_dir_path())
        told = [each.read_bytes() for each in folder.rglob("*") if each.is_file()]
        assert told
        assert not any(b"Doe^Jane" in each for each in told)
        assert folder.parents[2].stat().st_mode & 0o077 == 0


def test_the_documented_command_writes_what_the_local_engine_writes(tmp_path: Path) -> None:
    (tmp_path / "films").mkdir()
    for number in range(3):
        (tmp_path / "films" / f"{number}.dcm").write_bytes(film(number, side=512))
    (command,) = re.findall(r"^\$ wetread (batch .*--engine ray.*)$", DOCS, flags=re.M)
    for words in (command, "batch films/ --out by-processes --workers 1"):
        done = subprocess.run(
            [sys.executable, "-m", "wetread", *shlex.split(words)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    for name in ("films.csv", "predictions.csv", "summary.json"):
        assert (tmp_path / "read-by-ray" / name).read_bytes() == (tmp_path / "by-processes" / name).read_bytes()


def _processes() -> set[int]:
    """Everything that this process started, and what that started."""
    table = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    parents = {int(pid): int(parent) for pid, parent in (line.split() for line in table.splitlines())}
    ours = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in ours} - ours:
        ours |= more
    return {each for each in ours - {os.getpid()} if "ray" in _command(each)}


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


def _listening(pids: set[int]) -> set[str]:
    table = subprocess.run(["ss", "-Htlnp"], capture_output=True, text=True, check=True).stdout
    lines = [line.split() for line in table.splitlines()]
    return {line[3] for line in lines if any(f"pid={pid}," in line[-1] for pid in {*pids, os.getpid()})}
