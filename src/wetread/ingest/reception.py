"""Takes instances from any door into the house, in the order of law 2: parse in the sandbox, keep the bytes, one group commit (`Register`), and only then success."""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from errno import EDQUOT, ENOSPC
from hashlib import file_digest
from pathlib import Path
from typing import Protocol

from wetread.domain.acting_from import here, located
from wetread.domain.audit import AuditEvent
from wetread.domain.errors import PermanentError, TransientError, WetreadError
from wetread.domain.job import JobKind
from wetread.domain.study import InstanceHeader
from wetread.ingest.fault_points import reach
from wetread.ingest.group_commit import GroupCommit
from wetread.ingest.outcome import NO_CLAIM, Claim, InstanceOutcome, Outcome
from wetread.ingest.register import Arrived, Entry, Fetched, IdentityCheck, Register, Turned, no_check
from wetread.ingest.suitability import SuitabilityPolicy, is_own_result
from wetread.ports.clock import Clock
from wetread.ports.database import AdmissionOutcome, Database
from wetread.ports.file_store import FileStore, IncomingFile
from wetread.ports.vault import Vault

__all__ = ["OWN_RESULT", "Inspector", "Reception"]

OWN_RESULT = "own_result"
_log = logging.getLogger(__name__)


class Inspector(Protocol):
    """The part of the decoder that a door needs."""

    def inspect(self, path: Path) -> InstanceHeader: ...


class Reception:
    """One per process; any number of threads may call `receive` at once, and share their commits. Without `takes_own` what we made ourselves is turned away."""

    def __init__(
        self,
        *,
        files: FileStore,
        decoder: Inspector,
        vault: Vault,
        database: Database,
        clock: Clock,
        secret: bytes,
        quiet_period_s: float,
        site_of: Callable[[InstanceHeader], str],
        policy: SuitabilityPolicy,
        check_identity: IdentityCheck = no_check,
        asks: tuple[JobKind, ...] = (),
        takes_own: bool = True,
    ) -> None:
        self.files = files
        self._takes_own = takes_own
        self._inspector = decoder
        register = Register(
            database, vault, files, clock, secret, quiet_period_s, policy, site_of, check_identity, asks
        )
        self._commits = GroupCommit[Entry, AdmissionOutcome | None](register.commit)

    def receive(
        self,
        incoming: Sequence[IncomingFile],
        sender: str,
        claim: Claim = NO_CLAIM,
        *,
        own: bool = False,
        fetched: Fetched | None = None,
    ) -> tuple[InstanceOutcome, ...]:
        """One outcome per file, in order; every file is kept or discarded. `sender` is an account or AE title, for the audit. `own`, `fetched`: see `Arrived`; where it is our own, the study must be here."""
        try:
            taken = [self._take(file, sender, claim, own, fetched) for file in incoming]
        except BaseException:
            for file in incoming:
                file.discard()
            raise
        answers = self._write([(entry, hoped) for entry, hoped in taken if entry is not None])
        outcomes = tuple(hoped if entry is None else next(answers) for entry, hoped in taken)
        reach("before_status")
        return outcomes

    def turn_away(self, sender: str, error: Exception) -> InstanceOutcome:
        """The answer about an instance that a door could not even bring to a file."""
        if not isinstance(error, PermanentError):
            return _postponed(error)
        hoped = InstanceOutcome(Outcome.REFUSED, error.code, str(error))
        return _answer(hoped, self._commits.submit([_turned(sender, error.code)])[0])

    def record(self, event: AuditEvent) -> None:
        """Write down what a door refused before there was an instance."""
        (result,) = self._commits.submit([Turned(located(event))])
        if isinstance(result, Exception):
            _log.error("%s (%s) could not be audited: %s", event.action, event.outcome, type(result).__name__)

    def _take(
        self, file: IncomingFile, sender: str, claim: Claim, own: bool, fetched: Fetched | None
    ) -> tuple[Entry | None, InstanceOutcome]:
        """What the register has to write, and the answer once it has."""
        try:
            return self._inspect_and_keep(file, sender, claim, own, fetched)
        except (TransientError, OSError) as error:
            file.discard()
            return None, _postponed(error)

    def _inspect_and_keep(
        self, file: IncomingFile, sender: str, claim: Claim, own: bool, fetched: Fetched | None
    ) -> tuple[Entry, InstanceOutcome]:
        file.flush()
        try:
            header = self._inspector.inspect(file.path)
        except PermanentError as error:
            return _turn_away(file, sender, InstanceOutcome(Outcome.REFUSED, error.code, str(error)))
        if claim.broken_by(header):
            return _turn_away(file, sender, _about(header, Outcome.CLAIM_MISMATCH))
        if not self._takes_own and is_own_result(header.traits):
            answer = replace(
                _about(header, Outcome.REFUSED), code=OWN_RESULT, message="this is what we delivered ourselves"
            )
            return _turn_away(file, sender, answer)
        if claim.patient is not None:
            header = _of_issuer(header, claim.patient.issuer_of_patient_id)
        reach("before_keep")
        stored = file.keep()
        reach("after_keep")
        return Arrived(header, stored, sender, own, fetched, here()), _about(header, Outcome.STORED)

    def _write(self, taken: Sequence[tuple[Entry, InstanceOutcome]]) -> Iterator[InstanceOutcome]:
        """The answers after the commit; who belongs to another patient than the study does is turned away with a record of its own."""
        results = self._commits.submit([entry for entry, _ in taken])
        for (entry, hoped), result in zip(taken, results, strict=True):
            answer = _answer(hoped, result)
            if isinstance(entry, Arrived) and _is_identity_conflict(result):
                record = _turned(entry.sender, answer.code, ("sha256", entry.stored.sha256))
                answer = _answer(answer, self._commits.submit([record])[0])
            yield answer


