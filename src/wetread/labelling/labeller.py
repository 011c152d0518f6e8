"""Report text to statements: mention extraction, mention classification, and what each says of side, size, change and place. Rules only; every answer names the words it rests on."""

from collections.abc import Iterator

from wetread.domain.finding import FindingName
from wetread.domain.statement import Change, Severity, Statement
from wetread.labelling.attributes import Attributes, attributes
from wetread.labelling.judgement import Judgement, Reason, judge, open_alternatives
from wetread.labelling.lexicon import Grammar, Lexicon, check_language, lexicon
from wetread.labelling.marking import Mention, mark, mentions
from wetread.labelling.scopes import reaches
from wetread.labelling.sentences import SentenceWords, sentences

__all__ = ["RULES", "RuleLabeller"]

RULES = "rules/1"


class RuleLabeller:
    """Implements the Labeller port for one language. Holds no state between texts but the lexicon (5 MB), read for the first of them."""

    def __init__(self, language: str = "en") -> None:
        """Raises ValueError for a language without a lexicon."""
        check_language(language)
        self._language = language

    def load(self) -> None:
        """Read the lexicon now, for a process that soon reads no file any more."""
        lexicon(self._language)

    @property
    def _lexicon(self) -> Lexicon:
        return lexicon(self._language)

    @property
    def version(self) -> str:
        return f"{RULES}+{self._lexicon.version}"

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
        open_ones = open_alternatives(words, found, reached, grammar)
        for place, (mention, reach, said) in enumerate(zip(found, reached, described, strict=True)):
            judgement = judge(mention, reach, place in open_ones)
            if judgement:
                yield from _statements(sentence, mention, judgement, said, text, grammar)


def _statements(
    sentence: SentenceWords, mention: Mention, judgement: Judgement, said: Attributes, text: str, grammar: Grammar
) -> Iterator[Statement]:
    words = sentence.words
    change = Change.RESOLVED if judgement.resolved else said.change[1] if said.change else Change.UNSTATED
    position = ""
    if said.position:
        first, last = said.position
        position = " ".join(text[words[first].start : words[last - 1].end].split())
    for name in mention.meaning.findings:
        sides = () if name in grammar.unsided and mention.meaning.direct else said.sides
        reasons = judgement.reasons
        if said.severity or said.change or sides:
            sided = (Reason(mark.first, mark.last, f"side: {side}") for mark, side in sides)
            reasons = sorted((*reasons, *_described(said), *sided))
        yield Statement(
            name=name,
            presence=judgement.presence,
            start=words[mention.first].start,
            end=words[mention.last - 1].end,
            laterality=said.laterality if sides else "",
            severity=said.severity[1] if said.severity else Severity.UNSTATED,
            change=change,
            position=position if name is FindingName.SUPPORT_DEVICES else "",
            cues=tuple([(words[first].start, words[last - 1].end) for first, last, _ in reasons]),
            certainty=judgement.certainty,
            implied=not mention.meaning.direct,
            section=sentence.section,
            reasons=tuple([why for _, _, why in reasons]),
        )


def _described(said: Attributes) -> Iterator[Reason]:
    if said.severity:
        yield Reason(said.severity[0].first, said.severity[0].last, f"severity: {said.severity[1]}")
    if said.change:
        yield Reason(said.change[0].first, said.change[0].last, f"change: {said.change[1]}")
