"""Which pieces of a patient's record bear on what the film shows: similarity x recency x what the snippet states of the finding that is asked for.

A sentence encoder hardly sees negation (all-MiniLM puts "no pleural effusion" next to "pleural effusion"), so what a snippet states is read by the labeller when it
comes in, and a snippet that only denies a finding is no context for it.
"""

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from wetread.domain.analysis import Finding
from wetread.domain.drafting_context import RecordKind, Snippet
from wetread.domain.finding import FindingName, concept
from wetread.domain.identifiers import PatientKey
from wetread.domain.statement import Presence
from wetread.ports.snippet_store import Hit, SnippetStore
from wetread.ports.text_encoder import TextEncoder

__all__ = ["Question", "Retrieval", "Scored", "questions", "rank", "retrieve"]


@dataclass(frozen=True, slots=True)
class Retrieval:
    """How snippets are weighed and how many are kept.

    `lasting` are the kinds that do not age: a condition or a medicine that has not ended counts as if it were of today.
    `half_life_days`: what was recorded so long before the study counts half, but never less than `recency_floor` (a pneumonectomy stays one). `unlabelled`: weight of a
    snippet that states nothing of the finding that is asked for, or where none is. `least_score`: below it a snippet is no context. `same`: cosine from which two snippets say the same, and
    the newer is kept. `candidates`: how many the store gives for each question. `per_source`: how many of one document.
    """

    limit: int = 5
    half_life_days: float = 365.0
    recency_floor: float = 0.25
    unlabelled: float = 0.6
    least_score: float = 0.15
    same: float = 0.95
    candidates: int = 64
    per_source: int = 2
    lasting: frozenset[RecordKind] = frozenset({RecordKind.CONDITION, RecordKind.MEDICATION_STATEMENT})


@dataclass(frozen=True, slots=True)
class Question:
    """What is looked for: a text, and the finding it is about when it is about one."""

    text: str
    finding: FindingName | None = None


@dataclass(frozen=True, slots=True)
class Scored:
    """A hit with its score, 0..1, and its age at the study."""

    hit: Hit
    days_before: int | None
    score: float


def questions(findings: Iterable[Finding], indication_text: str = "") -> tuple[Question, ...]:
    """One for each finding that is called or half way there, most probable first, and one for the indication."""
    near = [f for f in findings if f.probability is not None and f.probability >= f.operating_point.threshold / 2]
    near.sort(key=lambda finding: -(finding.probability or 0.0))
    asked = [Question(concept(finding.name).display, finding.name) for finding in near]
    return (*asked, Question(indication_text)) if indication_text.strip() else tuple(asked)


def retrieve(
    asked: Sequence[Question],
    patient_key: PatientKey,
    day: int,
    *,
    store: SnippetStore,
    encoder: TextEncoder,
    suspicion: Callable[[str], float],
    how: Retrieval = Retrieval(),
    among: Collection[str] | None = None,
) -> tuple[Snippet, ...]:
    """The best snippets of this patient's record, best first; `day` is the study's on the patient's axis. Nothing asked, nothing found.

    `among` are the sources that may be quoted, None for all: what the record does not say any more may still be stored.

    `suspicion` is the injection scanner, 0..1: it marks, it does not hide. Raises what the store raises.
    """
    if not asked:
        return ()
    vectors = encoder.encode([question.text for question in asked])
    found: list[Scored] = []
    for question, vector in zip(asked, vectors, strict=True):
        hits = store.nearest(patient_key, vector, encoder=encoder.version, limit=how.candidates)
        quotable = (hit for hit in hits if among is None or hit.source_id in among)
        found.extend(scored for hit in quotable if (scored := _score(hit, question, day, how)))
    return tuple(_snippet(each, suspicion) for each in rank(found, how))


def rank(found: Iterable[Scored], how: Retrieval) -> tuple[Scored, ...]:
    """At most `how.limit` of them, best first (of equals the newer): each text once, not more than `how.per_source` of a document."""
    kept: list[Scored] = []
    for each in sorted(found, key=lambda scored: (-scored.score, _age(scored), scored.hit.source_id)):
        twin = next((k for k, other in enumerate(kept) if _same(each.hit, other.hit, how)), None)
        if twin is not None:
            kept[twin] = _newer(kept[twin], each)
        elif (
            sum(other.hit.source_id == each.hit.source_id for other in kept) < how.per_source and len(kept) < how.limit
        ):
            kept.append(each)
    return tuple(kept)


def _score(hit: Hit, question: Question, day: int, how: Retrieval) -> Scored | None:
    """None for what does not bear on the question, or was written after the study: a draft made again later must say the same."""
    days_before = None if hit.day is None else day - hit.day
    if days_before is not None and days_before < 0:
        return None
    recency = 1.0 if hit.kind in how.lasting else how.recency_floor
    if days_before is not None and hit.kind not in how.lasting:
        recency += (1 - how.recency_floor) * 0.5 ** (days_before / how.half_life_days)
    score = max(hit.similarity, 0.0) * recency * _stated(hit, question, how)
    return Scored(hit, days_before, min(score, 1.0)) if score >= how.least_score else None


def _stated(hit: Hit, question: Question, how: Retrieval) -> float:
    """1 where the snippet states the finding, surely or not; 0 where it only denies it."""
    said = {label.presence for label in hit.snippet.labels if label.name is question.finding}
    if not said:
        return how.unlabelled
    return 0.0 if said == {Presence.NEGATIVE} else 1.0


def _age(scored: Scored) -> float:
    return float("inf") if scored.days_before is None else float(scored.days_before)


def _same(one: Hit, other: Hit, how: Retrieval) -> bool:
    if _letters(one.snippet.text) == _letters(other.snippet.text):
        return True
    states_the_same = one.snippet.labels == other.snippet.labels  # near vectors may still say yes and no
    return states_the_same and float(one.snippet.vector @ other.snippet.vector) >= how.same


def _letters(text: str) -> str:
    return re.sub(r"\W+", " ", text.casefold()).strip()


def _newer(kept: Scored, other: Scored) -> Scored:
    """The newer text at the better score: what is repeated is still true."""
    return replace(other, score=kept.score) if _age(other) < _age(kept) else kept


def _snippet(scored: Scored, suspicion: Callable[[str], float]) -> Snippet:
    hit = scored.hit
    return Snippet(
        hit.source_id, hit.kind, scored.days_before, hit.snippet.text, scored.score, suspicion(hit.snippet.text)
    )
