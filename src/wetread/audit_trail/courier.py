"""Brings the audit log to a repository: in order, each record at least once, and loud when it stands still."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Protocol

from wetread.domain.alarm import AlarmKind
from wetread.domain.audit import AuditRecord
from wetread.domain.audit_export import AuditExport
from wetread.domain.errors import TransientError
from wetread.domain.resting import Resting
from wetread.monitoring.alarms import Silence, settle
from wetread.ports.database import Database

__all__ = ["AuditCourier", "Receiver"]

_LOG = logging.getLogger(__name__)
_BATCH = 200
_BATCHES = 50
"""In one round, so that the alarm is looked at in between also while much is owed."""
_LEASE = timedelta(seconds=300)
_LOST = "audit_export_lost"
_KINDS = frozenset({AlarmKind.AUDIT_EXPORT_STANDS})


class Receiver(Protocol):
    def send(self, messages: Sequence[bytes]) -> None:
        """Raises TransientError."""
        ...


@dataclass(slots=True)
class AuditCourier:
    """`name` is the repository's, and its cursor's; `holder` this process's. `message` makes what is sent of a record; it may raise TransientError (the vault is away).

    The cursor moves only after the receiver has read a batch: a process that dies before sends the batch again. The receiver knows a record by its number and hash.
    """

    database: Database
    name: str
    holder: str
    receiver: Receiver
    message: Callable[[AuditRecord], bytes]
    silent_after: timedelta
    now_s: Callable[[], float] = time.monotonic
    _resting: Resting = field(init=False)

    def __post_init__(self) -> None:
        self._resting = Resting(self.now_s)

    def run_once(self, now: datetime) -> int:
        """How many records went out. Raises TransientError when the database is away."""
        sent, owed = 0, self._owed()
        if owed and not self._resting.rests:
            sent = self._send(now)
            owed = self._owed()
        self._tell(owed, now)
        return sent

    def _owed(self) -> AuditRecord | None:
        """The oldest record that the repository does not have."""
        with self.database.begin(write=False) as unit:
            start = unit.audit_export(self.name).sent + 1
        return next(iter(self.database.audit_records(start=start)), None)

    def _send(self, now: datetime) -> int:
        state = self._hold(now)
        if state is None:
            return 0
        began = state.sent
        records = self.database.audit_records(start=began + 1)
        try:
            for _ in range(_BATCHES):
                batch = list(islice(records, _BATCH))
                if not batch:
                    break
                self.receiver.send([self.message(each) for each in batch])
                self._resting.answered()
                state = self._keep(replace(state, sent=batch[-1].sequence))
        except TransientError as error:
            self._resting.failed()
            _LOG.warning("audit_export_waits code=%s", error.code)
            if error.code == _LOST:
                return state.sent - began
        self._keep(replace(state, holder="", held_until=None))
        return state.sent - began

    def _hold(self, now: datetime) -> AuditExport | None:
        """None while another process sends."""
        with self.database.begin() as unit:
            state = unit.audit_export(self.name)
            if not state.may_send(self.holder, now, _LEASE):
                return None
            held = replace(state, holder=self.holder, held_until=now + _LEASE)
            unit.save_audit_export(held)
            unit.commit()
        return held

    def _keep(self, state: AuditExport) -> AuditExport:
        """Raises TransientError when another process took over: we were too slow."""
        with self.database.begin() as unit:
            if unit.audit_export(self.name).holder != self.holder:
                raise TransientError("another process sends the audit log now", code=_LOST)
            unit.save_audit_export(state)
            unit.commit()
        return state

    def _tell(self, owed: AuditRecord | None, now: datetime) -> None:
        """The alarm as long as the oldest record owed waits too long; nothing is written while all is well."""
        late = owed is not None and now - owed.recorded_at >= self.silent_after
        with self.database.begin(write=False) as unit:
            alarm = unit.alarm(AlarmKind.AUDIT_EXPORT_STANDS.value)
        if not late and not (alarm and alarm.is_open):
            return
        with self.database.begin() as unit:
            settle(unit, [_silence(self.name)] if late else [], _KINDS, now)
            unit.commit()


def _silence(name: str) -> Silence:
    message = (
        f"the audit log does not reach the repository {name}; nothing is lost, it goes on when that one answers:"
        " see that it runs and that the certificates hold"
    )
    return Silence(AlarmKind.AUDIT_EXPORT_STANDS, AlarmKind.AUDIT_EXPORT_STANDS.value, "", message, pages=True)
