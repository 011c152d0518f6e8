"""`wetread erase run` in a process of its own that a fault kills; forked from one that has imported everything, so that a dozen of them cost what one does."""

import sys
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

from tests.soak.forked import forked

__all__ = ["run_erasure"]


def _child(folder: Path, number: int, point: str, told: Path) -> None:
    from wetread.cli import main
    from wetread.ingest import fault_points

    fault_points._point, fault_points._nth = point, "1"
    said = StringIO()
    with redirect_stdout(said), redirect_stderr(said):
        status = main(["erase", "run", str(number), "--data-dir", str(folder)])
    told.write_text(said.getvalue())
    sys.exit(status)


def run_erasure(folder: Path, number: int, point: str = "") -> tuple[int, str]:
    """Exit status (negative: the signal that killed it), and what it printed."""
    told = folder.parent / "told.txt"
    told.write_text("")
    with forked(_child, folder, number, point, told) as process:
        process.join(120)
        assert process.exitcode is not None, "it did not end"
    return process.exitcode, told.read_text()
