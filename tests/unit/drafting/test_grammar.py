"""What each part of a draft says, and what it never says."""

from dataclasses import replace
from math import nan

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.analysis_builders import a_finding

from wetread.domain.analysis import Finding, QualityFlag
from wetread.domain.drafting_context import DraftingContext, PriorFinding, PriorStudy
from wetread.domain.errors import PermanentError
from wetread.domain.finding import FindingName, concept
from wetread.domain.report import Certainty, Evidence, Section
from wetread.drafting.content import Claim, plan
from wetread.drafting.grammar import GrammarDrafter
from wetread.drafting.style import DEFAULT_STYLE, Bands, Style
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
N = FindingName


def _request(*findings: Finding, **changes: object) -> DraftingRequest:
    values = {"quality": (), "view_position": "PA", "comparison_available": False, "may_say_normal": False, **changes}
    return DraftingRequest(findings=findings, **values)  # type: ignore[arg-type]


def _said(request: DraftingRequest, section: Section, style: Style = DEFAULT_STYLE) -> list[str]:
    return [s.text for s in GrammarDrafter(style).draft(request).sentences if s.section is section]


def _text(request: DraftingRequest, section: Section, style: Style = DEFAULT_STYLE) -> str:
    return " ".join(_said(request, section, style))


def _hedges(request: DraftingRequest, section: Section, style: Style = DEFAULT_STYLE) -> list[str]:
    return [s.hedge for s in GrammarDrafter(style).draft(request).sentences if s.section is section]


def _prior(name: FindingName, present: bool, side: str = "", days_before: int = 12) -> DraftingContext:
    return DraftingContext(priors=(PriorStudy("p-1", days_before, (PriorFinding(name, present, side),)),))


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


def test_findings_follow_the_anatomy_and_within_it_the_probability() -> None:
    findings = [
        a_finding(n, p, 0.1, "") for n, p in (("fracture", 0.9), ("mass", 0.5), ("nodule", 0.8), ("edema", 0.2))
    ]
    assert _said(_request(*findings), Section.FINDINGS) == [
        "Probable nodule.",
        "Possible mass.",
        "Questionable pulmonary edema.",
        "Probable fracture.",
    ]


def test_the_word_follows_the_calibrated_probability() -> None:
    words = [_text(_request(a_finding("mass", p, 0.1, "")), Section.FINDINGS) for p in (0.2, 0.5, 0.9)]
    assert words == ["Questionable mass.", "Possible mass.", "Probable mass."]
    certainties = [
        s.certainty
        for p in (0.2, 0.5, 0.9)
        for s in GrammarDrafter().draft(_request(a_finding("mass", p, 0.1))).sentences
        if s.section is Section.FINDINGS
    ]
    assert certainties == [Certainty.QUESTIONABLE, Certainty.POSSIBLE, Certainty.PROBABLE]


def test_normal_is_only_said_where_the_policy_allows() -> None:
    quiet = a_finding("mass", 0.1)
    assert "does not exclude disease" in _text(_request(quiet), Section.FINDINGS)
    assert _text(_request(quiet, may_say_normal=True), Section.FINDINGS) == "No acute finding."


def test_a_film_unlike_the_training_films_is_never_called_normal() -> None:
    flag = QualityFlag("out_of_distribution", "unlike the training films")
    text = _text(_request(a_finding("mass", 0.1), may_say_normal=True, quality=(flag,)), Section.FINDINGS)
    assert "No acute finding" not in text
    assert "unlike the training films" in text


@pytest.mark.parametrize(
    ("findings", "context"),
    [
        ((a_finding("mass", 0.1), a_finding("nodule", None)), DraftingContext()),
        ((a_finding("mass", 0.1),), _prior(N.MASS, True)),
        ((a_finding("mass", 0.1),), _prior(N.NODULE, True)),
        ((), DraftingContext()),
        ((a_finding("mass", None),), DraftingContext()),
    ],
)
def test_normal_is_not_said_when_something_was_not_assessed_or_a_prior_s_finding_is_open(
    findings: tuple[Finding, ...], context: DraftingContext
) -> None:
    request = _request(*findings, may_say_normal=True, context=context)
    for section in (Section.FINDINGS, Section.IMPRESSION):
        assert "No acute finding" not in _text(request, section)
        assert "does not exclude disease" in _text(request, section)


