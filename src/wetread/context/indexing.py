"""De-identified pieces of a patient's record into the snippet store: cut, labelled, encoded, and only what is not there already."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from wetread.context.chunks import chunks
from wetread.domain.drafting_context import RecordKind
from wetread.domain.identifiers import PatientKey
from wetread.ports.labeller import Labeller
from wetread.ports.snippet_store import FindingLabel, SnippetStore, StoredSnippet, StoredSource
from wetread.ports.text_encoder import TextEncoder

__all__ = ["RecordText", "index_record"]


@dataclass(frozen=True, slots=True)
class RecordText:
    """One resource of the record as text that was scrubbed already. `source_id` is opaque; `day` is `identifiers.patient_day`."""

    source_id: str
    kind: RecordKind
    day: int | None
    text: str


def index_record(
    patient_key: PatientKey,
    record: Sequence[RecordText],
    *,
    store: SnippetStore,
    encoder: TextEncoder,
    labeller: Labeller,
    now: datetime,
) -> int:
    """Store what is new or changed in `record`; returns how many sources that were. Sources that `record` no longer names stay until they are erased or purged.

    Raises what the store raises: a caller that has a study waiting goes on without (law 1).
    """
    held = store.digests(patient_key, encoder=encoder.version)
    new = [each for each in record if held.get(each.source_id) != _digest(each, labeller)]
    store.put([_source(patient_key, each, encoder, labeller, now) for each in new])
    return len(new)


def _digest(text: RecordText, labeller: Labeller) -> str:
    """Of everything that the stored rows follow from."""
    return sha256(
        "\0".join((labeller.version, text.kind, str(text.day), text.text)).encode("utf-8", "replace")
    ).hexdigest()


def _source(
    patient_key: PatientKey, record: RecordText, encoder: TextEncoder, labeller: Labeller, now: datetime
) -> StoredSource:
    pieces = [chunk.text for chunk in chunks(record.text)]
    vectors = encoder.encode(pieces)
    return StoredSource(
        patient_key=patient_key,
        source_id=record.source_id,
        kind=record.kind,
        day=record.day,
        encoder=encoder.version,
        digest=_digest(record, labeller),
        added_at=now,
        snippets=tuple(
            StoredSnippet(piece, _labels(piece, labeller), vector)
            for piece, vector in zip(pieces, vectors, strict=True)
        ),
    )


def _labels(text: str, labeller: Labeller) -> tuple[FindingLabel, ...]:
    return tuple(sorted({FindingLabel(each.name, each.presence) for each in labeller.statements(text)}))
