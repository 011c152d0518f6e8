"""What of a record bears on what the film shows."""

import pytest

from wetread.context.retrieve import Question, Retrieval, questions, retrieve
from wetread.domain.analysis import Finding, OperatingPoint
from wetread.domain.drafting_context import RecordKind, Snippet
from wetread.domain.finding import FindingName
from wetread.domain.identifiers import PatientKey
from wetread.domain.statement import Presence
from wetread.ports.snippet_store import StoredSource
from wetread.testing.memory_snippets import MemorySnippetStore
from wetread.testing.snippet_builders import PATIENT, a_snippet, a_source, stated
from wetread.testing.text_encoder import WordEncoder

TODAY = 700_000
REPORT = RecordKind.DIAGNOSTIC_REPORT
EFFUSION = Question("pleural effusion", FindingName.EFFUSION)


def found(
    *sources: StoredSource, asked: tuple[Question, ...] = (EFFUSION,), day: int = TODAY, **how: float
) -> tuple[Snippet, ...]:
    store = MemorySnippetStore()
    store.put(sources)
    settings = Retrieval(**how)  # type: ignore[arg-type]
    return retrieve(asked, PATIENT, day, store=store, encoder=WordEncoder(), suspicion=lambda _: 0.0, how=settings)


def texts(snippets: tuple[Snippet, ...]) -> list[str]:
    return [each.text for each in snippets]


def a_finding(name: FindingName, probability: float | None, threshold: float = 0.5) -> Finding:
    return Finding(name, 0.0, probability, OperatingPoint(threshold, "test", None, None), "", None)


def test_called_findings_are_asked_for_first_then_those_half_way_there_then_the_indication() -> None:
    findings = [
        a_finding(FindingName.EDEMA, 0.25),
        a_finding(FindingName.EFFUSION, 0.9),
        a_finding(FindingName.MASS, 0.24),
        a_finding(FindingName.NODULE, None),
    ]
    assert questions(findings, " dyspnoea ") == (
        Question("pleural effusion", FindingName.EFFUSION),
        Question("pulmonary edema", FindingName.EDEMA),
        Question(" dyspnoea "),
    )
    assert questions([], "  ") == ()


def test_a_snippet_comes_with_its_age_and_where_it_is_from() -> None:
    store = MemorySnippetStore()
    said = a_snippet("Pleural effusion.", stated(FindingName.EFFUSION))
    store.put([a_source(said, source_id="d9", kind=REPORT, day=TODAY - 30)])

    def suspicion(text: str) -> float:
        return 0.7 if text == "Pleural effusion." else 0.0

    (only,) = retrieve([EFFUSION], PATIENT, TODAY, store=store, encoder=WordEncoder(), suspicion=suspicion)
    assert (only.source_id, only.kind, only.days_before, only.suspicion) == ("d9", REPORT, 30, 0.7)
    assert only.score == pytest.approx(0.25 + 0.75 * 0.5 ** (30 / 365))


def test_what_only_denies_the_finding_is_no_context_for_it() -> None:
    no = a_source(a_snippet("No pleural effusion.", stated(FindingName.EFFUSION, Presence.NEGATIVE)), source_id="no")
    maybe = a_snippet("Possible pleural effusion.", stated(FindingName.EFFUSION, Presence.UNCERTAIN))
    both = a_snippet(
        "Left pleural effusion, none on the right.",
        stated(FindingName.EFFUSION),
        stated(FindingName.EFFUSION, Presence.NEGATIVE),
    )
    assert texts(found(no, a_source(maybe), a_source(both, source_id="both"))) == [maybe.text, both.text]


def test_what_states_the_finding_counts_more_than_what_only_sounds_like_it() -> None:
    sounds, states = a_snippet("pleural effusion"), a_snippet("pleural effusion seen", stated(FindingName.EFFUSION))
    assert texts(found(a_source(sounds, source_id="a"), a_source(states, source_id="b"))) == [states.text, sounds.text]


def test_the_more_recent_counts_more_but_the_old_never_nothing() -> None:
    said = stated(FindingName.EFFUSION)
    ages = {"old": 40_000, "year": 365, "new": 1}
    sources = [
        a_source(a_snippet(f"pleural effusion {name}", said), source_id=name, kind=REPORT, day=TODAY - age)
        for name, age in ages.items()
    ]
    undated = a_source(a_snippet("pleural effusion undated", said), source_id="undated", kind=REPORT, day=None)
    answers = found(*sources, undated)
    assert [each.source_id for each in answers] == ["new", "year", "old", "undated"]
    assert answers[1].score / answers[0].score == pytest.approx(0.625, rel=0.01)
    assert answers[2].score / answers[0].score == pytest.approx(0.25, rel=0.01)
    assert answers[3].score == pytest.approx(answers[2].score)


