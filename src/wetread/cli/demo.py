"""`wetread demo`: the whole line on this machine with synthetic films and the real code paths, and a page to read and sign them."""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from wetread.demo.run import DemoOptions, run_demo

__all__ = ["run"]


def run(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="wetread demo",
        description="Watch chest films arrive, get read, be put in order, drafted, signed and delivered. Everything is synthetic but one public test film.",
    )
    parser.add_argument("--films", type=int, default=12, metavar="N", help="synthetic films (default 12)")
    parser.add_argument("--seed", type=int, default=7, help="which cohort (default 7)")
    parser.add_argument(
        "--sign", type=int, default=3, metavar="N", help="studies the demo radiologist signs unasked (default 3)"
    )
    parser.add_argument("--port", type=int, default=8470, help="port of the page (default 8470; taken: a free one)")
    parser.add_argument("--exit", action="store_true", help="stop when everything signed is delivered")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the data in DIR instead of a temporary folder")
    args = parser.parse_args(argv)
    folder = args.keep or Path(tempfile.mkdtemp(prefix="wetread-demo-"))
    options = DemoOptions(folder, args.films, args.seed, args.sign, args.port, stay=not args.exit)
    try:
        return run_demo(options, sys.stdout)
    finally:
        if not args.keep:
            shutil.rmtree(folder, ignore_errors=True)
