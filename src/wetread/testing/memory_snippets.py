"""The snippet store in memory; vectors are kept as they come, so the adapters' 8 bits are checked against it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from threading import Lock
from typing import TYPE_CHECKING

from wetread.domain.errors import PermanentError
from wetread.domain.identifiers import PatientKey
from wetread.ports.snippet_store import Hit, SnippetCounts, StoredSource

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray

__all__ = ["MemorySnippetStore"]


class MemorySnippetStore:
    """`ports.snippet_store.SnippetStore` for tests."""

    def __init__(self) -> None:
        self._sources: dict[str, StoredSource] = {}
        self._turn = Lock()

    def put(self, sources: Sequence[StoredSource]) -> None:
        with self._turn:
            held = dict(self._sources)
            for each in sources:
                if each.source_id in held and held[each.source_id].patient_key != each.patient_key:
                    raise PermanentError("the source already belongs to another patient", code="identity_conflict")
                held[each.source_id] = each
            self._sources = held

    def digests(self, patient_key: PatientKey, *, encoder: str) -> Mapping[str, str]:
        return {each.source_id: each.digest for each in self._of(patient_key, encoder)}

    def nearest(
        self, patient_key: PatientKey, vector: "NDArray[float32]", *, encoder: str, limit: int
    ) -> tuple[Hit, ...]:
        hits = [
            Hit(source.source_id, source.kind, source.day, snippet, float(snippet.vector @ vector))
            for source in self._of(patient_key, encoder)
            for snippet in source.snippets
        ]
        return tuple(sorted(hits, key=lambda hit: (-hit.similarity, hit.source_id))[:limit])

    def erase_patient(self, patient_key: PatientKey) -> int:
        return self._remove(lambda source: source.patient_key == patient_key)

    def erase_source(self, source_id: str) -> int:
        return self._remove(lambda source: source.source_id == source_id)

    def purge(self, before: datetime) -> int:
        return self._remove(lambda source: source.added_at < before)

    def counts(self) -> SnippetCounts:
        held = self._sources.values()
        return SnippetCounts(
            patients=len({each.patient_key for each in held}),
            sources=len(held),
            snippets=sum(len(each.snippets) for each in held),
            oldest=min((each.added_at for each in held), default=None),
            encoders=tuple(sorted({each.encoder for each in held})),
        )

    def _of(self, patient_key: PatientKey, encoder: str) -> list[StoredSource]:
        held = self._sources.values()
        return [each for each in held if (each.patient_key, each.encoder) == (patient_key, encoder)]

    def _remove(self, unwanted: Callable[[StoredSource], bool]) -> int:
        with self._turn:
            kept = {key: each for key, each in self._sources.items() if not unwanted(each)}
            removed = len(self._sources) - len(kept)
            self._sources = kept
        return removed
