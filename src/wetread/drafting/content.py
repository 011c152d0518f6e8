"""What a draft has to say, as typed statements in reading order: the grammar renders them one sentence each, a guard measures other composers by them."""

from dataclasses import replace

from wetread.drafting.assessment import assessment
from wetread.drafting.catalogue import language_of
from wetread.drafting.circumstances import circumstances
from wetread.drafting.planned import Claim, PlannedStatement
from wetread.drafting.refusal import check
from wetread.drafting.style import DEFAULT_STYLE, Style
from wetread.ports.drafter import DraftingRequest

__all__ = ["Claim", "PlannedStatement", "plan"]


def plan(request: DraftingRequest, style: Style = DEFAULT_STYLE) -> tuple[PlannedStatement, ...]:
    """Pure. Statement n is what sentence n of the grammar's draft says; every called finding is stated once under FINDINGS (Claim.CALLED), no other finding is stated as there.

    Raises PermanentError for a request that cannot be drafted from (`refusal.check`) and 'unknown_language'.
    """
    check(request)
    language = language_of(request.language)
    spoken = request if language == request.language else replace(request, language=language)
    statements = (*circumstances(spoken, style), *assessment(spoken, style))
    return tuple(each for section in style.sections for each in statements if each.section is section)
