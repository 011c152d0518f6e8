"""Decides which phrases of the catalogue a site may say in its own words, and whether its words are fit to stand in a draft.

Locked are those on which a reader's or the guard's trust rests: a finding's sentence, comparisons, quotations, hedges, and every sentence that says what the AI did not do.
"""

import re
from collections.abc import Mapping

from wetread.domain.errors import PermanentError
from wetread.drafting.catalogue import catalogue
from wetread.drafting.template import Template

__all__ = ["faults_of", "restylable"]

_OPEN = ("certainty.", "technique.", "quantity.")
_NORMAL = "finding.normal"
_OPEN_KEYS = frozenset(
    {"closing", "indication.none", "comparison.none", _NORMAL, "finding.negative", "impression.to_be_completed"}
)
_MAY_BE_EMPTY = frozenset({"closing", "certainty.certain"})
_LONGEST = 200
_CERTAINTIES = ("certainty.certain", "certainty.probable", "certainty.possible", "certainty.questionable")


def restylable(key: str) -> bool:
    """May a site say this phrase in its own words?"""
    return key.startswith(_OPEN) or key in _OPEN_KEYS


def faults_of(language: str, texts: Mapping[str, str]) -> list[str]:
    """What is wrong with a site's phrases of a language, by key; none when they may stand in a draft."""
    faults = [f"{key}: {fault}" for key, text in texts.items() if (fault := _phrase_fault(language, key, text))]
    if not faults and (fault := _words_fault(language, texts)):
        faults = [f"certainty: {fault}"]
    return faults


def _phrase_fault(language: str, key: str, text: str) -> str:
    """What is wrong with a site's phrase, "" when nothing is. A phrase that names a finding would state it in every draft."""
    built_in = catalogue(language).phrases.get(key)
    if built_in is None:
        return "is not a phrase of the catalogue"
    if not restylable(key):
        return "is locked: a site cannot reword it"
    try:
        template = Template.parse(text)
    except PermanentError as error:
        return str(error)
    if template.slots != built_in.slots:
        return f"must have the slots {_listed(built_in.slots)} and no other"
    return _text_fault(key, text) or _meaning_fault(language, key, text) or _naming_fault(language, template)


def _words_fault(language: str, overrides: Mapping[str, str]) -> str:
    """What is wrong with a site's words for the certainties together, "" when nothing is: each must be told from every other, the built-in ones included."""
    built_in = {key: catalogue(language).phrases[key].fill({}).casefold() for key in _CERTAINTIES}
    spoken = {key: overrides.get(key, built_in[key]).casefold() for key in _CERTAINTIES}
    for key, word in spoken.items():
        others = {table[other] for table in (spoken, built_in) for other in _CERTAINTIES if other != key}
        if word and word in others:
            return f"{word} already stands for another certainty"
    return ""


def _text_fault(key: str, text: str) -> str:
    if not text:
        return "" if key in _MAY_BE_EMPTY else "must not be empty"
    if len(text) > _LONGEST or not text.isprintable() or text != text.strip():
        return f"must be one line of at most {_LONGEST} printable characters without space around it"
    if key.startswith(("certainty.", "quantity.")):
        return "" if re.fullmatch(r"[^\W\d_]+([ -][^\W\d_]+)*", text) else "must be words only"
    return "" if text.endswith(".") else "must end with a full stop"


def _meaning_fault(language: str, key: str, text: str) -> str:
    """A certainty's word stands in a finding's sentence: it must not deny the finding or give it a side. Only one phrase may call a film normal: it has conditions."""
    spoken, words = catalogue(language), set(re.findall(r"\w+", text.casefold()))
    sides = {form for noun in spoken.nouns.values() for form in noun.sides.values()}
    if key.startswith("certainty.") and (turning := (spoken.denials | sides) & words):
        return f"would change what a finding's sentence states ({', '.join(sorted(turning))})"
    if key != _NORMAL and (calling := spoken.acquittals & words):
        return f"calls the film normal ({', '.join(sorted(calling))}), which only {_NORMAL} may"
    return ""


def _naming_fault(language: str, template: Template) -> str:
    literal = " ".join(template.parts[::2]).casefold()
    for noun in catalogue(language).nouns.values():
        if re.search(rf"\b{re.escape(noun.text.casefold())}\b", literal):
            return f"names a finding ({noun.text}), which would state it in every draft"
    return ""


def _listed(slots: frozenset[str]) -> str:
    return ", ".join(f"{{{slot}}}" for slot in sorted(slots)) or "(none)"
