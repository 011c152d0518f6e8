"""Warnings before a signature: what the text says against the marks, itself and the patient; and silence where nothing is wrong."""

import pytest

from wetread.domain.finding import FindingName
from wetread.domain.report import ReportContent, ReportFinding, Section
from wetread.domain.study import Sex, StudyTraits
from wetread.labelling.labeller import RuleLabeller
from wetread.signoff.contradictions import Contradiction, ReportWarning, report_warnings

N, C = FindingName, Contradiction
WOMAN = StudyTraits(56, Sex.FEMALE, "north")
LABELLER = RuleLabeller()


def warned(
    findings: str, impression: str = "", *marks: ReportFinding, indication: str = "", traits: StudyTraits = WOMAN
) -> tuple[ReportWarning, ...]:
    sections = ((Section.INDICATION, indication), (Section.FINDINGS, findings), (Section.IMPRESSION, impression))
    return report_warnings(ReportContent(sections, marks), traits, LABELLER)


def codes(*given: object, **more: object) -> list[Contradiction]:
    return [each.code for each in warned(*given, **more)]  # type: ignore[arg-type]


LEFT = ReportFinding(N.PNEUMOTHORAX, True, "left")


@pytest.mark.parametrize(
    ("findings", "impression", "mark", "code"),
    [
        ("No pneumothorax.", "", LEFT, C.DENIED),
        ("There is a left pneumothorax.", "", ReportFinding(N.PNEUMOTHORAX, False), C.STATED),
        ("Right pneumothorax.", "", LEFT, C.SIDE),
        ("The heart is of normal size.", "", LEFT, C.UNMENTIONED),
        ("The lungs are clear.", "", ReportFinding(N.CONSOLIDATION, True), C.DENIED),
    ],
)
def test_the_text_against_a_mark(findings: str, impression: str, mark: ReportFinding, code: Contradiction) -> None:
    assert codes(findings, impression, mark) == [code]


def test_the_text_against_itself() -> None:
    assert codes("Left pleural effusion.", "No pleural effusion.") == [C.BOTH]
    assert codes("Left pleural effusion.", "Right pleural effusion.") == [C.SIDE]


def test_a_warning_names_the_words_it_rests_on() -> None:
    text = "Heart normal. No pneumothorax."
    (warning,) = warned(text, "", LEFT)
    assert (warning.section, text[warning.start : warning.end]) == (Section.FINDINGS, "pneumothorax")
    assert warning.says == "You marked pneumothorax present; the text says that it is not there."


@pytest.mark.parametrize(
    ("findings", "impression", "marks"),
    [
        ("Left pneumothorax.", "Left pneumothorax.", (LEFT,)),
        ("Left and right pleural effusions.", "Bilateral effusions.", (ReportFinding(N.EFFUSION, True, "bilateral"),)),
        ("Possible left pneumothorax.", "", (LEFT,)),
        ("The lungs are clear. No pneumothorax.", "Normal chest.", ()),
        ("No pneumothorax.", "", (ReportFinding(N.PNEUMOTHORAX, False),)),
        ("", "", ()),
    ],
)
def test_a_report_at_one_with_itself_is_not_disturbed(
    findings: str, impression: str, marks: tuple[ReportFinding, ...]
) -> None:
    assert warned(findings, impression, *marks) == ()


def test_words_about_somebody_else() -> None:
    assert codes("Normal.", indication="65-year-old man with cough") == [C.AGE, C.SEX]
    assert codes("Normal.", indication="56-year-old woman, her cough is worse") == []
    assert codes("Normal.", indication="57 years old") == []
    assert codes("Normal.", indication="A man", traits=StudyTraits(None, Sex.UNKNOWN, "north")) == []
    old = StudyTraits(90, Sex.FEMALE, "north")
    assert codes("Normal.", indication="97-year-old lady", traits=old) == []
    assert codes("Mannequin and hernia.", indication="She", traits=WOMAN) == []
