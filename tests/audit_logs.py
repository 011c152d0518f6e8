"""Audit logs in memory, and the ways somebody may want to change one afterwards."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from wetread.domain.audit import GENESIS, AuditEvent, AuditRecord, record_hash
from wetread.domain.identifiers import StudyKey

BEGAN = datetime(2026, 11, 1, tzinfo=UTC)


def a_log(size: int, seed: int = 1) -> list[AuditRecord]:
    """A chain that holds."""
    dice = random.Random(seed)
    events = (
        AuditEvent(
            dice.choice(("report.sign", "study.open", "login")),
            f"person-{dice.randrange(5)}",
            study_key=StudyKey(f"{dice.randrange(10**6):024d}"),
            detail=(("version", str(dice.randrange(3))),),
        )
        for _ in range(size)
    )
    return chained((BEGAN + timedelta(seconds=number), event) for number, event in enumerate(events))


def chained(entries: "object") -> list[AuditRecord]:
    """(time, event) pairs as a log that holds by itself: what somebody with the database could write instead."""
    log: list[AuditRecord] = []
    for number, (at, event) in enumerate(entries, 1):  # type: ignore[var-annotated,arg-type]
        previous = log[-1].hash if log else GENESIS
        log.append(AuditRecord(number, at, event, previous, record_hash(number, at, event, previous)))
    return log


def mutated(log: list[AuditRecord], dice: random.Random) -> tuple[str, list[AuditRecord], int]:
    """(what was done, the log afterwards, the first record that is not what it was), one change at random."""
    at = dice.randrange(len(log))
    record = log[at]
    match dice.randrange(8):
        case 0:
            changed = replace(record, event=replace(record.event, actor_id="somebody-else"))
            return "actor changed", [*log[:at], changed, *log[at + 1 :]], at + 1
        case 1:
            changed = replace(record, event=replace(record.event, outcome="refused"))
            return "outcome changed", [*log[:at], changed, *log[at + 1 :]], at + 1
        case 2:
            changed = replace(record, recorded_at=record.recorded_at + timedelta(microseconds=1))
            return "time changed", [*log[:at], changed, *log[at + 1 :]], at + 1
        case 3:
            return "record removed", [*log[:at], *log[at + 1 :]], at + 1
        case 4:
            other = dice.randrange(len(log))
            swapped = list(log)
            swapped[at], swapped[other] = log[other], log[at]
            return "records exchanged", swapped, min(at, other) + 1 if at != other else 0
        case 5:
            return "tail cut", log[:at], at + 1
        case 6:
            entries = [(each.recorded_at, each.event) for each in log]
            entries[at] = (record.recorded_at, replace(record.event, actor_id="somebody-else"))
            return "rewritten from there on", chained(entries), at + 1
        case _:
            entries = [(each.recorded_at, each.event) for each in log]
            entries.insert(at, (record.recorded_at, AuditEvent("report.sign", "somebody-else")))
            return "record put in, and all after it rewritten", chained(entries), at + 1
