"""Every sentence has a source, every source that is cited is drawn, and what a person wrote or signed is told from what software said."""

import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wetread.domain.delivery import Delivery, DeliveryState
from wetread.domain.drafting_context import DraftingContext, PriorFinding, PriorStudy
from wetread.domain.finding import FindingName
from wetread.domain.report import Draft, Evidence, ReportContent, ReportStatus, Section, Sentence
from wetread.drafting.grammar import GrammarDrafter
from wetread.drafting.provenance import Column, Node, Provenance, StudyRecord, trace
from wetread.drafting.provenance_picture import draw
from wetread.ports.drafter import DraftingRequest
from wetread.signoff.signing import content_of
from wetread.testing.builders import NOON, STUDY_KEY, a_decision, a_finding, a_report, a_signature, a_study, an_analysis

EFFUSION, CARDIOMEGALY = FindingName.EFFUSION, FindingName.CARDIOMEGALY
SVG = "{http://www.w3.org/2000/svg}"


def _drafted(names: list[FindingName], probability: float = 0.8) -> StudyRecord:
    findings = tuple(a_finding(each, probability=probability) for each in names)
    prior = PriorStudy("p-1", 12, (PriorFinding(EFFUSION, True, "left"),))
    request = DraftingRequest(findings, (), "PA", True, False, context=DraftingContext(priors=(prior,)))
    analysis = an_analysis(findings=findings)
    return StudyRecord(a_study(), analysis, a_decision(), GrammarDrafter().draft(request))


def _signed(record: StudyRecord, content: ReportContent) -> StudyRecord:
    report = a_report(content=content, status=ReportStatus.FINAL, signature=a_signature(content))
    delivery = Delivery(STUDY_KEY, 1, "archive", DeliveryState.ACKNOWLEDGED, 1, "200", NOON)
    return replace(record, reports=(report,), deliveries=(delivery,))


def _titles(provenance: Provenance, column: Column) -> list[str]:
    return [each.title for each in provenance.nodes if each.column is column]


def _into(provenance: Provenance, node: Node) -> list[str]:
    return [each.source for each in provenance.arrows if each.target == node.key]


@given(st.lists(st.sampled_from(list(FindingName)), unique=True), st.floats(0, 1))
def test_every_sentence_of_a_draft_is_joined_to_what_it_rests_on(names: list[FindingName], probability: float) -> None:
    record = _drafted(names, probability)
    provenance = trace(record)
    keys = [each.key for each in provenance.nodes]
    assert len(set(keys)) == len(keys)
    assert all(each.source in keys and each.target in keys for each in provenance.arrows)
    sentences = [each for each in provenance.nodes if each.column is Column.SENTENCE]
    assert [each.title for each in sentences] == [each.text for each in record.draft.sentences]  # type: ignore[union-attr]
    assert all(_into(provenance, each) for each in sentences)
    assert not any(each.title == "No source named" for each in provenance.nodes)
    findings = [each for each in provenance.nodes if each.key.startswith("finding:")]
    assert all(_into(provenance, each) == ["analysis"] for each in findings)


def test_a_sentence_without_evidence_is_shown_as_a_gap() -> None:
    draft = Draft((Sentence(Section.FINDINGS, "Something.", ()),), (), "other/1", "")
    provenance = trace(StudyRecord(a_study(), draft=draft))
    (sentence,) = [each for each in provenance.nodes if each.column is Column.SENTENCE]
    (source,) = _into(provenance, sentence)
    assert [each.title for each in provenance.nodes if each.key == source] == ["No source named"]


def test_a_persons_words_are_told_from_the_drafts() -> None:
    record = _drafted([EFFUSION])
    draft = record.draft
    assert draft is not None
    sections = [(s, f"{t} Line in place." if s is Section.FINDINGS else t) for s, t in content_of(draft).sections]
    sections = [(s, "" if s is Section.TECHNIQUE else t) for s, t in sections]
    provenance = trace(_signed(record, ReportContent(tuple(sections), ())))
    own = [each for each in provenance.nodes if each.column is Column.SENTENCE and each.maker == "person"]
    assert [each.title for each in own] == ["Line in place."]
    (report,) = [each for each in provenance.nodes if each.column is Column.REPORT]
    assert f"{len(draft.sentences) - 1} of {len(draft.sentences)} draft sentences kept word for word" in report.lines
    assert own[0].key in _into(provenance, report)
    dropped = [each.key for each in provenance.nodes if each.title.startswith("Single frontal")]
    assert dropped
    assert not set(dropped) & set(_into(provenance, report))
    assert _titles(provenance, Column.DELIVERY) == ["archive"]


def test_a_text_that_is_not_what_was_signed_is_said() -> None:
    content = ReportContent(((Section.FINDINGS, "Signed."),), ())
    record = _signed(StudyRecord(a_study()), content)
    tampered = replace(record.reports[0], content=ReportContent(((Section.FINDINGS, "Other."),), ()))
    (report,) = [n for n in trace(replace(record, reports=(tampered,))).nodes if n.column is Column.REPORT]
    assert "THE TEXT IS NOT WHAT WAS SIGNED" in report.lines
    (sound,) = [n for n in trace(record).nodes if n.column is Column.REPORT]
    assert not any("NOT WHAT" in line for line in sound.lines)


def test_what_the_guard_replaced_is_said() -> None:
    evidence = (Evidence("model", EFFUSION, 0.8, 0.5),)
    draft = Draft((Sentence(Section.FINDINGS, "Effusion.", evidence, guarded="wrong side"),), (), "openai/1", "")
    (node,) = [n for n in trace(StudyRecord(a_study(), draft=draft)).nodes if n.column is Column.SENTENCE]
    assert any("wrong side" in line for line in node.lines)


@settings(max_examples=30)
@given(st.text(max_size=60), st.lists(st.sampled_from(list(FindingName)), unique=True, max_size=6))
def test_any_text_stays_text_in_the_picture(words: str, names: list[FindingName]) -> None:
    hostile = f"{words}<script>alert(1)</script><a href='http://x'>&\x00\x1b\u202e"
    record = _signed(_drafted(names), ReportContent(((Section.FINDINGS, hostile),), ()))
    root = ET.fromstring(draw(trace(record)))
    assert {each.tag.removeprefix(SVG) for each in root.iter()} <= {"svg", "title", "desc", "rect", "path", "text"}
    assert not [name for each in root.iter() for name in each.attrib if name.startswith("on") or "href" in name]


@pytest.mark.parametrize("names", [[], [EFFUSION], [EFFUSION, CARDIOMEGALY], list(FindingName)])
def test_no_box_covers_another_and_all_stand_inside(names: list[FindingName]) -> None:
    record = _drafted(names)
    assert record.draft is not None
    root = ET.fromstring(draw(trace(_signed(record, content_of(record.draft)))))
    boxes = [
        tuple(float(each.attrib[name]) for name in ("x", "y", "width", "height"))
        for each in root.iter(f"{SVG}rect")
        if each.attrib.get("rx") == "6"
    ]
    assert len(boxes) == len(trace(_signed(record, content_of(record.draft))).nodes)
    for n, (x, y, wide, high) in enumerate(boxes):
        assert x >= 0
        assert x + wide <= float(root.attrib["width"])
        assert y + high <= float(root.attrib["height"])
        for a, b, c, d in boxes[n + 1 :]:
            assert x + wide <= a or a + c <= x or y + high <= b or b + d <= y


def test_a_study_that_has_only_arrived_is_drawn_too() -> None:
    assert "Study" in draw(trace(StudyRecord(a_study())))
