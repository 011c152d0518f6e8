"""De-identified pieces of patients' records with their vectors: a database of its own beside the vault, because text and vectors count as identifying.

There is no way to search text across patients: whatever returns text takes the one patient whose text it is, and the adapters ask for it in the query itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from wetread.domain.drafting_context import RecordKind
from wetread.domain.finding import FindingName
from wetread.domain.identifiers import PatientKey
from wetread.domain.statement import Presence

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray

__all__ = ["FindingLabel", "Hit", "SnippetCounts", "SnippetStore", "StoredSnippet", "StoredSource"]


@dataclass(frozen=True, slots=True, order=True)
class FindingLabel:
    """What the labeller read of one finding when the snippet came in."""

    name: FindingName
    presence: Presence


@dataclass(frozen=True, slots=True)
class StoredSnippet:
    """One piece of a source. `vector` is float32 (dimensions,) of length 1, kept in 8 bits a dimension: what comes back is near it."""

    text: str
    labels: tuple[FindingLabel, ...]
    vector: "NDArray[float32]" = field(compare=False)


@dataclass(frozen=True, slots=True)
class StoredSource:
    """One piece of the record, as one resource or document, cut into snippets.

    `source_id` is opaque and unique in this installation. `day` is `identifiers.patient_day`, None when the record gives none. `encoder` is the version of the
    encoder that made the vectors; `digest` is whatever the caller recognises unchanged content by; retention counts from `added_at`.
    """

    patient_key: PatientKey
    source_id: str
    kind: RecordKind
    day: int | None
    encoder: str
    digest: str
    added_at: datetime
    snippets: tuple[StoredSnippet, ...]


@dataclass(frozen=True, slots=True)
class Hit:
    """A snippet with where it is from; `similarity` is the cosine with what was asked, -1..1."""

    source_id: str
    kind: RecordKind
    day: int | None
    snippet: StoredSnippet
    similarity: float


@dataclass(frozen=True, slots=True)
class SnippetCounts:
    """What is held, in numbers: nothing here can say who or what."""

    patients: int
    sources: int
    snippets: int
    oldest: datetime | None
    encoders: tuple[str, ...]


class SnippetStore(Protocol):
    def put(self, sources: Sequence[StoredSource]) -> None:
        """In one durable commit. A source that is held already is replaced with all its snippets; doing it twice changes nothing.

        Raises PermanentError(code='identity_conflict') when a source already belongs to another patient, and then nothing of the call is recorded.
        """
        ...

    def digests(self, patient_key: PatientKey, *, encoder: str) -> Mapping[str, str]:
        """Digest by source id of what this patient's record holds in that encoder's space: what need not be encoded again."""
        ...

    def nearest(
        self, patient_key: PatientKey, vector: "NDArray[float32]", *, encoder: str, limit: int
    ) -> tuple[Hit, ...]:
        """This patient's snippets of that encoder, most similar first, at most `limit`: an exact scan."""
        ...

    def erase_patient(self, patient_key: PatientKey) -> int:
        """Remove every source of the patient so that no byte of it remains in the database's files; returns how many sources."""
        ...

    def erase_source(self, source_id: str) -> int:
        """As `erase_patient`, for one source."""
        ...

    def purge(self, before: datetime) -> int:
        """As `erase_patient`, for every source added before then; without one it costs a look."""
        ...

    def counts(self) -> SnippetCounts: ...
