"""How a site wants its drafts worded: numbers, lists and phrases. What a finding's sentence says cannot be restyled, only how sure it sounds."""

from dataclasses import dataclass

from wetread.domain.finding import FindingName
from wetread.domain.report import Certainty, Section

__all__ = ["DEFAULT_STYLE", "Bands", "Style"]


@dataclass(frozen=True, slots=True)
class Bands:
    """Calibrated probabilities from which a called finding is worded so; below `possible` it is questionable. `certain` None: an AI is never certain."""

    possible: float = 0.4
    probable: float = 0.75
    certain: float | None = None

    def certainty(self, probability: float) -> Certainty:
        """`probability` calibrated, 0..1; a limit belongs to the surer side."""
        if self.certain is not None and probability >= self.certain:
            return Certainty.CERTAIN
        if probability >= self.probable:
            return Certainty.PROBABLE
        return Certainty.POSSIBLE if probability >= self.possible else Certainty.QUESTIONABLE

    def limit(self, certainty: Certainty) -> float | None:
        """Where the band of a certainty begins; for QUESTIONABLE, where it ends."""
        return {Certainty.CERTAIN: self.certain, Certainty.PROBABLE: self.probable}.get(certainty, self.possible)


@dataclass(frozen=True, slots=True)
class Style:
    """A site's style; `name` "" is the built-in one.

    `impression_first` lead the impression whatever their certainty, are never cut by `impression_maximum`, and stand there too when a prior had them and they are not called now. `negatives` are stated as not seen when they are calibrated and below their operating
    points. `quotes_maximum` pieces of the record are quoted, none whose suspicion (0..1) reaches `suspicion_limit`. `phrases` are (language, key, text).
    """

    name: str = ""
    bands: Bands = Bands()
    sections: tuple[Section, ...] = tuple(Section)
    impression_maximum: int = 3
    impression_first: tuple[FindingName, ...] = (FindingName.PNEUMOTHORAX,)
    negatives: tuple[FindingName, ...] = ()
    quotes_maximum: int = 5
    suspicion_limit: float = 0.5
    phrases: tuple[tuple[str, str, str], ...] = ()

    def overrides(self, language: str) -> dict[str, str]:
        """This site's phrases of one language by key."""
        return {key: text for spoken, key, text in self.phrases if spoken == language}


DEFAULT_STYLE = Style()
