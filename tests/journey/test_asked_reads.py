"""A read that is asked for by a workitem, the whole way: claimed when its films are here, followed, answered with an unsigned SR, canceled with a reason where it cannot be. On twins, by the real stages."""

from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from builders_workitems import TXN, a_read
from pydicom import dcmread
from tests.films import another_instance, film
from tests.journey.test_one_study import DOCTOR, QUIET_S, SECRET, House, prediction

from wetread.bootstrap_worklist import Worklist, build_outputs
from wetread.domain.identifiers import StudyInstanceUID, StudyKey, study_key
from wetread.domain.priority import Priority
from wetread.domain.read_request import WAIT_FOR_INPUT, RequestOrigin
from wetread.domain.study_state import StudyState
from wetread.domain.workitem import StepState
from wetread.orders.answering import Answering
from wetread.orders.read_requests import RequestDesk
from wetread.settings import Settings
from wetread.testing.memory_workitems import MemoryWorkitemVault
from wetread.workitems.book import WorkitemBook
from wetread.workitems.data_set import DataSet, items, text
from wetread.workitems.desk import WorkitemDesk
from wetread.workitems.performer import Outputs, ReadPerformer
from wetread.workitems.subscriptions import SubscriptionDesk

UID = "2.25.900"
FILM = dcmread(BytesIO(film()))
STUDY = str(FILM.StudyInstanceUID)


