"""wetread performs from a worklist elsewhere: another wetread's, over HTTP. Claimed once, read once, ended once, whatever dies on the way; and worklists that lie, lose or vanish."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from builders_web import World, a_token, a_world, open_door
from builders_workitems import TXN, UID, a_read
from tests.films import film
from tests.integration.test_conformance_command import LIES, answering
from tests.journey.test_asked_reads import STUDY, AskedHouse
from tests.journey.test_one_study import SECRET, prediction

from wetread.dicom.dicomweb_exchange import DicomwebExchange
from wetread.dicom.ups_client import UpsClient
from wetread.domain.errors import PermanentError, TransientError
from wetread.domain.foreign_step import ForeignStep, Hold
from wetread.domain.workitem import StepState
from wetread.ports.ups_manager import NoEvents, UpsEvents, UpsManager
from wetread.testing.memory_workitems import MemoryWorkitemVault
from wetread.workitems.data_set import DataSet, items, text
from wetread.workitems.foreign import ForeignPerformer
from wetread.workitems.performer import Outputs


class Elsewhere:
    """A worklist manager: another wetread behind its real HTTP door."""

    def __init__(self, world: World, port: int) -> None:
        assert world.services.workitems is not None
        self.desk, self.world = world.services.workitems, world
        self.url = f"http://127.0.0.1:{port}/dicom-web"
        self.authorization = f"Bearer {a_token(world, 'workflow')}"

    def client(self) -> UpsClient:
        return UpsClient(DicomwebExchange(self.url, authorization=self.authorization))

    def ask(self, uid: str = UID, priority: str = "HIGH") -> None:
        self.desk.create(uid, a_read(STUDY, priority), "ris")

    def step(self, uid: str = UID) -> DataSet:
        return self.desk.retrieve(uid).data_set

    def state(self, uid: str = UID) -> str:
        return text(self.step(uid), "ProcedureStepState")

    def acts(self, uid: str = UID) -> list[str]:
        """The states that were reached, in order."""
        key = self.desk.book.key(uid)
        events = [each.event for each in self.world.services.database.audit_records()]
        changes = [each for each in events if each.action == "workitem.change_state" and each.outcome == "success"]
        return [dict(each.detail)["state"] for each in changes if dict(each.detail)["workitem"] == key]


@pytest.fixture
def elsewhere() -> Iterator[Elsewhere]:
    world = a_world()
    with open_door(world) as door:
        yield Elsewhere(world, door.port)


class Performer(AskedHouse):
    """A house that performs for `manager`."""

    def __init__(self, folder: Path, manager: UpsManager, txn: int = 1000, events: UpsEvents | None = None) -> None:
        super().__init__(folder)
        self.uids, self.data_sets = iter(range(txn, txn + 1000)), MemoryWorkitemVault()
        self.manager, self.events = manager, events or NoEvents()

    def look(self) -> None:
        ForeignPerformer(
            self.manager, self.database, self.data_sets, self.list.requests, Outputs(self.vault, "WETREAD"), self.clock,
            SECRET, lambda: f"2.25.{next(self.uids)}", events=self.events,
        ).run_once()  # fmt: skip

    def go_on(self) -> None:
        for _ in range(6):
            self.look()
            self.run()
        self.look()

    def steps(self) -> list[ForeignStep]:
        return list(self.database.state.foreign_steps.values())


@pytest.fixture
def performer(tmp_path: Path, elsewhere: Elsewhere) -> Performer:
    return Performer(tmp_path, elsewhere.client())


def test_a_read_scheduled_elsewhere_is_claimed_read_and_completed_there(
    performer: Performer, elsewhere: Elsewhere
) -> None:
    elsewhere.ask()
    performer.look()
    assert (elsewhere.state(), performer.steps()) == ("SCHEDULED", [])  # its film is not here
    performer.receive(film())
    performer.look()
    performer.list.sweep()
    performer.look()
    progress = items(elsewhere.step(), "ProcedureStepProgressInformationSequence")
    assert (elsewhere.state(), text(progress[0], "ProcedureStepProgress")) == ("IN PROGRESS", "10")
    performer.go_on()
    assert elsewhere.acts() == ["IN PROGRESS", "COMPLETED"]
    (performed,) = items(elsewhere.step(), "UnifiedProcedureStepPerformedProcedureSequence")
    (series,) = items(performed, "OutputInformationSequence")
    (named,) = items(series, "ReferencedSOPSequence")
    (sr,) = [each for each in performer.vault.unnamed.instances(performer.key()) if each.header.traits.modality == "SR"]
    assert text(named, "ReferencedSOPInstanceUID") == sr.header.sop_instance_uid
    assert "No person has signed" in text(performed, "CommentsOnThePerformedProcedureStep")


def test_a_read_that_fails_is_canceled_there_with_the_reason(performer: Performer, elsewhere: Elsewhere) -> None:
    performer.predictor.prediction = prediction(gate=-5.0)
    elsewhere.ask()
    performer.receive(film())
    performer.go_on()
    assert elsewhere.acts() == ["IN PROGRESS", "CANCELED"]
    (progress,) = items(elsewhere.step(), "ProcedureStepProgressInformationSequence")
    (why,) = items(progress, "ProcedureStepDiscontinuationReasonCodeSequence")
    assert (text(why, "CodeValue"), bool(text(progress, "ReasonForCancellation"))) == ("110527", True)


def test_two_performers_race_and_exactly_one_performs(tmp_path: Path, elsewhere: Elsewhere) -> None:
    elsewhere.ask()
    houses = []
    for number in (1, 2):
        (tmp_path / str(number)).mkdir()
        houses.append(Performer(tmp_path / str(number), elsewhere.client(), 1000 * number))
        houses[-1].receive(film())
    start = threading.Barrier(2)

    def claim(house: Performer) -> None:
        start.wait(60)
        house.look()

    threads = [threading.Thread(target=claim, args=(each,)) for each in houses]
    for each in threads:
        each.start()
    for each in threads:
        each.join(120)
    for house in houses:
        house.go_on()
    holds = [each.hold for house in houses for each in house.steps()]
    assert holds.count(Hold.ENDED) == 1
    assert set(holds) <= {Hold.ENDED, Hold.LOST}
    assert elsewhere.acts() == ["IN PROGRESS", "COMPLETED"]


def test_what_another_took_is_left_alone(performer: Performer, elsewhere: Elsewhere) -> None:
    elsewhere.ask()
    performer.receive(film())
    seen = elsewhere.client().scheduled("110004", 10)
    elsewhere.desk.change_state(UID, StepState.IN_PROGRESS, TXN, "other-ai")
    performer.manager = _Stale(performer.manager, seen)
    performer.go_on()
    assert ([each.hold for each in performer.steps()], elsewhere.state()) == ([Hold.LOST], "IN PROGRESS")
    assert not performer.database.state.requests


class _Wrapped:
    """A manager that passes everything on."""

    def __init__(self, inner: UpsManager) -> None:
        self.inner, self.name = inner, inner.name

    def scheduled(self, code_value: str, limit: int) -> object:
        return self.inner.scheduled(code_value, limit)

    def state(self, uid: str) -> StepState | None:
        return self.inner.state(uid)

    def change_state(self, uid: str, wanted: StepState, transaction_uid: str) -> bool:
        return self.inner.change_state(uid, wanted, transaction_uid)

    def update(self, uid: str, transaction_uid: str, change: DataSet) -> bool:
        return self.inner.update(uid, transaction_uid, change)


class _Stale(_Wrapped):
    """Its list is of a moment ago."""

    def __init__(self, inner: UpsManager, seen: object) -> None:
        super().__init__(inner)
        self.seen = seen

    def scheduled(self, code_value: str, limit: int) -> object:
        return self.seen


class Killed(BaseException):
    """kill -9, as far as a process can play it."""


class _Deadly(_Wrapped):
    """Kills its asker before or after the nth question of a kind, once."""

    def __init__(self, inner: UpsManager, point: str) -> None:
        super().__init__(inner)
        self.when, self.what, self.nth = point.split()
        self.left = int(self.nth)

    @contextmanager
    def _asked(self, what: str) -> Iterator[None]:
        dies = False
        if what == self.what:
            self.left -= 1
            dies = self.left == 0
        if dies and self.when == "before":
            raise Killed
        yield
        if dies:
            raise Killed

    def scheduled(self, code_value: str, limit: int) -> object:
        with self._asked("scheduled"):
            return super().scheduled(code_value, limit)

    def state(self, uid: str) -> StepState | None:
        with self._asked("state"):
            return super().state(uid)

    def change_state(self, uid: str, wanted: StepState, transaction_uid: str) -> bool:
        with self._asked(f"change_state:{wanted.name}"):
            return super().change_state(uid, wanted, transaction_uid)

    def update(self, uid: str, transaction_uid: str, change: DataSet) -> bool:
        with self._asked("update"):
            return super().update(uid, transaction_uid, change)


POINTS = [
    f"{when} {what} {nth}"
    for when in ("before", "after")
    for what, nth in (
        ("scheduled", 1),
        ("change_state:IN_PROGRESS", 1),
        ("state", 1),
        ("update", 1),
        ("update", 2),
        ("change_state:COMPLETED", 1),
        ("state", 2),
    )
]


@pytest.mark.parametrize("point", POINTS)
def test_a_performer_killed_at_any_question_performs_once_and_ends_once(
    performer: Performer, elsewhere: Elsewhere, point: str
) -> None:
    elsewhere.ask()
    performer.receive(film())
    deadly = _Deadly(performer.manager, point)
    performer.manager, died = deadly, 0
    for turn in range(8):
        try:
            performer.look()
        except Killed:
            died += 1
        performer.list.sweep() if turn < 3 else performer.run()
    performer.go_on()
    assert (died, elsewhere.acts()) == (1, ["IN PROGRESS", "COMPLETED"])
    assert [each.hold for each in performer.steps()] == [Hold.ENDED]
    assert (
        len(
            [each for each in performer.vault.unnamed.instances(performer.key()) if each.header.traits.modality == "SR"]
        )
        == 1
    )
    (performed,) = items(elsewhere.step(), "UnifiedProcedureStepPerformedProcedureSequence")
    assert len(items(performed, "OutputInformationSequence")) == 1


class _SaysYes(_Wrapped):
    """Takes everything and does nothing."""

    def change_state(self, uid: str, wanted: StepState, transaction_uid: str) -> bool:
        return True


def test_a_manager_that_says_yes_and_does_nothing_is_not_believed(performer: Performer, elsewhere: Elsewhere) -> None:
    elsewhere.ask()
    performer.receive(film())
    honest, performer.manager = performer.manager, _SaysYes(performer.manager)
    performer.look()
    assert ([each.hold for each in performer.steps()], performer.database.state.requests) == ([Hold.INTENDED], {})
    performer.manager = honest
    performer.go_on()
    assert elsewhere.acts() == ["IN PROGRESS", "COMPLETED"]


def test_a_workitem_ended_there_meanwhile_is_let_go(performer: Performer, elsewhere: Elsewhere) -> None:
    elsewhere.ask()
    performer.receive(film())
    performer.look()
    txn = performer.steps()[0].transaction_uid
    elsewhere.desk.update(
        UID, txn, {"00741002": {"vr": "SQ", "Value": [{"0074100E": {"vr": "SQ", "Value": [{}]}}]}}, "x"
    )
    elsewhere.desk.book.vault.forget(elsewhere.desk.book.key(UID))
    performer.go_on()
    assert [(each.hold, each.outcome) for each in performer.steps()] == [(Hold.ENDED, "there gone")]


@pytest.mark.parametrize(
    "row",
    [
        a_read("2.25.1"),
        {**a_read(STUDY), "00080018": {"vr": "UI", "Value": ["../../admin"]}},
        {**a_read(STUDY), "00080018": {"vr": "UI", "Value": [UID]}, "00741000": {"vr": "CS", "Value": ["COMPLETED"]}},
        {**a_read(STUDY), "00080018": {"vr": "UI", "Value": [UID]}, "00404018": {"vr": "SQ"}},
        {**a_read(STUDY), "00080018": {"vr": "UI", "Value": [UID]}, "00741200": {"vr": "CS", "Value": ["NOW"]}},
        "no data set",
        {"00404021": {"vr": "SQ", "BulkDataURI": "http://169.254.169.254/"}},
    ],
)
def test_a_row_that_is_no_work_for_us_is_not_claimed(performer: Performer, row: object) -> None:
    performer.receive(film())
    performer.manager = _Stale(performer.manager, [row])
    performer.look()
    assert performer.steps() == []


@pytest.mark.parametrize(
    "lie", [*LIES.values(), lambda _: (200, "application/dicom+json", b'[{"0008'), lambda _: (503, "text/plain", b"")]
)
def test_a_manager_that_lies_or_breaks_off_is_asked_again_later(tmp_path: Path, lie: object) -> None:
    with answering(lie) as url:  # type: ignore[arg-type]
        performer = Performer(tmp_path, UpsClient(DicomwebExchange(url)))
        performer.receive(film())
        with suppress(TransientError):  # where it is no list at all
            performer.look()
        assert performer.steps() == []


def test_a_manager_that_is_slow_away_or_lets_nobody_in_is_said(tmp_path: Path) -> None:
    performer = Performer(tmp_path, UpsClient(DicomwebExchange("http://127.0.0.1:1/dicom-web", timeout_s=2)))
    with pytest.raises(TransientError):
        performer.look()
    with answering(lambda _: (200, "application/dicom+json", b"[]"), wait_s=1.0) as url:
        performer.manager = UpsClient(DicomwebExchange(url, timeout_s=0.2))
        with pytest.raises(TransientError) as late:
            performer.look()
    with answering(lambda _: (403, "text/plain", b"")) as url:
        performer.manager = UpsClient(DicomwebExchange(url))
        with pytest.raises(PermanentError) as refused:
            performer.look()
    assert (late.value.code, refused.value.code) == ("receiver_timeout", "not_authorised")


def test_a_backlog_is_told_in_order_once_the_manager_is_back(performer: Performer, elsewhere: Elsewhere) -> None:
    for uid in ("2.25.1", "2.25.2", "2.25.3"):
        elsewhere.ask(uid)
    performer.receive(film())
    performer.look()
    back, performer.manager = (
        performer.manager,
        UpsClient(DicomwebExchange("http://127.0.0.1:1/dicom-web", timeout_s=2)),
    )
    for _ in range(3):
        performer.run()
        with pytest.raises(TransientError):
            performer.look()
    assert {elsewhere.state(uid) for uid in ("2.25.1", "2.25.2", "2.25.3")} == {"IN PROGRESS"}
    performer.manager = back
    performer.manager.name = "127.0.0.1"  # type: ignore[misc]
    performer.look()
    assert {elsewhere.state(uid) for uid in ("2.25.1", "2.25.2", "2.25.3")} == {"COMPLETED"}
