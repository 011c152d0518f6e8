"""A loop that does what is due: trouble is waited out, a bug ends the process and tells nothing of a patient."""

import logging
from threading import Event

import pytest

from wetread.domain.errors import TransientError
from wetread.ingest.turns import in_turns


def test_trouble_is_waited_out_and_a_bug_ends_it_by_its_kind_alone(caplog: pytest.LogCaptureFixture) -> None:
    steps = iter([True, TransientError("busy", code="database_busy"), False, KeyError("Doe^Jane")])

    def turn() -> bool:
        step = next(steps)
        if isinstance(step, Exception):
            raise step
        return step

    stopped = Event()
    with caplog.at_level(logging.WARNING):
        in_turns(turn, stopped, idle_s=0)
    assert stopped.is_set()
    assert list(steps) == []
    assert "turn_failed code=database_busy" in caplog.text
    assert "turn_crashed error=KeyError" in caplog.text
    assert "Doe" not in caplog.text
