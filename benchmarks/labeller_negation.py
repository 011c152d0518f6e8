"""Negation alone: our scopes against negspacy's NegEx on the same mentions. Needs the bench extra.

Both get the mentions that our lexicon names (a phrase, not "the heart is not enlarged"), and only denied or not denied is compared: a hedged mention is not denied.
Truth over reports: a mentioned finding is "affirmed" where the MeSH headings have it and "denied" where they do not; a report answers "affirmed" when one of its mentions is not denied.
Reports that a person hedged are in it, and there the coders chose freely, so neither can reach 1; `without hedges` leaves out findings that our labels call uncertain.
Truth over probes: tests/unit/labelling/probes.toml, sentences of our own.
"""

import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import spacy
from negspacy.negation import Negex
from negspacy.termsets import termset
from spacy.tokens import Doc
from spacy.util import filter_spans

from wetread.domain.finding import FindingName
from wetread.domain.statement import Presence, Statement
from wetread.evaluation.proportions import wilson
from wetread.labelling.aggregation import report_labels
from wetread.labelling.labeller import RuleLabeller
from wetread.labelling.lexicon import Kind, lexicon
from wetread.labelling.marking import mark
from wetread.labelling.words import TOKEN, Word

PROBES = Path(__file__).parent.parent / "tests" / "unit" / "labelling" / "probes.toml"
TERMS = ("en", "en_clinical", "en_clinical_sensitive")
_LABELLER, _TREE = RuleLabeller(), lexicon("en").tree


def print_negation(halves: dict[str, Sequence[Any]]) -> None:
    """`halves`: title to what benchmarks/labeller.py labelled."""
    pipes = {terms: _pipe(terms) for terms in TERMS}
    for title, half in halves.items():
        everything = [each for labelled in half for each in _answers(labelled, pipes)]
        for which, answers in (("", everything), (", without hedges", [each for each in everything if not each[1]])):
            print(f"\nnegation, {title}{which}: {len(answers)} findings mentioned in {len(half)} reports")
            for who in ("wetread", *TERMS):
                _print_row(who, Counter((affirmed, said[who]) for affirmed, _, said in answers))
    _print_probes(pipes)


def _pipe(terms: str) -> spacy.Language:
    pipe = spacy.blank("en")
    pipe.add_pipe("sentencizer")
    pipe.add_pipe(Negex.__name__.lower(), config={"neg_termset": termset(terms).get_patterns()})
    return pipe


def _answers(labelled: Any, pipes: dict[str, spacy.Language]) -> Iterator[tuple[bool, bool, dict[str, bool]]]:
    """Per finding that is mentioned by name and coded: affirmed in truth; hedged; whether each system affirms it."""
    text = labelled.report.text
    named = [each for each in labelled.statements if not each.implied and _is_named(text[each.start : each.end])]
    affirmed: dict[FindingName, dict[str, bool]] = {}
    for who, denied in _denied(text, named, pipes).items():
        for statement, is_denied in zip(named, denied, strict=True):
            said = affirmed.setdefault(statement.name, {})
            said[who] = said.get(who, False) or not is_denied
    for name, said in affirmed.items():
        if (truth := labelled.report.truth[name]) is not None:
            yield truth, labelled.labels[name].presence is Presence.UNCERTAIN, said


def _denied(text: str, named: Sequence[Statement], pipes: dict[str, spacy.Language]) -> dict[str, list[bool]]:
    answers = {"wetread": [each.presence is Presence.NEGATIVE for each in named]}
    for terms, pipe in pipes.items():
        doc = pipe.get_pipe("sentencizer")(pipe.make_doc(text))
        spans = [doc.char_span(each.start, each.end, label=each.name.value, alignment_mode="expand") for each in named]
        doc.ents = filter_spans(spans)
        denied = _by_token(pipe.get_pipe("negex")(doc))
        answers[terms] = [denied[span.start] for span in spans]
    return answers


def _by_token(doc: Doc) -> dict[int, bool]:
    return {token.i: entity._.negex for entity in doc.ents for token in entity}


def _is_named(phrase: str) -> bool:
    words = [
        Word(each[0].lower(), each.start(), each.end()) for each in TOKEN.finditer(phrase) if each.lastgroup == "word"
    ]
    marks = mark(words, _TREE)
    return len(marks) == 1 and marks[0].last == len(words) and marks[0].role(Kind.MENTION) is not None


def _print_row(who: str, pairs: Counter[tuple[bool, bool]]) -> None:
    both, denied = pairs[True, True], pairs[False, False]
    missed, invented = pairs[True, False], pairs[False, True]
    n, right = sum(pairs.values()), both + denied
    low, high = wilson(right, n)
    print(
        f"{who:<24}right {right / n:.4f} [{low:.4f}, {high:.4f}]  F1 denied {2 * denied / (2 * denied + missed + invented):.3f}"
        f"  F1 affirmed {2 * both / (2 * both + missed + invented):.3f}  wrongly denied {missed}, wrongly affirmed {invented}"
    )


def _print_probes(pipes: dict[str, spacy.Language]) -> None:
    groups = tomllib.loads(PROBES.read_text("utf-8"))
    print(f"\nnegation, probe sentences of our own: {'right of all':>17}  " + "  ".join(groups))
    rights: dict[str, dict[str, list[bool]]] = {who: {name: [] for name in groups} for who in ("wetread", *TERMS)}
    for group, by_presence in groups.items():
        for presence, probes in by_presence.items():
            for sentence, name in probes:
                statements = [each for each in _LABELLER.statements(sentence) if each.name == name and not each.implied]
                decided = report_labels(statements).get(FindingName(name))
                answers = _denied(sentence, [decided] if decided else [], pipes)
                for who, said in answers.items():
                    rights[who][group].append(said == [presence == "negative"])
    for who, by_group in rights.items():
        everything = [each for said in by_group.values() for each in said]
        low, high = wilson(sum(everything), len(everything))
        share = f"{sum(everything)}/{len(everything)} = {sum(everything) / len(everything):.3f} [{low:.3f}, {high:.3f}]"
        print(f"{who:<24}{share}  " + "  ".join(f"{sum(said)}/{len(said)}" for said in by_group.values()))
