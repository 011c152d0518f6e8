"""What came back: strict JSON to sentences that name the statements they say, woven into the grammar's draft. Whether they say them truly is the guard's question, not this room's."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from wetread.composers.chat import LONGEST_ANSWER_CHARS, bad_answer
from wetread.composers.spotlight import holds_mark
from wetread.composers.wording import LONGEST_SENTENCE_CHARS, Offer
from wetread.domain.errors import PermanentError
from wetread.domain.report import Certainty, Draft, Section, Sentence

__all__ = ["composed", "woven"]

_KEYS = {"section", "statements", "text"}


def composed(text: str, offered: Offer) -> tuple[Sentence, ...]:
    """The sentences of an answer, each with the evidence of the statements it names; a sentence that names none, or one of another section, is left out.

    Raises PermanentError 'composer_bad_answer' for text that is not the asked-for JSON, and 'composer_leak' where marked text came back.
    """
    if len(text) > LONGEST_ANSWER_CHARS:
        raise bad_answer("it is too long")
    try:
        answer = json.loads(_unfenced(text.strip()))
    except (ValueError, RecursionError):
        raise bad_answer("it is no JSON") from None
    if holds_mark(json.dumps(answer, ensure_ascii=False)):
        raise PermanentError("the language model repeated text of the record", code="composer_leak")
    if not isinstance(answer, dict) or set(answer) != {"sentences"} or not isinstance(answer["sentences"], list):
        raise bad_answer("it is not of the asked-for form")
    sentences = tuple(s for s in (_sentence(each, offered) for each in answer["sentences"]) if s is not None)
    if not sentences:
        raise bad_answer("it says none of the statements")
    return sentences


def _unfenced(text: str) -> str:
    """Models that cannot be held to a schema like to put JSON into a Markdown block."""
    lines = text.splitlines()
    if len(lines) > 2 and lines[0] in ("```", "```json") and lines[-1] == "```":
        return "\n".join(lines[1:-1])
    return text


def _sentence(value: Any, offered: Offer) -> Sentence | None:
    if not isinstance(value, dict) or set(value) != _KEYS or not isinstance(value["text"], str):
        return None
    text, statements = " ".join(value["text"].split()), _statements(value["statements"], value["section"], offered)
    if not statements or not 0 < len(text) <= LONGEST_SENTENCE_CHARS:
        return None
    evidence = tuple(evidence for each in statements for evidence in each.evidence)
    hedge = "; ".join(dict.fromkeys(each.hedge for each in statements if each.hedge))
    return Sentence(statements[0].section, text, evidence, hedge, _least_certain(statements))


def _statements(numbers: Any, section: Any, offered: Offer) -> list[Sentence]:
    """In the grammar's order, each once; none when any of them is unknown or of another section."""
    if not isinstance(numbers, list) or not all(type(n) is int and n in offered.places for n in numbers):
        return []
    named = [offered.sentence(n) for n in sorted(set(numbers))]
    return named if all(each.section.value == section for each in named) else []


def _least_certain(statements: Sequence[Sentence]) -> Certainty:
    return min((each.certainty for each in statements), key=list(Certainty).index)


def woven(offered: Offer, sentences: Sequence[Sentence], composer: str) -> Draft:
    """The grammar's draft with `sentences` in place of those offered: everything else, the structured findings included, is the grammar's."""
    result: list[Sentence] = []
    placed: set[Section] = set()
    reworded = set(offered.places.values())
    for index, sentence in enumerate(offered.draft.sentences):
        if index not in reworded:
            result.append(sentence)
        elif sentence.section not in placed:
            placed.add(sentence.section)
            result += [each for each in sentences if each.section is sentence.section]
    return replace(offered.draft, sentences=tuple(result), composer=composer)
