"""The deterministic composer: what has to be said (`content.plan`), one sentence each (`wording`), every sentence with its evidence.

It can state only what it was given, so it cannot invent a finding. Sections and one idea a sentence follow the ACR practice parameter for communication of imaging findings.
"""

from wetread.domain.analysis import Finding
from wetread.domain.report import Draft, ReportFinding, Section
from wetread.drafting.catalogue import LANGUAGES, language_of
from wetread.drafting.content import Claim, PlannedStatement, plan
from wetread.drafting.style import DEFAULT_STYLE, Style
from wetread.drafting.wording import wording
from wetread.ports.drafter import DraftingRequest

__all__ = ["COMPOSER", "GrammarDrafter"]

COMPOSER = "grammar/2"


class GrammarDrafter:
    """Implements the Drafter port. All catalogues are read when it is made: a confined process opens no file later."""

    def __init__(self, style: Style = DEFAULT_STYLE) -> None:
        self.style = style
        self._words = {language: wording(language, style) for language in LANGUAGES}

    def draft(self, request: DraftingRequest) -> Draft:
        """Raises what `content.plan` raises."""
        words = self._words[language_of(request.language)]
        statements = plan(request, self.style)
        called = {each.name: each for each in request.findings if each.called}
        return Draft(
            tuple(words.render(each) for each in statements),
            tuple(_structured(called[each.finding]) for each in statements if each.finding and _states(each)),
            f"{COMPOSER} (style {self.style.name})" if self.style.name else COMPOSER,
            words.notice,
        )


def _states(planned: PlannedStatement) -> bool:
    return planned.claim is Claim.CALLED and planned.section is Section.FINDINGS


def _structured(finding: Finding) -> ReportFinding:
    return ReportFinding(finding.name, True, finding.laterality, finding.probability)
