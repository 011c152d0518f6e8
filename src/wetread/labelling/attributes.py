"""Which side, how large, what has changed, where a device lies: each such phrase is given to one mention of its sentence."""

from collections.abc import Set
from dataclasses import dataclass, field

from wetread.domain.finding import FindingName, concept
from wetread.domain.statement import Change, Severity
from wetread.labelling.lexicon import Grammar, Kind, Role
from wetread.labelling.marking import Mark, Mention, ends_here
from wetread.labelling.words import Word

__all__ = ["Attributes", "attributes"]

_BESIDE, _BEHIND = 5, 12
"""A size or a change further than so many words before or behind a mention is about something else."""
_POSITION_WORDS = 14


@dataclass(slots=True)
class Attributes:
    sides: list[tuple[Mark, str]] = field(default_factory=list)
    severity: tuple[Mark, Severity] | None = None
    change: tuple[Mark, Change] | None = None
    position: tuple[int, int] | None = None
    """Words from and to (exclusive)."""

    @property
    def laterality(self) -> str:
        said = {side for _, side in self.sides}
        return next(iter(said)) if len(said) == 1 else "bilateral" if said else ""


def attributes(words: list[Word], marks: list[Mark], found: list[Mention], grammar: Grammar) -> list[Attributes]:
    """For each of `found`, in its order."""
    answer = [Attributes() for _ in found]
    if not any(role.kind in _DESCRIBES for mark in marks for role in mark.roles):
        return answer
    reading = _Reading(words, found, grammar, marks)
    for mark in marks:
        kinds = {role.kind: role.value for role in mark.roles}
        if Kind.HARD in kinds:
            reading.boundary(mark)
        if Kind.SIDE in kinds:
            for place in reading.sided(mark):
                answer[place].sides.append((mark, kinds[Kind.SIDE]))
        if Kind.SEVERITY in kinds:
            for place in reading.beside(mark, True, True):
                answer[place].severity = _larger(answer[place].severity, (mark, kinds[Kind.SEVERITY]))
        if Kind.CHANGES in kinds or Kind.CHANGED in kinds:
            change: Change = kinds[Kind.CHANGED] if Kind.CHANGED in kinds else kinds[Kind.CHANGES]
            for place in reading.beside(mark, Kind.CHANGES in kinds, Kind.CHANGED in kinds):
                if not reading.describes(mark, place):
                    answer[place].change = answer[place].change or (mark, change)
        if Kind.POSITION in kinds:
            for place in reading.device_before(mark):
                answer[place].position = answer[place].position or reading.to_clause_end(mark, marks)
    for each in answer:
        each.sides = _outside_position(each)
    _explain(words, marks, found, answer, grammar)
    _share(words, found, answer, grammar)
    return answer


def _outside_position(said: Attributes) -> list[tuple[Mark, str]]:
    """A left catheter whose tip lies on the right is a left catheter."""
    first, last = said.position or (0, 0)
    outside = [(mark, side) for mark, side in said.sides if not first <= mark.first < last]
    return outside or said.sides


def _larger(held: tuple[Mark, Severity] | None, said: tuple[Mark, Severity]) -> tuple[Mark, Severity]:
    order = (Severity.SMALL, Severity.MODERATE, Severity.LARGE)
    return said if held is None or order.index(said[1]) > order.index(held[1]) else held


