"""What the disk does to us, and in which order we speak to it: real system calls, seen and broken by strace.

Without strace these tests are left out: a full disk and a failing fsync cannot be had otherwise without being root.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from migrated import migrated

from wetread.storage.files import DiskFileStore

PROGRAM = Path(__file__).parent / "programs" / "keep_file.py"
pytestmark = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    migrated(tmp_path / "work.db", "work")
    DiskFileStore(tmp_path / "files")
    return tmp_path


def run(folder: Path, *strace: str) -> "subprocess.CompletedProcess[str]":
    command = ["strace", "-f", "-y", "-o", str(folder / "trace"), *strace, sys.executable, str(PROGRAM), str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def left_over(folder: Path) -> list[Path]:
    return list((folder / "files" / "incoming").iterdir())


def test_success_is_said_only_after_file_folder_and_row_are_durable(folder: Path) -> None:
    run(folder, "-e", "trace=write,pwrite64,rename,renameat,renameat2,fsync,fdatasync")
    lines = (folder / "trace").read_text().splitlines()
    steps = [
        r"write\(\d+</.*/files/incoming/\w+>",
        r"fsync\(\d+</.*/files/incoming/\w+>",
        r'rename\w*\(.*/files/incoming/\w+".*/files/\w\w/\w{64}"',
        r"fsync\(\d+</.*/files/\w\w>",
        r"pwrite64\(\d+</.*/work\.db-wal>",
        r"(fsync|fdatasync)\(\d+</.*/work\.db-wal>",
        r'write\(1<.*>, "stored',
    ]
    first = [next(number for number, line in enumerate(lines) if re.search(step, line)) for step in steps]
    assert first == sorted(first), [lines[number] for number in first]


@pytest.mark.parametrize(
    "call", ["write:error=ENOSPC:when=1", "fsync:error=ENOSPC:when=2", "fsync:error=EDQUOT:when=2"]
)
def test_a_full_disk_is_told_cleaned_up_and_survived(folder: Path, call: str) -> None:
    done = run(folder, "-e", f"inject={call}")
    assert done.stdout.split() == ["storage_full", "stored"], done.stderr
    assert left_over(folder) == []
    assert len(list(DiskFileStore(folder / "files").stored())) == 1


@pytest.mark.parametrize(
    ("call", "told"),
    [
        ("fsync:error=EIO:when=2", "what=film error=EIO"),
        ("fsync:error=EIO:when=3", "what=film error=EIO"),
        ("fdatasync:error=EIO:when=1+", "what=database error=SQLITE_IOERR_FSYNC"),
    ],
)
def test_a_failing_fsync_ends_the_process_and_nothing_is_acknowledged(folder: Path, call: str, told: str) -> None:
    """fsync 2 is the file's, 3 its folder's, fdatasync SQLite's: after any of them nobody knows what the disk holds, so trying again would be a lie."""
    done = run(folder, "-e", f"inject={call}")
    assert done.returncode == os.EX_IOERR, done.stderr
    assert f"disk_failed {told}" in done.stderr
    assert done.stdout == ""
    DiskFileStore(folder / "files").sweep(older_than_s=3600)
    assert left_over(folder) == []
