"""The live view: screens hear of changes, strangers hear nothing, nobody hears for ever."""

import asyncio
import http.client
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from builders_web import Browser, a_world, open_door

from wetread.domain.role import Actor, Role
from wetread.web.pulse import Pulse
from wetread.web.services import WebSettings


@contextmanager
def listening(reader: Browser) -> Iterator[http.client.HTTPResponse]:
    connection = http.client.HTTPConnection("127.0.0.1", reader.port, timeout=60)
    connection.request("GET", "/api/events", headers={"Cookie": reader.cookie})
    answer = connection.getresponse()
    try:
        yield answer
    finally:
        answer.close()
        connection.close()


def next_event(answer: http.client.HTTPResponse) -> tuple[str, str]:
    while not (line := answer.readline()).startswith(b"event:"):
        assert line, "the stream ended"
    return line.decode().removeprefix("event: ").strip(), answer.readline().decode().removeprefix("data: ").strip()


def test_a_screen_hears_of_every_change() -> None:
    world = a_world()
    with open_door(world) as door, listening(door.as_("radiologist")) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        first = next_event(answer)
        world.services.desk.look(Actor("radiologist", Role.RADIOLOGIST), world.add_study())
        second = next_event(answer)
    assert first[0] == second[0] == "change"
    assert first[1] != second[1]


def test_events_carry_a_number_and_nothing_else() -> None:
    world = a_world()
    world.add_study(patient_name="Secret^Person")
    with open_door(world) as door, listening(door.as_("technologist")) as answer:
        _, data = next_event(answer)
    assert data.startswith('{"token": ')
    assert "ecret" not in data


def test_there_is_room_for_so_many_screens_only() -> None:
    world = a_world(settings=WebSettings(max_live_clients=1))
    with open_door(world) as door:
        reader = door.as_("radiologist")
        with listening(reader) as first:
            next_event(first)
            answer = reader.get("/api/events")
            assert (answer.status, answer.headers["retry-after"]) == (503, "30")


def test_a_screen_that_leaves_makes_room() -> None:
    world = a_world(settings=WebSettings(max_live_clients=1, heartbeat_s=0.1))
    with open_door(world) as door:
        reader = door.as_("radiologist")
        for _ in range(3):
            with listening(reader) as answer:
                next_event(answer)
            for _ in range(1000):
                if (reader.get("/api/session").status, _has_room(reader)) == (200, True):
                    break
            else:
                pytest.fail("the place of a screen that left was never given away")


def _has_room(reader: Browser) -> bool:
    with listening(reader) as answer:
        return answer.status == 200


@pytest.mark.parametrize("role", ["ml_engineer", "admin", "service"])
def test_who_may_not_see_the_worklist_hears_nothing(role: str) -> None:
    with open_door(a_world()) as door:
        assert door.as_(role).get("/api/events").status == 403


def test_a_stream_ends_with_its_session() -> None:
    world = a_world(settings=WebSettings(heartbeat_s=0.2))
    with open_door(world) as door:
        reader = door.as_("radiologist")
        with listening(reader) as answer:
            next_event(answer)
            world.clock.advance(world.services.settings.idle_s + 1)
            assert next_event(answer) == ("signed-out", "{}")
            assert answer.read().strip() == b""


def test_nobody_listening_means_nobody_polling() -> None:
    polled: list[int] = []

    def change_token() -> int:
        polled.append(1)
        return len(polled)

    async def run() -> None:
        pulse = Pulse(change_token, max_clients=2, heartbeat_s=15)
        beats = pulse.beats()
        assert await anext(beats) == 1
        await beats.aclose()  # type: ignore[attr-defined]
        count = len(polled)
        await asyncio.sleep(0.8)
        assert len(polled) == count
        assert pulse.has_room

    asyncio.run(run())
