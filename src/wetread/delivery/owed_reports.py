"""Reports that we owe to who asks for storage commitment (PS3.4 annex J): written down before the request is answered, in one pair of hands at a time, until the asker was told or a person is.

What a report says is judged when it is told, anew each time: who hears it may delete theirs, so it has to be true then.
"""

import logging
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from wetread.delivery.plan import retry_delay_s
from wetread.domain.acting_from import acting_from
from wetread.domain.audit import AuditEvent
from wetread.domain.commitment import OwedReport, OwedState
from wetread.domain.errors import TransientError
from wetread.domain.identifiers import source_id
from wetread.ports.clock import Clock
from wetread.ports.commitment_vault import AskedCommitment, CommitmentVault
from wetread.ports.database import Database, UnitOfWork

__all__ = ["OwedReports"]

_LOG = logging.getLogger(__name__)
_MOST_DEATHS = 3


@dataclass(frozen=True, slots=True)
class OwedReports:
    """Safe to use from any number of processes. `lease`: whoever has a report in hand and says nothing for so long has died. `tried_for`: then it is put aside. `most_open` of one AE title."""

    database: Database
    vault: CommitmentVault
    clock: Clock
    secret: bytes
    lease: timedelta
    tried_for: timedelta
    most_open: int = 1000

    def ask(self, ae_title: str, address: str, asked: AskedCommitment) -> OwedReport | None:
        """Durable when it returns, in the caller's hands; None where somebody has this transaction in hand and will tell.

        The same transaction asked again is told again, and is one row; another list under its UID is a `duplicate` of its own. Raises TransientError 'too_many_owed'.
        """
        listed = source_id(self.secret, "commitment list", *sorted("/".join(each) for each in asked.instances))
        key = source_id(self.secret, "commitment", ae_title, asked.transaction_uid)
        now = self.clock.now()
        with self.database.begin() as unit:
            known = unit.owed_report(key)
            duplicate = known is not None and known.listed != listed
            if duplicate:
                key = source_id(self.secret, "commitment", ae_title, asked.transaction_uid, listed)
                known = unit.owed_report(key)
            if known is not None and known.is_in_hands(now):
                return None
            if (known is None or known.state is not OwedState.OWED) and unit.count_owed(ae_title) >= self.most_open:
                raise TransientError(
                    f"{ae_title} has not taken {self.most_open} reports that it asked for: it must take them first",
                    code="too_many_owed",
                )
            self.vault.keep(key, asked, now)
            attempt = known.attempt + 1 if known else 1
            due_at, n = now + self.lease, len(asked.instances)
            until = now + self.tried_for
            held = OwedReport(
                key, ae_title, address, listed, n, now, due_at, until, True, attempt=attempt, duplicate=duplicate
            )
            unit.save_owed_report(held)
            unit.commit()
        return held

    def asked(self, held: OwedReport) -> AskedCommitment | None:
        """What it is about. None, and it is over: a film that it names was erased."""
        if found := self.vault.find(held.request_key):
            return found
        self._end(held, OwedState.VOID, "a film that it names was erased: it has to be asked for again")
        return None

    def claim(self, *, but_not: Collection[str] = ()) -> OwedReport | None:
        """The one that is due longest, of no AE title in `but_not`, taken in hand. One that killed whoever took it, each time, is put aside."""
        now = self.clock.now()
        with self.database.begin(write=False) as unit:
            if unit.due_owed_report(now, but_not=but_not) is None:
                return None
        with self.database.begin() as unit:
            found = unit.due_owed_report(now, but_not=but_not)
            if found is None:
                return None
            held = replace(
                found, held=True, attempt=found.attempt + 1, deaths=found.deaths + 1, due_at=now + self.lease
            )
            unit.save_owed_report(held)
            unit.commit()
        if held.deaths <= _MOST_DEATHS:
            return held
        self.put_aside(held, "the process died each time that it looked at the films: see its log")
        return None

    def renew(self, held: OwedReport) -> bool:
        """False where it is in other hands by now, or over."""
        now = self.clock.now()
        return self._save(held, replace(held, due_at=now + self.lease))

    def release(self, held: OwedReport, why: str = "") -> None:
        """It was not told over its asker's association: due at once."""
        self._save(held, replace(held, held=False, deaths=0, due_at=self.clock.now(), problem=why))

    def later(self, held: OwedReport, why: str, jitter: float) -> None:
        """A try that failed; once its time is up it is put aside. `jitter`: 0..1."""
        now, tries = self.clock.now(), held.tries + 1
        if now >= held.until:
            self.put_aside(held, why)
            return
        due_at = now + timedelta(seconds=retry_delay_s(tries, jitter))
        if self._save(held, replace(held, held=False, deaths=0, tries=tries, due_at=due_at, problem=why)):
            _LOG.warning("commitment_not_told to=%s tries=%d: %s", held.ae_title, tries, why)

    def put_aside(self, held: OwedReport, why: str) -> None:
        """Until a person looks at it."""
        if self._end(held, OwedState.ASIDE, why):
            _LOG.error("commitment_put_aside to=%s tries=%d: %s", held.ae_title, held.tries, why)

    def told(self, held: OwedReport, *, committed: int, failed: int) -> None:
        """Its asker has heard it, whoever has it in hand by now. What was asked is forgotten."""
        now = self.clock.now()
        facts = (("committed", str(committed)), ("failed", str(failed)))
        with self.database.begin() as unit:
            standing = unit.owed_report(held.request_key)
            if standing is None or standing.state is not OwedState.OWED:
                return
            unit.save_owed_report(_ended(standing, OwedState.TOLD, now, ""))
            _audit(unit, held, "incomplete" if failed else "success", facts, now)
            unit.commit()
        with self.database.begin() as unit:  # nobody asks for it again meanwhile
            if not _is_open(unit.owed_report(held.request_key)):
                self.vault.forget([held.request_key])

    def purge(self, before: datetime) -> int:
        """Told, put aside or void before then: gone, with what was asked; so is what a crash left beside the vault. How many reports."""
        removed = 0
        while True:
            with self.database.begin() as unit:
                keys = [each.request_key for each in unit.ended_owed_reports(before)]
                self.vault.forget(keys)
                unit.forget_owed_reports(keys)
                unit.commit()
            removed += len(keys)
            if not keys:
                break
        after = ""
        while batch := self.vault.kept_before(before, after=after):
            after = batch[-1]
            with self.database.begin() as unit:
                self.vault.forget([key for key in batch if not _is_open(unit.owed_report(key))])
        return removed

    def _end(self, held: OwedReport, state: OwedState, why: str) -> bool:
        now = self.clock.now()
        with self.database.begin() as unit:
            if not _is_mine(unit, held):
                return False
            unit.save_owed_report(_ended(held, state, now, why))
            _audit(unit, held, "not_told" if state is OwedState.ASIDE else state.value, (), now)
            unit.commit()
        return True

    def _save(self, held: OwedReport, after: OwedReport) -> bool:
        with self.database.begin() as unit:
            if not _is_mine(unit, held):
                return False
            unit.save_owed_report(after)
            unit.commit()
        return True


def _ended(report: OwedReport, state: OwedState, now: datetime, why: str) -> OwedReport:
    return replace(report, state=state, held=False, due_at=None, ended_at=now, problem=why)


def _is_mine(unit: UnitOfWork, held: OwedReport) -> bool:
    standing = unit.owed_report(held.request_key)
    return standing is not None and standing.held and standing.attempt == held.attempt


def _is_open(report: OwedReport | None) -> bool:
    return report is not None and report.state in (OwedState.OWED, OwedState.ASIDE)


def _audit(unit: UnitOfWork, held: OwedReport, outcome: str, facts: tuple[tuple[str, str], ...], now: datetime) -> None:
    """As done from where it was asked."""
    with acting_from(held.address):
        unit.audit(AuditEvent("dimse.commit", f"dimse@{held.ae_title}", outcome, detail=facts), now)
