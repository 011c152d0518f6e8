"""Retention goes on by itself."""

import threading
from datetime import datetime, timedelta

import pytest

from wetread.context.retention import Retention
from wetread.domain.errors import TransientError
from wetread.testing.builders import NOON
from wetread.testing.clock import FixedClock
from wetread.testing.memory_snippets import MemorySnippetStore
from wetread.testing.snippet_builders import a_source


def test_what_is_past_its_retention_goes_and_the_rest_stays() -> None:
    store = MemorySnippetStore()
    store.put([a_source(source_id=str(days), added_at=NOON - timedelta(days=days)) for days in (0, 89, 91)])
    retention = Retention(lambda: store, timedelta(days=90), FixedClock(NOON))
    assert (retention.run_once(), retention.run_once()) == (1, 0)
    assert store.counts().oldest == NOON - timedelta(days=89)


def test_without_a_database_there_is_nothing_to_do() -> None:
    assert Retention(lambda: None, timedelta(days=90), FixedClock(NOON)).run_once() == 0


def test_a_database_that_is_down_is_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    stop, calls = threading.Event(), []

    class Store(MemorySnippetStore):
        def purge(self, before: datetime) -> int:
            calls.append(before)
            if len(calls) == 1:
                raise TransientError("down", code="database_down")
            stop.set()
            return 3

    store = Store()
    caplog.set_level("INFO")
    Retention(lambda: store, timedelta(days=1), FixedClock(NOON)).run(stop, every_s=0.001)
    assert calls == [NOON - timedelta(days=1)] * 2
    assert "snippets_not_purged code=database_down" in caplog.text
    assert "snippets_purged sources=3" in caplog.text
