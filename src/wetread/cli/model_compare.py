"""`wetread model compare A B`: is bundle A better than bundle B on the same films, or is it chance?"""

import argparse
import sys
from pathlib import Path

from wetread.cli.model_evaluate import add_film_options, chosen_films, identity, read, write_json
from wetread.inference.bundle import load_bundle

__all__ = ["run"]


def run(argv: list[str]) -> int:
    from wetread.cli.evaluation_table import comparison_lines
    from wetread.learning.bundle_report import compare_bundles, finite

    args = _parser().parse_args(argv)
    bundles = [load_bundle(path) for path in (args.first, args.second)]
    chosen = chosen_films(args)
    first, second = (read(bundle, chosen, f"reading with {bundle.identity.version}:") for bundle in bundles)
    print("measuring: intervals resample patients", file=sys.stderr)
    report = finite(compare_bundles(first, second))
    whole = {"first": identity(bundles[0]), "second": identity(bundles[1]), "data": chosen.stated(), **report}
    print("\n".join(comparison_lines(whole)))
    write_json(args.json, whole)
    return 1 if first.unreadable else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="wetread model compare",
        description="Read the same films with two bundles and print the paired difference of their AUROC (first minus second), "
        "per finding that both have and in the mean, with 95 % intervals that resample patients. "
        "A star marks an interval without zero.",
        epilog="exit status: 0 every film was read; 1 a film could not be read (it is named), or nothing could be compared; 2 wrong use",
    )
    parser.add_argument("first", type=Path, metavar="A", help="bundle: folder or zip")
    parser.add_argument("second", type=Path, metavar="B", help="the bundle it is measured against")
    add_film_options(parser, "val")
    return parser
