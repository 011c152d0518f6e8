"""One or two opened files to a report: every finding, hold-outs, and the paired difference of two models."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from wetread.domain.errors import PermanentError
from wetread.scorecard.measure import FindingScore, ModelDifference, compare_models, score_finding, time_split
from wetread.scorecard.plots import corp_plot, decision_plot, precision_recall_plot, reliability_plot, roc_plot
from wetread.scorecard.predictions import FindingRows, PredictionFile, select
from wetread.scorecard.report import DataFacts, Report, SplitScore

__all__ = ["Assessment", "Wanted", "assess"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked. `thresholds` override the file's; `split_date` (ISO) and `external` (a site) make hold-outs; `findings` empty: all."""

    findings: tuple[str, ...] = ()
    thresholds: Mapping[str, float] = field(default_factory=dict)
    uncertain_as: str = "ignore"
    unmentioned_as: str = "ignore"
    split_date: str = ""
    external: str = ""
    slices: bool = True
    model: str | None = None
    against_model: str | None = None


@dataclass(frozen=True, slots=True)
class Assessment:
    """The report and, by finding, its plots."""

    report: Report
    plots: dict[str, str]


def assess(
    file: PredictionFile,
    wanted: Wanted,
    made_on: str,
    against: PredictionFile | None = None,
    told: Callable[[str], None] = lambda _: None,
) -> Assessment:
    """Measure. `told` is called with each finding before it is measured.

    Raises PermanentError: what the file refuses, 'unknown_finding', 'unknown_model', 'unknown_site'.
    """
    findings = _findings(file, wanted)
    _models(file, wanted.model)
    other = against or (file if wanted.against_model is not None else None)
    if other is not None:
        _models(other, wanted.against_model)
    scores: list[FindingScore] = []
    splits: list[SplitScore] = []
    differences: list[ModelDifference] = []
    plots: dict[str, str] = {}
    absent: list[str] = []
    for finding in findings:
        told(finding)
        rows = _rows(file, finding, wanted.model, wanted)
        if not len(rows.truth):
            absent.append(f"{finding} (no labelled study)")
            continue
        scores.append(score_finding(rows, wanted.thresholds.get(finding), slices=wanted.slices))
        splits += _splits(rows, wanted)
        plots[finding] = _plots(rows)
        if other is not None and finding in other.findings:
            threshold = wanted.thresholds.get(finding)
            second = _rows(other, finding, wanted.against_model, wanted)
            differences.append(compare_models(rows, second, (threshold, threshold)))
        elif other is not None:
            absent.append(f"{finding} (not in {other.path.name})")
    facts = _facts(file, wanted, wanted.model)
    beside = _facts(other, wanted, wanted.against_model) if other is not None else None
    report = Report(made_on, facts, tuple(scores), tuple(splits), beside, tuple(differences), tuple(absent))
    return Assessment(report, plots)


def _rows(file: PredictionFile, finding: str, model: str | None, wanted: Wanted) -> FindingRows:
    return file.rows_of(finding, model, wanted.uncertain_as, unmentioned_as=wanted.unmentioned_as)


def _findings(file: PredictionFile, wanted: Wanted) -> Sequence[str]:
    unknown = [each for each in (*wanted.findings, *wanted.thresholds) if each not in file.findings]
    if unknown:
        raise PermanentError(
            f"{file.path.name} holds no finding {', '.join(unknown)}; it holds {', '.join(file.findings)}",
            code="unknown_finding",
        )
    return wanted.findings or file.findings


def _models(file: PredictionFile, model: str | None) -> None:
    named = ", ".join(each for each in file.models if each)
    if model is not None and model not in file.models:
        raise PermanentError(
            f"{file.path.name} holds no model {model}; it holds {named or 'none'}", code="unknown_model"
        )
    if model is None and len(file.models) > 1:
        raise PermanentError(
            f"{file.path.name} holds several models ({named}): say which with --model", code="unknown_model"
        )


def _splits(rows: FindingRows, wanted: Wanted) -> list[SplitScore]:
    threshold = wanted.thresholds.get(rows.finding)
    found = []
    if wanted.split_date:
        before, after, left_out = time_split(rows, wanted.split_date)
        found.append(_split("from", wanted.split_date, after, before, threshold, left_out))
    if wanted.external:
        sites = rows.axes.get("site")
        if sites is None or wanted.external not in sites:
            raise PermanentError(
                f"{rows.finding}: no study of site {wanted.external} beside others", code="unknown_site"
            )
        inside = sites == wanted.external
        found.append(_split("site", wanted.external, select(rows, inside), select(rows, ~inside), threshold, 0))
    return [each for each in found if each is not None]


def _split(
    kind: str, name: str, part: FindingRows, rest: FindingRows, threshold: float | None, left_out: int
) -> SplitScore | None:
    if not len(part.truth) or not len(rest.truth):
        return None
    first, second = (score_finding(each, threshold, slices=False) for each in (part, rest))
    return SplitScore(kind, name, first, second, left_out)


def _plots(rows: FindingRows) -> str:
    if rows.truth.min() == rows.truth.max():
        return ""
    pair = (rows.truth, rows.probability)
    return "".join(
        drawn(*pair) for drawn in (roc_plot, precision_recall_plot, reliability_plot, corp_plot, decision_plot)
    )


def _facts(file: PredictionFile, wanted: Wanted, model: str | None) -> DataFacts:
    return DataFacts(
        file.path.name,
        file.sha256,
        file.rows,
        file.has_patients,
        wanted.uncertain_as,
        wanted.unmentioned_as,
        file.ignored,
        model or file.models[0],
    )
