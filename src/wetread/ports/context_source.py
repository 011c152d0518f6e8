"""What is known of a study beyond its film: asked before a draft is written, and never waited for."""

from dataclasses import dataclass
from typing import Protocol

from wetread.domain.analysis import Analysis
from wetread.domain.drafting_context import DraftingContext
from wetread.domain.study import Study

__all__ = ["ContextSource", "StudyContext"]


@dataclass(frozen=True, slots=True)
class StudyContext:
    """`has_prior`: the archive holds another study of the patient, whether or not anybody signed a report of it."""

    drafting: DraftingContext
    has_prior: bool


class ContextSource(Protocol):
    def gather(self, study: Study, analysis: Analysis | None) -> StudyContext:
        """Within a deadline of its own. What cannot be had of the record is a problem in the context, not an error; only a vault or database that is away is a TransientError.

        Asking twice gives the same as far as the sources do.
        """
        ...