def test_what_goes_on_does_not_age() -> None:
    said = stated(FindingName.EFFUSION)
    since_long = a_source(a_snippet("pleural effusion, recurrent", said), kind=RecordKind.CONDITION, day=TODAY - 9_000)
    lately = a_source(a_snippet("pleural effusion, recurrent.", said), source_id="r", kind=REPORT, day=TODAY - 9_000)
    (lasting,), (ageing,) = found(since_long), found(lately)
    assert lasting.score == pytest.approx(4 * ageing.score, rel=0.01)
    assert lasting.days_before == 9_000


def test_only_sources_that_may_be_quoted_are_found() -> None:
    store, said = MemorySnippetStore(), stated(FindingName.EFFUSION)
    store.put([a_source(a_snippet(f"pleural effusion {name}", said), source_id=name) for name in "abc"])
    for among, expected in ((None, {"a", "b", "c"}), ({"b", "z"}, {"b"}), (set(), set())):
        answer = retrieve(
            [EFFUSION], PATIENT, TODAY, store=store, encoder=WordEncoder(), suspicion=lambda _: 0.0, among=among
        )
        assert {each.source_id for each in answer} == expected


def test_what_was_written_after_the_study_does_not_exist_for_it() -> None:
    later = a_source(a_snippet("pleural effusion", stated(FindingName.EFFUSION)), day=TODAY + 1)
    assert found(later) == ()
    assert len(found(later, day=TODAY + 1)) == 1


def test_what_is_repeated_is_quoted_once_by_its_newest_source() -> None:
    said = stated(FindingName.EFFUSION)
    sources = [
        a_source(a_snippet(text, said), source_id=str(age), day=TODAY - age)
        for age, text in ((3, "PLEURAL EFFUSION!"), (900, "Pleural effusion."), (2, "effusion, pleural"))
    ]
    (only,) = found(*sources)
    assert (only.source_id, only.days_before) == ("2", 2)


def test_near_vectors_that_say_yes_and_no_are_two_snippets() -> None:
    yes = a_snippet("pleural effusion", stated(FindingName.EFFUSION))
    denied = (stated(FindingName.EFFUSION), stated(FindingName.EFFUSION, Presence.NEGATIVE))
    mixed = a_snippet("effusion pleural", *denied)
    assert len(found(a_source(yes, source_id="a"), a_source(mixed, source_id="b"))) == 2


def test_one_document_does_not_fill_the_answer() -> None:
    said = stated(FindingName.EFFUSION)
    long = a_source(*(a_snippet(f"pleural effusion note {n}", said) for n in "abcdef"), source_id="long")
    other = a_source(a_snippet("effusion drained after some days", said), source_id="short")
    answers = found(long, other)
    assert [each.source_id for each in answers].count("long") == 2
    assert [each.source_id for each in answers].count("short") == 1


def test_no_more_than_the_limit_and_nothing_below_the_least_score() -> None:
    words = [f"pleural effusion {word}" for word in "abcdefgh"]
    sources = [a_source(a_snippet(text), source_id=text) for text in words]
    knee = a_source(a_snippet("left knee pain"), source_id="knee")
    assert len(found(*sources, knee, limit=3)) == 3
    assert "knee" not in {each.source_id for each in found(*sources, knee, limit=100)}


def test_each_snippet_counts_by_the_question_it_answers_best() -> None:
    edema = Question("pulmonary edema", FindingName.EDEMA)
    text = a_snippet(
        "pulmonary edema, no pleural effusion",
        stated(FindingName.EDEMA),
        stated(FindingName.EFFUSION, Presence.NEGATIVE),
    )
    (one,), (both,) = found(a_source(text), asked=(edema,)), found(a_source(text), asked=(EFFUSION, edema))
    assert one == both


def test_nothing_asked_nothing_found_and_another_patient_never() -> None:
    other = a_source(a_snippet("pleural effusion"), patient_key=PatientKey("q" * 24))
    assert found(a_source(), asked=()) == ()
    assert found(other) == ()


def test_scores_are_shares() -> None:
    answers = found(a_source(a_snippet("pleural effusion", stated(FindingName.EFFUSION)), day=TODAY))
    assert 0 < answers[0].score <= 1
