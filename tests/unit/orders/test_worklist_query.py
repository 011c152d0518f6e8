"""A film without an order: the worklist is asked once, what it says is held against the film like any order, and the film is read whatever becomes of it."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hl7_messages import orm
from tests.journey.test_one_study import SECRET, START
from tests.order_world import DOCTOR, OrderHouse, a_film

from wetread.domain.errors import PermanentError, TransientError
from wetread.domain.identifiers import StudyKey
from wetread.domain.identity_hold import HoldKind
from wetread.domain.job import JobKind, JobState
from wetread.domain.order import Order, PatientNumber, Person
from wetread.domain.priority import Priority
from wetread.domain.report import Section
from wetread.domain.resting import Resting
from wetread.domain.study import Indication, Sex
from wetread.ingest.outside_work import OutsideWork
from wetread.orders.arrivals import ArrivalCheck
from wetread.orders.worklist_query import Asked, WorklistAsker, judged
from wetread.ports.modality_worklist import Scheduled
from wetread.ports.neighbours import failing_since
from wetread.testing.builders import an_identity

JANE = Person(PatientNumber("PAT001", "HOSPITAL"), "Doe^Jane", "19700102", Sex.FEMALE)
PHI = ("Doe", "Jane", "Roe", "PAT001", "PAT002", "ACC001", "19700102")


def an_order(key: str = "k1", person: Person = JANE, accession: str = "ACC001", **more: object) -> Order:
    return replace(Order(key, accession, person, START), **more)  # type: ignore[arg-type]


@dataclass
class FakeWorklist:
    """Answers with `orders`, or fails."""

    orders: list[Order] = field(default_factory=list)
    error: Exception | None = None
    complete: bool = True
    asked: list[str] = field(default_factory=list)
    name: str = "RIS"

    def scheduled(self, accession_number: str, said_at: datetime) -> Scheduled:
        self.asked.append(accession_number)
        if self.error:
            raise self.error
        return Scheduled(tuple(replace(each, said_at=said_at) for each in self.orders), complete=self.complete)


class WorklistHouse(OrderHouse):
    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.reception = self.receiving(check_identity=ArrivalCheck(self.store, SECRET), asks=(JobKind.ORDERS,))
        self.worklist = FakeWorklist([an_order()])
        resting = Resting(lambda: self.clock.now().timestamp())
        self.asker = WorklistAsker(self.worklist, self.orders, resting)
        self.asks = OutsideWork(
            JobKind.ORDERS,
            lambda job, _: self.asker.ask(job.study_key, again=job.attempt > 1) is Asked.AWAY,
            self.database,
            self.clock,
            timedelta(seconds=15),
        )

    def outcomes(self) -> list[str]:
        events = (each.event for each in self.database.audit_records())
        return [each.outcome for each in events if each.action == "worklist.ask"]

    def fails_since(self) -> datetime | None:
        with self.database.begin(write=False) as unit:
            return failing_since(unit, "worklist:RIS")

    def asked(self, **elements: str) -> tuple[StudyKey, str]:
        """A film came, and the worklist was asked."""
        key = self.receive(a_film(**elements))
        assert self.asks.run_one()
        return key, self.outcomes()[-1]


@pytest.fixture
def house(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Iterator[WorklistHouse]:
    caplog.set_level(logging.DEBUG)
    home = WorklistHouse(tmp_path)
    yield home
    said = caplog.text + repr([each.event for each in home.database.audit_records()])
    assert not [each for each in PHI if each in said]


def test_what_was_scheduled_gives_the_draft_its_reason_and_the_study_its_priority(house: WorklistHouse) -> None:
    house.worklist.orders = [
        an_order(priority=Priority.STAT, indication=Indication("Mrs Doe coughs since 3 weeks")),
    ]
    key, outcome = house.asked()
    house.work()
    assert outcome == "taken"
    assert house.worklist.asked == ["ACC001"]
    reading = house.desk.look(DOCTOR, key)
    assert reading.study.priority is Priority.STAT
    assert reading.draft is not None
    indication = " ".join(each.text for each in reading.draft.sentences if each.section is Section.INDICATION)
    assert "coughs" in indication
    assert "Doe" not in indication
    assert house.holds(key) == []
    (taken,) = (each.event for each in house.database.audit_records() if each.event.action == "worklist.order")
    assert (taken.actor_id, dict(taken.detail)) == ("worklist:RIS", {"orders": "1"})


def test_a_study_is_asked_about_once(house: WorklistHouse) -> None:
    house.worklist.orders = []
    _, outcome = house.asked()
    house.receive(a_film(instance="1.2.3.4.5.6"))
    house.work()
    assert (outcome, house.asks.run_one(), len(house.worklist.asked)) == ("none", False, 1)


def test_who_has_an_order_is_not_asked_about(house: WorklistHouse) -> None:
    assert house.say(orm())[0] == "AA"
    house.receive(a_film())
    assert house.asks.run_one()
    assert (house.worklist.asked, house.outcomes()) == ([], [])


@pytest.mark.parametrize(
    ("person", "kind"),
    [
        (replace(JANE, name="Roe^Mary", birth_date="19550505"), HoldKind.PATIENT_MISMATCH),
        (replace(JANE, number=PatientNumber("PAT002", "HOSPITAL")), HoldKind.PATIENT_MISMATCH),
        (replace(JANE, number=PatientNumber("PAT001", "CLINIC")), HoldKind.PATIENT_MISMATCH),
        (replace(JANE, birth_date="19700201"), HoldKind.DEMOGRAPHICS),
    ],
)
def test_film_and_schedule_of_two_people_meet_a_persons_eyes(
    house: WorklistHouse, person: Person, kind: HoldKind
) -> None:
    house.worklist.orders = [an_order(person=person)]
    key, outcome = house.asked()
    assert (outcome, house.kinds(key)) == ("taken", [kind])


def test_a_film_without_a_number_is_asked_about_by_its_accession_number_and_held_where_it_differs(
    house: WorklistHouse,
) -> None:
    key, outcome = house.asked(PatientID="", IssuerOfPatientID="", PatientName="Roe^Mary", PatientBirthDate="")
    assert (outcome, house.worklist.asked) == ("taken", ["ACC001"])
    assert house.kinds(key) == [HoldKind.PATIENT_MISMATCH]


@pytest.mark.parametrize(
    "elements", [{"AccessionNumber": ""}, {"AccessionNumber": "ACC*"}, {"AccessionNumber": "ACC?01"}]
)
def test_nobody_is_asked_for_everybodys_orders(house: WorklistHouse, elements: dict[str, str]) -> None:
    _, outcome = house.asked(**elements)
    assert (outcome, house.worklist.asked) == ("unaskable", [])


def test_a_worklist_that_is_away_is_asked_five_times_and_the_film_is_read_without(
    house: WorklistHouse, caplog: pytest.LogCaptureFixture
) -> None:
    house.worklist.error = TransientError("away", code="receiver_unreachable")
    key, outcome = house.asked()
    began = house.clock.now()
    house.work()
    assert house.desk.look(DOCTOR, key).draft is not None
    tries = 1
    while house.asks.run_one():
        house.clock.advance(3600)
        tries += 1
    assert (outcome, tries, house.outcomes()) == ("away", 5, ["away"] * 5)
    assert house.fails_since() == began
    assert caplog.text.count(f"orders_given_up study={key}") == 1
    assert [job.kind for job, _ in house.database.jobs(JobState.DEAD)] == []


def test_one_that_is_back_is_asked_again(house: WorklistHouse) -> None:
    house.worklist.error = TransientError("away", code="too_slow")
    house.asked()
    house.worklist.error = None
    house.clock.advance(16)
    assert house.asks.run_one()
    assert house.outcomes() == ["away", "taken"]
    assert house.fails_since() is None


def test_a_resting_worklist_is_left_alone(house: WorklistHouse) -> None:
    house.worklist.error = TransientError("away", code="too_slow")
    key, _ = house.asked()
    for _ in range(5):
        house.asker.ask(key)
    assert (len(house.worklist.asked), set(house.outcomes())) == (3, {"away"})


def test_one_that_refuses_is_not_asked_again(house: WorklistHouse) -> None:
    house.worklist.error = PermanentError("no", code="query_refused")
    _, outcome = house.asked()
    house.clock.advance(3600)
    assert (outcome, house.asks.run_one()) == ("refused", False)


def test_a_crash_after_the_order_was_kept_leaves_no_film_uncompared(house: WorklistHouse) -> None:
    key = house.receive(a_film())
    house.store.keep_order(an_order(person=replace(JANE, name="Roe^Mary", birth_date="19550505")))
    assert house.asker.ask(key, again=True) is Asked.KNOWN
    assert house.asker.ask(key, again=True) is Asked.KNOWN
    assert (house.kinds(key), house.worklist.asked) == ([HoldKind.PATIENT_MISMATCH], [])


WHO = an_identity(patient_id="PAT001", accession_number="ACC001")
MARY = Person(PatientNumber("PAT002", "HOSPITAL"), "Roe^Mary", "19550505", Sex.FEMALE)
ANN = replace(MARY, number=PatientNumber("PAT003", "HOSPITAL"), name="Poe^Ann")


@pytest.mark.parametrize(
    ("said", "outcome", "taken"),
    [
        (Scheduled(), Asked.NONE, 0),
        (Scheduled((an_order(),)), Asked.TAKEN, 1),
        (Scheduled((an_order(), an_order(), an_order("k2"))), Asked.TAKEN, 2),
        (Scheduled((an_order(), an_order("k2", MARY))), Asked.TAKEN, 1),  # of two the film's own
        (Scheduled((an_order(person=MARY),)), Asked.TAKEN, 1),  # of another patient: for the order desk to hold
        (Scheduled((an_order(person=MARY), an_order("k2", ANN))), Asked.AMBIGUOUS, 0),
        (Scheduled((an_order(accession="ACC002"),)), Asked.MISMATCHED, 0),
        (Scheduled(unreadable=1), Asked.MISMATCHED, 0),
        (Scheduled((an_order(), an_order("k2", replace(JANE, birth_date="19800102")))), Asked.AMBIGUOUS, 0),
        (Scheduled((an_order(),), complete=False), Asked.TOO_MANY, 0),
    ],
)
def test_what_may_be_taken(said: Scheduled, outcome: Asked, taken: int) -> None:
    found, orders = judged(WHO, said)
    assert (found, len(orders)) == (outcome, taken)


def test_two_patients_under_one_accession_number_are_nobodys_order() -> None:
    found, orders = judged(replace(WHO, patient_id=""), Scheduled((an_order(), an_order("k2", MARY))))
    assert (found, orders) == (Asked.AMBIGUOUS, ())
