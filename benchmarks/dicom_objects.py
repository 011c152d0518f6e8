"""Every DICOM object of many generated reports through `dciodvfy`: how many, of which kind, with how many errors. Not a timing."""

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from dicom_objects import errors_in, objects_of
from generated_packages import a_generated_package


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reports", type=int, default=200, help="generated reports (200)")
    parser.add_argument("--first", type=int, default=0, help="seed of the first: resume a run that was cut")
    args = parser.parse_args()
    made: Counter[str] = Counter()
    bad: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(args.first, args.reports):
            for name, document in objects_of(a_generated_package(seed)):
                made[name] += 1
                if errors := errors_in(document, Path(folder) / name):
                    bad[name] += 1
                    print(f"\nseed {seed}, {name}: {'; '.join(errors)}", flush=True)
            print(f"\r{seed + 1} of {args.reports} reports", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    for name, count in sorted(made.items()):
        print(f"{name:<12} {count} objects, {bad[name]} with errors")


if __name__ == "__main__":
    main()