def test_what_has_no_calibrated_probability_is_said_not_to_be_excluded() -> None:
    silent = [a_finding(name, None) for name in ("mass", "fracture", "nodule")]
    assert _said(_request(a_finding("effusion", 0.9), *silent), Section.FINDINGS) == [
        "Probable left pleural effusion.",
        "Mass, nodule or fracture cannot be excluded: not assessed by the AI for want of calibration.",
    ]
    assert _said(_request(*silent), Section.FINDINGS)[0].startswith("The AI assessed no finding")
    assert _said(_request(silent[0]), Section.FINDINGS)[1].startswith("Mass cannot be excluded")


def test_without_an_ai_read_the_draft_says_why_and_claims_nothing() -> None:
    draft = GrammarDrafter().draft(_request(ai_unavailable="the film is blank"))
    assert draft.findings == ()
    assert _text(_request(ai_unavailable="the film is blank"), Section.FINDINGS) == "No AI read: the film is blank."


def test_without_an_ai_read_nothing_was_compared() -> None:
    request = _request(ai_unavailable="the film is blank", context=_prior(N.MASS, True))
    assert _said(request, Section.COMPARISON) == ["A prior study is on file; it was not compared by the AI."]
    assert _said(request, Section.IMPRESSION) == ["To be completed by the reader."]


@pytest.mark.parametrize(
    ("view", "text"),
    [
        ("PA", "Single frontal (PA) view of the chest."),
        ("ap", "Single frontal (AP) view of the chest."),
        ("LL", "Single left lateral view of the chest."),
        ("", "Radiograph of the chest; the AI was not told the projection."),
        ("Left pneumothorax", "Radiograph of the chest; the AI was not told the projection."),
    ],
)
def test_technique_comes_from_the_header(view: str, text: str) -> None:
    assert _said(_request(view_position=view), Section.TECHNIQUE) == [text]


def test_technique_and_comparison_come_from_facts() -> None:
    request = _request(view_position="AP", comparison_available=True)
    assert _text(request, Section.TECHNIQUE) == "Single frontal (AP) view of the chest."
    assert "not compared by the AI" in _text(request, Section.COMPARISON)


def test_a_comparison_names_the_signed_reports_and_what_was_compared() -> None:
    priors = tuple(PriorStudy(f"p-{days}", days, ()) for days in (400, 0, 1, 12, 40))
    request = _request(context=DraftingContext(priors=(*priors, PriorStudy("a sentence.", 3, ()))))
    assert _said(request, Section.COMPARISON) == [
        "Compared with the signed report of the same day: presence and side only, not extent.",
        "Compared with the signed report of 1 day before: presence and side only, not extent.",
        "Compared with the signed report of 12 days before: presence and side only, not extent.",
        "2 older signed reports were compared too.",
        "1 prior is left out: its time or source cannot be used.",
    ]


def test_a_finding_is_compared_with_the_signed_prior_and_names_it() -> None:
    request = _request(a_finding("effusion", 0.9), context=_prior(N.EFFUSION, True, "left"))
    (sentence,) = [s for s in GrammarDrafter().draft(request).sentences if s.section is Section.FINDINGS]
    assert sentence.text == "Probable left pleural effusion, unchanged in presence since the prior of 12 days before."
    assert sentence.evidence == (
        Evidence("model", N.EFFUSION, 0.9, 0.5),
        Evidence("prior:p-1", N.EFFUSION, days_before=12),
    )
    new = replace(request, context=_prior(N.EFFUSION, False))
    assert _said(new, Section.IMPRESSION) == ["Probable left pleural effusion, new since the prior of 12 days before."]


