"""What a second reader said before the machine's words, beside those words. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from wetread.domain.analysis import Analysis
from wetread.domain.errors import PermanentError
from wetread.domain.finding import FindingName, concept
from wetread.domain.page import Page, PageState
from wetread.domain.reading import OwnFinding, OwnFindings, ReaderProfile
from wetread.domain.report import ReportContent, ReportFinding
from wetread.domain.statement import Presence
from wetread.domain.study import Study

__all__ = ["Agreement", "Difference", "checked", "compared", "own_findings", "with_own"]


class Agreement(StrEnum):
    AGREE = "agree"
    AI_ONLY = "ai_only"
    READER_ONLY = "reader_only"
    SIDE = "side"
    """Both see it, on different sides."""
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class Difference:
    """One finding that either named. `called` None: the model does not look for it."""

    name: FindingName
    agreement: Agreement
    said: OwnFinding | None
    called: bool | None
    laterality: str


def checked(findings: Sequence[OwnFinding]) -> tuple[OwnFinding, ...]:
    """Each finding once, a side only where it has one and is present; raises PermanentError ('bad_findings')."""
    if len({each.name for each in findings}) < len(findings):
        raise PermanentError("each finding may be said once", code="bad_findings")
    for each in findings:
        if each.laterality and not (concept(each.name).lateralised and each.presence is not Presence.NEGATIVE):
            raise PermanentError("a side belongs to a sided finding that is there", code="bad_findings")
    return tuple(findings)


def own_findings(
    findings: Sequence[OwnFinding], study: Study, profile: ReaderProfile, pages: Sequence[Page], now: datetime
) -> OwnFindings:
    """Blind unless a page about the study reached this person, or they chose to read blind after it had come: until then their worklist told the machine's reasons."""
    paged = any(each.person_id == profile.reader_id and each.state is PageState.SENT for each in pages)
    late = profile.mode_chosen_at is not None and profile.mode_chosen_at > study.received_at
    told = "paged" if paged else "mode_chosen_later" if late else ""
    return OwnFindings(checked(findings), now, blind=not told, told=told)


def compared(own: OwnFindings, analysis: Analysis | None) -> tuple[Difference, ...]:
    """Every finding that the reader named or the model called, what differs first."""
    read = {each.name: each for each in analysis.findings} if analysis else {}
    said = {each.name: each for each in own.findings}
    named = [*said, *(name for name, each in read.items() if each.called and name not in said)]
    found = []
    for name in named:
        machine = read.get(name)
        called, side = (machine.called, machine.laterality) if machine else (None, "")
        found.append(Difference(name, _agreement(said.get(name), called, side), said.get(name), called, side))
    return tuple(sorted(found, key=lambda each: each.agreement is Agreement.AGREE))


def _agreement(said: OwnFinding | None, called: bool | None, side: str) -> Agreement:
    if said is None:
        return Agreement.AI_ONLY
    if said.presence is Presence.UNCERTAIN:
        return Agreement.UNSURE
    if said.presence is Presence.POSITIVE:
        if not called:
            return Agreement.READER_ONLY
        return Agreement.SIDE if side and said.laterality and side != said.laterality else Agreement.AGREE
    return Agreement.AI_ONLY if called else Agreement.AGREE


def with_own(content: ReportContent, own: OwnFindings | None) -> ReportContent:
    """The draft's words with the reader's own structured findings in place of the machine's: what they did not say, they have to accept."""
    if own is None:
        return content
    findings = tuple(
        ReportFinding(each.name, each.presence is Presence.POSITIVE, each.laterality)
        for each in own.findings
        if each.presence is not Presence.UNCERTAIN
    )
    return replace(content, findings=findings)
