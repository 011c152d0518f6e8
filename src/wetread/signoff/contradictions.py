"""Does a report contradict itself, its structured findings, or who it is of? Warnings for a person before they sign; nothing is blocked (a labeller can be wrong, a person has seen the film).

What the text says is the labeller's answer (`ports.labeller`), section by section; only sex and age are looked for here.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from wetread.domain.finding import FindingName, concept
from wetread.domain.report import ReportContent, ReportFinding, Section
from wetread.domain.statement import Presence, Statement
from wetread.domain.study import Sex, StudyTraits
from wetread.ports.labeller import Labeller

__all__ = ["Contradiction", "ReportWarning", "report_warnings"]

_STATED = (Section.FINDINGS, Section.IMPRESSION)
_SIDES = {"left", "right"}
_SEX_WORDS = {
    Sex.FEMALE: re.compile(r"\b(?:woman|female|lady|she|her|frau|patientin|weiblich\w*)\b", re.IGNORECASE),
    Sex.MALE: re.compile(r"\b(?:man|male|gentleman|he|his|him|herr|männlich\w*)\b", re.IGNORECASE),
}
_AGE = re.compile(r"\b(\d{1,3})(?:[- ]years?[- ]old|[- ]?jährig\w*| ?y/o)\b", re.IGNORECASE)
_OLDEST_TOLD = 90
"""Ages are capped there (HIPAA safe harbour, `domain.study`)."""


class Contradiction(StrEnum):
    DENIED = "denied"
    """Marked present, and the text says that it is not there."""
    STATED = "stated"
    """Marked absent, and the text says that it is there."""
    SIDE = "side"
    BOTH = "both"
    """The text says that it is there and that it is not."""
    UNMENTIONED = "unmentioned"
    """Marked present, and the text does not speak of it."""
    SEX = "sex"
    AGE = "age"


@dataclass(frozen=True, slots=True)
class ReportWarning:
    """`start` and `end` are the character span in `section`'s text of the words it rests on; `section` None: of no words. `says` is for a person, without patient data."""

    code: Contradiction
    says: str
    finding: FindingName | None = None
    section: Section | None = None
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class _Said:
    section: Section
    statement: Statement

    def warns(self, code: Contradiction, says: str) -> ReportWarning:
        said = self.statement
        return ReportWarning(code, says, said.name, self.section, said.start, said.end)


def report_warnings(content: ReportContent, traits: StudyTraits, labeller: Labeller) -> tuple[ReportWarning, ...]:
    """At most one of a kind for each finding, in the order of the text; what has no words comes last."""
    texts = dict(content.sections)
    said: dict[FindingName, list[_Said]] = {}
    for section in _STATED:
        for statement in labeller.statements(texts.get(section, "")):
            said.setdefault(statement.name, []).append(_Said(section, statement))
    found = [
        *(warning for each in content.findings for warning in _against(each, said.get(each.name, ()))),
        *(warning for each in said.values() for warning in _among(each)),
        *_of_somebody_else(texts, traits),
    ]
    order = {section: place for place, section in enumerate(Section)}
    return tuple(sorted(found, key=lambda each: (each.section is None, order.get(each.section, 0), each.start)))  # type: ignore[arg-type]


def _against(finding: ReportFinding, said: Sequence[_Said]) -> Iterator[ReportWarning]:
    """The structured finding beside the text. What follows only from another sentence ("the lungs are clear") denies, too."""
    name = concept(finding.name).display
    opposite = Presence.NEGATIVE if finding.present else Presence.POSITIVE
    first = next((each for each in said if each.statement.presence is opposite), None)
    if first is not None:
        marked, text = ("present", "is not there") if finding.present else ("absent", "is there")
        code = Contradiction.DENIED if finding.present else Contradiction.STATED
        yield first.warns(code, f"You marked {name} {marked}; the text says that it {text}.")
    elif finding.present and not said:
        yield ReportWarning(
            Contradiction.UNMENTIONED, f"You marked {name} present; the text does not mention it.", finding.name
        )
    other = next((each for each in said if _opposed(finding.laterality, each.statement)), None)
    if finding.present and other is not None:
        side = other.statement.laterality
        yield other.warns(
            Contradiction.SIDE, f"You marked {name} {finding.laterality}; the text puts it on the {side} side."
        )


def _among(said: Sequence[_Said]) -> Iterator[ReportWarning]:
    """The statements of one finding beside each other. One that follows only from another sentence does not make the text contradict itself."""
    name = concept(said[0].statement.name).display
    there = [each for each in said if each.statement.presence is Presence.POSITIVE]
    denied = [each for each in said if each.statement.presence is Presence.NEGATIVE and not each.statement.implied]
    if there and denied:
        yield denied[0].warns(Contradiction.BOTH, f"The text says that {name} is there, and that it is not.")
    sides = {each.statement.laterality: each for each in reversed(there) if each.statement.laterality in _SIDES}
    sections = {each.section for each in sides.values()}
    if len(sides) == 2 and len(sections) == 2:
        last = max(sides.values(), key=lambda each: _STATED.index(each.section))
        yield last.warns(Contradiction.SIDE, f"Findings and impression put {name} on different sides: left and right.")


def _opposed(side: str, statement: Statement) -> bool:
    return statement.presence is not Presence.NEGATIVE and {side, statement.laterality} == _SIDES


def _of_somebody_else(texts: Mapping[Section, str], traits: StudyTraits) -> Iterator[ReportWarning]:
    other = {Sex.FEMALE: Sex.MALE, Sex.MALE: Sex.FEMALE}.get(traits.patient_sex)
    words = next(_found(texts, _SEX_WORDS[other]), None) if other else None
    if words:
        section, match = words
        known = "female" if other is Sex.MALE else "male"
        says = f"The text speaks of a {'male' if other is Sex.MALE else 'female'} patient; this study's is {known}."
        yield ReportWarning(Contradiction.SEX, says, None, section, match.start(), match.end())
    if traits.patient_age_years is None:
        return
    for section, match in _found(texts, _AGE):
        if abs(min(int(match[1]), _OLDEST_TOLD) - traits.patient_age_years) > 1:
            says = "The age in the text is not the age of this study's patient."
            yield ReportWarning(Contradiction.AGE, says, None, section, match.start(), match.end())
            return


def _found(texts: Mapping[Section, str], words: re.Pattern[str]) -> Iterator[tuple[Section, re.Match[str]]]:
    return ((section, match) for section in Section for match in words.finditer(texts.get(section, "")))
