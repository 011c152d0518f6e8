"""The prediction log, read out of the working database: rows of every signed study received since some day, newest first."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from wetread.domain.analysis import Analysis
from wetread.domain.finding import FindingName
from wetread.domain.reading import ReadingRecord
from wetread.domain.report import Draft, Report, ReportContent
from wetread.domain.statement import Presence
from wetread.domain.study import Instance, Study
from wetread.monitoring.prediction_log import PredictionRow, newest_final, opaque_patient, prediction_rows, signed_text
from wetread.monitoring.study_pages import study_pages
from wetread.ports.database import Database, UnitOfWork
from wetread.ports.vault import Vault

__all__ = ["PredictionLog"]


@dataclass(slots=True)
class PredictionLog:
    """`said` gives the labels of a signed text, `content_of` what a draft would have been signed as. `left_out` counts signed studies without rows, by why."""

    database: Database
    vault: Vault
    said: Callable[[str], Mapping[FindingName, Presence]]
    content_of: Callable[[Draft], ReportContent]
    left_out: Counter[str] = field(default_factory=Counter)

    def rows(self, since: datetime | None = None) -> Iterator[PredictionRow]:
        """One transaction per page of studies; nothing is held open while the caller works."""
        for page in study_pages(self.database, since, _read):
            for _, each in page:
                yield from self._of(each)

    def _of(self, read: "_Read") -> tuple[PredictionRow, ...]:
        study, analysis, report, draft = read.study, read.analysis, read.report, read.draft
        if report is None or report.signature is None:
            return ()
        if analysis is None or analysis.analysed_at > report.signature.signed_at:
            self.left_out["no model had read it when it was signed"] += 1
            return ()
        film = next((each for each in read.instances if each.instance_key == analysis.instance_key), None)
        rows = prediction_rows(
            study,
            opaque_patient(self.vault, study.study_key),
            film.traits if film else None,
            analysis,
            report,
            self.said(signed_text(report)),
            edited=None if draft is None else _words(report.content) != _words(self.content_of(draft)),
            reading=read.reading,
            draft=draft,
        )
        if not rows:
            self.left_out["the model that read it is not calibrated"] += 1
        return rows


@dataclass(frozen=True, slots=True)
class _Read:
    """`report` is the signed version that counts, `reading` how its signer read the study."""

    study: Study
    analysis: Analysis | None
    instances: tuple[Instance, ...]
    report: Report | None
    draft: Draft | None
    reading: ReadingRecord | None


def _read(unit: UnitOfWork, study: Study) -> _Read:
    key, report = study.study_key, newest_final(unit.reports(study.study_key))
    reading = unit.reading(key, report.signature.signer_id) if report and report.signature else None
    return _Read(study, unit.analysis(key), unit.instances(key), report, unit.draft(key), reading)


def _words(content: ReportContent) -> dict[str, list[str]]:
    """Section by section, white space aside: a line break is no edit."""
    return {section.value: text.split() for section, text in content.sections if text.split()}
