"""Thousands of failed sign-ins: few passwords are checked, memory stays bounded, and whoever reads is answered."""

import threading
import time
from collections.abc import Callable

import pytest
from builders_web import Browser, World

from wetread.web import doorkeeper
from wetread.web.lockout import FREE_FAILURES

STORM = 40


def together(count: int, act: Callable[[int], None]) -> None:
    threads = [threading.Thread(target=act, args=(number,)) for number in range(count)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(120)


def test_a_storm_against_one_account_has_few_passwords_checked(door: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[str] = []
    monkeypatch.setattr(doorkeeper, "verify_password", lambda password, _: checked.append(password))
    answers = [door.log_in("radiologist", f"wrong {number}").status for number in range(300)]
    assert len(checked) == FREE_FAILURES
    assert answers == [401] * FREE_FAILURES + [429] * (300 - FREE_FAILURES)


def test_a_storm_under_ever_new_names_takes_the_threads_from_nobody(
    world: World, door: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, goes_on, statuses = threading.Semaphore(0), threading.Event(), []

    def slow(_: str, __: str) -> bool:
        held.release()
        assert goes_on.wait(120)
        return False

    key = world.add_study()
    reader = door.as_("radiologist")
    monkeypatch.setattr(doorkeeper, "verify_password", slow)
    storm = threading.Thread(
        target=together, args=(STORM, lambda number: statuses.append(door.log_in(f"name-{number}", "x").status))
    )
    storm.start()
    assert held.acquire(timeout=120)
    assert reader.get(f"/api/studies/{key}").status == 200
    assert reader.get("/api/worklist").status == 200
    while statuses.count(503) < STORM - doorkeeper._QUEUE:
        assert storm.is_alive()
        time.sleep(0.01)
    goes_on.set()
    storm.join(120)
    assert sorted(statuses) == [401] * doorkeeper._QUEUE + [503] * (STORM - doorkeeper._QUEUE)
