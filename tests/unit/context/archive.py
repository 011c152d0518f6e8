"""One patient's studies in vault and database, a record beside them, and what is gathered of both for the study of today."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from wetread.context.gather import ContextGatherer
from wetread.context.record_snippets import RecordSnippets, SnippetLimits, SnippetTools
from wetread.context.retrieve import Retrieval
from wetread.domain.analysis import Analysis
from wetread.domain.drafting_context import DraftingContext, RecordKind
from wetread.domain.finding import Code, FindingName
from wetread.domain.identifiers import InstanceKey, StudyKey
from wetread.domain.record import DayRange, RecordEntry
from wetread.domain.report import ReportContent, ReportFinding, ReportStatus, Section
from wetread.domain.study_state import StudyState
from wetread.labelling.labeller import RuleLabeller
from wetread.ports.context_source import StudyContext
from wetread.ports.patient_record import PatientRecord
from wetread.ports.vault import VaultInstance
from wetread.testing.builders import NOON, a_finding, a_header, a_report, a_signature, a_study, an_analysis, an_identity
from wetread.testing.clock import FixedClock
from wetread.testing.memory_database import MemoryDatabase
from wetread.testing.memory_record import MemoryPatientRecord
from wetread.testing.memory_snippets import MemorySnippetStore
from wetread.testing.memory_vault import MemoryVault
from wetread.testing.text_encoder import WordEncoder

SECRET = b"k" * 32
TODAY = StudyKey("today")
STUDY_DAY = date(2026, 3, 2)
EFFUSION = an_analysis(findings=(a_finding(FindingName.EFFUSION),))


def an_entry(
    text: str = "Pleural effusion, recurrent (active)",
    *,
    name: str = "c1",
    kind: RecordKind = RecordKind.CONDITION,
    day: date | None = date(2026, 2, 20),
    **said: Any,
) -> RecordEntry:
    facts: dict[str, Any] = {"codes": (Code("60046008", "SCT", "Pleural effusion"),), "status": "confirmed"}
    return RecordEntry(name, kind, text=text, began=DayRange(day, day) if day else None, **facts | said)


@dataclass
class Archive:
    """`patient` is the number; studies are added by key and date."""

    patient: str = "PAT001"
    vault: MemoryVault = field(default_factory=MemoryVault)
    database: MemoryDatabase = field(default_factory=MemoryDatabase)
    store: MemorySnippetStore = field(default_factory=MemorySnippetStore)
    record: MemoryPatientRecord = field(init=False)
    limits: SnippetLimits = field(default_factory=SnippetLimits)
    suspicion: Callable[[str], float] = lambda _: 0.0
    clock: FixedClock = field(default_factory=lambda: FixedClock(NOON))
    most_priors: int = 5

    def __post_init__(self) -> None:
        self.record = MemoryPatientRecord(self.vault)

    def add(self, key: str = TODAY, study_date: str = "20260302", *, days_ago: float = 0, patient: str = "", **header: Any) -> StudyKey:  # fmt: skip
        identity = an_identity(patient_id=patient or self.patient, study_date=study_date, **header.pop("who", {}))
        uid = f"2.25.{int.from_bytes(key.encode(), 'big')}"
        found = a_header(study_instance_uid=uid, sop_instance_uid=f"{uid}.1", identity=identity, **header)
        self.vault.admit([VaultInstance(InstanceKey(f"i-{key}"), StudyKey(key), "0" * 64, found)])
        with self.database.begin() as unit:
            received = NOON - timedelta(days=days_ago)
            unit.save_study(a_study(study_key=StudyKey(key), state=StudyState.TRIAGED, received_at=received))
            unit.commit()
        return StudyKey(key)

    def sign(self, key: str, text: str, *found: ReportFinding, version: int = 1, **changes: Any) -> None:
        content = ReportContent(
            ((Section.INDICATION, "secret"), (Section.FINDINGS, text), (Section.IMPRESSION, "")), found
        )
        facts = {"status": ReportStatus.FINAL, "content": content, "signature": a_signature(content), **changes}
        with self.database.begin() as unit:
            unit.save_report(a_report(study_key=key, version=version, **facts), expected_etag=None)
            unit.commit()

    def gatherer(self, record: PatientRecord | None = None) -> ContextGatherer:
        tools = SnippetTools(self.store, WordEncoder(), RuleLabeller(), Retrieval(least_score=0.01))
        snippets = RecordSnippets(
            record or self.record,
            lambda: tools,
            self.suspicion,
            frozenset(RecordKind),
            self.clock,
            SECRET,
            self.limits,
        )
        return ContextGatherer(self.database, self.vault, snippets, SECRET, self.most_priors, 3650)

    def without_record(self) -> ContextGatherer:
        found = self.gatherer()
        return replace(found, snippets=replace(found.snippets, record=None))

    def gather(
        self, key: str = TODAY, analysis: Analysis | None = EFFUSION, gatherer: ContextGatherer | None = None
    ) -> StudyContext:
        with self.database.begin(write=False) as unit:
            study = unit.study(StudyKey(key))
        return (gatherer or self.gatherer()).gather(study, analysis)

    def context(self, key: str = TODAY, **how: Any) -> DraftingContext:
        return self.gather(key, **how).drafting
