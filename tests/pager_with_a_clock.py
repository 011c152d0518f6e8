"""`wetread pager` as a process of its own, whose wall clock is ours plus what the file `clock` in its data folder says, in seconds: for tests that let it jump."""

import os
import sys
from datetime import datetime, timedelta
from pathlib import Path

from wetread import bootstrap
from wetread.cli import main

_OFFSET = Path(os.environ["WETREAD_DATA_DIR"]) / "clock"


class MovedClock(bootstrap.SystemClock):
    def now(self) -> datetime:
        return super().now() + timedelta(seconds=float(_OFFSET.read_text()))


if __name__ == "__main__":
    bootstrap.SystemClock = MovedClock  # type: ignore[misc]
    sys.exit(main(["pager"]))
