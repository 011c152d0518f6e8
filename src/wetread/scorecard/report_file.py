"""Drafts beside what was signed, as a table, to how alike they are: overlap of findings and of words, each with its interval over patients."""

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from wetread.domain.errors import PermanentError
from wetread.evaluation.inputs import Floats
from wetread.evaluation.report_text import F1, bleu, label_f1, rouge_l, rouge_n
from wetread.evaluation.resample import bootstrap_weights, patient_blocks, percentile_interval

__all__ = ["FindingF1", "ReportPairs", "TextScore", "finding_f1", "read_report_pairs", "text_scores"]

Labels = Mapping[str, str]
"""Finding to positive, negative or uncertain; one that is not mentioned is not a key."""

MIN_REPORTS = 20


@dataclass(frozen=True, slots=True)
class ReportPairs:
    """(n,) drafts and signed texts of the same studies; `patients` None where the file has none. Holds free text: it is not for logs."""

    drafted: tuple[str, ...]
    signed: tuple[str, ...]
    patients: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class FindingF1:
    """Draft's positives against the signed report's: one finding, or "all, pooled". The interval is over patients; None below 20 reports or where nothing was there to find."""

    finding: str
    counts: F1
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class TextScore:
    """A measure of overlap, 0..1, of `n` pairs; `low` None where there are too few, or where it is one number of the whole file."""

    name: str
    value: float
    low: float | None
    high: float | None
    n: int


def read_report_pairs(path: Path) -> ReportPairs:
    """CSV (UTF-8) with the columns study, draft, signed and, where there, patient. Raises PermanentError 'bad_reports' naming the line, never the text."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise _bad(path, f"cannot be read as CSV: {type(error).__name__}") from None
    if missing := [name for name in ("study", "draft", "signed") if not rows or rows[0].get(name) is None]:
        raise _bad(path, f"has no rows, or lacks {', '.join(missing)}: it needs the columns study, draft, signed")
    seen: set[str] = set()
    for number, row in enumerate(rows, 2):
        if row["study"] in seen or not row["study"]:
            raise _bad(path, f"row {number}: the study is empty or was there before")
        if not (row["draft"] or "").strip() or not (row["signed"] or "").strip():
            raise _bad(path, f"row {number}: a draft or a signed text is empty")
        seen.add(row["study"])
    patients = tuple(row["patient"] for row in rows) if "patient" in rows[0] else None
    if patients and not all(patients):
        raise _bad(
            path, f"row {patients.index('') + 2}: the patient is empty; leave the column out where nobody is known"
        )
    return ReportPairs(tuple(row["draft"] for row in rows), tuple(row["signed"] for row in rows), patients)


def finding_f1(
    pairs: ReportPairs, labels_of: Callable[[str], Labels], *, uncertain_is_positive: bool
) -> list[FindingF1]:
    """The pooled one first, then by finding, those with most positives first. `labels_of` reads a text, as the labeller does."""
    drafted, signed = ([labels_of(text) for text in texts] for texts in (pairs.drafted, pairs.signed))
    whole = label_f1(drafted, signed, uncertain_is_positive=uncertain_is_positive)
    names = sorted(whole, key=lambda name: (-whole[name].true - whole[name].missed, name))
    there = {"positive", "uncertain"} if uncertain_is_positive else {"positive"}
    hits = {name: _positives(drafted, signed, name, there) for name in names}
    pooled = F1(*(sum(getattr(each, part) for each in whole.values()) for part in ("true", "false", "missed")))
    all_hits = np.sum([*hits.values()], axis=0) if names else np.zeros((len(drafted), 2))
    return [
        FindingF1("all, pooled", pooled, *_f1_interval(all_hits, pairs.patients)),
        *(FindingF1(name, whole[name], *_f1_interval(hits[name], pairs.patients)) for name in names),
    ]


def text_scores(pairs: ReportPairs) -> list[TextScore]:
    """Corpus BLEU-1 to -4 (no interval) and mean ROUGE-1, -2, -L: words split at spaces, in small letters."""
    drafted, signed = ([text.lower() for text in texts] for texts in (pairs.drafted, pairs.signed))
    n = len(drafted)
    corpus = [TextScore(f"BLEU-{order}", value, None, None, n) for order, value in enumerate(bleu(drafted, signed), 1)]
    measures = {"ROUGE-1": rouge_n, "ROUGE-2": lambda a, b: rouge_n(a, b, 2), "ROUGE-L": rouge_l}
    each = {name: [of(a, b) for a, b in zip(drafted, signed, strict=True)] for name, of in measures.items()}
    return [*corpus, *(mean_score(name, values, pairs.patients) for name, values in each.items())]


def mean_score(name: str, values: Sequence[float], patients: Sequence[str] | None) -> TextScore:
    """Mean of one number per pair with its interval over patients."""
    numbers = np.asarray(values, dtype=np.float64)
    totals = np.column_stack([numbers, np.ones(len(numbers))])
    low, high = _ratio_interval(totals, patients)
    return TextScore(name, float(numbers.mean()), low, high, len(numbers))


def _positives(drafted: Sequence[Labels], signed: Sequence[Labels], name: str, there: set[str]) -> Floats:
    """(n, 2) per pair: twice the true positives, and twice them plus false and missed ones, so that F1 is a ratio of sums."""
    pairs = [(a.get(name) in there, b.get(name) in there) for a, b in zip(drafted, signed, strict=True)]
    return np.array([(2.0 * (a and b), float(a) + float(b)) for a, b in pairs])


def _f1_interval(totals: Floats, patients: Sequence[str] | None) -> tuple[float | None, float | None]:
    return _ratio_interval(totals, patients) if totals[:, 1].sum() else (None, None)


def _ratio_interval(totals: Floats, patients: Sequence[str] | None) -> tuple[float | None, float | None]:
    """Percentile bootstrap over patients of a ratio of two sums."""
    blocks = patient_blocks(None if patients is None else np.array(patients, dtype=np.str_), len(totals))
    if len(totals) < MIN_REPORTS or int(blocks.max()) + 1 < MIN_REPORTS:
        return None, None
    sums = np.stack([np.bincount(blocks, column) for column in totals.T], axis=1)
    drawn = bootstrap_weights(len(sums)) @ sums
    with np.errstate(invalid="ignore"):
        ratios = drawn[:, 0] / drawn[:, 1]
    try:
        return percentile_interval(ratios)
    except PermanentError:  # a finding so rare that many draws hold none of it
        return None, None


def _bad(path: Path, what: str) -> PermanentError:
    return PermanentError(
        f"{path.name} {what}" if not what.startswith("row") else f"{path.name}, {what}", code="bad_reports"
    )
