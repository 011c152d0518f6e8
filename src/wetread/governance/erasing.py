"""Carries out approved erasures, one after another: first everything in the working database at once, then films, documents, vectors, record and identity, then the files are rewritten (ADR-0011).

The first commit writes down what is left to do elsewhere; every step after it does the same twice as once. Killed anywhere, the next worker goes on, and nothing half erased is ever shown.
"""

import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256

from wetread.domain.audit import AuditEvent
from wetread.domain.erasure import (
    Erasure,
    ErasureReason,
    ErasureState,
    Leftovers,
    Obstacle,
    SentOut,
    Tombstone,
    TombstoneState,
    obstacles,
)
from wetread.domain.errors import WetreadError
from wetread.domain.identifiers import PatientKey, StudyKey
from wetread.domain.role import SERVICE
from wetread.governance.erasure_standing import patient_keys, standings_of
from wetread.ingest.fault_points import reach
from wetread.monitoring.scrub import ABANDONED_S
from wetread.ports.clock import Clock
from wetread.ports.database import Database, UnitOfWork
from wetread.ports.file_store import FileStore
from wetread.ports.rounds import in_rounds
from wetread.ports.vault import Vault
from wetread.ports.vault_eraser import VaultEraser

__all__ = ["Elsewhere", "Eraser"]