def test_what_the_prior_had_and_the_ai_does_not_see_is_never_called_resolved() -> None:
    context = _prior(N.EFFUSION, True, "right")
    request = _request(a_finding("effusion", 0.04, 0.3), context=context)
    sentence = GrammarDrafter().draft(request).sentences[4]
    assert sentence.text == (
        "Right pleural effusion reported on the prior of 12 days before is not seen by the AI now (probability 0.04)."
    )
    assert sentence.certainty is Certainty.UNSTATED
    assert "does not show that the finding has gone" in sentence.hedge
    assert [each.source for each in sentence.evidence] == ["model", "prior:p-1"]
    for language in ("en", "de"):
        draft = GrammarDrafter().draft(replace(request, language=language))
        words = " ".join(s.text + s.hedge for s in draft.sentences).lower()
        assert not {"resolved", "rückläufig", "aufgelöst", "zurückgebildet"} & set(words.split())
        assert draft.findings == ()


def test_a_pneumothorax_of_the_prior_is_followed_up_in_the_impression() -> None:
    request = _request(
        a_finding("effusion", 0.9), a_finding("pneumothorax", 0.04), context=_prior(N.PNEUMOTHORAX, True)
    )
    said = _said(request, Section.IMPRESSION)
    assert said[0] == "Probable left pleural effusion."
    assert said[1].startswith("Pneumothorax reported on the prior of 12 days before is not seen by the AI now")
    quiet = replace(request, findings=request.findings[1:])
    assert [each.split()[0] for each in _said(quiet, Section.IMPRESSION)] == ["No", "Pneumothorax"]


@pytest.mark.parametrize("findings", [(), (a_finding("effusion", None),)])
def test_what_the_prior_had_and_the_ai_does_not_assess_is_said(findings: tuple[Finding, ...]) -> None:
    said = _said(_request(*findings, context=_prior(N.EFFUSION, True, "right")), Section.FINDINGS)
    assert (
        "Right pleural effusion reported on the prior of 12 days before cannot be excluded: not assessed by the AI."
        in said
    )


def test_a_plural_finding_has_a_plural_verb() -> None:
    request = _request(a_finding("support_devices", 0.1), context=_prior(N.SUPPORT_DEVICES, True))
    assert "Support devices reported on the prior of 12 days before are not seen" in _text(request, Section.FINDINGS)


def test_the_impression_holds_no_questionable_finding() -> None:
    findings = (a_finding("mass", 0.1, 0.05, ""), a_finding("effusion", 0.6, 0.3, "left"))
    assert _text(_request(*findings), Section.IMPRESSION) == "Possible left pleural effusion."
    assert "Questionable mass." in _text(_request(*findings), Section.FINDINGS)
    assert _text(_request(findings[0]), Section.IMPRESSION).startswith("Only questionable findings")


def test_a_pneumothorax_leads_the_impression_and_is_never_cut() -> None:
    others = [a_finding(name, 0.9, 0.3, "") for name in ("mass", "nodule", "edema", "fracture")]
    request = _request(*others, a_finding("pneumothorax", 0.2, 0.1, "left"))
    assert _said(request, Section.IMPRESSION) == [
        "Questionable left pneumothorax.",
        "Probable mass.",
        "Probable nodule.",
        "2 further findings are listed above.",
    ]
    assert _said(request, Section.IMPRESSION, Style(impression_maximum=1))[-1].startswith("4 further findings")


def test_a_note_on_the_film_is_in_the_language_of_the_draft() -> None:
    flags = (QualityFlag("view_unknown", "the header does not name the view."), QualityFlag("new one", "look\ntwice"))
    request = _request(a_finding("mass", 0.9), quality=flags)
    assert _said(request, Section.FINDINGS)[:2] == [
        "Note for the reader: the header does not name the view.",
        "Note for the reader: look twice.",
    ]
    german = _said(replace(request, language="de"), Section.FINDINGS)
    assert german[0].startswith("Hinweis für den Befunder: Der Header nennt den Strahlengang nicht")
    assert german[1] == "Hinweis für den Befunder (Systemmeldung: „look twice“)."


