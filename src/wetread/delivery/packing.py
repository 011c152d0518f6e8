"""Puts together what the encoders of a report version need, from the working database, the vault and the file store."""

from collections.abc import Callable
from dataclasses import dataclass

from wetread.domain.analysis import Analysis
from wetread.domain.errors import PermanentError
from wetread.domain.identifiers import InstanceKey, StudyKey
from wetread.domain.identity_access import Purpose, Reader, of_service
from wetread.domain.priority import TriageDecision
from wetread.domain.report import Report
from wetread.domain.study import Instance
from wetread.ports.database import Database
from wetread.ports.file_store import FileStore
from wetread.ports.sink import ReportPackage
from wetread.ports.vault import Vault

__all__ = ["Packing"]

_DELIVERY = of_service(Purpose.DELIVERY)


@dataclass(frozen=True, slots=True)
class Packing:
    """`first_film` chooses what a report without an AI read refers to."""

    database: Database
    vault: Vault
    files: FileStore
    first_film: Callable[[tuple[Instance, ...]], InstanceKey]
    uid_seed: bytes
    reader: Reader = _DELIVERY

    def package(self, study_key: StudyKey, version: int) -> ReportPackage:
        """Raises PermanentError 'unsigned_report'."""
        with self.database.begin(write=False) as unit:
            reports = unit.reports(study_key)
            analysis, decision = unit.analysis(study_key), unit.decision(study_key)
            instances = unit.instances(study_key)
        report = next((each for each in reports if each.version == version), None)
        if report is None or report.signature is None:
            raise PermanentError("this report version is not signed", code="unsigned_report")
        signed_before = [r for r in reports if r.version < version and r.signature is not None]
        return self._packed(report, signed_before[-1] if signed_before else None, analysis, decision, instances)

    def unsigned(self, report: Report) -> ReportPackage:
        """Of what the machine says, for an encoder that says so too (law 3)."""
        with self.database.begin(write=False) as unit:
            analysis, decision = unit.analysis(report.study_key), unit.decision(report.study_key)
            instances = unit.instances(report.study_key)
        return self._packed(report, None, analysis, decision, instances)

    def _packed(
        self,
        report: Report,
        predecessor: Report | None,
        analysis: Analysis | None,
        decision: TriageDecision | None,
        instances: tuple[Instance, ...],
    ) -> ReportPackage:
        study_key = report.study_key
        key = analysis.instance_key if analysis else self.first_film(instances)
        named = self.vault.on_behalf_of(self.reader)
        filed = named.instances(study_key)
        film = next(each for each in filed if each.instance_key == key)
        return ReportPackage(
            study_key=study_key,
            study=named.study(study_key),
            instances=filed,
            read_instance=film,
            report=report,
            predecessor=predecessor,
            analysis=analysis,
            decision=decision,
            film_path=str(self.files.path_of(film.content_sha256)),
            uid_seed=self.uid_seed,
        )
