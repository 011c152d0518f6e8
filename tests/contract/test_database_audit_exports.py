"""How far the audit log was sent outside is kept by every database alike."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from wetread.domain.audit_export import AuditExport
from wetread.ports.database import Database

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


def test_a_cursor_is_kept_by_repository(database: Database) -> None:
    state = AuditExport("arr", 7, "host/12", NOW)
    for each in (state, replace(state, sent=9, holder="", held_until=None)):
        with database.begin() as unit:
            assert unit.audit_export("other") == AuditExport("other")
            unit.save_audit_export(each)
            unit.commit()
        with database.begin(write=False) as unit:
            assert unit.audit_export("arr") == each


def test_one_sends_while_another_holds() -> None:
    lease = timedelta(minutes=5)
    held = AuditExport("arr", 7, "host/12", NOW + lease)
    assert held.may_send("host/12", NOW, lease)
    assert not held.may_send("host/13", NOW + lease / 2, lease)
    assert held.may_send("host/13", NOW + lease, lease)
    assert held.may_send("host/13", NOW - timedelta(hours=2), lease)  # the clock was set back
    assert AuditExport("arr").may_send("host/13", NOW, lease)
