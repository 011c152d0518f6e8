"""What a pack is made of: sections of words, tables and interval plots, the checklist, and the inputs with their hashes."""

import json
import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from wetread.domain.analysis import Rate
from wetread.evaluation.forest_plot import Row
from wetread.evaluation.proportions import wilson
from wetread.evaluation.slices import MIN_CASES
from wetread.governance.evidence_checklist import ChecklistItem

__all__ = ["Forest", "Input", "Pack", "Section", "Table", "count_text", "rate_text", "share_text", "to_json"]


@dataclass(frozen=True, slots=True)
class Input:
    """Bytes that the pack rests on."""

    name: str
    what: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Table:
    """`caption` says what is counted; the first cell of each row names it."""

    caption: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Forest:
    """Estimates with intervals; `marked`: where the dashed line stands, which `title` explains."""

    title: str
    rows: tuple[Row, ...]
    scale: tuple[float, float]
    marked: float


@dataclass(frozen=True, slots=True)
class Section:
    """`missing`: what is not said here, each with "not available because ..."."""

    heading: str
    words: tuple[str, ...] = ()
    forests: tuple[Forest, ...] = ()
    tables: tuple[Table, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pack:
    """One document. `signatures`: roles that sign it on paper."""

    kind: str
    title: str
    subject: str
    made_on: str
    made_by: str
    inputs: tuple[Input, ...]
    sections: tuple[Section, ...]
    checklist: tuple[ChecklistItem, ...]
    signatures: tuple[str, ...] = field(default=("Quality", "Radiology", "Model development"))


def rate_text(rate: Rate | None) -> str:
    """ "0.812 (0.750-0.860), n 120", or "not available"."""
    return "not available" if rate is None else f"{rate.value:.3f} ({rate.low:.3f}-{rate.high:.3f}), n {rate.n:,}"


def share_text(count: int, total: int) -> str:
    """A share with Wilson's interval and n; withheld below 10 cases in the whole, and where 1 to 9 of them could be singled out."""
    if total == 0:
        return "no study"
    if total < MIN_CASES:
        return f"withheld: fewer than {MIN_CASES} cases"
    if 0 < count < MIN_CASES or 0 < total - count < MIN_CASES:
        return f"withheld: a cell below {MIN_CASES} of {total:,}"
    low, high = wilson(count, total)
    return f"{count:,} of {total:,}, {count / total:.3f} ({low:.3f}-{high:.3f})"


def count_text(count: int) -> str:
    """A count, withheld from 1 to 9."""
    return f"{count:,}" if count == 0 or count >= MIN_CASES else f"fewer than {MIN_CASES}"


def to_json(pack: Pack, measures: Iterable[tuple[str, Any]] = ()) -> str:
    """Strict JSON of the pack, with further measures by name; what is not a number is null."""
    return json.dumps(_plain({**asdict(pack), **dict(measures)}), indent=1, allow_nan=False)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, (str, int)) else str(value)
