"""Context on the straight line: the department becomes a class, a signed prior becomes known, and no vault that is away keeps a critical finding waiting."""

from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from pydicom import dcmread
from tests.films import film
from tests.journey.test_one_study import DOCTOR, House

from wetread.domain.errors import TransientError
from wetread.domain.identifiers import StudyKey
from wetread.domain.priority import Priority, TriageDecision
from wetread.domain.role import Actor, Role
from wetread.governance.policy_desk import PolicyDesk
from wetread.ports.vault import VaultInstance
from wetread.testing.memory_vault import MemoryVault
from wetread.triage.policy import DEFAULT_POLICY, TriagePolicy, load_policy
from wetread.triage.policy_book import PolicyBook

DEPARTMENT = "Spoed Oost 7"
POLICY = f"""
schema: 2
policy_version: t
rules:
  - {{id: ptx, finding: pneumothorax, called: true, priority: stat, critical: true}}
  - id: ptx-in-emergency
    finding: pneumothorax
    called: true
    when: {{patient_class: [emergency]}}
    priority: stat
    critical: true
    even_if_known: true
known_findings: {{within_days: 30, lower_to: urgent}}
patient_classes: {{{DEPARTMENT}: emergency}}
escalation_paths:
  default: {{steps: [{{duty: everyone, wait_minutes: 5}}]}}
ai_unavailable: {{priority: urgent}}
default: {{priority: routine}}
"""


@pytest.fixture
def policy(tmp_path: Path) -> TriagePolicy:
    (tmp_path / "p.yaml").write_text(POLICY)
    return load_policy(tmp_path / "p.yaml")


@pytest.fixture
def house(tmp_path: Path, policy: TriagePolicy) -> House:
    home = House(tmp_path)
    home.worker = replace(home.worker, pipeline=replace(home.worker.pipeline, policy=lambda: policy))
    return home


def a_film(seed: int, department: str = "") -> bytes:
    """Another study of the same patient."""
    dataset = dcmread(BytesIO(film(seed)))
    dataset.PatientID, dataset.InstitutionalDepartmentName = "PHANTOM-0001", department
    out = BytesIO()
    dataset.save_as(out, enforce_file_format=True)
    return out.getvalue()


def decided(house: House, content: bytes) -> tuple[StudyKey, TriageDecision]:
    key = house.receive(content)
    house.work()
    with house.database.begin(write=False) as unit:
        decision = unit.decision(key)
    assert decision is not None
    return key, decision


def test_what_a_person_signed_is_known_on_the_next_film(house: House) -> None:
    key, first = decided(house, a_film(1))
    assert (first.priority, first.critical) == (Priority.STAT, True)
    report = house.desk.open(DOCTOR, key).report
    assert report is not None
    house.desk.sign(DOCTOR, key, report.etag, "authored")
    house.work()
    again, second = decided(house, a_film(2))
    assert (second.priority, second.critical) == (Priority.URGENT, False)
    assert "known: pneumothorax signed on the prior of" in second.reason
    with house.database.begin(write=False) as unit:
        assert unit.critical_of(again) is None
        assert unit.critical_of(key) is not None


def test_the_department_decides_as_a_class_and_its_name_stays_in_the_vault(house: House) -> None:
    key, decision = decided(house, a_film(1, DEPARTMENT))
    assert decision.rule_id == "ptx"
    report = house.desk.open(DOCTOR, key).report
    assert report is not None
    house.desk.sign(DOCTOR, key, report.etag, "authored")
    house.work()
    _, second = decided(house, a_film(2, DEPARTMENT.upper()))
    assert (second.critical, second.rule_id) == (True, "ptx-in-emergency")
    assert house.vault.unnamed.instances(key)[0].header.institutional_department_name == DEPARTMENT
    working = repr(house.database.state).lower()
    assert key.lower() in working
    assert DEPARTMENT.lower() not in working


class AwayVault(MemoryVault):
    def instances(self, study_key: StudyKey) -> tuple[VaultInstance, ...]:
        raise TransientError("the vault is away", code="vault_down")


def test_a_vault_that_is_away_keeps_no_critical_finding_waiting(house: House) -> None:
    house.worker = replace(house.worker, pipeline=replace(house.worker.pipeline, vault=AwayVault()))
    key = house.receive(a_film(1))
    house.work()
    with house.database.begin(write=False) as unit:
        decision = unit.decision(key)
        assert unit.critical_of(key) is not None
    assert decision is not None
    assert decision.critical
    assert decision.reason.endswith("patient class and priors are unknown: the vault is away")


def test_a_policy_that_two_people_brought_into_use_decides_the_next_study(house: House) -> None:
    """No worker is started anew: it asks before each study."""
    book = PolicyBook(house.database, DEFAULT_POLICY)
    pipeline = replace(house.worker.pipeline, policy=lambda: book.deciding().policy)
    house.worker = replace(house.worker, pipeline=pipeline)
    decided = []
    for seed in (11, 12):
        key = house.receive(a_film(seed))
        house.work()
        with house.database.begin(write=False) as unit:
            decision = unit.decision(key)
        assert decision is not None
        decided.append(decision.policy_version)
        if seed == 11:
            desk = PolicyDesk(house.database, house.clock, book.file_text)
            desk.propose(Actor("quinn", Role.QUALITY), POLICY, "ours")
            desk.approve(Actor("ada", Role.ADMIN), 1, "agreed")
    assert decided == ["default-2", "t"]
