"""`python -m wetread.learning.datasets DATASET ROOT --out manifest.csv`: read a dataset, count its labels, write its manifest."""

import argparse
import sys
from collections import Counter
from pathlib import Path

from wetread.domain.finding import FindingName
from wetread.learning.datasets import (
    READERS,
    Label,
    LabelledFilm,
    Unmapped,
    check_patients,
    split_by_patient,
    write_manifest,
)
from wetread.learning.datasets.labelled_film import DatasetError

__all__ = ["main"]

_MOST_UNMAPPED = 20


def _fractions(text: str) -> dict[str, float]:
    return {name: float(share) for name, _, share in (part.partition("=") for part in text.split(","))}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m wetread.learning.datasets", description=__doc__)
    parser.add_argument("dataset", choices=sorted(READERS))
    parser.add_argument("root", type=Path, help="folder as the publisher lays it out; see docs/datasets.md")
    parser.add_argument("--out", type=Path, help="the manifest to write")
    parser.add_argument(
        "--split", type=_fractions, metavar="train=0.8,val=0.1,test=0.1", help="by patient, instead of the publisher's"
    )
    parser.add_argument("--seed", type=int, default=0, help="of --split")
    parser.add_argument("--dry-run", action="store_true", help="count and check, write nothing")
    return parser


def _counts(films: list[LabelledFilm]) -> str:
    found = Counter((name, label) for film in films for name, label in film.labels.items())
    asked = [name for name in FindingName if any((name, label) in found for label in Label)]
    lines = [f"{'finding':<28}" + "".join(f"{label:>13}" for label in Label)]
    lines += [f"{name:<28}" + "".join(f"{found[name, label]:>13}" for label in Label) for name in asked]
    return "\n".join(lines)


def _summary(films: list[LabelledFilm], unmapped: Unmapped) -> str:
    splits = ", ".join(
        f"{name or 'none'} {count}" for name, count in sorted(Counter(film.split for film in films).items())
    )
    words = "".join(f"\n  {word}: {count}" for word, count in unmapped.most_common(_MOST_UNMAPPED))
    more = f"\n  and {len(unmapped) - _MOST_UNMAPPED} words more" if len(unmapped) > _MOST_UNMAPPED else ""
    return (
        f"{len(films)} films of {len({film.patient_id for film in films})} patients; splits: {splits}; "
        f"{sum(not film.labels for film in films)} without labels; {sum(len(film.boxes) for film in films)} boxes\n"
        f"{_counts(films)}\nunmapped words: {unmapped.total()} of {len(unmapped)} kinds{words}{more}"
    )


def main(argv: list[str] | None = None) -> int:
    """Returns 0, or 2 with the reason on standard error."""
    parser = _parser()
    asked = parser.parse_args(argv)
    if not (asked.out or asked.dry_run):
        parser.error("give --out FILE, or --dry-run to write nothing")
    unmapped = Unmapped()
    try:
        films = list(READERS[asked.dataset](asked.root, unmapped))
        films = split_by_patient(films, asked.split, asked.seed) if asked.split else films
        check_patients(films)
        if not asked.dry_run:
            write_manifest(asked.out, films)
    except (DatasetError, OSError) as error:
        print(f"{asked.dataset}: {error}", file=sys.stderr)
        return 2
    print(_summary(films, unmapped))
    return 0


if __name__ == "__main__":
    sys.exit(main())
