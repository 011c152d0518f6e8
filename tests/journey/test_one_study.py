"""One study, straight: admitted, read, put in order, drafted, signed by a person, delivered once. Here on twins; test_real_parts.py does it on real ones."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.films import another_instance, film
from tests.in_process_decoder import InProcessDecoder
from tests.unit.inference.test_bundle import write_bundle

from wetread.context.gather import ContextGatherer
from wetread.context.record_snippets import RecordSnippets, SnippetLimits, SnippetTools
from wetread.context.retrieve import Retrieval
from wetread.domain.audit import verify_chain
from wetread.domain.drafting_context import RecordKind
from wetread.domain.errors import NotPermitted, PermanentError, TransientError
from wetread.domain.finding import FindingName
from wetread.domain.identifiers import StudyInstanceUID, StudyKey, study_key
from wetread.domain.job import JobState
from wetread.domain.priority import Priority
from wetread.domain.report import Report, ReportStatus, Section
from wetread.domain.role import CONSOLE, SERVICE, Actor, Role
from wetread.domain.study_state import StudyState
from wetread.drafting.grammar import GrammarDrafter
from wetread.inference.bundle import load_bundle
from wetread.ingest.reception import Reception
from wetread.ingest.suitability import SuitabilityPolicy
from wetread.labelling.labeller import RuleLabeller
from wetread.monitoring.dead_letters import retry_dead
from wetread.pipeline import Pipeline
from wetread.ports.predictor import Prediction
from wetread.ports.sink import ReportPackage
from wetread.queueing.bell import Bell
from wetread.signoff.desk import ReadingDesk
from wetread.testing.clock import FixedClock
from wetread.testing.memory_database import MemoryDatabase
from wetread.testing.memory_files import MemoryFileStore
from wetread.testing.memory_record import MemoryPatientRecord
from wetread.testing.memory_snippets import MemorySnippetStore
from wetread.testing.memory_vault import MemoryVault
from wetread.testing.predictor import ScriptedPredictor
from wetread.testing.text_encoder import WordEncoder
from wetread.triage.policy import DEFAULT_POLICY, load_policy
from wetread.worker import Worker

POLICY = load_policy(DEFAULT_POLICY)
START = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
QUIET_S = 5.0
SECRET = b"s" * 32
DOCTOR = Actor("dr-a", Role.RADIOLOGIST, "Dr A")
RESIDENT = Actor("dr-r", Role.RESIDENT, "Dr R")


@dataclass
class Inbox:
    """A sink that keeps what it got and can be told to fail."""

    name: str = "inbox"
    received: list[ReportPackage] = field(default_factory=list)
    fail_with: Exception | None = None

    def deliver(self, package: ReportPackage) -> str:
        if self.fail_with:
            raise self.fail_with
        self.received.append(package)
        return "ok"


def prediction(logit: float = 4.0, gate: float = 5.0, ood: float = 1.0) -> Prediction:
    cam = np.zeros((1, 4, 4), np.float32)
    cam[0, 1, 3] = 1.0
    return Prediction(np.array([logit], np.float32), cam, np.array([gate, 0.0], np.float32), ood)


class House:
    """Everything joined as bootstrap does, on twins."""

    def __init__(self, folder: Path) -> None:
        self.clock, self.decoder = FixedClock(START), InProcessDecoder()
        self.database, self.vault, self.files = self.stores()
        self.predictor = ScriptedPredictor(prediction())
        self.sink = self.receiver()
        self.receiving = partial(
            Reception,
            files=self.files,
            decoder=self.decoder,
            vault=self.vault,
            database=self.database,
            clock=self.clock,
            secret=SECRET,
            quiet_period_s=QUIET_S,
            site_of=lambda _: "main",
            policy=SuitabilityPolicy(),
        )
        self.reception = self.receiving()
        bundle = load_bundle(write_bundle(folder / "bundle"))
        pipeline = Pipeline(
            self.database,
            self.vault,
            self.files,
            self.decoder,
            lambda: (bundle, self.predictor),
            SuitabilityPolicy(),
            lambda: POLICY,
            self.context_source(),
            GrammarDrafter(),
            {self.sink.name: self.sink},
            self.clock,
            SECRET,
        )
        self.worker = Worker(self.database, pipeline, self.clock, 60, 3, 5, Bell())
        self.desk = ReadingDesk(self.database, self.clock, (self.sink.name,))

    stores: Callable[[], tuple[Any, ...]] = staticmethod(lambda: (MemoryDatabase(), MemoryVault(), MemoryFileStore()))
    receiver: Callable[[], Any] = staticmethod(Inbox)

    def context_source(self) -> ContextGatherer:
        tools = SnippetTools(MemorySnippetStore(), WordEncoder(), RuleLabeller(), Retrieval())
        self.record = MemoryPatientRecord(self.vault, issuers=("", "HOSPITAL"))
        snippets = RecordSnippets(
            self.record, lambda: tools, lambda _: 0.0, frozenset(RecordKind), self.clock, SECRET, SnippetLimits()
        )
        return ContextGatherer(self.database, self.vault, snippets, SECRET, most_priors=5, within_days=3650)

    def signed(self) -> Report:
        """Of a film that was received and drafted; nothing of it is delivered yet."""
        key = self.receive(film())
        self.work()
        opened = self.desk.open(DOCTOR, key).report
        assert opened is not None
        return self.desk.sign(DOCTOR, key, opened.etag, "authored")

    def receive(self, content: bytes) -> StudyKey:
        incoming = self.files.receive()
        incoming.write(content)
        (outcome,) = self.reception.receive([incoming], "test")
        assert outcome.outcome.acknowledged, outcome
        return study_key(SECRET, StudyInstanceUID(outcome.study_instance_uid))

    def work(self) -> None:
        """Let the quiet period and every retry delay pass, and do all there is to do."""
        for _ in range(50):
            self.clock.advance(3600)
            while self.worker.run_one():
                pass

    def state(self, key: StudyKey) -> StudyState:
        with self.database.begin(write=False) as unit:
            return unit.study(key).state


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    home = House(tmp_path)
    yield home
    assert verify_chain(home.database.audit_records()) is None


def test_a_film_becomes_one_signed_and_delivered_report(house: House) -> None:
    key = house.receive(film())
    assert house.state(key) is StudyState.ADMITTED
    house.work()
    reading = house.desk.open(DOCTOR, key)
    assert reading.study.priority is Priority.STAT
    assert reading.study.critical
    assert reading.decision is not None
    assert reading.decision.rule_id == "pneumothorax"
    assert reading.report is not None
    assert reading.report.status is ReportStatus.PARTIAL
    assert "Probable left pneumothorax." in dict(reading.report.content.sections)[Section.FINDINGS]
    house.desk.sign(DOCTOR, key, reading.report.etag, "authored")
    house.work()
    assert house.state(key) is StudyState.DELIVERED
    (package,) = house.sink.received
    assert package.report.status is ReportStatus.FINAL
    assert package.study.identity.patient_id == "PHANTOM-0001"
    assert package.analysis is not None
    assert [f.name for f in package.analysis.called] == [FindingName.PNEUMOTHORAX]


def test_a_site_has_its_drafts_in_its_language(house: House) -> None:
    house.worker = replace(house.worker, pipeline=replace(house.worker.pipeline, drafting_language="de"))
    key = house.receive(film())
    house.work()
    with house.database.begin(write=False) as unit:
        draft = unit.draft(key)
    assert draft is not None
    assert "Nicht angegeben." in {each.text for each in draft.sentences}


def test_nothing_is_read_before_the_study_is_quiet(house: House) -> None:
    key = house.receive(film())
    assert not house.worker.run_one()
    house.clock.advance(QUIET_S + 1)
    assert house.worker.run_one()
    assert house.state(key) is StudyState.ANALYSED


def test_nothing_leaves_unsigned(house: House) -> None:
    key = house.receive(film())
    house.work()
    house.desk.open(DOCTOR, key)
    house.work()
    assert house.sink.received == []


@pytest.mark.parametrize(
    ("said", "failure", "told"),
    [
        (prediction(gate=-5.0), None, "gate: other"),
        (prediction(), PermanentError("its numbers are not finite", code="model_failed"), "model_failed"),
        (prediction(), RuntimeError("a bug"), "internal error (RuntimeError)"),
    ],
)
def test_a_film_the_model_cannot_read_stays_readable_and_says_why(
    house: House, said: Prediction, failure: Exception | None, told: str
) -> None:
    house.predictor.prediction, house.predictor.failure = said, failure
    key = house.receive(film())
    house.work()
    reading = house.desk.open(DOCTOR, key)
    assert reading.analysis is None
    assert told in reading.study.reason
    assert reading.study.priority is Priority.URGENT
    assert reading.report is not None
    assert "No AI read" in dict(reading.report.content.sections)[Section.FINDINGS]


def test_a_person_can_sign_before_the_model_has_spoken(house: House) -> None:
    key = house.receive(film())
    reading = house.desk.open(DOCTOR, key)
    assert reading.report is not None
    written = replace(reading.report.content, sections=((Section.IMPRESSION, "Normal."),))
    saved = house.desk.save(DOCTOR, key, written, reading.report.etag)
    house.desk.sign(DOCTOR, key, saved.etag, "authored")
    house.work()
    assert house.state(key) is StudyState.DELIVERED
    assert house.desk.look(DOCTOR, key).analysis is not None


def test_a_model_that_is_down_for_ever_ends_as_ai_unavailable(house: House) -> None:
    house.predictor.failure = TransientError("the model server is down", code="model_down")
    key = house.receive(film())
    house.work()
    assert house.state(key) is StudyState.DRAFTED
    assert "model_down" in house.desk.look(DOCTOR, key).study.reason


def test_a_receiver_that_is_down_gets_the_report_when_it_returns(house: House) -> None:
    house.sink.fail_with = TransientError("down", code="receiver_unreachable")
    key = house.signed().study_key
    for _ in range(3):
        house.clock.advance(3600)
        house.worker.run_one()
    assert house.state(key) is StudyState.SIGNED
    house.sink.fail_with = None
    house.work()
    assert house.state(key) is StudyState.DELIVERED
    assert len(house.sink.received) == 1


def test_a_receiver_that_refuses_leaves_a_dead_letter_with_its_reason(house: House) -> None:
    house.sink.fail_with = PermanentError("it does not want it", code="store_refused")
    key = house.signed().study_key
    house.work()
    ((job, reason),) = house.database.jobs(JobState.DEAD)
    assert "store_refused" in reason
    house.sink.fail_with = None
    assert retry_dead(house.database, house.clock, CONSOLE, [job.job_id])
    house.work()
    assert house.state(key) is StudyState.DELIVERED


def test_an_amendment_is_delivered_as_a_second_version(house: House) -> None:
    key = house.signed().study_key
    house.work()
    second = house.desk.amend(DOCTOR, key, "wrong side")
    house.desk.sign(DOCTOR, key, second.etag, "authored")
    house.work()
    assert [p.report.status for p in house.sink.received] == [ReportStatus.FINAL, ReportStatus.AMENDED]
    assert house.sink.received[1].predecessor is not None
    assert house.state(key) is StudyState.DELIVERED


def test_an_addendum_is_delivered_as_another_version_with_the_words_as_they_were(house: House) -> None:
    signed = house.signed()
    key = signed.study_key
    house.work()
    house.desk.append(DOCTOR, key, signed.version, "The rib is broken, too.", "addendum")
    assert house.state(key) is StudyState.AMENDED
    house.work()
    one, two = (package.report for package in house.sink.received)
    assert (two.status, two.content, two.signature) == (ReportStatus.APPENDED, one.content, one.signature)
    assert [each.text for each in two.addenda] == ["The rib is broken, too."]
    assert house.sink.received[1].predecessor == one
    assert house.state(key) is StudyState.DELIVERED


def test_a_residents_report_waits_for_a_radiologist(house: House) -> None:
    key = house.receive(film())
    house.work()
    opened = house.desk.open(RESIDENT, key).report
    assert opened is not None
    house.desk.sign(RESIDENT, key, opened.etag, "preliminary")
    house.work()
    assert house.sink.received == []
    attending = house.desk.open(DOCTOR, key).report
    assert attending is not None
    assert attending.version == 2
    house.desk.sign(DOCTOR, key, attending.etag, "approved")
    house.work()
    assert [p.report.status for p in house.sink.received] == [ReportStatus.FINAL]


def test_a_service_can_do_nothing_at_the_desk(house: House) -> None:
    key = house.receive(film())
    for act in (house.desk.open, house.desk.look):
        with pytest.raises(NotPermitted):
            act(SERVICE, key)


def test_the_same_film_again_is_one_study_and_one_read(house: House) -> None:
    key = house.receive(film())
    assert house.receive(film()) == key
    house.work()
    assert house.receive(film()) == key
    house.work()
    assert len(house.predictor.seen) == 1


def test_a_late_film_is_read_again_and_a_signed_report_stays(house: House) -> None:
    first = film(1)
    key = house.receive(first)
    house.work()
    opened = house.desk.open(DOCTOR, key).report
    assert opened is not None
    house.desk.sign(DOCTOR, key, opened.etag, "authored")
    house.work()
    before = house.desk.look(DOCTOR, key).reports
    house.receive(another_instance(first, "2.25.77"))
    house.work()
    assert house.desk.look(DOCTOR, key).reports == before
    assert any(r.event.action == "study.late_instance" for r in house.database.audit_records())


def test_an_overtaken_version_is_not_sent_after_its_amendment(house: House) -> None:
    key = house.receive(film())
    house.work()
    first = house.desk.open(DOCTOR, key).report
    assert first is not None
    house.sink.fail_with = TransientError("down", code="receiver_unreachable")
    house.desk.sign(DOCTOR, key, first.etag, "authored")
    house.worker.run_one()
    second = house.desk.amend(DOCTOR, key, "wrong side")
    house.desk.sign(DOCTOR, key, second.etag, "authored")
    house.sink.fail_with = None
    house.work()
    assert [package.report.version for package in house.sink.received] == [2]
    receipts = {d.report_version: d.receipt for d in house.desk.look(DOCTOR, key).deliveries}
    assert receipts == {1: "not sent: superseded by version 2", 2: "ok"}
    assert house.state(key) is StudyState.DELIVERED
