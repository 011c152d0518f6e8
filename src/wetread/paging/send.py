"""The sender: claims a queued page, tries that person's channels in order, and notes what the first that took it said.

A page whose every channel failed is tried again, and the result it tells of goes on to its next step at once: the receiver of one page is never waited for.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from wetread.domain.alarm import Alarm, AlarmKind
from wetread.domain.audit import AuditEvent
from wetread.domain.critical import CriticalResult, EscalationPath
from wetread.domain.errors import TransientError, WetreadError
from wetread.domain.identity_access import Purpose, of_service
from wetread.domain.page import Page, PageMessage, PagePatient, PageState, idempotency_key
from wetread.domain.role import SERVICE
from wetread.domain.roster import Responder
from wetread.ingest.fault_points import reach
from wetread.monitoring.alarms import Silence, clear_alarm, raise_alarm
from wetread.paging.message import alarm_message, critical_message
from wetread.paging.responders import Responders
from wetread.paging.signs import Pulse
from wetread.paging.sweep import path_of
from wetread.ports.clock import Clock
from wetread.ports.database import Database, UnitOfWork
from wetread.ports.notifier import Notifier
from wetread.ports.vault import Vault
from wetread.triage.escalation import hastened, is_obsolete, notified
from wetread.triage.roster_book import RosterBook

__all__ = ["Sender"]

_LOG = logging.getLogger(__name__)
_FIRST_PAUSE_S = 10.0
_LONGEST_PAUSE_S = 120.0


@dataclass(frozen=True, slots=True)
class _Attempt:
    """What came of trying a page: the channel that took it with its receipt, or '' and what failed."""

    channel: str
    receipt: str
    failed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sender:
    """`paths` are the escalation paths of the policy in force, `link_base` is the public address of the reading room, without a slash at its end. A page whose sender died is claimed again after `lease_s`."""

    database: Database
    vault: Vault
    book: RosterBook
    paths: Mapping[str, EscalationPath]
    notifiers: Mapping[str, Notifier]
    clock: Clock
    link_base: str
    lease_s: float
    pulse: Pulse

    def claim(self) -> Page | None:
        """A page that is due, leased to the caller; None when there is none. Having asked and been answered is this part's sign of life."""
        page = self.database.claim_page(now=self.clock.now(), lease_s=self.lease_s)
        try:
            self.pulse.show()
        except WetreadError as error:  # the page in hand goes first
            _LOG.warning("sign_not_shown code=%s", error.code)
        return page

    def send(self, page: Page) -> None:
        """Send a claimed page and note what came of it. Never raises: what fails comes back by its lease or its pause."""
        try:
            self._handle(page)
        except TransientError as error:
            _LOG.warning("page_waits code=%s", error.code)
        except Exception as error:  # noqa: BLE001 - a bug with one page must not end the sender; the lease brings it back, the alarm makes it seen
            _LOG.error("page_crashed page=%s error=%s", page.page_key, type(error).__name__)
            self._note_crash(page, error)

    def _note_crash(self, page: Page, error: Exception) -> None:
        try:
            self._note_failure(page, _Attempt("", "", (f"internal error: {type(error).__name__}",)))
        except WetreadError as again:
            _LOG.error("page_crash_not_noted code=%s", again.code)

    def _handle(self, page: Page) -> None:
        reach("page_claimed")
        with self.database.begin(write=False) as unit:
            result = unit.critical(page.subject) if page.study_key else None
            message = self._message(unit, page, result)
            responder = Responders.read(self.book, unit, self.clock.now()).person(page.person_id)
        if message is None:
            self._finish(replace(page, state=PageState.OBSOLETE), "obsolete")
            return
        attempt = self._try(page, responder, message)
        reach("page_sent")
        if attempt.channel:
            self._note_success(page, attempt)
        else:
            self._note_failure(page, attempt)

    def _message(self, unit: UnitOfWork, page: Page, result: CriticalResult | None) -> PageMessage | None:
        """What to say; None when there is nothing left to tell, or a later page tells the same person."""
        now = self.clock.now()
        if any(other.person_id == page.person_id and other.step > page.step for other in unit.pages(page.subject)):
            return None
        if page.study_key is not None:
            if result is None or is_obsolete(page, result):
                return None
            return critical_message(result, page, self.link_base, now)
        alarm = unit.alarm(page.subject.removeprefix("alarm:"))
        if alarm is None or not alarm.is_open or alarm.acknowledged_at is not None:
            return None
        return alarm_message(alarm, page, self.link_base, now)

    def _try(self, page: Page, responder: Responder | None, message: PageMessage) -> _Attempt:
        if responder is None:
            return _Attempt("", "", ("not in the roster any more",))
        failed: list[str] = []
        for contact in responder.contacts:
            notifier = self.notifiers.get(contact.channel)
            if notifier is None:
                failed.append(f"{contact.channel}: not configured")
                continue
            try:
                said = self._with_identity(message) if notifier.carries_phi else message
                key = idempotency_key(page.page_key, contact.channel)
                return _Attempt(contact.channel, notifier.send(said, contact.address, key), tuple(failed))
            except WetreadError as error:
                failed.append(f"{contact.channel}: {error.code}")
                _LOG.warning("channel_failed channel=%s code=%s", contact.channel, error.code)
        return _Attempt("", "", tuple(failed) or ("no contact in the roster",))

    def _with_identity(self, message: PageMessage) -> PageMessage:
        """With what the vault says; without identity when it cannot: who is paged can still open the study. (HL7 refuses such a page, and the next channel is tried.)"""
        if message.study_key is None:
            return message
        try:
            study = self.vault.on_behalf_of(of_service(Purpose.PAGING)).study(message.study_key)
        except WetreadError as error:
            _LOG.warning("page_without_identity code=%s", error.code)
            return message
        who = study.identity
        patient = PagePatient(
            patient_id=who.patient_id,
            issuer_of_patient_id=who.issuer_of_patient_id,
            patient_name=who.patient_name,
            patient_birth_date=who.patient_birth_date,
            patient_sex=who.patient_sex.value,
            accession_number=who.accession_number,
            study_instance_uid=study.study_instance_uid,
        )
        return replace(message, patient=patient)

    def _note_success(self, page: Page, attempt: _Attempt) -> None:
        now = self.clock.now()
        sent = replace(
            page, state=PageState.SENT, channel=attempt.channel, receipt=attempt.receipt, sent_at=now,
            failed=(*page.failed, *attempt.failed),
        )  # fmt: skip
        with self.database.begin() as unit:
            unit.save_page(sent)
            result = unit.critical(page.subject) if page.study_key else None
            if result is not None:
                unit.save_critical(notified(result), expected_etag=result.etag)
            clear_alarm(unit, _undeliverable_key(page), now)
            self._audit(unit, page, "sent", now, attempt)
            unit.commit()
        reach("page_noted")

    def _note_failure(self, page: Page, attempt: _Attempt) -> None:
        """Queue it again after a pause; the first time, send its result to the next step of its path at once."""
        now = self.clock.now()
        failed = (*page.failed, *attempt.failed)[-20:]
        with self.database.begin() as unit:
            unit.save_page(replace(page, due_at=now + _pause(page.attempt), failed=failed))
            result = unit.critical(page.subject) if page.study_key else None
            if result is not None and not page.failed and not is_obsolete(page, result):
                sooner = hastened(result, path_of(self.paths, result.path), now)
                unit.save_critical(sooner, expected_etag=result.etag)
            raise_alarm(unit, _undeliverable(page, attempt, unit.alarm(_undeliverable_key(page))), now)
            self._audit(unit, page, "failed", now, attempt)
            unit.commit()

    def _finish(self, page: Page, outcome: str) -> None:
        with self.database.begin() as unit:
            unit.save_page(page)
            self._audit(unit, page, outcome, self.clock.now(), _Attempt("", "", ()))
            unit.commit()

    def _audit(self, unit: UnitOfWork, page: Page, outcome: str, now: datetime, attempt: _Attempt) -> None:
        facts = (
            ("page", page.page_key), ("channel", attempt.channel), ("receipt", attempt.receipt),
            ("failed", "; ".join(attempt.failed)), ("attempt", str(page.attempt)),
        )  # fmt: skip
        unit.audit(AuditEvent("page.send", SERVICE.actor_id, outcome, page.study_key, facts), now)


def _pause(attempt: int) -> timedelta:
    """Doubling from 10 s to two minutes: a page is never given up while somebody still has to hear it."""
    return timedelta(seconds=min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2.0 ** min(attempt - 1, 8)))


def _undeliverable_key(page: Page) -> str:
    return f"page_undeliverable:{page.person_id}"


def _undeliverable(page: Page, attempt: _Attempt, before: Alarm | None) -> Silence:
    """A page about an alarm raises no page of its own: it would chase its own tail. Nor does it make quiet what a page about a result has raised, to be raised anew by its next try."""
    tried = "; ".join(attempt.failed)
    message = f"{page.person_id} cannot be paged ({tried}): the next step was taken; check the channel and the roster"
    pages = page.study_key is not None or (before is not None and before.is_open and before.pages)
    return Silence(AlarmKind.PAGE_UNDELIVERABLE, _undeliverable_key(page), page.site, message, pages=pages)
