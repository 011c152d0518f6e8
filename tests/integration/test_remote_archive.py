"""Archives by DIMSE that lie, flood, stop or break off while they are asked: what comes of it is a clear refusal, and nothing that was not asked for."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from threading import Event as Flag
from typing import Any

import pytest
from archive_front import a_film, key
from builders_ingest import House
from hostile import EXPLICIT
from neighbours.process import free_port
from neighbours.scp import answering_calls
from pydicom import dcmread
from pydicom.dataset import Dataset
from pynetdicom import AE, evt

from wetread.dicom.archive_question import RetrieveBounds
from wetread.dicom.move_door import MovePort
from wetread.dicom.remote_ae import RemoteAe
from wetread.dicom.remote_archive import DimseArchive
from wetread.domain.archive import ArchivedInstance, StudyQuery
from wetread.domain.errors import PermanentError, TransientError
from wetread.ingest.outcome import Claim, InstanceOutcome
from wetread.ports.file_store import IncomingFile
from wetread.testing.memory_files import MemoryFileStore

FIND, MOVE, GET = (f"1.2.840.10008.5.1.4.1.2.2.{number}" for number in (1, 2, 3))
CR = "1.2.840.10008.5.1.4.1.1.1"
WANTED = ArchivedInstance(key(1), "", "")
Handler = Callable[[evt.Event], Iterator[Any]]


class Files:
    def __init__(self, error: Exception | None = None) -> None:
        self._store, self._error = MemoryFileStore(), error
        self.taken: list[str] = []

    def receive(self) -> IncomingFile:
        return self._store.receive()

    def hand_over(self, file: IncomingFile, wanted: ArchivedInstance) -> None:
        if self._error:
            raise self._error
        self.taken.append(wanted.sop_instance_uid)
        file.discard()


def film(number: int) -> Dataset:
    return dcmread(BytesIO(a_film(1, 1, number)))


def row(**values: str) -> tuple[int, Dataset]:
    told = Dataset()
    for keyword, value in values.items():
        setattr(told, keyword, value)
    return 0xFF00, told


def listing(*numbers: int) -> Handler:
    """A truthful index of these instances of the one series of the study."""

    def find(event: evt.Event) -> Iterator[Any]:
        if event.identifier.QueryRetrieveLevel == "SERIES":
            yield row(SeriesInstanceUID=key(1, 1), Modality="CR")
        else:
            for number in numbers:
                yield row(SOPInstanceUID=key(1, 1, number), SOPClassUID=CR)

    return find


def sending(*numbers: int, then: Callable[[evt.Event], None] = lambda _: None) -> Handler:
    def get(event: evt.Event) -> Iterator[Any]:
        yield len(numbers)
        for number in numbers:
            yield 0xFF00, film(number)
            then(event)

    return get


@contextmanager
def archive(
    find: Handler, get: Handler | None = None, move: Handler | None = None, **how: Any
) -> Iterator[DimseArchive]:
    ae = AE("PACS")
    ae.add_supported_context(FIND)
    handlers: list[Any] = [(evt.EVT_C_FIND, find)]
    if get:
        ae.add_supported_context(GET)
        ae.add_supported_context(CR, EXPLICIT, scu_role=True, scp_role=True)
        handlers.append((evt.EVT_C_GET, get))
    if move:
        ae.add_supported_context(MOVE)
        ae.add_requested_context(CR, EXPLICIT)
        handlers.append((evt.EVT_C_MOVE, move))
    with answering_calls(ae, *handlers) as port:
        yield DimseArchive("pacs", RemoteAe("PACS", "127.0.0.1", port, timeout_s=60), **how)


def test_studies_that_were_not_asked_for_are_left_out() -> None:
    def find(event: evt.Event) -> Iterator[Any]:
        yield row(StudyInstanceUID=key(1), PatientID="P1", StudyDate="20250101", ModalitiesInStudy="CR")
        yield row(StudyInstanceUID=key(2), PatientID="P2", StudyDate="20250101", ModalitiesInStudy="CR")
        yield row(StudyInstanceUID="../../admin", PatientID="P1", ModalitiesInStudy="CR")

    with archive(find) as asked:
        found = asked.studies(StudyQuery(patient_id="P1"), 10)
    assert ([each.study_instance_uid for each in found.studies], found.complete) == ([key(1)], False)


def test_an_archive_that_answers_without_end_is_hung_up_on() -> None:
    sent = 0

    def find(event: evt.Event) -> Iterator[Any]:
        nonlocal sent
        for sent in range(100_000):
            yield row(StudyInstanceUID=f"1.2.{sent + 1}", PatientID="P1")

    with archive(find) as asked:
        found = asked.studies(StudyQuery(patient_id="P1"), 10)
    assert (len(found.studies), found.complete) == (10, False)
    assert sent < 99_000


def test_a_value_that_would_ask_for_others_is_not_sent() -> None:
    asked_for: list[str] = []

    def find(event: evt.Event) -> Iterator[Any]:
        asked_for.append(str(event.identifier.PatientID))
        yield row(StudyInstanceUID=key(1), PatientID="P1")

    with archive(find) as asked:
        assert asked.studies(StudyQuery(patient_id="P1\\P2"), 10).studies == ()
        assert asked.studies(StudyQuery(patient_id="P1"), 10).studies
    assert asked_for == ["P1"]


def test_success_without_the_films_is_told() -> None:
    with archive(listing(1, 2), sending(1)) as asked:
        answer = asked.retrieve(WANTED, files := Files())
    assert (answer.handed_over, [each.code for each in answer.failed]) == (1, ["not_sent"])
    assert files.taken == [key(1, 1, 1)]
    with archive(listing(1), sending()) as asked:
        answer = asked.retrieve(WANTED, Files())
    assert (answer.handed_over, [each.code for each in answer.failed]) == (0, ["not_sent"])


def test_what_was_not_listed_is_not_taken_and_nothing_twice() -> None:
    with archive(listing(1), sending(7, 1, 1)) as asked:
        answer = asked.retrieve(WANTED, files := Files())
    assert (answer.handed_over, answer.failed, files.taken) == (1, (), [key(1, 1, 1)])


def test_an_archive_that_sends_all_it_has_is_hung_up_on() -> None:
    with archive(listing(1), sending(*range(100, 200))) as asked, pytest.raises(PermanentError) as caught:
        asked.retrieve(WANTED, Files())
    assert caught.value.code == "not_asked"


def test_what_came_before_the_archive_broke_off_stays() -> None:
    with archive(listing(1, 2), sending(1, 2, then=lambda event: event.assoc.abort())) as asked:
        files = Files()
        with pytest.raises(TransientError) as caught:
            asked.retrieve(WANTED, files)
    assert (caught.value.code, files.taken) == ("broke_off", [key(1, 1, 1)])


def test_an_archive_that_says_nothing_more_is_given_up() -> None:
    done = Flag()

    def silent(event: evt.Event) -> Iterator[Any]:
        yield 1
        done.wait(20)

    bounds = RetrieveBounds(seconds=1.0)
    with archive(listing(1), silent, bounds=bounds) as asked:
        with pytest.raises(TransientError) as caught:
            asked.retrieve(WANTED, Files())
        done.set()
    assert caught.value.code == "too_slow"


@pytest.mark.parametrize(
    ("bounds", "handed_over"), [(RetrieveBounds(instance_bytes=300), 0), (RetrieveBounds(total_bytes=1000), None)]
)
def test_too_many_bytes_are_not_taken(bounds: RetrieveBounds, handed_over: int | None) -> None:
    with archive(listing(1, 2), sending(1, 2), bounds=bounds) as asked:
        if handed_over is None:
            with pytest.raises(PermanentError) as caught:
                asked.retrieve(WANTED, Files())
            assert caught.value.code == "too_large"
        else:
            answer = asked.retrieve(WANTED, Files())
            assert (answer.handed_over, len(answer.failed)) == (handed_over, 2)


def test_more_instances_than_one_retrieve_may_have_are_not_begun() -> None:
    bounds, files = RetrieveBounds(instances=2), Files()
    with archive(listing(1, 2, 3), sending(1, 2, 3), bounds=bounds) as asked, pytest.raises(PermanentError) as caught:
        asked.retrieve(WANTED, files)
    assert (caught.value.code, files.taken) == ("too_many", [])


def test_where_we_cannot_store_the_archive_is_told_and_asked_again() -> None:
    with archive(listing(1, 2), sending(1, 2)) as asked, pytest.raises(TransientError) as caught:
        asked.retrieve(WANTED, Files(TransientError("no space left", code="storage_full")))
    assert caught.value.code == "storage_full"


def test_a_film_that_is_not_what_the_archive_says_is_not_stored(house: House) -> None:
    """The command names what was listed, the bytes are another instance of another patient."""

    def get(event: evt.Event) -> Iterator[Any]:
        yield 1
        other = dcmread(BytesIO(a_film(2, 1, 1, patient="P2")))
        other.SOPInstanceUID = key(1, 1, 1)
        yield 0xFF00, other

    class Inbox:
        outcomes: tuple[InstanceOutcome, ...] = ()

        def receive(self) -> IncomingFile:
            return house.files.receive()

        def hand_over(self, file: IncomingFile, wanted: ArchivedInstance) -> None:
            claim = Claim(wanted.study_instance_uid, wanted.sop_class_uid, wanted.sop_instance_uid)
            self.outcomes += house.reception.receive([file], "archive:pacs", claim)

    with archive(listing(1), get) as asked:
        asked.retrieve(WANTED, inbox := Inbox())
    assert [each.outcome.acknowledged for each in inbox.outcomes] == [False]
    with house.database.begin(write=False) as unit:
        assert not unit.worklist(states=None)


def moving(event: evt.Event, port: int, *numbers: int) -> Iterator[Any]:
    yield ("127.0.0.1", port)
    yield len(numbers)
    for number in numbers:
        yield 0xFF00, film(number)


def test_a_move_brings_what_was_listed_and_nothing_else() -> None:
    port = MovePort("WETREAD_IN", "127.0.0.1", free_port())
    with archive(listing(1, 2), move=lambda event: moving(event, port.port, 7, 1), move_port=port) as asked:
        answer = asked.retrieve(WANTED, files := Files())
    assert (answer.handed_over, files.taken) == (1, [key(1, 1, 1)])
    assert [each.code for each in answer.failed] == ["not_sent"]
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port.port), 1)


def test_a_stranger_at_the_port_of_a_move_is_rejected() -> None:
    port, answered = MovePort("WETREAD_IN", "127.0.0.1", free_port()), []

    def move(event: evt.Event) -> Iterator[Any]:
        stranger = AE("STRANGER")
        stranger.add_requested_context(CR)
        association = stranger.associate("127.0.0.1", port.port, ae_title="WETREAD_IN")
        answered.append(association.is_established)
        yield from moving(event, port.port, 1)

    with archive(listing(1), move=move, move_port=port) as asked:
        assert asked.retrieve(WANTED, Files()).handed_over == 1
    assert answered == [False]


def test_a_move_that_cannot_be_made_says_what_to_do() -> None:
    port = MovePort("WETREAD_IN", "127.0.0.1", free_port())
    with archive(listing(1), move=lambda _: iter([(None, None)]), move_port=port) as asked:
        with pytest.raises(PermanentError, match="move_port there"):
            asked.retrieve(WANTED, Files())
        with socket.create_server(("127.0.0.1", port.port)), pytest.raises(TransientError) as taken:
            asked.retrieve(WANTED, Files())
        assert taken.value.code == "port_taken"
    with archive(listing(1)) as asked, pytest.raises(PermanentError, match="set move_port"):
        asked.retrieve(WANTED, Files())


def test_an_archive_that_is_not_there_or_rejects_us() -> None:
    gone = DimseArchive("pacs", RemoteAe("PACS", "127.0.0.1", free_port(), timeout_s=1))
    for ask in (gone.identity, lambda: gone.studies(StudyQuery(), 1), lambda: gone.retrieve(WANTED, Files())):
        with pytest.raises(TransientError):
            ask()
    with archive(listing(1)) as asked, pytest.raises(PermanentError) as caught:
        asked.changes("", 1)
    assert caught.value.code == "no_change_feed"
