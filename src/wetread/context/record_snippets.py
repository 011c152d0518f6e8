"""From the hospital's record and signed priors to the few pieces that bear on a film: read, scrub, store, find. Each step has its time, and what fails costs only itself.

Only what the record says now is quoted: a piece of an earlier reading that the record has since corrected may still be stored, and is not found any more.
"""

import logging
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import chain, islice
from pathlib import PurePath
from typing import TypeVar

from wetread.context.assemble import SourceText, Subject, day_of, for_this_draft, prior_texts, record_texts
from wetread.context.indexing import index_record
from wetread.context.priors import SignedPrior
from wetread.context.retrieve import Question, Retrieval, retrieve
from wetread.domain.drafting_context import RecordKind, Snippet
from wetread.domain.errors import WetreadError
from wetread.domain.identifiers import PatientKey, StudyKey, patient_day
from wetread.domain.record import RecordEntry
from wetread.ports.clock import Clock
from wetread.ports.deadline import within
from wetread.ports.labeller import Labeller
from wetread.ports.patient_record import PatientRecord, RecordAnswer, RecordQuery
from wetread.ports.snippet_store import SnippetStore
from wetread.ports.text_encoder import TextEncoder

__all__ = ["RecordSnippets", "SnippetLimits", "SnippetTools"]

_LOG = logging.getLogger(__name__)
_T = TypeVar("_T")
_BATCH = 32
_GRACE_S = 1.0
_LASTING = (RecordKind.CONDITION, RecordKind.MEDICATION_STATEMENT)


@dataclass(frozen=True, slots=True)
class SnippetLimits:
    """`reading_s` is for the record server, `preparing_s` for cutting, labelling and encoding; a text is cut at `longest_chars`, all together end at `most_chars`."""

    reading_s: float = 5.0
    preparing_s: float = 5.0
    look_back_days: int = 1825
    longest_chars: int = 20_000
    most_chars: int = 200_000


@dataclass(frozen=True, slots=True)
class SnippetTools:
    """What stores and finds pieces of text."""

    store: SnippetStore
    encoder: TextEncoder
    labeller: Labeller
    how: Retrieval


@dataclass(frozen=True, slots=True)
class RecordSnippets:
    """`record` is None where no record server is configured: then the words of signed priors alone are found. `tools` are built on first use; `suspicion` is the injection scanner, 0..1."""

    record: PatientRecord | None
    tools: Callable[[], SnippetTools]
    suspicion: Callable[[str], float]
    kinds: frozenset[RecordKind]
    clock: Clock
    secret: bytes
    limits: SnippetLimits

    def find(
        self, study_key: StudyKey, subject: Subject, priors: Sequence[SignedPrior], asked: Sequence[Question]
    ) -> tuple[tuple[Snippet, ...], tuple[str, ...]]:
        """The pieces, best first, with source ids of this draft alone, and what could not be had. Never raises; where nothing is asked, the record is not read."""
        key, problems = subject.key, list[str]()
        if key is None or not asked:
            return (), ()
        answer = _guarded("patient record", problems, lambda: self._read(study_key, subject)) or RecordAnswer()
        problems.extend(answer.problems)
        texts = chain(
            prior_texts(priors, subject, self.secret, self.suspicion),
            record_texts(self._most_telling(answer.entries, problems), subject, self.secret, self.suspicion),
        )

        def find() -> tuple[Snippet, ...]:
            tools = self.tools()
            ready = self._prepared(texts, key, tools, problems)
            day = patient_day(self.secret, key, subject.day)
            found = retrieve(
                asked,
                key,
                day,
                store=tools.store,
                encoder=tools.encoder,
                suspicion=self.suspicion,
                how=tools.how,
                among=ready,
            )
            return for_this_draft(found, ready, study_key, self.secret)

        return _guarded("record snippets", problems, find) or (), tuple(problems)

    def _read(self, study_key: StudyKey, subject: Subject) -> RecordAnswer:
        """The reader keeps its own time; a name server or a socket that does not is given up."""
        record, limits = self.record, self.limits
        if record is None:
            return RecordAnswer()
        query = RecordQuery(self.kinds, subject.day - timedelta(days=limits.look_back_days))
        return within(limits.reading_s + _GRACE_S, lambda: record.entries(study_key, query))

    def _most_telling(self, entries: Sequence[RecordEntry], problems: list[str]) -> list[RecordEntry]:
        """What goes on first, then the newest, as far as the limits reach."""
        kept, left = [], self.limits.most_chars
        for each in sorted(entries, key=lambda each: (each.kind not in _LASTING, -_ordinal(each))):
            text = each.text[: self.limits.longest_chars]
            left -= len(text)
            if left >= 0:
                kept.append(replace(each, text=text))
        if dropped := len(entries) - len(kept):
            problems.append(f"patient record: {dropped} of {len(entries)} entries are too much text and were not used")
        return kept

    def _prepared(
        self, texts: Iterator[SourceText], key: PatientKey, tools: SnippetTools, problems: list[str]
    ) -> dict[str, float]:
        """Suspicion by source id of what was scrubbed and stored before the time was up; the rest is not even scrubbed."""
        ends, ready = time.monotonic() + self.limits.preparing_s, dict[str, float]()
        while batch := list(islice(texts, _BATCH)):
            if time.monotonic() >= ends:
                problems.append(f"record snippets: only the first {len(ready)} entries were prepared in time")
                break
            index_record(
                key,
                [each.scrubbed for each in batch],
                store=tools.store,
                encoder=tools.encoder,
                labeller=tools.labeller,
                now=self.clock.now(),
            )
            ready |= {each.scrubbed.source_id: each.suspicion for each in batch}
        return ready


def _ordinal(entry: RecordEntry) -> int:
    day = day_of(entry)
    return day.toordinal() if day else 0


def _guarded(what: str, problems: list[str], call: Callable[[], _T]) -> _T | None:
    """None where it fails, with the reason among the problems: context is never worth a draft (law 1)."""
    try:
        return call()
    except TimeoutError:
        problems.append(f"{what}: no answer in time")
    except WetreadError as error:
        problems.append(f"{what}: {error}")
    except Exception as error:  # noqa: BLE001 - its text may quote the record
        frame = traceback.extract_tb(error.__traceback__)[-1]
        _LOG.error("context_broke error=%s at=%s:%d", type(error).__name__, PurePath(frame.filename).name, frame.lineno)
        problems.append(f"{what}: internal error ({type(error).__name__})")
    return None
