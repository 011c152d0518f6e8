"""Decides what is drafted when the drafting service does not answer: the grammar's draft, saying so. Drafting never blocks reading (law 1)."""

from dataclasses import dataclass, replace

from wetread.domain.errors import PermanentError, TransientError
from wetread.domain.report import Draft
from wetread.ports.drafter import Drafter, DraftingRequest

__all__ = ["FallbackDrafter"]


@dataclass(frozen=True, slots=True)
class FallbackDrafter:
    """Implements the Drafter port over two: the second writes when the first cannot, and the draft's composer and notice say why."""

    first: Drafter
    second: Drafter

    def draft(self, request: DraftingRequest) -> Draft:
        try:
            return self.first.draft(request)
        except (TransientError, PermanentError) as failure:
            draft = self.second.draft(request)
            return replace(
                draft,
                composer=f"{draft.composer} (drafting service unavailable)",
                notice=f"{draft.notice} The drafting service was not used: {failure.code}.",
            )
