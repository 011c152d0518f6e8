"""The commands of docs/composers.md, run as they stand there but for the names a reader puts in."""

import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from wetread.rpc.findings_file import example_json

__all__ = ["documented", "run_documented"]

PAGE = Path(__file__).parents[1] / "docs" / "composers.md"


def documented(kind: str) -> list[str]:
    """Those that name the composer `kind`."""
    return [
        line for line in re.findall(r"^wetread (.+)$", PAGE.read_text("utf-8"), re.M) if f"--composer {kind} " in line
    ]


def run_documented(line: str, named: Mapping[str, str], folder: Path) -> str:
    """What the command prints: the whole of a draft, or the first line of a service, which is then asked to stop."""
    (folder / "findings.json").write_text(example_json())
    words = [named.get(word, word) for word in shlex.split(line)]
    serving = words[:2] == ["drafter", "serve"]
    command = [sys.executable, "-m", "wetread", *words, *(["--listen", "127.0.0.1:0"] if serving else [])]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=folder)
    assert process.stdout is not None
    with process.stdout:
        said = process.stdout.readline() if serving else process.stdout.read()
        if serving:
            process.send_signal(signal.SIGTERM)
        assert process.wait(120) == 0
    return said
