"""The audit chain: an untouched one verifies, a touched one never does."""

import json
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from wetread.domain.audit import GENESIS, AuditEvent, AuditRecord, ChainBreak, record_hash, verify_chain
from wetread.domain.identifiers import StudyKey

TEXT = st.text(max_size=8)
EVENTS = st.builds(
    AuditEvent,
    action=TEXT,
    actor_id=TEXT,
    outcome=TEXT,
    study_key=st.none() | TEXT.map(StudyKey),
    detail=st.lists(st.tuples(TEXT, TEXT), max_size=3).map(tuple),
)
TIMES = st.datetimes(timezones=st.just(UTC))


def chain_of(events: list[tuple[datetime, AuditEvent]]) -> list[AuditRecord]:
    records: list[AuditRecord] = []
    for sequence, (at, event) in enumerate(events, 1):
        previous = records[-1].hash if records else GENESIS
        records.append(AuditRecord(sequence, at, event, previous, record_hash(sequence, at, event, previous)))
    return records


CHAINS = st.lists(st.tuples(TIMES, EVENTS), min_size=1, max_size=6).map(chain_of)
CHAIN = chain_of([(datetime(2026, 3, 2, tzinfo=UTC), AuditEvent("sign", f"dr.{name}")) for name in "abcde"])


def by_json(sequence: int, at: datetime, event: AuditEvent, previous: str) -> str:
    """As the format is defined, by the standard library."""
    body = [sequence, at.isoformat(), event.action, event.actor_id, event.outcome, event.study_key, event.detail]
    return sha256(json.dumps([*body, previous], separators=(",", ":")).encode()).hexdigest()


@given(st.integers(1, 2**40), TIMES, EVENTS, TEXT)
def test_the_hash_is_that_of_the_canonical_json(sequence: int, at: datetime, event: AuditEvent, previous: str) -> None:
    assert record_hash(sequence, at, event, previous) == by_json(sequence, at, event, previous)


@pytest.mark.parametrize("odd", [None, 5, 2.5, True, ["a"]])
def test_a_row_of_the_wrong_types_has_a_hash_too(odd: Any) -> None:
    """SQLite stores what it is given: who changed a row may have left a number in a column of text, and must be found."""
    event, at = AuditEvent(odd, "dr.a", detail=(("name", odd),)), datetime(2026, 3, 2, tzinfo=UTC)
    assert record_hash(1, at, event, GENESIS) == by_json(1, at, event, GENESIS)


@given(CHAINS)
def test_an_untouched_chain_verifies(chain: list[AuditRecord]) -> None:
    assert verify_chain(chain) is None
    assert verify_chain([]) is None


@given(chain=CHAINS, data=st.data())
def test_a_changed_event_is_found_where_it_is(chain: list[AuditRecord], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(chain) - 1))
    name = data.draw(st.sampled_from([field.name for field in fields(AuditEvent)]))
    changed = replace(chain[place].event, **{name: getattr(data.draw(EVENTS), name)})
    assume(changed != chain[place].event)
    chain[place] = replace(chain[place], event=changed)
    found = verify_chain(chain)
    assert found is not None
    assert found.sequence == place + 1


@given(chain=CHAINS, data=st.data(), seconds=st.integers(1, 10**6))
def test_a_changed_time_is_found(chain: list[AuditRecord], data: st.DataObject, seconds: int) -> None:
    place = data.draw(st.integers(0, len(chain) - 1))
    assume(chain[place].recorded_at.year < 9000)
    chain[place] = replace(chain[place], recorded_at=chain[place].recorded_at + timedelta(seconds=seconds))
    found = verify_chain(chain)
    assert found is not None
    assert found.sequence == place + 1


@given(chain=CHAINS, data=st.data())
def test_a_record_with_a_new_hash_breaks_the_next_one(chain: list[AuditRecord], data: st.DataObject) -> None:
    """Rewriting a record together with its own hash shows one later, unless it was the last: hence checkpoints elsewhere."""
    place = data.draw(st.integers(0, len(chain) - 1))
    old = chain[place]
    event = replace(old.event, actor_id=old.event.actor_id + "x")
    forged_hash = record_hash(old.sequence, old.recorded_at, event, old.previous_hash)
    chain[place] = replace(old, event=event, hash=forged_hash)
    found = verify_chain(chain)
    assert (found is None) == (place == len(chain) - 1)
    assert found is None or found.sequence == place + 2


@pytest.mark.parametrize(
    ("what", "chain", "sequence"),
    [
        ("a record lost in the middle", CHAIN[:2] + CHAIN[3:], 3),
        ("the first record lost", CHAIN[1:], 1),
        ("two records swapped", [CHAIN[1], CHAIN[0], *CHAIN[2:]], 1),
        ("a record twice", [*CHAIN[:2], CHAIN[1], *CHAIN[2:]], 3),
        ("a record of another chain", [*CHAIN[:2], chain_of([(CHAIN[0].recorded_at, CHAIN[0].event)] * 3)[2]], 3),
    ],
)
def test_a_lost_or_reordered_record_is_found(what: str, chain: list[AuditRecord], sequence: int) -> None:
    found = verify_chain(chain)
    assert isinstance(found, ChainBreak), what
    assert found.sequence == sequence


def test_a_chain_can_be_verified_from_a_checkpoint() -> None:
    assert verify_chain(CHAIN[2:], previous=CHAIN[1].hash, start=3) is None
    found = verify_chain(CHAIN[2:], previous=GENESIS, start=3)
    assert found is not None
    assert found.sequence == 3


@given(first=EVENTS, second=EVENTS)
def test_different_events_have_different_hashes(first: AuditEvent, second: AuditEvent) -> None:
    at = datetime(2026, 3, 2, tzinfo=UTC)
    assert (record_hash(1, at, first, GENESIS) == record_hash(1, at, second, GENESIS)) == (first == second)
