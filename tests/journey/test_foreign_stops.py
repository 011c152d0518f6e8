"""Somebody at a worklist elsewhere asks that a read which wetread performs be stopped: it hears, by a real WebSocket, and ends it there. And managers that let nobody subscribe, break the channel or talk nonsense."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from builders_workitems import UID
from tests.films import film
from tests.integration.test_conformance_command import answering
from tests.journey.test_foreign_reads import Elsewhere, Performer, elsewhere
from tests.journey.waiting import wait_for
from websockets.sync.server import ServerConnection, serve

from wetread.dicom.dicomweb_exchange import DicomwebExchange
from wetread.dicom.ups_events import UpsEventChannel
from wetread.domain.errors import PermanentError
from wetread.domain.foreign_step import Hold
from wetread.domain.read_request import RequestState
from wetread.workitems.data_set import DataSet, items, text

__all__ = ["elsewhere"]

REASON = {"00080100": "110526", "00080102": "DCM", "00080104": "Resource pre-empted"}
WISH: DataSet = {
    "00741238": {"vr": "LT", "Value": ["the patient went home"]},
    "0074100E": {"vr": "SQ", "Value": [{tag: {"vr": "SH", "Value": [each]} for tag, each in REASON.items()}]},
}


def events_of(there: Elsewhere, subscriber: str = "WETREAD") -> UpsEventChannel:
    exchange = DicomwebExchange(there.url, authorization=there.authorization)
    return UpsEventChannel(exchange, there.url, subscriber, authorization=there.authorization, timeout_s=20)


@pytest.fixture
def performer(tmp_path: Path, elsewhere: Elsewhere) -> Performer:
    return Performer(tmp_path, elsewhere.client(), events=events_of(elsewhere))


def wish(there: Elsewhere) -> None:
    """The requester wants its end."""
    there.desk.request_cancel(UID, WISH, "ris")


def heard(performer: Performer) -> bool:
    """Until whoever is told has an open channel: a wish before that is missed, as the standard has it."""
    return performer.events.asked_to_stop(UID) is not None


def claimed(performer: Performer, there: Elsewhere) -> None:
    there.ask()
    performer.receive(film())
    performer.look()
    assert there.state() == "IN PROGRESS"


def wished_until_heard(performer: Performer, there: Elsewhere) -> None:
    def again() -> bool:
        wish(there)
        return heard(performer)

    wait_for(again, "the request to stop")


def test_who_is_asked_to_stop_cancels_it_there_and_reads_the_film_all_the_same(
    performer: Performer, elsewhere: Elsewhere
) -> None:
    claimed(performer, elsewhere)
    wished_until_heard(performer, elsewhere)
    performer.go_on()
    assert elsewhere.acts() == ["IN PROGRESS", "CANCELED"]
    (progress,) = items(elsewhere.step(), "ProcedureStepProgressInformationSequence")
    (why,) = items(progress, "ProcedureStepDiscontinuationReasonCodeSequence")
    assert (text(why, "CodeValue"), text(progress, "ReasonForCancellation")) == ("110526", "the patient went home")
    assert [(each.hold, each.outcome) for each in performer.steps()] == [(Hold.ENDED, "asked to stop")]
    assert [each.state for each in performer.database.state.requests.values()] == [RequestState.WITHDRAWN]
    with performer.database.begin(write=False) as unit:
        assert unit.analysis(performer.key()) is not None
    assert not _subscribers(elsewhere)


def test_one_that_comes_after_the_killed_one_is_told(
    performer: Performer, elsewhere: Elsewhere, tmp_path: Path
) -> None:
    claimed(performer, elsewhere)
    performer.events = events_of(elsewhere)
    performer.look()
    wished_until_heard(performer, elsewhere)
    performer.look()
    assert elsewhere.acts() == ["IN PROGRESS", "CANCELED"]


def test_a_wish_that_comes_when_the_read_is_done_changes_nothing(performer: Performer, elsewhere: Elsewhere) -> None:
    claimed(performer, elsewhere)
    wished_until_heard(performer, elsewhere)
    performer.run()
    performer.look()
    assert elsewhere.acts() == ["IN PROGRESS", "COMPLETED"]


def test_who_has_not_subscribed_cannot_be_asked(elsewhere: Elsewhere, tmp_path: Path) -> None:
    performer = Performer(tmp_path, elsewhere.client())
    claimed(performer, elsewhere)
    with pytest.raises(PermanentError) as refused:
        wish(elsewhere)
    assert refused.value.code == "C312"


def test_who_may_not_subscribe_performs_without(
    performer: Performer, elsewhere: Elsewhere, caplog: pytest.LogCaptureFixture
) -> None:
    performer.events = events_of(elsewhere, "no AE title of theirs")
    claimed(performer, elsewhere)
    performer.go_on()
    assert elsewhere.acts() == ["IN PROGRESS", "COMPLETED"]
    assert sum("foreign_workitem_not_followed" in each for each in caplog.messages) == 1


def _subscribers(there: Elsewhere) -> int:
    with there.world.services.database.begin(write=False) as unit:
        return len(unit.subscriptions_of("WETREAD"))


@contextmanager
def channel(say: Callable[[ServerConnection], None]) -> Iterator[int]:
    """A manager's WebSocket side."""
    with serve(say, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield int(server.socket.getsockname()[1])
        server.shutdown()
        thread.join()


def report(uid: str, kind: object = 2) -> str:
    return json.dumps({"00001000": {"vr": "UI", "Value": [uid]}, "00001002": {"vr": "US", "Value": [kind]}})


@pytest.mark.parametrize(
    "nonsense",
    [
        "no JSON",
        "[]",
        "[[[[[]]]]]",
        "{}",
        '{"00001000": 7, "00001002": {"Value": 2}}',
        report("2.25.99"),
        report(UID, 1),
        report(UID, [2]),
        "[" * 100_000,
        "x" * 300_000,
    ],
)
def test_what_is_no_request_to_stop_is_none_and_the_channel_is_opened_anew(nonsense: str) -> None:
    opened = []

    def say(socket: ServerConnection) -> None:
        opened.append(socket.request)
        socket.send(nonsense)
        if len(opened) > 1:
            socket.send(report(UID))
            socket.recv()
        socket.close()

    with channel(say) as port, answering(lambda _: (201, "text/plain", b"")) as url:
        there = UpsEventChannel(DicomwebExchange(url), f"http://127.0.0.1:{port}/dicom-web", "WETREAD")
        there.follow(UID)
        if len(nonsense) > 262_144:  # such a channel is closed each time
            wait_for(lambda: len(opened) > 1, "the second channel")
            assert there.asked_to_stop(UID) is None
        else:
            wait_for(lambda: there.asked_to_stop(UID) is not None, "the request to stop")
            assert len(opened) == 2
        there.leave(UID)
    assert there.asked_to_stop(UID) is None


@pytest.mark.parametrize(
    ("said", "where"),
    [
        ("wss://ris.example/ws/subscribers/A", "wss://ris.example/ws/subscribers/A"),
        ("/ws/A", "wss://ris.example/ws/A"),
        ("wss://ris.example:9443/ws/A", "wss://ris.example:9443/ws/A"),
        ("", "wss://ris.example/rs/subscribers/A%2FB"),
        ("ws://ris.example/ws/A", "wss://ris.example/rs/subscribers/A%2FB"),
        ("wss://elsewhere.example/ws/A", "wss://ris.example/rs/subscribers/A%2FB"),
        ("wss://us@ris.example/ws/A", "wss://ris.example/rs/subscribers/A%2FB"),
    ],
)
def test_our_credentials_go_to_the_manager_alone_and_never_in_the_clear(said: str, where: str) -> None:
    url = "https://ris.example/rs"
    assert UpsEventChannel(DicomwebExchange(url), url, "A/B")._beside(said) == where