_LOG = logging.getLogger(__name__)
_LEASE = timedelta(minutes=30)
"""Longer than any database takes to be rewritten; who is killed is followed so much later, or at once by `wetread erase run`."""
_WAIT = timedelta(minutes=5)
"""An upload that nobody wrote to for so long may be a film of the study, cut short."""
_NO_MATTER = frozenset({Obstacle.NOT_HERE, Obstacle.ALREADY})


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What else holds something of a study or its patient; each takes it away so that nothing remains, and says how many."""

    vectors: Callable[[StudyKey], int]
    record: Callable[[PatientKey], int]
    documents: Callable[[StudyKey], int]


@dataclass(frozen=True, slots=True)
class Eraser:
    """`kept_for` as the desk's."""

    database: Database
    files: FileStore
    vault: Vault
    identity: VaultEraser
    elsewhere: Elsewhere
    clock: Clock
    secret: bytes
    kept_for: timedelta | None = None

    def run(self, stop: threading.Event, *, every_s: float = 30.0) -> None:
        """Look for approved erasures until `stop` is set; what fails is written beside the erasure and tried again."""
        in_rounds(self._run_all, stop, every_s, _LOG, "erasures_wait")

    def _run_all(self) -> None:
        while self.run_once() is not None:
            pass

    def run_once(self, *, number: int | None = None) -> Erasure | None:
        """The erasure that was worked on, as it stands afterwards, or None when none is due. `number`: this one, whoever may have it."""
        claimed = self._claim(number)
        if claimed is None:
            return None
        reach("erase_claimed")
        try:
            if claimed.state is ErasureState.APPROVED:
                claimed = self._begin(claimed)
            if claimed.state is ErasureState.ERASING:
                for each in claimed.study_keys:
                    self._erase_elsewhere(each, whole_patient=claimed.patient is not None)
                claimed = self._end(claimed)
        except WetreadError as error:
            _LOG.warning("erasure_waits number=%d code=%s", claimed.number, error.code)
            claimed = self._wait(claimed, str(error))
        return claimed

    def _claim(self, number: int | None) -> Erasure | None:
        now = self.clock.now()
        with self.database.begin() as unit:
            found = unit.due_erasure(now) if number is None else unit.erasure(number)
            if found is None or found.state not in (ErasureState.APPROVED, ErasureState.ERASING):
                return None
            claimed = replace(found, due_at=now + _LEASE)
            unit.save_erasure(claimed)
            unit.commit()
        return claimed

    def _wait(self, claimed: Erasure, problem: str) -> Erasure:
        with self.database.begin() as unit:
            waiting = unit.erasure(claimed.number) or claimed
            if not waiting.is_open:
                return waiting
            waiting = replace(waiting, due_at=self.clock.now() + _WAIT, problem=problem)
            unit.save_erasure(waiting)
            unit.commit()
        return waiting

    def _begin(self, claimed: Erasure) -> Erasure:
        """From this commit on the studies are gone for everybody. With something in the way it waits; what its retention alone condemned and something else keeps is left out."""
        vault_films = {each: self._vault_films(each) for each in claimed.study_keys}
        patients = {each: patient_keys(self.secret, self.identity.numbers(each)) for each in claimed.study_keys}
        whole = claimed.patient is not None
        asked_for = {each: self.identity.workitems(each, whole_patient=whole) for each in claimed.study_keys}
        with self.database.begin() as unit:
            now_stands = unit.erasure(claimed.number) or claimed
            if now_stands.state is not ErasureState.APPROVED:  # withdrawn, or begun by another worker
                return now_stands
            blocked = self._blocked(unit, claimed, patients)
            if claimed.reason is ErasureReason.RETENTION_OVER:
                keys = tuple(each for each in claimed.study_keys if each not in blocked)
                claimed, blocked = replace(claimed, study_keys=keys), {}
            if blocked or self._more_of_patient(claimed):
                words = "; ".join(f"{key}: {each.words}" for key, each in blocked.items())
                problem = words or "a further study of this patient came: withdraw this, and ask again"
                waiting = replace(claimed, due_at=self.clock.now() + _WAIT, problem=problem)
                unit.save_erasure(waiting)
                unit.commit()
                return waiting
            for each in claimed.study_keys:
                self._erase_rows(unit, claimed, each, vault_films[each], asked_for[each])
            begun = replace(claimed, state=ErasureState.ERASING, problem="")
            unit.save_erasure(begun)
            reach("erase_before_commit")
            unit.commit()
        reach("erase_begun")
        return begun

    def _vault_films(self, study_key: StudyKey) -> tuple[str, ...]:
        """A crash on arrival may have left the vault a film that the working database never had."""
        return tuple(each.content_sha256 for each in self.vault.unnamed.instances(study_key))

    def _blocked(
        self, unit: UnitOfWork, claimed: Erasure, patients: dict[StudyKey, tuple[PatientKey, ...]]
    ) -> dict[StudyKey, Obstacle]:
        now, blocked = self.clock.now(), dict[StudyKey, Obstacle]()
        for key, standing in standings_of(unit, patients, self.kept_for, now, but_for=claimed.number).items():
            found = [each for each in obstacles(standing, claimed.reason, now) if each not in _NO_MATTER]
            if found:
                blocked[key] = found[0]
        return blocked

    def _more_of_patient(self, claimed: Erasure) -> bool:
        if claimed.patient is None:
            return False
        theirs = (key for each in claimed.study_keys for key in self.vault.unnamed.priors(each))
        return not set(theirs) <= set(claimed.study_keys)

    def _erase_rows(
        self,
        unit: UnitOfWork,
        claimed: Erasure,
        key: StudyKey,
        vault_films: Iterable[str],
        workitems: tuple[str, ...],
    ) -> None:
        now, of_it_alone = self.clock.now(), unit.films_of_it_alone(key)
        shared = {each.content_sha256 for each in unit.instances(key)} - set(of_it_alone)
        films = tuple(sorted({*of_it_alone, *vault_films} - shared))
        mine = (each.request_key for each in unit.requests_of([key]).get(key, ()))
        requests = list(dict.fromkeys((*mine, *workitems)))
        tasks = filter(None, map(unit.asked_task, requests))
        leftovers = Leftovers(
            films,
            tuple(each.hold_key for each in unit.holds_of([key]).get(key, ())),
            tuple(requests),
            tuple(each.order_key for each in tasks if each.order_key),
        )
        sent = tuple(
            SentOut(each.sink, each.report_version, each.state.value, each.updated_at) for each in unit.deliveries(key)
        )
        tombstone = Tombstone(
            key,
            claimed.number,
            TombstoneState.ERASING,
            claimed.reason,
            claimed.asked.actor_id,
            claimed.acts[-1].actor_id,
            now,
            (),
            sha256("\n".join(films).encode()).hexdigest(),
            sent,
            leftovers,
        )
        unit.save_tombstone(tombstone)
        counts = (("films", len(films)), *sorted(unit.erase_rows(key, requests).items()))
        unit.save_tombstone(replace(tombstone, counts=counts))
        _leave_reference(unit, key)
        _leave_copies(unit, key)
        facts = (("erasure", str(claimed.number)), ("films", str(len(films))), ("objects", tombstone.objects_sha256))
        unit.audit(AuditEvent("erasure.begin", SERVICE.actor_id, study_key=key, detail=facts), now)

    def _erase_elsewhere(self, key: StudyKey, *, whole_patient: bool) -> None:
        with self.database.begin(write=False) as unit:
            tombstone = unit.tombstone(key)
        if tombstone is None or tombstone.leftovers is None:
            return
        for film in tombstone.leftovers.films:
            self.files.erase(film)
            reach("erase_film")
        self.files.sweep(ABANDONED_S)
        self.elsewhere.documents(key)
        reach("erase_documents")
        self.elsewhere.vectors(key)
        for patient in patient_keys(self.secret, self.identity.numbers(key)):
            self.elsewhere.record(patient)
        reach("erase_derived")
        self.identity.erase(key, tombstone.leftovers, whole_patient=whole_patient)
        reach("erase_identity")

    def _end(self, claimed: Erasure) -> Erasure:
        """Nothing is left to do elsewhere: the plan goes, too, before the files are rewritten."""
        self.identity.rewrite()
        reach("erase_vault_rewritten")
        with self.database.begin() as unit:
            self._mark(unit, claimed, lambda each: replace(each, leftovers=None))
            unit.commit()
        reach("erase_planned_no_more")
        self.database.rewrite()
        reach("erase_rewritten")
        ended = replace(claimed, state=ErasureState.ERASED, due_at=None, problem="")
        now = self.clock.now()
        with self.database.begin() as unit:
            if (by_another := unit.erasure(claimed.number)) and by_another.state is ErasureState.ERASED:
                return by_another
            self._mark(unit, claimed, lambda each: replace(each, state=TombstoneState.ERASED, erased_at=now))
            unit.save_erasure(ended)
            facts = (("erasure", str(claimed.number)),)
            for each in claimed.study_keys:
                unit.audit(AuditEvent("erasure.done", SERVICE.actor_id, study_key=each, detail=facts), now)
            reach("erase_before_end")
            unit.commit()
        _LOG.info("erased number=%d studies=%d", ended.number, len(ended.study_keys))
        return ended

    def _mark(self, unit: UnitOfWork, claimed: Erasure, change: Callable[[Tombstone], Tombstone]) -> None:
        for each in claimed.study_keys:
            tombstone = unit.tombstone(each)
            if tombstone is not None and tombstone.number == claimed.number:
                unit.save_tombstone(change(tombstone))


def _leave_reference(unit: UnitOfWork, key: StudyKey) -> None:
    """The list of films that later ones are held against names them; counts, scores and shares of the frozen reference name nobody and stay."""
    reference = unit.quality_reference()
    films = tuple(replace(each, studies=tuple(s for s in each.studies if s[0] != key)) for each in reference.films)
    if films != reference.films:
        unit.save_quality_reference(replace(reference, films=films))


def _leave_copies(unit: UnitOfWork, key: StudyKey) -> None:
    """Earlier films that were fetched to be compared with this one hang beside nothing now, and are dropped when their time is up."""
    for each in unit.copies_for(key):
        unit.save_copy(replace(each, fetched_for=each.study_key))
