"""What became of films with a score like this one: of `n` signed films in the same bin of probability, how many had the finding. Counted each night, looked up when a film is read."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from wetread.domain.quality import NAIVE

__all__ = ["ALL_SITES", "BLIND", "EDGES", "FEWEST", "Reliability", "ScoreShare", "share_like"]

EDGES = (0.0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0)
"""Bins of probability, [low, high) and the last one closed: fixed, so that a count means the same every night; finer at the ends, where most films and the surest calls are."""
FEWEST = 30
"""Signed films below which no share is said: 1 of 3 looks like knowledge."""
ALL_SITES = ""
BLIND = "what readers said before they saw the AI"
"""Basis of a share whose truth is a second reader's blind commit: the AI had no part in it."""


@dataclass(frozen=True, slots=True)
class ScoreShare:
    """One bin of one finding at one site (`ALL_SITES`: all of them) under one model version, by its sha256.

    `had` of `n` films had it; `share_low` and `share_high` are the 95 % interval of the share (0..1), Wilson on the effective n: films of one patient are worth less.
    `basis` is `NAIVE` or `BLIND`.
    """

    site: str
    finding: str
    model_sha256: str
    basis: str
    low: float
    high: float
    n: int
    had: int
    share_low: float
    share_high: float


@dataclass(frozen=True, slots=True)
class Reliability:
    """The last count, of studies received from `since` (ISO day) on."""

    made_at: datetime
    since: str
    shares: tuple[ScoreShare, ...] = ()


def share_like(
    shares: Iterable[ScoreShare], site: str, finding: str, model_sha256: str, probability: float
) -> ScoreShare | None:
    """The count that says most of such a score: blind before naive, this site before all sites, `FEWEST` films at least. Where none has as many: this site's naive one, with too small an n; None without any."""
    like = {
        (each.site, each.basis): each
        for each in shares
        if (each.finding, each.model_sha256) == (finding, model_sha256) and _holds(each, probability)
    }
    order = ((site, BLIND), (site, NAIVE), (ALL_SITES, BLIND), (ALL_SITES, NAIVE))
    enough = (like[which] for which in order if which in like and like[which].n >= FEWEST)
    return next(enough, like.get((site, NAIVE)))


def _holds(share: ScoreShare, probability: float) -> bool:
    return share.low <= probability < share.high or (probability == share.high == EDGES[-1])
