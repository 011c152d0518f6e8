"""From the working database to the rows that the gates look at: what a version read at a site beside what was signed of it.

Truth is the signed report: a finding it does not mention counts as absent, one it leaves open as unknown. Every study is signed by a reader whatever the model said, so each is verified with
chance 1. Readers of a canary's studies saw its findings, those of a shadow's did not. Beside it, never in its place, stand the verdicts of the newest finished relabelling round.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from wetread.domain.analysis import Analysis
from wetread.domain.finding import FindingName
from wetread.domain.identifiers import InstanceKey
from wetread.domain.model_version import VersionState, model_key
from wetread.domain.report import Report
from wetread.domain.rollout import Rollout, ShadowRead
from wetread.domain.study import Study
from wetread.governance.adjudicated_gates import NO_VERDICTS, Adjudicated, adjudicated_by
from wetread.governance.cases import Case
from wetread.governance.judge import SiteCases
from wetread.labelling.aggregation import presences
from wetread.monitoring.adjudicated import rounds_since
from wetread.monitoring.prediction_log import label_of, newest_final, opaque_patient, signed_text
from wetread.monitoring.study_pages import study_pages
from wetread.ports.database import Database, UnitOfWork
from wetread.ports.labeller import Labeller
from wetread.ports.vault import Vault

__all__ = ["Gathered", "gather", "truths"]

_TRUTH = {"positive": True, "negative": False, "not_mentioned": False}


@dataclass(frozen=True, slots=True)
class Gathered:
    """The rows, how many signed studies are behind them, and why other studies of the site are not."""

    site: SiteCases
    signed: int
    left_out: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class _Read:
    """What the version made of one study, and what was signed of it, if anything was."""

    study: Study
    analysis: Analysis
    report: Report | None


def gather(database: Database, vault: Vault, labeller: Labeller, rollout: Rollout) -> Gathered:
    """Every study of the rollout's site that arrived since its stage began; its failures are those since people last resumed it. Reads page by page, each in its own transaction."""
    counted: Counter[str] = Counter()
    cases: list[Case] = []
    baseline = rollout.baseline_since or rollout.since
    signed = reads = failed = 0
    for found in _reads(database, rollout, counted):
        read_at = found.read_at if isinstance(found, ShadowRead) else found.analysis.analysed_at
        reads += read_at >= baseline
        if isinstance(found, ShadowRead):
            failed += read_at >= baseline
            continue
        signed += found.report is not None
        cases += _cases(found, opaque_patient(vault, found.study.study_key), labeller)
    site = SiteCases(rollout, tuple(cases), reads, failed, _adjudicated(database, rollout, cases))
    return Gathered(site, signed, tuple(sorted(counted.items())))


def _adjudicated(database: Database, rollout: Rollout, cases: Sequence[Case]) -> Adjudicated:
    """By the newest finished round that judged one of these cases; rounds are never pooled (`monitoring.adjudicated`)."""
    with database.begin(write=False) as unit:
        finished, _ = rounds_since(unit, rollout.since.date())
    found = (adjudicated_by(cases, each.round_id, each.verdicts) for each in finished)
    return next((each for each in found if each.cases), NO_VERDICTS)


def _reads(database: Database, rollout: Rollout, left_out: Counter[str]) -> Iterator[_Read | ShadowRead]:
    for page in study_pages(database, rollout.since, partial(_read_of, rollout=rollout)):
        for _, each in page:
            if each is None:
                continue
            if isinstance(each, str):
                left_out[each] += 1
                continue
            if isinstance(each, ShadowRead):
                left_out[
                    f"it {'refused a film that the model in use reads' if each.unsuitable else 'failed'}: {each.problem}"
                ] += 1
            elif each.report is None:
                left_out["not signed yet"] += 1
            yield each


def _read_of(unit: UnitOfWork, study: Study, rollout: Rollout) -> _Read | ShadowRead | str | None:
    """The version's read, its failure or refusal, or why there is neither; None of another site's study."""
    if study.traits.site != rollout.site:
        return None
    aside = next((each for each in unit.shadow_reads(study.study_key) if each.model_key == rollout.model_key), None)
    if aside is not None and aside.problem:
        return aside
    if rollout.state is VersionState.SHADOW:
        analysis = _as_analysis(aside) if aside else None
    else:
        analysis = unit.analysis(study.study_key)
    if analysis is None or model_key(analysis.model.name, analysis.model.version) != rollout.model_key:
        return "not read by it"
    report = newest_final(unit.reports(study.study_key))
    seen_too_late = (
        rollout.state is not VersionState.SHADOW
        and report is not None
        and report.signature is not None
        and analysis.analysed_at > report.signature.signed_at
    )
    return "signed before it read" if seen_too_late else _Read(study, analysis, report)


def _cases(read: _Read, patient: str, labeller: Labeller) -> list[Case]:
    key, report = read.study.study_key, read.report
    if report is None or report.signature is None:
        return [
            Case(key, patient, read.analysis.analysed_at, each.name, each.probability, each.called)
            for each in read.analysis.findings
            if each.probability is not None
        ]
    truth = truths(report, labeller, [each.name for each in read.analysis.findings])
    return [
        Case(
            key, patient, read.analysis.analysed_at, each.name, each.probability, each.called,
            truth[each.name], report.signature.signed_at,
        )
        for each in read.analysis.findings
        if each.probability is not None
    ]  # fmt: skip


def truths(report: Report, labeller: Labeller, findings: Iterable[FindingName]) -> dict[FindingName, bool | None]:
    """What a signed report says of each finding; None where it leaves it open, or its words and its structured findings differ."""
    said = presences(labeller.statements(signed_text(report)))
    structured = {each.name: each.present for each in report.content.findings}
    return {name: _TRUTH.get(label_of(structured.get(name), said.get(name))[0]) for name in findings}


def _as_analysis(read: ShadowRead) -> Analysis:
    return Analysis(InstanceKey(""), read.model, read.findings, (), None, None, read.input_sha256, read.read_at)
