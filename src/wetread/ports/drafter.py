"""Typed findings in, a draft out. Nothing that crosses this port can say who the patient is (law 4)."""

from dataclasses import dataclass
from typing import Protocol

from wetread.domain.analysis import Finding, QualityFlag
from wetread.domain.drafting_context import NO_CONTEXT, DraftingContext, FilmPixels, Measurement
from wetread.domain.report import Draft

__all__ = ["Drafter", "DraftingRequest"]


@dataclass(frozen=True, slots=True)
class DraftingRequest:
    """All a composer may know: no dates, no names, no identifiers. `ai_unavailable` holds the reason when no model read the film.

    `language` is a BCP 47 tag of a catalogue that the composer has ("en", "de"). `film` is for a composer that sees, and absent unless the site sends it.
    """

    findings: tuple[Finding, ...]
    quality: tuple[QualityFlag, ...]
    view_position: str
    comparison_available: bool
    may_say_normal: bool
    ai_unavailable: str = ""
    measurements: tuple[Measurement, ...] = ()
    context: DraftingContext = NO_CONTEXT
    language: str = "en"
    film: FilmPixels | None = None


class Drafter(Protocol):
    def draft(self, request: DraftingRequest) -> Draft: ...
