"""Report text to statements: mention extraction, mention classification, and what each says of side, size, change and place. Rules only; every answer names the words it rests on."""

from collections.abc import Iterator

from wetread.domain.finding import FindingName
from wetread.domain.report import Certainty, Section
from wetread.domain.statement import Change, Presence, Severity, Statement
from wetread.labelling.attributes import Attributes, attributes
from wetread.labelling.lexicon import Grammar, lexicon
from wetread.labelling.marking import Mark, Mention, mark, mentions
from wetread.labelling.scopes import Reach, reaches, weakest
from wetread.labelling.sentences import SentenceWords, sentences
from wetread.labelling.words import Word

__all__ = ["RULES", "RuleLabeller"]

RULES = "rules/1"


class RuleLabeller:
    """Implements the Labeller port for one language. Holds no state between texts."""

    def __init__(self, language: str = "en") -> None:
        """Raises ValueError for a language without a lexicon."""
        self._lexicon = lexicon(language)
        self.version = f"{RULES}+{self._lexicon.version}"

    def statements(self, text: str) -> tuple[Statement, ...]:
        found = [
            statement for sentence in sentences(text, self._lexicon) for statement in self._of_sentence(sentence, text)
        ]
        found.sort(key=lambda statement: statement.start)
        return tuple(found)

    def _of_sentence(self, sentence: SentenceWords, text: str) -> Iterator[Statement]:
        words, grammar = sentence.words, self._lexicon.grammar
        marks = mark(words, self._lexicon.tree)
        found = mentions(words, marks, self._lexicon.frames, grammar)
        if not found:
            return
        reached = reaches(words, marks, found, grammar)
        described = attributes(words, marks, found, grammar)
        open_ones = _alternatives(words, found, reached, grammar)
        for place, (mention, reach, said) in enumerate(zip(found, reached, described, strict=True)):
            judged = _judge(mention, reach, place in open_ones)
            if judged:
                yield from _statements(words, mention, judged, said, sentence.section, text, grammar)


_Cue = tuple[Mark, str]
_Judged = tuple[Presence, Certainty, list[_Cue], bool]


def _judge(mention: Mention, reach: Reach, open_one: bool) -> _Judged | None:
    """Presence, certainty, the cues that decided, whether it has resolved; None when the words state nothing about this film."""
    meaning = mention.meaning
    if reach.past and not (reach.put_in and FindingName.SUPPORT_DEVICES in meaning.findings):
        return None
    if meaning.presence is Presence.NEGATIVE:
        return _negative(reach) if meaning.group is bool(reach.denied) else None
    if reach.denied:
        return _negative(reach)
    if reach.asked:
        return Presence.UNCERTAIN, Certainty.QUESTIONABLE, [(reach.asked, "asked, not seen")], False
    if reach.hedged or meaning.presence is Presence.UNCERTAIN:
        bands = [hedge.band for _, hedge in reach.hedged]
        bands += [Certainty.QUESTIONABLE] if meaning.presence is Presence.UNCERTAIN else []
        cues = [(cue, f"hedged: {hedge.band}") for cue, hedge in reach.hedged]
        return Presence.UNCERTAIN, weakest(*bands), cues, False
    if open_one:
        return Presence.UNCERTAIN, Certainty.POSSIBLE, [], False
    return Presence.POSITIVE, Certainty.CERTAIN, [], False


def _negative(reach: Reach) -> _Judged:
    why = "resolved" if reach.resolved else "denied"
    return Presence.NEGATIVE, Certainty.UNSTATED, [(reach.denied, why)] if reach.denied else [], reach.resolved


def _alternatives(words: list[Word], found: list[Mention], reached: list[Reach], grammar: Grammar) -> set[int]:
    """The places of positives joined by "or" or "versus": one of them is there, which one is open."""
    places: set[int] = set()
    for place in range(1, len(found)):
        one, other = found[place - 1], found[place]
        between = [word.lower for word in words[one.last : other.first]]
        if any(each in grammar.alternatives for each in between[:2]) and not reached[place].denied:
            places |= {place - 1, place}
    return places


def _statements(
    words: list[Word],
    mention: Mention,
    judged: _Judged,
    said: Attributes,
    section: Section | None,
    text: str,
    grammar: Grammar,
) -> Iterator[Statement]:
    presence, certainty, cues, resolved = judged
    meaning = mention.meaning
    if said.severity:
        cues.append((said.severity[0], f"severity: {said.severity[1]}"))
    if said.change:
        cues.append((said.change[0], f"change: {said.change[1]}"))
    change = Change.RESOLVED if resolved else said.change[1] if said.change else Change.UNSTATED
    position = ""
    if said.position:
        position = " ".join(text[words[said.position[0]].start : words[said.position[1] - 1].end].split())
    for name in meaning.findings:
        sided = () if name in grammar.unsided else said.sides
        spans = sorted(
            (words[cue.first].start, words[cue.last - 1].end, why)
            for cue, why in (*cues, *((cue, f"side: {side}") for cue, side in sided))
        )
        yield Statement(
            name=name,
            presence=presence,
            start=words[mention.first].start,
            end=words[mention.last - 1].end,
            laterality=said.laterality if sided else "",
            severity=said.severity[1] if said.severity else Severity.UNSTATED,
            change=change,
            position=position if name is FindingName.SUPPORT_DEVICES else "",
            cues=tuple((start, end) for start, end, _ in spans),
            certainty=certainty,
            implied=not meaning.direct,
            section=section,
            reasons=tuple(why for _, _, why in spans),
        )
