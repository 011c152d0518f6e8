"""Random results as SR, FHIR and ORU^R01, each read back: how many of how many say what was meant. Not a timing."""

import argparse
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from hypothesis import HealthCheck, given, seed, settings
from round_trip import FORMS, meant, packages

from wetread.ports.sink import ReportPackage


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=int, default=1000, help="random results (1000)")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    counted: Counter[str] = Counter()

    @seed(args.seed)
    @settings(max_examples=args.results, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(packages())
    def compare(package: ReportPackage) -> None:
        expected = meant(package)
        counted["results"] += 1
        counted["findings"] += len(expected.findings)
        for form, read in FORMS.items():
            counted[form] += read(package) == expected

    compare()
    print(f"{counted['results']} results with {counted['findings']} findings")
    for form in FORMS:
        print(f"{form:<5} {counted[form]} of {counted['results']} read back the same")


if __name__ == "__main__":
    main()