class AskedHouse(House):
    """A house with a worklist of its own."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.settings, self.secret = Settings(data_dir=folder), SECRET
        book = WorkitemBook(MemoryWorkitemVault(), SECRET)
        performer = ReadPerformer(
            book, Outputs(self.vault, "WETREAD", "https://wetread/dicom-web"), lambda: "2.25.1234"
        )
        requests = RequestDesk(self.database, self.clock, {RequestOrigin.WORKITEM: performer})
        self.list = Worklist(
            requests,
            WorkitemDesk(self.database, book, self.clock, requests, lambda: "2.25.4321"),
            SubscriptionDesk(self.database, book, self.clock),
        )
        answering = Answering(self.database, requests, build_outputs(self, lambda: self.reception))
        self.worker = replace(self.worker, pipeline=replace(self.worker.pipeline, answering=answering))

    def ask(
        self, priority: str = "MEDIUM", study: str = STUDY, instances: tuple[str, ...] = (), uid: str = UID
    ) -> None:
        self.list.desk.create(uid, a_read(study, priority, instances), "ris")

    def run(self) -> None:
        """Until nothing moves any more: a minute or so."""
        for _ in range(8):
            self.list.sweep()
            while self.worker.run_one():
                pass
            self.clock.advance(QUIET_S + 1)

    def step(self, uid: str = UID) -> DataSet:
        return self.list.desk.retrieve(uid).data_set

    def state(self, uid: str = UID) -> str:
        return text(self.step(uid), "ProcedureStepState")

    def progress(self) -> DataSet:
        return items(self.step(), "ProcedureStepProgressInformationSequence")[0]

    def why(self) -> str:
        return text(items(self.progress(), "ProcedureStepDiscontinuationReasonCodeSequence")[0], "CodeValue")

    def key(self) -> StudyKey:
        return study_key(SECRET, StudyInstanceUID(STUDY))


@pytest.fixture
def house(tmp_path: Path) -> AskedHouse:
    return AskedHouse(tmp_path)


def _report_of_the_study() -> bytes:
    """Something of the study that is no film."""
    data_set, out = dcmread(BytesIO(film())), BytesIO()
    data_set.Modality = "CT"
    data_set.save_as(out, enforce_file_format=True)
    return out.getvalue()


def output(house: AskedHouse, uid: str = UID) -> list[DataSet]:
    (performed,) = items(house.step(uid), "UnifiedProcedureStepPerformedProcedureSequence")
    return items(performed, "OutputInformationSequence")


def test_a_read_asked_for_before_its_film_comes_is_claimed_followed_and_completed(house: AskedHouse) -> None:
    house.predictor.prediction = prediction(logit=-4.0)
    house.ask("HIGH")
    house.run()
    assert house.state() == "SCHEDULED"
    house.receive(film())
    house.list.sweep()
    assert (house.state(), text(house.progress(), "ProcedureStepProgress")) == ("IN PROGRESS", "10")
    house.run()
    assert (house.state(), text(house.progress(), "ProcedureStepProgress")) == ("COMPLETED", "100")
    with house.database.begin(write=False) as unit:
        study, decision = unit.study(house.key()), unit.decision(house.key())
    assert decision is not None
    assert (study.priority, "ordered as stat" in decision.reason) == (Priority.STAT, True)


def test_its_output_is_an_sr_in_our_archive_that_nobody_has_signed(house: AskedHouse) -> None:
    house.receive(film())
    house.ask()
    house.run()
    (series,) = output(house)
    (named,) = items(series, "ReferencedSOPSequence")
    (filed,) = [each for each in house.vault.unnamed.instances(house.key()) if each.header.traits.modality == "SR"]
    assert text(named, "ReferencedSOPInstanceUID") == filed.header.sop_instance_uid
    sr = dcmread(house.files.path_of(filed.content_sha256))
    assert (sr.VerificationFlag, sr.CompletionFlag, sr.StudyInstanceUID) == ("UNVERIFIED", "PARTIAL", STUDY)
    assert text(items(series, "WADORSRetrievalSequence")[0], "RetrieveURL").startswith(
        "https://wetread/dicom-web/studies/"
    )
    with house.database.begin(write=False) as unit:
        assert (unit.study(house.key()).state, unit.study(house.key()).revision) == (StudyState.DRAFTED, 1)
    opened = house.desk.open(DOCTOR, house.key()).report
    assert opened is not None
    assert opened.signature is None


def test_a_study_read_already_is_answered_from_what_stands_with_the_same_objects(house: AskedHouse) -> None:
    house.receive(film())
    house.ask()
    house.run()
    reads = len(house.predictor.seen)
    house.ask(uid="2.25.901")
    house.run()
    assert (house.state("2.25.901"), output(house, "2.25.901")) == ("COMPLETED", output(house))
    assert len(house.predictor.seen) == reads


def test_a_read_waits_for_each_object_that_it_names(house: AskedHouse) -> None:
    house.ask(instances=(str(FILM.SOPInstanceUID), "2.25.902"))
    house.receive(film())
    house.run()
    assert house.state() == "SCHEDULED"
    house.receive(another_instance(film(), "2.25.902"))
    house.run()
    assert house.state() == "COMPLETED"


def test_an_input_that_never_comes_is_told(house: AskedHouse) -> None:
    house.ask()
    house.clock.advance(WAIT_FOR_INPUT.total_seconds())
    house.run()
    assert (house.state(), house.why()) == ("CANCELED", "110533")
    assert text(house.progress(), "ReasonForCancellation") == "the study did not come in time"


def test_a_read_that_fails_is_canceled_with_the_reason(house: AskedHouse) -> None:
    house.predictor.prediction = prediction(gate=-5.0)
    house.ask()
    house.receive(film())
    house.run()
    assert (house.state(), house.why()) == ("CANCELED", "110527")
    assert text(house.progress(), "ReasonForCancellation")


def test_a_study_without_a_film_is_canceled_as_unsuitable(house: AskedHouse) -> None:
    house.ask()
    house.receive(_report_of_the_study())
    house.run()
    assert house.state() == "SCHEDULED"
    house.clock.advance(600)
    house.run()
    assert (house.state(), house.why()) == ("CANCELED", "110522")


def test_who_claims_first_performs(house: AskedHouse) -> None:
    house.ask()
    house.list.desk.change_state(UID, StepState.IN_PROGRESS, TXN, "other-ai")
    house.receive(film())
    house.run()
    assert (house.state(), house.list.desk.retrieve(UID).workitem.performer_id) == ("IN PROGRESS", "other-ai")


def test_a_request_to_stop_is_honoured_while_wetread_performs(house: AskedHouse) -> None:
    house.ask()
    house.receive(film())
    house.list.sweep()
    house.list.desk.request_cancel(UID, {}, "ris")
    house.run()
    assert (house.state(), house.why()) == ("CANCELED", "110513")
    with house.database.begin(write=False) as unit:
        assert unit.study(house.key()).state is StudyState.DRAFTED  # it is read all the same
    assert not [each for each in house.vault.unnamed.instances(house.key()) if each.header.traits.modality == "SR"]


class Killed(BaseException):
    """kill -9, as far as a process can play it: nothing after this point runs."""


@pytest.mark.parametrize(
    "point",
    [
        "before_keep",
        "after_keep",
        "before_commit",
        "after_commit",
        "answer_computed",
        "answer_before_commit",
        "answer_after_commit",
    ],
)
def test_a_performer_killed_at_any_point_leaves_exactly_one_result(
    house: AskedHouse, point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.receive(film())
    house.run()
    house.ask()
    house.list.sweep()

    def die(reached: str) -> None:
        if reached == point:
            raise Killed

    for module in ("wetread.ingest.reception", "wetread.ingest.register", "wetread.pipeline"):
        monkeypatch.setattr(f"{module}.reach", die)
    with pytest.raises(Killed):
        house.worker.run_one()
    monkeypatch.undo()
    house.clock.advance(120)
    house.run()
    srs = [each for each in house.vault.unnamed.instances(house.key()) if each.header.traits.modality == "SR"]
    assert (house.state(), len(srs), len(output(house))) == ("COMPLETED", 1, 1)
    completed = [
        each
        for each in house.database.audit_records()
        if each.event.action == "workitem.perform" and ("state", "COMPLETED") in each.event.detail
    ]
    assert len(completed) == 1
