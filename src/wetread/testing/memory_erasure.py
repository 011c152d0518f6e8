"""Erasures, legal holds and tombstones (`ports.erasure_store`), and the vault's eraser (`ports.vault_eraser`), in memory."""

from collections.abc import Collection
from dataclasses import fields
from datetime import datetime

from wetread.domain.erasure import Erasure, Leftovers, Tombstone, TombstoneState
from wetread.domain.errors import PermanentError
from wetread.domain.identifiers import StudyKey
from wetread.domain.legal_hold import LegalHold
from wetread.domain.order import PatientNumber
from wetread.testing.memory_commitments import MemoryCommitmentVault
from wetread.testing.memory_orders import MemoryOrderStore
from wetread.testing.memory_transaction import MemoryTransaction
from wetread.testing.memory_vault import MemoryVault
from wetread.testing.memory_workitems import MemoryWorkitemVault

__all__ = ["MemoryErasureStore", "MemoryVaultEraser"]

_KEPT = frozenset({"audit", "tombstones", "erasures", "legal_holds"})


class MemoryErasureStore(MemoryTransaction):
    def save_erasure(self, erasure: Erasure) -> None:
        self._changing.erasures[erasure.number] = erasure

    def erasure(self, number: int) -> Erasure | None:
        return self._visible.erasures.get(number)

    def erasures(self, *, only_open: bool = False, limit: int = 100) -> tuple[Erasure, ...]:
        newest = sorted(self._visible.erasures.values(), key=lambda each: -each.number)
        return tuple(each for each in newest if each.is_open or not only_open)[:limit]

    def due_erasure(self, now: datetime) -> Erasure | None:
        due = [(each.due_at, each.number) for each in self._visible.erasures.values() if each.due_at is not None]
        first = min((each for each in due if each[0] <= now), default=None)
        return None if first is None else self.erasure(first[1])

    def save_legal_hold(self, hold: LegalHold) -> None:
        self._changing.legal_holds[hold.number] = hold

    def legal_hold(self, number: int) -> LegalHold | None:
        return self._visible.legal_holds.get(number)

    def legal_holds(self, *, lifted: bool = False, limit: int = 500) -> tuple[LegalHold, ...]:
        wanted = [each for each in self._visible.legal_holds.values() if each.stands is not lifted]
        return tuple(sorted(wanted, key=lambda each: -each.number)[:limit])

    def last_legal_hold(self) -> int:
        return max(self._visible.legal_holds, default=0)

    def legal_holds_on(self, subjects: Collection[str]) -> tuple[LegalHold, ...]:
        return tuple(each for each in reversed(self.legal_holds()) if each.subject in subjects)

    def save_tombstone(self, tombstone: Tombstone) -> None:
        self._changing.tombstones[tombstone.study_key] = tombstone

    def tombstone(self, study_key: StudyKey) -> Tombstone | None:
        return self._visible.tombstones.get(study_key)

    def tombstones_of(self, study_keys: Collection[StudyKey]) -> dict[StudyKey, Tombstone]:
        return {key: stone for key in study_keys if (stone := self.tombstone(key))}

    def tombstones(self, limit: int = 100) -> tuple[Tombstone, ...]:
        by_key = sorted(self._visible.tombstones.values(), key=lambda each: each.study_key)
        return tuple(sorted(by_key, key=lambda each: each.began_at, reverse=True)[:limit])

    def returned(self, limit: int = 100) -> tuple[Tombstone, ...]:
        studies = self._visible.studies
        back = [each for each in self.tombstones(len(self._visible.tombstones)) if each.study_key in studies]
        return tuple(each for each in back if each.state is TombstoneState.ERASED)[:limit]

    def open_jobs(self, study_key: StudyKey) -> int:
        rows = self._visible.jobs.values()
        return sum(each.job.study_key == study_key and each.due_at is not None for each in rows)

    def films_of_it_alone(self, study_key: StudyKey) -> tuple[str, ...]:
        films = self._visible.instances.values()
        others = {each.content_sha256 for each in films if each.study_key != study_key}
        return tuple(sorted({each.content_sha256 for each in films if each.study_key == study_key} - others))

    def erase_rows(self, study_key: StudyKey, asked_for: Collection[str] = ()) -> dict[str, int]:
        tombstone, state = self.tombstone(study_key), self._changing
        if tombstone is None or tombstone.state is not TombstoneState.ERASING:
            raise PermanentError("this study is not being erased", code="not_erasing")
        names = {study_key, *asked_for, *(key for key, each in state.requests.items() if each.study_key == study_key)}
        counts: dict[str, int] = {}
        for each in fields(state):
            table = getattr(state, each.name)
            gone = [] if each.name in _KEPT else [key for key, row in table.items() if _tells(key, row, names)]
            for key in gone:
                del table[key]
            if gone:
                counts[each.name] = len(gone)
        return counts


def _tells(key: object, row: object, names: set[str]) -> bool:
    """True for a row whose key, or whose study's or workitem's, is one of these."""
    keys = key if isinstance(key, tuple) else (key,)
    job = getattr(row, "job", row)
    said = (*keys, getattr(job, "study_key", None), getattr(row, "workitem_key", None), getattr(row, "scope", None))
    sent = str(getattr(row, "of", "")).partition(":")[0]  # of a report that was sent
    return not names.isdisjoint(each for each in (*said, sent) if isinstance(each, str))


class MemoryVaultEraser:
    def __init__(
        self,
        vault: MemoryVault,
        orders: MemoryOrderStore,
        workitems: MemoryWorkitemVault | None = None,
        commitments: MemoryCommitmentVault | None = None,
    ) -> None:
        self._vault, self._orders, self._workitems = vault, orders, workitems or MemoryWorkitemVault()
        self._commitments = commitments or MemoryCommitmentVault()
        self.rewritten = 0

    def numbers(self, study_key: StudyKey) -> tuple[PatientNumber, ...]:
        return self._vault.numbers_of(study_key)

    def workitems(self, study_key: StudyKey, *, whole_patient: bool) -> tuple[str, ...]:
        films = self._vault.instances(study_key)
        uids = {films[0].header.study_instance_uid} if films else set()
        numbers = {each.patient_id for each in self.numbers(study_key)} if whole_patient else set()
        return self._workitems.naming(uids, numbers)

    def erase(self, study_key: StudyKey, leftovers: Leftovers, *, whole_patient: bool) -> dict[str, int]:
        numbers, accession = self.numbers(study_key), self._vault.accession_of(study_key)
        asked_for = {each.header.sop_instance_uid for each in self._vault.instances(study_key)}
        asked = self._commitments.forget_naming(asked_for)
        films = self._vault.forget(study_key)
        counts = {
            "commitment_references": asked,
            "instances": films,
            "identity_claims": self._orders.forget_claims(leftovers.hold_keys),
            "orders": self._orders.forget_orders(leftovers.order_keys),
        }
        if not self._vault.has_accession(accession):
            counts["orders"] += self._orders.forget_orders(each.order_key for each in self._orders.orders_of(accession))
        for each in leftovers.request_keys:
            self._workitems.forget(each)
        self._orders.forget_in_merges(study_key)
        if whole_patient:
            gone = [each for each in numbers if not self._vault.known(each)]
            counts["orders"] += self._orders.forget_patients(gone)
        return {name: count for name, count in counts.items() if count}

    def rewrite(self) -> None:
        self.rewritten += 1