class _Reading:
    """Where the mentions of one sentence stand, asked mark by mark from left to right."""

    def __init__(self, words: list[Word], found: list[Mention], grammar: Grammar, marks: list[Mark]) -> None:
        self._words, self._found, self._grammar = words, found, grammar
        self._boundaries = [each for each in marks if any(role.kind in _BOUNDARY for role in each.roles)]
        self._others = [each for each in marks if each.role(Kind.ANATOMY) and not self._is_place(each)]
        self._places = sorted(range(len(found)), key=lambda place: found[place].first)
        self._from = 0

    def boundary(self, mark: Mark) -> None:
        self._from = mark.last

    def sided(self, mark: Mark) -> list[int]:
        inside, before, behind = self._neighbours(mark)
        if inside:
            return inside
        if behind and not before:
            return behind
        if before and (not behind or self._said_behind(mark) or self._listed(mark)):
            return before
        return behind

    def beside(self, mark: Mark, leads: bool, follows: bool) -> list[int]:
        inside, before, behind = self._neighbours(mark)
        if inside:
            return inside
        if leads and behind and self._leads(mark, self._found[behind[0]]):
            return behind
        alone = not leads or ends_here(self._words, mark, self._grammar)
        return before if follows and alone and before and self._told_of(self._found[before[0]], mark) else []

    def _told_of(self, mention: Mention, mark: Mark) -> bool:
        """Close enough, and no other part of the chest stands between that it could be told of."""
        between = [each for each in self._others if mention.last <= each.first < mark.first]
        return not between and mark.first - mention.last <= _BEHIND

    def _is_place(self, anatomy: Mark) -> bool:
        """Whether it says where, and nothing of the anatomy: "in the left lung"."""
        before = self._words[max(anatomy.first - 4, 0) : anatomy.first]
        return any(word.lower in self._grammar.prepositions for word in before)

    def device_before(self, mark: Mark) -> list[int]:
        inside, before, _ = self._neighbours(mark)
        return [
            place for place in (*inside, *before) if FindingName.SUPPORT_DEVICES in self._found[place].meaning.findings
        ]

    def describes(self, mark: Mark, place: int) -> bool:
        alone = mark.last - mark.first == 1 and self._words[mark.first].lower in self._grammar.described
        return alone and bool(set(self._found[place].meaning.findings) & self._grammar.described_findings)

    def to_clause_end(self, mark: Mark, marks: list[Mark]) -> tuple[int, int]:
        stops = [each.first for each in marks if each.first >= mark.last and any(r.kind in _STOPS for r in each.roles)]
        stops += [each.first for each in self._found if each.first >= mark.last]
        stops += [at for at in range(mark.last, len(self._words)) if self._words[at].lower in ";()"][:1]
        end = min([len(self._words), mark.first + _POSITION_WORDS, *stops])
        while end > mark.last and self._loose(end - 1):
            end -= 1
        return mark.first, end

    def _loose(self, at: int) -> bool:
        word = self._words[at].lower
        return word in (",", ":") or word in self._grammar.loose

    def _neighbours(self, mark: Mark) -> tuple[list[int], list[int], list[int]]:
        """The mentions around the mark, the nearest before it and the nearest behind it; several where they share their words."""
        inside: list[int] = []
        before: list[int] = []
        behind: list[int] = []
        for place in self._places:
            mention = self._found[place]
            if mention.first <= mark.first and mark.last <= mention.last:
                inside.append(place)
            elif mention.last <= mark.first and mention.first >= self._from:
                if before and self._found[before[0]].last != mention.last:
                    before = []
                before.append(place)
            elif mention.first >= mark.last and (not behind or self._found[behind[0]].first == mention.first):
                behind.append(place)
        if behind and self._parted(mark.last, self._found[behind[0]].first):
            behind = []
        return inside, before, behind

    def _parted(self, start: int, stop: int) -> bool:
        parts = [
            each for each in self._boundaries if start <= each.first < stop and Role(Kind.HARD, False) in each.roles
        ]
        return bool(parts) or any(self._words[at].lower == ";" for at in range(start, stop))

    def _said_behind(self, mark: Mark) -> bool:
        """Whether a side is said of what stands before: "in the left base", "bilaterally"."""
        at = mark.first - 1
        if self._words[mark.first].lower in self._grammar.behind:
            return at < 0 or self._words[at].lower != ","
        while at >= 0 and self._words[at].lower in self._grammar.articles:
            at -= 1
        return at >= 0 and self._words[at].lower in self._grammar.prepositions

    def _leads(self, mark: Mark, mention: Mention) -> bool:
        between = [word.lower for word in self._words[mark.last : mention.first]]
        if len(between) > _BESIDE or any(each == "," or each in self._grammar.verbs for each in between):
            return False
        if any(mark.last <= each.first < mention.first for each in self._boundaries):
            return False
        return not between or between[0] not in self._grammar.conjunctions

    def _listed(self, mark: Mark) -> bool:
        following = self._words[mark.last].lower if mark.last < len(self._words) else ""
        return following == "," or following in self._grammar.conjunctions


_DESCRIBES = frozenset((Kind.SIDE, Kind.SEVERITY, Kind.CHANGES, Kind.CHANGED, Kind.POSITION))
_BOUNDARY = frozenset((Kind.HARD, Kind.SOFT))
_STOPS = frozenset((Kind.HARD, Kind.DENIES, Kind.HEDGES, Kind.PAST))


def _share(words: list[Word], found: list[Mention], answer: list[Attributes], grammar: Grammar) -> None:
    """One side and one change for both, where one of them has none: "left effusion and atelectasis", "atelectasis and effusion on the left"."""
    places = range(1, len(found))
    for place in (each for each in places if _joined(words, found[each - 1], found[each], grammar)):
        one, first, second = found[place - 1], answer[place - 1], answer[place]
        if _both_sided(one, found[place]) and first.sides and not second.sides and first.sides[0][0].first < one.last:
            second.sides = list(first.sides)
        if first.change and not second.change and first.change[0].first < one.last:
            second.change = first.change
    listed = [each for each in places if _joined(words, found[each - 1], found[each], grammar, {","})]
    for place in reversed(listed):
        other, first, second = found[place], answer[place - 1], answer[place]
        if _both_sided(found[place - 1], other) and second.sides and not first.sides:
            first.sides = [each for each in second.sides if each[0].first >= other.last]
        if second.change and not first.change and second.change[0].first >= other.last:
            first.change = second.change


def _both_sided(one: Mention, other: Mention) -> bool:
    return all(concept(name).lateralised for name in (*one.meaning.findings, *other.meaning.findings))


def _joined(words: list[Word], one: Mention, other: Mention, grammar: Grammar, also: Set[str] = frozenset()) -> bool:
    between = [word.lower for word in words[one.last : other.first]]
    return (
        0 < len(between) <= 3
        and any(each in grammar.conjunctions or each in grammar.alternatives or each in also for each in between)
        and not any(each in grammar.verbs or each in grammar.prepositions for each in between)
    )


def _explain(
    words: list[Word], marks: list[Mark], found: list[Mention], answer: list[Attributes], grammar: Grammar
) -> None:
    """What a finding may represent is on the same side."""
    hedges = [
        each
        for each in marks
        if each.role(Kind.HEDGES) and any(word.lower in grammar.explaining for word in words[each.first : each.last])
    ]
    for place in range(1, len(found)):
        one, other = found[place - 1], found[place]
        explained = any(one.last <= each.first and each.last <= other.first for each in hedges)
        if explained and not answer[place].sides and _both_sided(one, other):
            answer[place].sides = list(answer[place - 1].sides)
