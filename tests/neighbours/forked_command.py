"""`wetread WORDS` as a process of its own, forked from one that has imported everything: a tenth of the cost of one that is started.

What a start itself proves (each command is imported alone, `python -m wetread` is the command) is proved in tests/integration/test_cli.py.
"""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.soak.forked import forked

__all__ = ["run_forked"]

_STREAMS = {"stdin": os.O_RDONLY, "stdout": os.O_WRONLY, "stderr": os.O_WRONLY}


def _run(words: list[str], environment: dict[str, str], folder: Path) -> None:
    from wetread.cli import main

    os.environ.clear()
    os.environ.update(environment)
    for number, (name, way) in enumerate(_STREAMS.items()):
        opened = os.open(folder / name, way)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdin, sys.argv = open(0, closefd=False), ["wetread", *words]  # noqa: SIM115
    sys.exit(main(words))


def run_forked(
    words: Sequence[str], environment: Mapping[str, str], stdin: str = "", timeout_s: float = 120
) -> subprocess.CompletedProcess[str]:
    """As `subprocess.run` tells it. Raises subprocess.TimeoutExpired, after killing it."""
    with TemporaryDirectory(prefix="wetread-command-") as made:
        folder = Path(made)
        for name in _STREAMS:
            (folder / name).write_text(stdin if name == "stdin" else "")
        with forked(_run, list(words), dict(environment), folder) as process:
            process.join(timeout_s)
            status = process.exitcode
        if status is None:
            raise subprocess.TimeoutExpired(list(words), timeout_s)
        said, complained = ((folder / name).read_text() for name in ("stdout", "stderr"))
        return subprocess.CompletedProcess(list(words), status, said, complained)
