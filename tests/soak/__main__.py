"""`python -m tests.soak [F1 F7 ...] [--kills 200]`: run faults, and write the table of docs/reliability.md from what they left in tests/soak/results."""

import argparse
import importlib
import re
import sys
import tempfile
import warnings
from pathlib import Path

from tests.soak.book import Book, table

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
FAULTS = {f"F{int(each.stem[1:3])}": each.stem for each in sorted(Path(__file__).parent.glob("f[0-9][0-9]_*.py"))}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("faults", nargs="*", metavar="FAULT", help=f"of {', '.join(FAULTS)}; all without any")
    parser.add_argument(
        "--kills", type=int, default=200, help="trials of each point, those of earlier runs included (200)"
    )
    parser.add_argument("--minutes", type=float, default=60.0, help="how long F18 lasts (60)")
    parser.add_argument(
        "--fresh",
        action="store_true",
        help="earlier runs of these faults were of another code: they no longer count, and of their failures the table tells apart",
    )
    parser.add_argument(
        "--table", action="store_true", help="only write the table, with what a run that was cut has done"
    )
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    chosen = [] if args.table else args.faults or list(FAULTS)
    if unknown := set(chosen) - set(FAULTS):
        parser.error(f"there is no {', '.join(sorted(unknown))}")
    for fault in chosen:
        module = importlib.import_module(f"tests.soak.{FAULTS[fault]}")
        print(f"{fault}: {module.TITLE}", file=sys.stderr)
        with tempfile.TemporaryDirectory(prefix="wetread-soak-") as folder:
            book = Book(fault, args.kills, fresh=args.fresh, minutes=args.minutes)
            module.run(book, Path(folder))
            book.publish()
        print(file=sys.stderr)
    for fault in FAULTS if args.table else ():
        Book(fault, args.kills).publish()
    if PAGE.exists():
        text = PAGE.read_text("utf-8")
        PAGE.write_text(
            re.sub(r"(<!-- soak -->\n).*?(\n<!-- /soak -->)", lambda m: f"{m[1]}{table()}{m[2]}", text, flags=re.S),
            "utf-8",
        )
    print(table())


if __name__ == "__main__":
    main()
