"""The event channel of the worklist by a WebSocket client of its own kind: what stands, what changes, and who is turned away or let go."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from builders_web import Browser, World, a_token, a_world, open_door
from builders_workitems import DONE, TXN, UID, System, a_step, sequence
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from wetread.domain.role import Role
from wetread.domain.workitem import EventKind, WorkitemEvent
from wetread.web.services import WebSettings

WORKLIST = "1.2.840.10008.5.1.4.34.5"


@pytest.fixture
def ris(world: World, door: Browser) -> System:
    return System(world, door)


@contextmanager
def channel(door: Browser, subscriber: str = "RIS", **headers: str) -> Iterator[ClientConnection]:
    with connect(
        f"ws://127.0.0.1:{door.port}/dicom-web/subscribers/{subscriber}",
        additional_headers=headers,
        compression=None,
        proxy=None,
        open_timeout=60,
    ) as opened:
        yield opened


def bearer(world: World, actor: str = "workflow") -> dict[str, str]:
    return {"Authorization": f"Bearer {a_token(world, actor)}"}


def told(opened: ClientConnection) -> tuple[int, str, dict[str, Any]]:
    """Event type, workitem, and the rest of the report."""
    report = json.loads(opened.recv(timeout=60))
    assert report["00000002"]["Value"] == ["1.2.840.10008.5.1.4.34.6.4"]
    return report["00001002"]["Value"][0], report["00001000"]["Value"][0], report


def states(opened: ClientConnection, count: int) -> list[tuple[str, str]]:
    found = [told(opened) for _ in range(count)]
    assert [kind for kind, _, _ in found] == [1] * count
    return [(uid, report["00741000"]["Value"][0]) for _, uid, report in found]


def test_a_subscriber_is_told_what_stands_and_then_what_changes(world: World, door: Browser, ris: System) -> None:
    ris.create(a_step())
    ris.send("POST", f"/workitems/{UID}/subscribers/RIS")
    with channel(door, **bearer(world)) as opened:
        assert states(opened, 1) == [(UID, "SCHEDULED")]
        ris.state("IN PROGRESS")
        assert states(opened, 1) == [(UID, "IN PROGRESS")]
        ris.update({"00741002": sequence({"00741004": {"vr": "DS", "Value": [40]}})}, TXN)
        kind, uid, report = told(opened)
        assert (kind, uid, report["00741002"]["Value"][0]["00741004"]["Value"]) == (3, UID, [40])
        ris.update(DONE, TXN)
        ris.state("COMPLETED")
        assert states(opened, 1) == [(UID, "COMPLETED")]


def test_assignment_and_a_request_to_stop_are_told_to_the_performer(world: World, door: Browser, ris: System) -> None:
    ris.create(a_step())
    ris.send("POST", f"/workitems/{UID}/subscribers/RIS")
    with channel(door, **bearer(world)) as opened:
        states(opened, 1)
        ris.update({"00404025": sequence({"00080100": {"vr": "SH", "Value": ["AI1"]}})})
        assert told(opened)[0] == 5
        ris.state("IN PROGRESS")
        states(opened, 1)
        ris.send("POST", f"/workitems/{UID}/cancelrequest", [{"00741238": {"vr": "LT", "Value": ["wrong side"]}}])
        kind, _, report = told(opened)
        assert (kind, report["00741238"]["Value"]) == (2, ["wrong side"])


def test_what_was_missed_while_away_is_told_at_the_next_connection(world: World, door: Browser, ris: System) -> None:
    ris.send("POST", f"/workitems/{WORKLIST}/subscribers/RIS")
    token = bearer(world)
    with channel(door, **token) as opened:
        ris.create(a_step(), "2.25.1")
        assert ("2.25.1", "SCHEDULED") in states(opened, 1)
    ris.state("IN PROGRESS", uid="2.25.1")
    ris.create(a_step(), "2.25.2")
    with channel(door, **token) as opened:
        assert sorted(states(opened, 2)) == [("2.25.1", "IN PROGRESS"), ("2.25.2", "SCHEDULED")]


def test_nobody_is_told_of_what_they_are_not_subscribed_to(world: World, door: Browser, ris: System) -> None:
    ris.create(a_step(), "2.25.1")
    ris.create(a_step(), "2.25.2")
    ris.send("POST", "/workitems/2.25.2/subscribers/RIS")
    with channel(door, **bearer(world)) as opened:
        assert states(opened, 1) == [("2.25.2", "SCHEDULED")]
        ris.state("IN PROGRESS", uid="2.25.1")
        ris.state("IN PROGRESS", uid="2.25.2")
        assert states(opened, 1) == [("2.25.2", "IN PROGRESS")]


@pytest.mark.parametrize(
    ("who", "headers", "status"),
    [
        ("", {}, 403),
        ("", {"Origin": "http://127.0.0.1:{port}"}, 401),
        ("", {"Authorization": "Bearer wrt_guessed"}, 401),
        ("workflow", {"Origin": "https://evil.example"}, 403),
        ("workflow", {"Origin": "null"}, 403),
        ("workflow", {"Sec-Fetch-Site": "cross-site"}, 403),
        ("workflow", {"Host": "evil.example"}, 400),  # beside the one that the client sends
        ("service", {}, 403),
        ("admin", {}, 403),
        ("other", {}, 403),
    ],
)
def test_who_may_not_listen_is_turned_away(
    world: World, door: Browser, ris: System, who: str, headers: dict[str, str], status: int
) -> None:
    world.add_account("other", Role.WORKFLOW)
    ris.create(a_step())
    ris.send("POST", f"/workitems/{UID}/subscribers/RIS")
    sent = {name: value.format(port=door.port) for name, value in headers.items()} | (bearer(world, who) if who else {})
    with pytest.raises(InvalidStatus) as caught, channel(door, **sent):
        pass
    assert caught.value.response.status_code == status


def test_a_page_of_ours_may_listen_with_its_session_and_another_sites_may_not(world: World, door: Browser) -> None:
    doctor = door.as_("radiologist")
    ours = {"Cookie": doctor.cookie, "Origin": f"http://127.0.0.1:{door.port}"}
    with channel(door, "SCREEN", **ours):
        pass
    with pytest.raises(InvalidStatus), channel(door, "SCREEN", Cookie=doctor.cookie, Origin="http://evil.example"):
        pass
    with pytest.raises(InvalidStatus), channel(door, "SCREEN", Cookie=doctor.cookie):
        pass


def test_no_channel_is_anywhere_else(world: World, door: Browser) -> None:
    for path in ("/dicom-web/subscribers/A*B", "/api/events", "/dicom-web/workitems"):
        with (
            pytest.raises(InvalidStatus),
            connect(f"ws://127.0.0.1:{door.port}{path}", additional_headers=bearer(world), proxy=None),
        ):
            pass


@pytest.mark.parametrize("message", ["hello", "x" * 5000])
def test_a_subscriber_that_speaks_is_hung_up_on(world: World, door: Browser, message: str) -> None:
    with channel(door, **bearer(world)) as opened:
        opened.send(message)
        with pytest.raises(ConnectionClosed):
            opened.recv(timeout=60)


def test_an_account_has_a_few_channels_and_no_more(world: World, door: Browser) -> None:
    token = bearer(world)
    with (
        channel(door, "A", **token),
        channel(door, "B", **token),
        channel(door, "C", **token),
        channel(door, "D", **token),
    ):
        with pytest.raises(InvalidStatus) as caught, channel(door, "E", **token):
            pass
        assert caught.value.response.status_code == 503
    for _ in range(200):  # the door learns of a hang-up in its own time
        try:
            with channel(door, "E", **token):
                break
        except InvalidStatus:
            time.sleep(0.05)
    else:
        pytest.fail("a channel that was closed still counts")


def test_a_session_that_ends_ends_its_channel() -> None:
    world = a_world(settings=WebSettings(heartbeat_s=0.1))
    with open_door(world) as door:
        doctor = door.as_("radiologist")
        with channel(door, "SCREEN", Cookie=doctor.cookie, Origin=f"http://127.0.0.1:{door.port}") as opened:
            doctor.post("/api/logout")
            with pytest.raises(ConnectionClosed) as caught:
                opened.recv(timeout=60)
    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == 1008


def test_who_never_reads_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    from wetread.web import app
    from wetread.web.subscribers import Channels

    channels = Channels(send_s=0.2)
    monkeypatch.setattr(app, "Channels", lambda: channels)
    world = a_world()
    with open_door(world) as door:
        ris = System(world, door)
        reason = {"00080100": {"vr": "SH", "Value": ["1"]}, "00080104": {"vr": "LO", "Value": ["x" * 10_000]}}
        padding = {"0074100E": sequence(reason)}
        ris.create(a_step())
        ris.send("POST", f"/workitems/{UID}/cancelrequest", [padding])
        with world.services.database.begin() as unit:  # 10 kB a report, and more of them than any kernel buffers
            for number in range(800):
                ended = next(iter(unit.ended_workitems(world.clock.now() + timedelta(days=1))))
                unit.save_event(
                    WorkitemEvent(
                        10**6 + number,
                        0,
                        ended.workitem_key,
                        EventKind.STATE_REPORT,
                        ended.version,
                        ended.state,
                        world.clock.now(),
                    ),
                    forget_before=world.clock.now() - timedelta(days=1),
                )
            unit.commit()
        ris.send("POST", f"/workitems/{WORKLIST}/subscribers/RIS")
        with socket.socket() as mute:
            mute.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            mute.connect(("127.0.0.1", door.port))
            head = {
                "Host": f"127.0.0.1:{door.port}",
                "Upgrade": "websocket",
                "Connection": "Upgrade",
                "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
                "Sec-WebSocket-Version": "13",
                **bearer(world),
            }
            lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
            mute.sendall(f"GET /dicom-web/subscribers/RIS HTTP/1.1\r\n{lines}\r\n".encode())
            assert mute.recv(12) == b"HTTP/1.1 101"
            until = time.monotonic() + 120
            while channels._open.total() and time.monotonic() < until:
                time.sleep(0.05)
            assert channels._open.total() == 0
