"""No source file over 400 lines: a file nobody can hold in mind hides its faults."""

import subprocess
import sys
from pathlib import Path

LIMIT = 400


def main() -> int:
    listed = subprocess.run(
        ["git", "ls-files", "--", "*.py", "*.ts", "*.css", "*.c"], capture_output=True, text=True, check=True
    )
    lengths = {
        name: len(Path(name).read_text("utf-8").splitlines()) for name in listed.stdout.split() if Path(name).exists()
    }
    long = {name: n for name, n in lengths.items() if n > LIMIT}
    for name, n in sorted(long.items()):
        sys.stderr.write(f"{name}: {n} lines, the limit is {LIMIT}\n")
    return 1 if long else 0


if __name__ == "__main__":
    sys.exit(main())
