"""What a policy may know beside the film: the newest signed prior, and the class of the patient; never an identity."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.triage.test_policy_file import a_policy

from wetread.domain.errors import TransientError
from wetread.domain.finding import FindingName
from wetread.domain.identifiers import InstanceKey, StudyKey
from wetread.domain.report import ReportContent, ReportFinding, ReportStatus
from wetread.domain.study_state import StudyState
from wetread.ports.vault import VaultInstance
from wetread.testing.builders import NOON, a_header, a_report, a_signature, a_study, an_identity
from wetread.testing.memory_database import MemoryDatabase
from wetread.testing.memory_vault import MemoryVault
from wetread.triage.context import KnownFinding, TriageContext, ask_vault, context_of

POLICY = a_policy(
    "  []", "known_findings: {within_days: 30, lower_to: urgent}\npatient_classes: {ZNA spoed: emergency}\n"
)
TODAY = StudyKey("today")


class Archive:
    """One patient's studies in vault and database."""

    def __init__(self) -> None:
        self.vault, self.database = MemoryVault(), MemoryDatabase()
        self.add("today", "20260302")

    def add(self, key: str, study_date: str, *, department: str = "", days_ago: float = 0.0) -> None:
        header = a_header(
            study_instance_uid=f"2.25.{len(key)}{sum(map(ord, key))}",
            sop_instance_uid=f"2.25.9{len(key)}{sum(map(ord, key))}",
            identity=an_identity(study_date=study_date),
            institutional_department_name=department,
        )
        self.vault.admit([VaultInstance(InstanceKey(f"i-{key}"), StudyKey(key), "0" * 64, header)])
        with self.database.begin() as unit:
            received = NOON - timedelta(days=days_ago)
            unit.save_study(a_study(study_key=StudyKey(key), state=StudyState.DELIVERED, received_at=received))
            unit.commit()

    def report(self, key: str, *present: str, version: int = 1, status: ReportStatus = ReportStatus.FINAL) -> None:
        found = tuple(ReportFinding(FindingName(each), True, "left") for each in present)
        absent = (ReportFinding(FindingName.FRACTURE, False),)
        content = ReportContent((), found + absent)
        signature = None if status is ReportStatus.PARTIAL else a_signature(content)
        report = a_report(study_key=key, version=version, status=status, content=content, signature=signature)
        with self.database.begin() as unit:
            unit.save_report(report, expected_etag=None)
            unit.commit()

    def context(self) -> TriageContext:
        facts = ask_vault(TODAY, self.vault, POLICY, last_try=False)
        with self.database.begin(write=False) as unit:
            return context_of(unit.study(TODAY), facts, unit, POLICY)


@pytest.fixture
def archive() -> Archive:
    return Archive()


def test_what_a_recent_signed_prior_states_as_present_is_known(archive: Archive) -> None:
    archive.add("prior", "20260227", days_ago=3)
    archive.report("prior", "pneumothorax", "mass")
    assert archive.context().known == (
        KnownFinding(FindingName.PNEUMOTHORAX, "left", 3),
        KnownFinding(FindingName.MASS, "left", 3),
    )


@pytest.mark.parametrize(
    ("study_date", "days_ago"),
    [("20260130", 31), ("20260303", 0), ("20250302", 1), ("", 31), ("", -1), ("20260302", -0.1)],
)
def test_a_prior_that_is_too_old_or_later_is_not_one(archive: Archive, study_date: str, days_ago: float) -> None:
    """An old film that arrived yesterday is old: the day it was taken counts."""
    archive.add("prior", study_date, days_ago=days_ago)
    archive.report("prior", "pneumothorax")
    assert archive.context().known == ()


@pytest.mark.parametrize(
    ("study_date", "days_ago", "days"),
    [("20260131", 30, 30), ("", 4, 4), ("20260302", 0.1, 0), ("20260227", 9, 3), ("20260227", -1, 3)],
)
def test_a_prior_is_as_old_as_its_date_else_its_arrival_says(
    archive: Archive, study_date: str, days_ago: float, days: int
) -> None:
    archive.add("prior", study_date, days_ago=days_ago)
    archive.report("prior", "pneumothorax")
    assert [each.days_before for each in archive.context().known] == [days]


def test_a_draft_or_a_preliminary_report_makes_nothing_known(archive: Archive) -> None:
    archive.add("prior", "20260227", days_ago=3)
    archive.report("prior", "pneumothorax", status=ReportStatus.PARTIAL)
    archive.add("another", "20260228", days_ago=2)
    archive.report("another", "pneumothorax", status=ReportStatus.PRELIMINARY)
    assert archive.context().known == ()


def test_the_newest_signed_prior_overrules_the_older_ones(archive: Archive) -> None:
    archive.add("older", "20260220", days_ago=10)
    archive.report("older", "pneumothorax")
    archive.add("newer", "20260228", days_ago=2)
    archive.report("newer")
    assert archive.context().known == ()


def test_an_amendment_counts_once_it_is_signed(archive: Archive) -> None:
    archive.add("prior", "20260227", days_ago=3)
    archive.report("prior", "pneumothorax")
    archive.report("prior", version=2, status=ReportStatus.PARTIAL)
    assert len(archive.context().known) == 1
    archive.report("prior", version=3, status=ReportStatus.AMENDED)
    assert archive.context().known == ()


def test_a_report_that_changed_after_signing_makes_nothing_known(archive: Archive) -> None:
    archive.add("prior", "20260227", days_ago=3)
    content = ReportContent((), (ReportFinding(FindingName.PNEUMOTHORAX, True, "left"),))
    forged = a_report(study_key="prior", status=ReportStatus.FINAL, content=content, signature=a_signature())
    with archive.database.begin() as unit:
        unit.save_report(forged, expected_etag=None)
        unit.commit()
    assert archive.context().known == ()


@pytest.mark.parametrize(
    ("department", "patient_class"), [(" zna SPOED ", "emergency"), ("ZNA spoedgevallen", ""), ("", "")]
)
def test_a_department_is_mapped_whole_or_not_at_all(department: str, patient_class: str) -> None:
    archive = Archive()
    archive.vault = MemoryVault()
    archive.add("today", "20260302", department=department)
    assert archive.context().patient_class == patient_class


def test_a_study_the_vault_has_lost_is_triaged_and_that_is_said(archive: Archive) -> None:
    archive.vault = MemoryVault()
    assert "the vault has lost this study" in archive.context().gap


class AwayVault(MemoryVault):
    def instances(self, study_key: StudyKey) -> tuple[VaultInstance, ...]:
        raise TransientError("the vault is away")


def test_a_vault_that_is_away_is_asked_again_but_not_for_ever() -> None:
    with pytest.raises(TransientError):
        ask_vault(TODAY, AwayVault(), POLICY, last_try=False)
    assert "the vault is away" in ask_vault(TODAY, AwayVault(), POLICY, last_try=True).gap


def test_a_policy_that_asks_nothing_asks_the_vault_nothing() -> None:
    silent = replace(POLICY, known_findings=None, patient_classes={})
    assert ask_vault(TODAY, AwayVault(), silent, last_try=False).gap == ""
