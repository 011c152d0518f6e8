"""A record on its way into the snippet store."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from wetread.context.indexing import RecordText, index_record
from wetread.domain.drafting_context import RecordKind
from wetread.domain.finding import FindingName
from wetread.domain.statement import Presence, Statement
from wetread.testing.builders import NOON
from wetread.testing.memory_snippets import MemorySnippetStore
from wetread.testing.snippet_builders import PATIENT, stated
from wetread.testing.text_encoder import WordEncoder

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray

NOTE = RecordText(
    "n1", RecordKind.DOCUMENT_REFERENCE, 9, "Effusion on the left. " + "It was drained then. " * 30 + "No effusion now."
)
LAB = RecordText("o1", RecordKind.OBSERVATION, 10, "BNP 1200 ng/L")


class EffusionLabeller:
    version = "effusion/1"

    def statements(self, text: str) -> tuple[Statement, ...]:
        at = text.casefold().find("effusion")
        presence = Presence.NEGATIVE if "No effusion" in text else Presence.POSITIVE
        return (Statement(FindingName.EFFUSION, presence, at, at + 8),) * 2 if at >= 0 else ()


class CountingEncoder(WordEncoder):
    def __init__(self) -> None:
        self.encoded = 0

    def encode(self, texts: Sequence[str]) -> "NDArray[float32]":
        self.encoded += len(texts)
        return super().encode(texts)


def test_each_chunk_is_stored_with_what_it_states() -> None:
    store, encoder = MemorySnippetStore(), CountingEncoder()
    assert index_record(PATIENT, [NOTE, LAB], store=store, encoder=encoder, labeller=EffusionLabeller(), now=NOON) == 2
    hits = store.nearest(PATIENT, encoder.encode(["effusion"])[0], encoder=encoder.version, limit=10)
    stored = {hit.snippet.text: hit for hit in hits}
    assert len(stored) == 3
    first, last = (next(hit for text, hit in stored.items() if said in text) for said in ("on the left", "No effusion"))
    assert first.snippet.labels == (stated(FindingName.EFFUSION),)
    assert last.snippet.labels == (stated(FindingName.EFFUSION, Presence.NEGATIVE),)
    lab = stored["BNP 1200 ng/L"]
    assert (lab.source_id, lab.kind, lab.day, lab.snippet.labels) == ("o1", RecordKind.OBSERVATION, 10, ())


def test_only_what_is_new_or_changed_is_encoded() -> None:
    store, encoder = MemorySnippetStore(), CountingEncoder()

    def index(*record: RecordText, version: str = "effusion/1") -> int:
        labeller = EffusionLabeller()
        labeller.version = version
        before = encoder.encoded
        stored = index_record(
            PATIENT, record, store=store, encoder=encoder, labeller=labeller, now=NOON + timedelta(days=1)
        )
        assert bool(encoder.encoded - before) == bool(stored)
        return stored

    assert index(NOTE, LAB) == 2
    assert index(NOTE, LAB) == 0
    assert index(NOTE, replace(LAB, text="BNP 900 ng/L")) == 1
    assert index(NOTE, replace(LAB, text="BNP 900 ng/L", day=11)) == 1
    assert index(NOTE, version="effusion/2") == 1
    assert store.counts().sources == 2


def test_a_blank_source_is_remembered_as_blank() -> None:
    store, encoder = MemorySnippetStore(), CountingEncoder()
    blank = replace(LAB, text=" \n ")
    for stored in (1, 0):
        assert (
            index_record(PATIENT, [blank], store=store, encoder=encoder, labeller=EffusionLabeller(), now=NOON)
            == stored
        )
    assert store.counts().snippets == 0
