from hypothesis import given
from hypothesis import strategies as st
from tests.analysis_builders import a_finding

from wetread.domain.analysis import Finding, QualityFlag
from wetread.domain.finding import FindingName, concept
from wetread.domain.report import Section
from wetread.drafting.grammar import GrammarDrafter
from wetread.ports.drafter import DraftingRequest

FINDINGS = st.lists(
    st.builds(
        a_finding,
        st.sampled_from([name.value for name in FindingName]),
        st.floats(0, 1),
        st.floats(0.05, 0.95),
        st.sampled_from(["left", "right", "bilateral", ""]),
    ),
    unique_by=lambda f: f.name,
)


def _request(*findings: Finding, **changes: object) -> DraftingRequest:
    values = {"quality": (), "view_position": "PA", "comparison_available": False, "may_say_normal": False, **changes}
    return DraftingRequest(findings=findings, **values)  # type: ignore[arg-type]


def _text(request: DraftingRequest, section: Section) -> str:
    return " ".join(s.text for s in GrammarDrafter().draft(request).sentences if s.section is section)


@given(FINDINGS)
def test_every_called_finding_is_stated_once_and_no_other(findings: list[Finding]) -> None:
    draft = GrammarDrafter().draft(_request(*findings))
    named = [e.finding for s in draft.sentences if s.section is Section.FINDINGS for e in s.evidence if e.finding]
    called = [f.name for f in findings if f.called]
    if called:
        assert sorted(named) == sorted(called)
    assert sorted(f.name for f in draft.findings) == sorted(called)
    assert all(s.evidence for s in draft.sentences)


@given(FINDINGS)
def test_a_stated_finding_keeps_its_side(findings: list[Finding]) -> None:
    text = _text(_request(*findings), Section.FINDINGS)
    for finding in findings:
        if finding.called:
            side = f"{finding.laterality} " if finding.laterality else ""
            assert f" {side}{concept(finding.name).display}." in text


def test_the_word_follows_the_calibrated_probability() -> None:
    words = [_text(_request(a_finding("mass", p, 0.1, "")), Section.FINDINGS) for p in (0.2, 0.5, 0.9)]
    assert words == ["Questionable mass.", "Possible mass.", "Probable mass."]


def test_normal_is_only_said_where_the_policy_allows() -> None:
    quiet = a_finding("mass", 0.1)
    assert "does not exclude disease" in _text(_request(quiet), Section.FINDINGS)
    assert _text(_request(quiet, may_say_normal=True), Section.FINDINGS) == "No acute finding."


def test_a_film_unlike_the_training_films_is_never_called_normal() -> None:
    flag = QualityFlag("out_of_distribution", "unlike the training films")
    text = _text(_request(a_finding("mass", 0.1), may_say_normal=True, quality=(flag,)), Section.FINDINGS)
    assert "No acute finding" not in text
    assert "unlike the training films" in text


def test_without_an_ai_read_the_draft_says_why_and_claims_nothing() -> None:
    draft = GrammarDrafter().draft(_request(ai_unavailable="the film is blank"))
    assert draft.findings == ()
    assert _text(_request(ai_unavailable="the film is blank"), Section.FINDINGS) == "No AI read: the film is blank."


def test_technique_and_comparison_come_from_facts() -> None:
    request = _request(view_position="AP", comparison_available=True)
    assert _text(request, Section.TECHNIQUE) == "Single frontal (AP) view of the chest."
    assert "not compared by the AI" in _text(request, Section.COMPARISON)


def test_the_impression_holds_no_questionable_finding() -> None:
    findings = (a_finding("mass", 0.1, 0.05, ""), a_finding("effusion", 0.6, 0.3, "left"))
    assert _text(_request(*findings), Section.IMPRESSION) == "Possible left pleural effusion."
    assert "Questionable mass." in _text(_request(*findings), Section.FINDINGS)
    assert _text(_request(findings[0]), Section.IMPRESSION).startswith("Only questionable findings")