@pytest.mark.parametrize(
    ("finding", "code"),
    [
        (a_finding("mass", nan), "bad_number"),
        (a_finding("mass", -0.1), "bad_number"),
        (a_finding("mass", 1.1), "bad_number"),
        (a_finding("mass", None, nan), "bad_number"),
        (a_finding("mass", 0.5, 1.5), "bad_number"),
        (a_finding("mass", 0.5, 0.3, "LEFT"), "unknown_value"),
    ],
)
def test_a_finding_that_cannot_be_true_is_refused(finding: Finding, code: str) -> None:
    with pytest.raises(PermanentError) as refusal:
        GrammarDrafter().draft(_request(finding))
    assert refusal.value.code == code


def test_a_request_that_contradicts_itself_is_refused() -> None:
    mass = a_finding("mass", 0.9)
    for request, code in (
        (_request(mass, mass), "duplicate_finding"),
        (_request(mass, ai_unavailable="blank"), "contradiction"),
        (replace(_request(mass), language="fr"), "unknown_language"),
    ):
        with pytest.raises(PermanentError) as refusal:
            GrammarDrafter().draft(request)
        assert refusal.value.code == code


def test_a_negative_is_only_said_where_the_style_names_it_and_nothing_speaks_against_it() -> None:
    request, style = (
        _request(a_finding("pneumothorax", 0.03), a_finding("mass", 0.9)),
        Style(negatives=(N.PNEUMOTHORAX,)),
    )
    assert "pneumothorax" not in _text(request, Section.FINDINGS)
    assert _said(request, Section.FINDINGS, style) == ["Probable left mass.", "No pneumothorax seen."]
    assert GrammarDrafter(style).draft(request).findings == GrammarDrafter().draft(request).findings
    flagged = replace(request, quality=(QualityFlag("out_of_distribution", "unlike"),))
    known = replace(request, context=_prior(N.PNEUMOTHORAX, True, "left"))
    for other in (flagged, known, _request(a_finding("pneumothorax", None)), _request(a_finding("pneumothorax", 0.9))):
        assert "No pneumothorax" not in _text(other, Section.FINDINGS, style)


def test_a_site_s_style_is_heard_and_named() -> None:
    style = Style(
        "north-1",
        bands=Bands(0.5, 0.8, 0.95),
        sections=(Section.COMPARISON, Section.IMPRESSION, Section.FINDINGS),
        phrases=(("en", "certainty.probable", "Likely"), ("en", "closing", "Please correlate clinically.")),
    )
    request = _request(a_finding("mass", 0.96), a_finding("nodule", 0.85), a_finding("edema", 0.45, 0.3, ""))
    draft = GrammarDrafter(style).draft(request)
    assert draft.composer == "grammar/2 (style north-1)"
    assert [each.text for each in draft.sentences] == [
        "No prior study on file.",
        "Left mass.",
        "Likely left nodule.",
        "Please correlate clinically.",
        "Left mass.",
        "Likely left nodule.",
        "Questionable pulmonary edema.",
    ]
    assert "Please" not in _text(replace(request, language="de"), Section.IMPRESSION, style)
    assert GrammarDrafter().draft(request).composer == "grammar/2"


def test_a_plan_has_one_statement_for_each_sentence() -> None:
    request = _request(a_finding("mass", 0.9), a_finding("nodule", None), context=_prior(N.EFFUSION, True))
    planned, sentences = plan(request), GrammarDrafter().draft(request).sentences
    assert [(p.section, p.evidence, p.certainty) for p in planned] == [
        (s.section, s.evidence, s.certainty) for s in sentences
    ]
    called = [p.finding for p in planned if p.claim is Claim.CALLED and p.section is Section.FINDINGS]
    assert called == [N.MASS]


def test_the_notice_is_in_the_language_of_the_draft_and_no_style_can_change_it() -> None:
    request, style = _request(), Style(phrases=(("en", "notice", "Cleared."),))
    assert GrammarDrafter().draft(request).notice.startswith("AI draft, unsigned.")
    assert (
        GrammarDrafter().draft(replace(request, language="de")).notice.startswith("KI-Entwurf, nicht unterschrieben.")
    )
    with pytest.raises(PermanentError, match="notice: is locked"):
        GrammarDrafter(style)
