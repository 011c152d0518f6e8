"""Which side, how large, what has changed, where a device lies: each such phrase is given to one mention of its sentence."""

from collections.abc import Set
from dataclasses import dataclass, field

from wetread.domain.finding import FindingName, concept
from wetread.domain.statement import Change, Severity
from wetread.labelling.lexicon import Grammar, Kind
from wetread.labelling.marking import Mark, Mention
from wetread.labelling.words import Word

__all__ = ["Attributes", "attributes"]

_BESIDE = 5
"""A size or a change further than so many words from a mention is about something else."""
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
    if not found:
        return answer
    reading = _Reading(words, found, grammar)
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
    _share(words, found, answer, grammar)
    return answer


def _larger(held: tuple[Mark, Severity] | None, said: tuple[Mark, Severity]) -> tuple[Mark, Severity]:
    order = (Severity.SMALL, Severity.MODERATE, Severity.LARGE)
    return said if held is None or order.index(said[1]) > order.index(held[1]) else held


class _Reading:
    """Where the mentions of one sentence stand, asked mark by mark from left to right."""

    def __init__(self, words: list[Word], found: list[Mention], grammar: Grammar) -> None:
        self._words, self._found, self._grammar = words, found, grammar
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
        if before and (not behind or self._said_behind(mark) or self._next(mark) in (",", "and")):
            return before
        return behind

    def beside(self, mark: Mark, leads: bool, follows: bool) -> list[int]:
        inside, before, behind = self._neighbours(mark)
        if inside:
            return inside
        if leads and behind and self._leads(mark, self._found[behind[0]]):
            return behind
        if follows and before and mark.first - self._found[before[0]].last <= _BESIDE:
            return before
        return []

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
        stops += [at for at in range(mark.last, len(self._words)) if self._words[at].lower in ";.()"][:1]
        end = min([len(self._words), mark.first + _POSITION_WORDS, *stops])
        while end > mark.last and self._words[end - 1].lower in _LOOSE:
            end -= 1
        return mark.first, end

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
        return any(self._words[at].lower in ";" or self._words[at].lower in _PARTING for at in range(start, stop))

    def _said_behind(self, mark: Mark) -> bool:
        """ "in the left base", "bilaterally": said of what stands before."""
        first = self._words[mark.first].lower
        if first.endswith("ly"):
            return True
        at = mark.first - 1
        while at >= 0 and self._words[at].lower in ("the", "a", "an"):
            at -= 1
        return at >= 0 and self._words[at].lower in self._grammar.prepositions

    def _leads(self, mark: Mark, mention: Mention) -> bool:
        between = [word.lower for word in self._words[mark.last : mention.first]]
        if len(between) > _BESIDE or any(each in "," or each in self._grammar.verbs for each in between):
            return False
        return not between or between[0] not in self._grammar.conjunctions

    def _next(self, mark: Mark) -> str:
        return self._words[mark.last].lower if mark.last < len(self._words) else ""


_STOPS = frozenset((Kind.HARD, Kind.DENIES, Kind.HEDGES, Kind.PAST))
_PARTING = frozenset(("but", "however"))
_LOOSE = frozenset((",", ":", "and", "with", "the", "a", "an", "there", "is", "are"))


def _share(words: list[Word], found: list[Mention], answer: list[Attributes], grammar: Grammar) -> None:
    """ "Left effusion and atelectasis", "atelectasis and effusion on the left": one side and one change for both, where one of them has none."""
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
