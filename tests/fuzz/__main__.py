"""Runs every target, one after the other, and says what came of it. A crash is kept under var/fuzz/NAME/ and becomes a unit test."""

import argparse
import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests"))


def main() -> int:
    from tests.fuzz.targets import TARGETS, write_seeds

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("targets", nargs="*", help=f"of {', '.join(TARGETS)}; default: all")
    parser.add_argument("--seconds", type=int, default=600, help="for each target (600)")
    args = parser.parse_args()
    crashed = []
    for name in args.targets or TARGETS:
        folder = ROOT / "var" / "fuzz" / name
        write_seeds(name, folder / "corpus")
        options = [
            f"-max_total_time={args.seconds}",
            "-timeout=20",
            "-rss_limit_mb=2048",
            f"-artifact_prefix={folder}/",
        ]
        command = [sys.executable, "-m", "tests.fuzz.one", name, str(folder / "corpus"), *options]
        began = time.monotonic()
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        runs = re.findall(r"#(\d+)", done.stderr)
        took = time.monotonic() - began
        print(
            f"{name:<17} {runs[-1] if runs else '0':>10} runs, {took:5.0f} s: {'holds' if done.returncode == 0 else 'CRASH'}",
            flush=True,
        )
        if done.returncode:
            crashed.append(name)
            print("\n".join(done.stderr.splitlines()[-25:]))
    return 1 if crashed else 0


if __name__ == "__main__":
    sys.exit(main())
