"""Drafts beside what was signed, as a table, to how alike they are: overlap of findings and of words, each with its interval over patients."""

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from wetread.domain.errors import PermanentError
from wetread.evaluation.inputs import Flags, cluster_places
from wetread.evaluation.proportions import clustered_rate
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
    both, either = _positives(drafted, signed, names, there)
    pooled = F1(*(sum(getattr(each, part) for each in whole.values()) for part in ("true", "false", "missed")))
    return [
        FindingF1("all, pooled", pooled, *_f1_interval(both, either, pairs.patients)),
        *(
            FindingF1(name, whole[name], *_f1_interval(both[:, [at]], either[:, [at]], pairs.patients))
            for at, name in enumerate(names)
        ),
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
    """Mean of one number per pair with its percentile interval over resampled patients."""
    numbers = np.asarray(values, dtype=np.float64)
    blocks = patient_blocks(None if patients is None else np.array(patients, dtype=np.str_), len(numbers))
    low = high = None
    if int(blocks.max()) + 1 >= MIN_REPORTS:
        sums, counts = np.bincount(blocks, numbers), np.bincount(blocks)
        weights = bootstrap_weights(len(sums))
        low, high = percentile_interval((weights @ sums) / (weights @ counts))
    return TextScore(name, float(numbers.mean()), low, high, len(numbers))


def _positives(
    drafted: Sequence[Labels], signed: Sequence[Labels], names: Sequence[str], there: set[str]
) -> tuple[Flags, Flags]:
    """(n, findings) in the draft and in the signed report; in either of them."""
    shape = len(drafted), len(names)
    draft, report = (
        np.array([[each.get(name) in there for name in names] for each in texts], dtype=np.bool_).reshape(shape)
        for texts in (drafted, signed)
    )
    return draft & report, draft | report


def _f1_interval(both: Flags, either: Flags, patients: Sequence[str] | None) -> tuple[float | None, float | None]:
    """F1 rises with the share of `both` among `either`, F1 = 2 share / (1 + share), so its interval is that of the share: Wilson's on the effective n of patients. A bootstrap of few errors is far too narrow."""
    whose = cluster_places(None if patients is None else np.array(patients, dtype=np.str_), len(both))
    if not either.any() or int(whose.max()) + 1 < MIN_REPORTS:
        return None, None
    share = clustered_rate(both[either], np.repeat(whose, either.sum(axis=1)))
    return 2 * share.low / (1 + share.low), 2 * share.high / (1 + share.high)


def _bad(path: Path, what: str) -> PermanentError:
    return PermanentError(
        f"{path.name} {what}" if not what.startswith("row") else f"{path.name}, {what}", code="bad_reports"
    )
