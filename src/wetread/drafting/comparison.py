"""What the signed priors say of a finding, and what may be said of it now. By presence and side only: neither extent nor a picture was compared.

The newest prior that speaks of a finding counts; silence is not absence. Two priors of one day count as one; one that contradicts itself counts as not speaking, and hides older ones.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

from wetread.domain.drafting_context import PriorFinding, PriorStudy
from wetread.domain.finding import FindingName, concept
from wetread.domain.report import Evidence
from wetread.domain.statement import Change
from wetread.drafting.foreign_text import is_opaque_id

__all__ = ["PriorWord", "Relation", "relation_of", "usable", "words_of"]

_BOTH = frozenset({"left", "right"})
_SIDES = {"left": frozenset({"left"}), "right": frozenset({"right"}), "bilateral": _BOTH, "": _BOTH}
_OLDEST_DAYS = 50_000


class Relation(StrEnum):
    """Of a finding called now to the prior's word on it; the value is the key of its phrase."""

    NONE = ""
    NEW = "relation.new"
    NEW_SIDE = "relation.new_side"
    UNCHANGED = "relation.unchanged"
    OTHER_SIDE = "relation.other_side"
    ALSO_OTHER_SIDE = "relation.also_other_side"
    ONE_SIDE_ONLY = "relation.one_side_only"
    SIDE_UNCLEAR = "relation.side_unclear"
    OLDER = "relation.older"

    @property
    def change(self) -> Change:
        """The change that this claims; where sides differ or a report lies between, none."""
        return _CHANGES.get(self, Change.UNSTATED)


_CHANGES = {
    Relation.NEW: Change.NEW,
    Relation.NEW_SIDE: Change.NEW,
    Relation.UNCHANGED: Change.UNCHANGED,
}


@dataclass(frozen=True, slots=True)
class PriorWord:
    """What was signed of one finding: `laterality` of what was present ("" where no side was given), `absent` the sides that were excluded; `newest`: no later prior is silent about it."""

    days_before: int
    evidence: tuple[Evidence, ...]
    present: bool
    laterality: str
    absent: frozenset[str]
    newest: bool


def usable(priors: Iterable[PriorStudy]) -> tuple[PriorStudy, ...]:
    """Newest first; without those whose time, source or sides cannot be what they should."""
    fit = [
        each
        for each in priors
        if 0 <= each.days_before <= _OLDEST_DAYS
        and is_opaque_id(each.source_id)
        and all(finding.laterality in _SIDES for finding in each.findings)
    ]
    return tuple(sorted(fit, key=lambda each: each.days_before))


def words_of(priors: Sequence[PriorStudy]) -> Mapping[FindingName, PriorWord]:
    """Per finding the word of the newest prior that speaks of it. `priors` as from `usable`."""
    words: dict[FindingName, PriorWord | None] = {}
    for age, (days_before, same_day) in enumerate(groupby(priors, key=lambda each: each.days_before)):
        said: dict[FindingName, list[tuple[str, PriorFinding]]] = {}
        for prior in same_day:
            for finding in prior.findings:
                if finding.name not in words:
                    said.setdefault(finding.name, []).append((prior.source_id, finding))
        for name, sourced in said.items():
            words[name] = _word(name, sourced, days_before, newest=age == 0)
    return {name: word for name, word in words.items() if word is not None}


def relation_of(name: FindingName, laterality: str, word: PriorWord | None) -> Relation:
    """For a finding called now on `laterality` ("left", "right", "bilateral" or "" for no side)."""
    if word is None:
        return Relation.NONE
    if not word.present:
        return Relation.NEW if _SIDES[laterality] <= word.absent else Relation.NONE
    if not word.newest:
        return Relation.OLDER
    if laterality == word.laterality:
        return Relation.UNCHANGED
    if not laterality or not word.laterality:
        return Relation.SIDE_UNCLEAR if concept(name).lateralised else Relation.UNCHANGED
    return _across(laterality, word)


def _across(now: str, word: PriorWord) -> Relation:
    if word.laterality == "bilateral":
        return Relation.ALSO_OTHER_SIDE
    if now == "bilateral":
        return Relation.ONE_SIDE_ONLY
    return Relation.NEW_SIDE if now in word.absent else Relation.OTHER_SIDE


def _word(
    name: FindingName, sourced: Sequence[tuple[str, PriorFinding]], days_before: int, *, newest: bool
) -> PriorWord | None:
    """None when the same side is both present and absent. `sourced`: what is signed of the finding, each with its prior's id."""
    present, absent, sideless = set[str](), set[str](), False
    for _, finding in sourced:
        if not finding.present:
            absent |= _SIDES[finding.laterality]
        elif finding.laterality:
            present |= _SIDES[finding.laterality]
        else:
            sideless = True
    if present & absent or (sideless and absent == _BOTH):
        return None
    laterality = "bilateral" if present == _BOTH else next(iter(present), "")
    sources = dict.fromkeys(source_id for source_id, _ in sourced)
    evidence = tuple(Evidence(f"prior:{each}", name, days_before=days_before) for each in sources)
    return PriorWord(days_before, evidence, bool(present) or sideless, laterality, frozenset(absent), newest)
