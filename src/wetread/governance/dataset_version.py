"""A dataset as an address: the sha256 of its canonical rows, policy and parent, so that "trained on version X" names bytes and nothing else.

The canonical form is JSON Lines: a head (format, parent, label policy), then one line per study and finding in order. Whoever changes a row, the policy or the parent makes another version.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256

from wetread.domain.errors import PermanentError

__all__ = [
    "SOURCES",
    "DatasetDiff",
    "DatasetRow",
    "DatasetVersion",
    "LabelPolicy",
    "canonical_bytes",
    "compare_versions",
    "dataset_sha256",
    "make_version",
    "read_version",
]

_FORMAT = "wetread dataset 1"
LABELS = ("positive", "negative", "uncertain", "not_mentioned")
SOURCES = ("adjudicated", "structured", "text", "conflict", "none", "")
"""Where a label comes from, the most trusted first."""


@dataclass(frozen=True, slots=True, order=True)
class DatasetRow:
    """One finding of one study. `patient` is an opaque key, `split` a name or ""."""

    study: str
    finding: str
    label: str
    label_source: str
    patient: str = ""
    split: str = ""


@dataclass(frozen=True, slots=True)
class LabelPolicy:
    """How labels are to be read in training: what an uncertain one and a finding not mentioned count as ('ignore', 'positive', 'negative'). The rows keep what was said."""

    uncertain_as: str = "ignore"
    unmentioned_as: str = "ignore"


@dataclass(frozen=True, slots=True)
class DatasetVersion:
    """Rows in order, one per study and finding; `parent` is the version it was made from, "" for a first one."""

    rows: tuple[DatasetRow, ...]
    policy: LabelPolicy
    parent: str = ""


@dataclass(frozen=True, slots=True)
class DatasetDiff:
    """Second minus first. `relabelled`: (finding, label before, label after) to how many; `moved`: patients that lie in another split; `policy`: field to (before, after)."""

    added_studies: int
    removed_studies: int
    added_rows: int
    removed_rows: int
    relabelled: Mapping[tuple[str, str, str], int]
    resourced: Mapping[tuple[str, str], int]
    moved: int
    policy: Mapping[str, tuple[str, str]]

    @property
    def same(self) -> bool:
        return not (
            self.added_rows or self.removed_rows or self.relabelled or self.resourced or self.moved or self.policy
        )


def make_version(rows: Iterable[DatasetRow], policy: LabelPolicy, parent: str = "") -> DatasetVersion:
    """A version from rows in any order; where a study's finding has several labels, the most trusted source wins.

    Raises PermanentError: 'bad_dataset' (no rows, an unknown label or source, a patient or study in two splits), 'conflicting_labels' (two labels of one source).
    """
    best: dict[tuple[str, str], DatasetRow] = {}
    for row in rows:
        _check(row)
        held = best.setdefault((row.study, row.finding), row)
        if held.label_source == row.label_source and held.label != row.label:
            raise PermanentError(
                f"study {row.study}, {row.finding}: {held.label} and {row.label}, both {row.label_source or 'without a source'}",
                code="conflicting_labels",
            )
        if SOURCES.index(row.label_source) < SOURCES.index(held.label_source):
            best[row.study, row.finding] = row
    if not best:
        raise _bad("no rows")
    kept = tuple(sorted(best.values()))
    _one_split(kept)
    return DatasetVersion(kept, policy, parent)


def canonical_bytes(version: DatasetVersion) -> bytes:
    """The bytes that are the version: ASCII JSON Lines, every line ended by a line feed."""
    head = {"format": _FORMAT, "parent": version.parent, "policy": asdict(version.policy)}
    lines = [head, *([r.study, r.finding, r.label, r.label_source, r.patient, r.split] for r in version.rows)]
    return "".join(json.dumps(each, separators=(",", ":"), sort_keys=True) + "\n" for each in lines).encode()


def dataset_sha256(version: DatasetVersion) -> str:
    """The version's address, hex."""
    return sha256(canonical_bytes(version)).hexdigest()


def read_version(data: bytes, expected_sha256: str = "") -> DatasetVersion:
    """A version from its bytes. Raises PermanentError ('bad_dataset') when they are not in canonical form, or not those of the address."""
    try:
        head, *lines = [json.loads(each) for each in data.decode("ascii").splitlines()]
        if head["format"] != _FORMAT:
            raise _bad(f"format {head['format']!r} is not {_FORMAT!r}")
        rows = tuple(DatasetRow(*(str(part) for part in each)) for each in lines)
        version = DatasetVersion(rows, LabelPolicy(**head["policy"]), str(head["parent"]))
    except (ValueError, KeyError, TypeError) as error:
        raise _bad(f"not a dataset version ({type(error).__name__})") from None
    if canonical_bytes(version) != data or (expected_sha256 and dataset_sha256(version) != expected_sha256):
        raise _bad("the bytes are not those of its address: it was changed after it was made")
    return version


def compare_versions(first: DatasetVersion, second: DatasetVersion) -> DatasetDiff:
    """What changed from the first to the second."""
    before, after = ({(row.study, row.finding): row for row in each.rows} for each in (first, second))
    both = [(before[key], after[key]) for key in before.keys() & after.keys()]
    studies_before, studies_after = ({row.study for row in each.rows} for each in (first, second))
    splits_before, splits_after = (_splits(each.rows) for each in (first, second))
    policies = asdict(first.policy), asdict(second.policy)
    return DatasetDiff(
        len(studies_after - studies_before),
        len(studies_before - studies_after),
        len(after.keys() - before.keys()),
        len(before.keys() - after.keys()),
        Counter((a.finding, a.label, b.label) for a, b in both if a.label != b.label),
        Counter((a.label_source, b.label_source) for a, b in both if a.label_source != b.label_source),
        sum(splits_before[key] != splits_after[key] for key in splits_before.keys() & splits_after.keys()),
        {key: (policies[0][key], policies[1][key]) for key in policies[0] if policies[0][key] != policies[1][key]},
    )


def _check(row: DatasetRow) -> None:
    if not row.study or not row.finding:
        raise _bad("a row without study or finding")
    if row.label not in LABELS:
        raise _bad(f"study {row.study}, {row.finding}: a label is {', '.join(LABELS)}")
    if row.label_source not in SOURCES:
        raise _bad(f"study {row.study}, {row.finding}: a source is {', '.join(filter(None, SOURCES))} or empty")


def _splits(rows: Sequence[DatasetRow]) -> dict[str, str]:
    return {row.patient or f"study:{row.study}": row.split for row in rows}


def _one_split(rows: Sequence[DatasetRow]) -> None:
    splits = _splits(rows)
    for row in rows:
        if splits[row.patient or f"study:{row.study}"] != row.split:
            raise _bad(f"study {row.study}: its patient lies in two splits; what is learned would be tested on itself")


def _bad(message: str) -> PermanentError:
    return PermanentError(message, code="bad_dataset")
