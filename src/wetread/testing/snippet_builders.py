"""Snippets and sources of a record for tests, encoded with the twin."""

from datetime import datetime

from wetread.domain.drafting_context import RecordKind
from wetread.domain.finding import FindingName
from wetread.domain.identifiers import PatientKey
from wetread.domain.statement import Presence
from wetread.ports.snippet_store import FindingLabel, StoredSnippet, StoredSource
from wetread.ports.text_encoder import TextEncoder
from wetread.testing.builders import NOON
from wetread.testing.text_encoder import WordEncoder

__all__ = ["PATIENT", "a_snippet", "a_source", "stated"]

PATIENT = PatientKey("p" * 24)
_WORDS = WordEncoder()


def stated(name: FindingName, presence: Presence = Presence.POSITIVE) -> FindingLabel:
    return FindingLabel(name, presence)


def a_snippet(
    text: str = "Chronic heart failure.", *labels: FindingLabel, encoder: TextEncoder = _WORDS
) -> StoredSnippet:
    return StoredSnippet(text, tuple(sorted(labels)), encoder.encode([text])[0])


def a_source(
    *snippets: StoredSnippet,
    patient_key: PatientKey = PATIENT,
    source_id: str = "c1",
    kind: RecordKind = RecordKind.CONDITION,
    day: int | None = 700_000,
    encoder: str = _WORDS.version,
    digest: str = "d1",
    added_at: datetime = NOON,
) -> StoredSource:
    return StoredSource(patient_key, source_id, kind, day, encoder, digest, added_at, snippets or (a_snippet(),))
