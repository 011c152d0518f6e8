"""`make bench`: every benchmark after the other; each can be run alone with --help. Nothing here passes or fails: figures only."""

import subprocess
import sys
from pathlib import Path

SCRIPTS = (
    "decode",
    "storage",
    "dispatch",
    "starting",
    "ingest",
    "burst",
    "qido",
    "read_one_film",
    "batch",
    "model_speed",
    "queue_simulation",
    "drafting_grammar",
    "ui/film",
    "ui/worklist_server",
    "ui/worklist",
)


def main() -> None:
    here = Path(__file__).parent
    for script in SCRIPTS:
        print(f"\n=== {script}", flush=True)
        subprocess.run([sys.executable, here / f"{script}.py"], check=False)


if __name__ == "__main__":
    main()
