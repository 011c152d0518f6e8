"""What surrounds the findings: indication, technique and comparison. Words from the record and the order are quoted, never stated."""

import re
from collections.abc import Iterable, Sequence
from math import isfinite

from wetread.domain.drafting_context import DraftingContext, PriorStudy, RecordKind, Snippet
from wetread.domain.finding import Code
from wetread.domain.report import Evidence, Section
from wetread.drafting.comparison import usable
from wetread.drafting.foreign_text import is_opaque_id, one_line
from wetread.drafting.planned import Claim, PlannedStatement
from wetread.drafting.style import Style
from wetread.ports.drafter import DraftingRequest

__all__ = ["circumstances", "number"]

_VIEWS = ("PA", "AP", "LL", "RL")
_SHOWN_PRIORS = 3
_MOST_CODES, _MOST_PROBLEMS = 10, 10
_MEANING, _QUOTE, _INDICATION, _PROBLEM = 100, 240, 400, 200
"""Characters of a text from outside that a draft shows."""
_MOST_SOURCES = 50
"""Pieces of the record that a sentence about left out ones names as its evidence."""
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}")
_OLDEST_DAYS = 50_000


def circumstances(request: DraftingRequest, style: Style) -> Iterable[PlannedStatement]:
    """The statements of the three sections, each section's in reading order."""
    yield _technique(request.view_position.upper())
    yield from _comparison(request)
    yield from _indication(request.context, style)


def number(count: int) -> str:
    """The variant of a phrase that counts."""
    return "one" if count == 1 else "many"


def _technique(view: str) -> PlannedStatement:
    variant = view if view in _VIEWS else "unknown"
    return PlannedStatement(Section.TECHNIQUE, Claim.TECHNIQUE, (Evidence("header:ViewPosition"),), variant)


def _indication(context: DraftingContext, style: Style) -> Iterable[PlannedStatement]:
    section, order = Section.INDICATION, (Evidence("record:order"),)
    codes = [_coded(each) for each in context.indication_codes]
    ordered = [
        PlannedStatement(section, Claim.INDICATION_CODE, order, quoted=each.meaning, code=each)
        for each in codes
        if each
    ]
    if text := one_line(context.indication_text, _INDICATION).rstrip(" ."):
        ordered.append(PlannedStatement(section, Claim.INDICATION_TEXT, order, quoted=text))
    yield from ordered[-_MOST_CODES:] or [PlannedStatement(section, Claim.INDICATION_NONE, (Evidence("header"),))]
    yield from _record(context.snippets, style, codes.count(None), max(0, len(ordered) - _MOST_CODES))


def _coded(code: Code) -> Code | None:
    """The code with its words cleaned, None when one of the three cannot be shown."""
    meaning = one_line(code.meaning, _MEANING)
    fit = meaning and _CODE.fullmatch(code.value) and _CODE.fullmatch(code.scheme)
    return Code(code.value, code.scheme, meaning) if fit else None


def _record(snippets: Sequence[Snippet], style: Style, unusable: int, surplus: int) -> Iterable[PlannedStatement]:
    """The most relevant pieces of the record, and how many are left out and why."""
    suspicious = [each for each in snippets if not each.suspicion < style.suspicion_limit]
    trusted = [each for each in snippets if each.suspicion < style.suspicion_limit]
    fit = sorted(filter(_is_quotable, trusted), key=lambda each: -each.score if isfinite(each.score) else 0.0)
    quoted, rest = fit[: style.quotes_maximum], fit[style.quotes_maximum :]
    yield from map(_quote, quoted)
    section = Section.INDICATION if Section.INDICATION in style.sections else Section.COMPARISON
    for claim, count, left_out in (
        (Claim.RECORD_SUSPICIOUS, len(suspicious), suspicious),
        (Claim.RECORD_UNUSABLE, len(trusted) - len(fit) + unusable, []),
        (Claim.RECORD_SURPLUS, len(rest) + surplus, rest),
    ):
        if count:
            named = [_source(each) for each in left_out[:_MOST_SOURCES] if _is_quotable(each)]
            evidence = tuple(named) or (Evidence("record"),)
            yield PlannedStatement(section, claim, evidence, number(count), count=count)


def _quote(snippet: Snippet) -> PlannedStatement:
    earlier_report = snippet.kind is RecordKind.DIAGNOSTIC_REPORT
    return PlannedStatement(
        Section.COMPARISON if earlier_report else Section.INDICATION,
        Claim.RECORD_QUOTE,
        (_source(snippet),),
        days_before=snippet.days_before,
        quoted=one_line(snippet.text, _QUOTE).rstrip(" ."),
        kind=snippet.kind,
        source_id=snippet.source_id,
    )


def _is_quotable(snippet: Snippet) -> bool:
    """Its source and age can be shown, and it begins with something to read."""
    dated = snippet.days_before is None or 0 <= snippet.days_before <= _OLDEST_DAYS
    return dated and is_opaque_id(snippet.source_id) and any(map(str.isalnum, snippet.text[:_QUOTE]))


def _source(snippet: Snippet) -> Evidence:
    return Evidence(f"record:{snippet.source_id}", days_before=snippet.days_before)


def _comparison(request: DraftingRequest) -> Iterable[PlannedStatement]:
    section, context = Section.COMPARISON, request.context
    priors = usable(context.priors)
    if priors and not request.ai_unavailable:
        yield from _compared(priors)
    else:
        claim = Claim.NOT_COMPARED if request.comparison_available or context.priors else Claim.NO_PRIOR
        yield PlannedStatement(section, claim, (Evidence("archive"),))
    if dropped := len(context.priors) - len(priors):
        yield PlannedStatement(section, Claim.PRIOR_UNUSABLE, (Evidence("archive"),), number(dropped), count=dropped)
    for problem in context.problems[:_MOST_PROBLEMS]:
        if text := one_line(problem, _PROBLEM).rstrip("."):
            yield PlannedStatement(section, Claim.CONTEXT_PROBLEM, (Evidence("archive"),), quoted=text)


def _compared(priors: Sequence[PriorStudy]) -> Iterable[PlannedStatement]:
    section = Section.COMPARISON
    sources = [Evidence(f"prior:{each.source_id}", days_before=each.days_before) for each in priors]
    for source in sources[:_SHOWN_PRIORS]:
        yield PlannedStatement(section, Claim.COMPARED, (source,), days_before=source.days_before)
    if older := tuple(sources[_SHOWN_PRIORS:]):
        yield PlannedStatement(section, Claim.COMPARED_SURPLUS, older, number(len(older)), count=len(older))