def _answer(hoped: InstanceOutcome, result: AdmissionOutcome | Exception | None) -> InstanceOutcome:
    if result is None:
        return hoped
    if isinstance(result, AdmissionOutcome):
        outcome = Outcome(result.outcome)
        return replace(hoped, outcome=outcome, code=outcome.value, message=_MESSAGES.get(outcome, ""))
    if _is_identity_conflict(result):
        return replace(hoped, outcome=Outcome.IDENTITY_CONFLICT, code="identity_conflict", message=str(result))
    postponed = _postponed(result)
    return replace(hoped, outcome=postponed.outcome, code=postponed.code, message=postponed.message)


def _is_identity_conflict(result: object) -> bool:
    return isinstance(result, PermanentError) and result.code == "identity_conflict"


def _postponed(error: Exception) -> InstanceOutcome:
    """Nothing is promised; the sender keeps the instance and sends it again."""
    code = error.code if isinstance(error, WetreadError) else type(error).__name__
    full = code == "storage_full" or (isinstance(error, OSError) and error.errno in (ENOSPC, EDQUOT))
    outcome = Outcome.STORAGE_FULL if full else Outcome.UNAVAILABLE
    _log.error("instance not stored: %s (%s)", outcome.value, code)
    return InstanceOutcome(outcome, outcome.value, _MESSAGES[outcome])


def _turn_away(file: IncomingFile, sender: str, answer: InstanceOutcome) -> tuple[Entry, InstanceOutcome]:
    with file.path.open("rb") as content:
        sha256 = file_digest(content, "sha256").hexdigest()
    file.discard()
    return _turned(sender, answer.code, ("sha256", sha256)), answer


def _turned(sender: str, code: str, *facts: tuple[str, str]) -> Turned:
    _log.warning("instance refused: %s", code)
    return Turned(located(AuditEvent("instance.store", sender, code, detail=facts)))


def _about(header: InstanceHeader, outcome: Outcome) -> InstanceOutcome:
    return InstanceOutcome(
        outcome,
        outcome.value,
        _MESSAGES.get(outcome, ""),
        sop_class_uid=header.traits.sop_class_uid,
        sop_instance_uid=header.sop_instance_uid,
        series_instance_uid=header.series_instance_uid,
        study_instance_uid=header.study_instance_uid,
    )


def _of_issuer(header: InstanceHeader, issuer: str) -> InstanceHeader:
    """A film that names no issuer of its patient's number, from an archive whose numbers are all of one."""
    if header.identity.issuer_of_patient_id:
        return header
    return replace(header, identity=replace(header.identity, issuer_of_patient_id=issuer))


_MESSAGES = {
    Outcome.CONFLICT: "another instance with this UID is stored; the first one is kept: give the new one its own UID",
    Outcome.CLAIM_MISMATCH: "the content is not what the request says it is: send it under its own UIDs",
    Outcome.STORAGE_FULL: "no space left to store the instance: keep it and send it again later",
    Outcome.UNAVAILABLE: "the instance could not be stored now: keep it and send it again later",
}
