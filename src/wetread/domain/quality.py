"""What live monitoring measured: one cell per site, scanner, finding and model version, each number with its n and interval, or with why it is not said. No identity."""

from dataclasses import dataclass
from datetime import datetime

__all__ = [
    "ADJUDICATED",
    "NAIVE",
    "OWN",
    "WEIGHTED",
    "Adjudicated",
    "BlindKey",
    "BlindVerdict",
    "CellKey",
    "FilmDrift",
    "FrozenCell",
    "FrozenFilms",
    "FrozenOwn",
    "FrozenTag",
    "Gap",
    "Number",
    "OwnReads",
    "QualityCell",
    "QualityReference",
    "QualityReport",
    "ReliabilityBin",
    "SliceRate",
    "TagDrift",
    "TrendPoint",
]

NAIVE = "agreement with signed reports that saw the AI (naive, biased)"
"""Basis of a number whose truth is the report that a reader signed after seeing what the AI found."""
ADJUDICATED = "blinded adjudication, weighted by the inverse of each study's chance of being drawn"
"""Basis of a number whose truth is the verdict of readers who saw neither the AI nor the report."""
OWN = "what readers said before they saw the AI, one reader each, studies read in second-reader mode only (not weighted to others)"
"""Basis of a number whose truth is a reader's own blind commit."""
WEIGHTED = "studies whose truth was sampled with known probability, weighted by its inverse; signed reports saw the AI"


@dataclass(frozen=True, slots=True)
class CellKey:
    """Where and of what: `scanner` is manufacturer and model as the header names them, `model` name and version."""

    site: str
    scanner: str
    finding: str
    model: str


@dataclass(frozen=True, slots=True)
class Number:
    """One measured number by the name of its definition, with its 95 % interval where it has one. `value` None: not said, and `refused` says why; `n` cases either way."""

    name: str
    n: int
    value: float | None = None
    low: float | None = None
    high: float | None = None
    refused: str = ""


@dataclass(frozen=True, slots=True)
class SliceRate:
    """One subgroup's rate; all None where it is withheld. `p_worse`: worse than all others together, Holm-adjusted over the groups of its axis."""

    group: str
    n: int | None
    value: float | None = None
    low: float | None = None
    high: float | None = None
    p_worse: float | None = None
    withheld: str = ""


@dataclass(frozen=True, slots=True)
class Gap:
    """A rate ("sensitivity", "specificity") by the groups of one axis ("sex", "age", "view")."""

    axis: str
    rate: str
    overall: float
    groups: tuple[SliceRate, ...]


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Observed share (Wilson interval) beside the mean stated probability of `n` cases."""

    stated: float
    observed: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """Numbers of the studies received in the seven days from `first_day` (ISO) on; "sensitivity_limits" and "override_limits" are the reference's share with the control limits of such a week."""

    first_day: str
    numbers: tuple[Number, ...]


@dataclass(frozen=True, slots=True)
class Adjudicated:
    """What one finished relabelling round says of a cell (basis `ADJUDICATED`): `studies` of it were drawn, received from `first_day` to `last_day` (ISO); `uncertain` verdicts are left out.

    `truth_probability` is the smallest chance of being drawn; `numbers` are sensitivity and specificity.
    """

    round_id: str
    first_day: str
    last_day: str
    studies: int
    positive: int
    negative: int
    uncertain: int
    truth_probability: float
    numbers: tuple[Number, ...]


@dataclass(frozen=True, slots=True)
class OwnReads:
    """A cell's studies of whose finding a reader said something before the AI was shown (basis `OWN`), received from `first_day` to `last_day` (ISO); `uncertain` ones are left out of the numbers.

    Among `numbers`: "signed_otherwise", the share whose signed report says the opposite of what its reader said blind.
    """

    first_day: str
    last_day: str
    studies: int
    positive: int
    negative: int
    uncertain: int
    numbers: tuple[Number, ...]


@dataclass(frozen=True, slots=True)
class QualityCell:
    """`studies` signed studies that this model had read; `uncertain`, `conflicting` and `unmentioned` of them by their label. `truth_probability` is the smallest chance with which
    the truth of one of them was to be ascertained: 1 where every signed report is a truth. `basis` says what agreement here means. `psi_shares`: (reference, now) by frozen bin.
    `adjudicated`, `own`: other numbers on other bases, adjudication with the newest round first."""

    key: CellKey
    studies: int
    positive: int
    negative: int
    uncertain: int
    conflicting: int
    unmentioned: int
    truth_probability: float
    basis: str
    numbers: tuple[Number, ...]
    gaps: tuple[Gap, ...] = ()
    reliability: tuple[ReliabilityBin, ...] = ()
    trend: tuple[TrendPoint, ...] = ()
    psi_shares: tuple[tuple[float, float], ...] = ()
    adjudicated: tuple[Adjudicated, ...] = ()
    own: OwnReads | None = None

    def number(self, name: str) -> Number:
        """Raises KeyError for a name that this cell does not hold."""
        for each in self.numbers:
            if each.name == name:
                return each
        raise KeyError(name)


@dataclass(frozen=True, slots=True)
class TagDrift:
    """One tag of a site's films ("manufacturer", "scanner", "view", "sex", "age") against the frozen reference, one study a patient; "(missing)" is a category.

    `distance` is the share of studies (0..1) that would have to be of another category to give the reference's shares (total variation); `statistic` and two-sided `p` are those of a
    chi-square test. All three are None where `refused` says why. `shares`: (category, reference, now), the largest changes first, at most eight.
    """

    site: str
    model: str
    tag: str
    n: int
    n_reference: int
    distance: float | None = None
    statistic: float | None = None
    p: float | None = None
    shares: tuple[tuple[str, float, float], ...] = ()
    refused: str = ""


@dataclass(frozen=True, slots=True)
class FilmDrift:
    """What the network made of a site's films against the frozen sample: `mmd` (squared maximum mean discrepancy, unbiased where films are independent, too large where those of a day are alike) with the `p` of days changing sides, and the AUROC of a classifier that
    tells new films from old (0.5 no change, 1 another world) with its interval. None where `refused` says why; `n` films on each side either way."""

    site: str
    model: str
    n: int
    n_reference: int
    mmd: float | None = None
    p: float | None = None
    auroc: float | None = None
    low: float | None = None
    high: float | None = None
    refused: str = ""


@dataclass(frozen=True, slots=True)
class BlindKey:
    """Whose errors a blinded truth judges, all scanners of a site together: blinded readings are too few to part them."""

    site: str
    finding: str
    model: str


@dataclass(frozen=True, slots=True)
class BlindVerdict:
    """Are errors more frequent than they may be, by a truth in which the AI had no part? `basis` "verdicts" (the newest finished relabelling round, weighted by the inverse of each study's
    chance of being drawn) or "own" (what readers said before they saw the AI); `error` "missed" (of the sick) or "false_alarm" (of the well).

    `rate` (0..1) of `n` studies with its 95 % interval; `limit` is what the model states of itself, or the upper end of the interval of the first own findings. `evidence` rings from `needed` on.
    None where `refused` says why. `since`: the day (ISO) a round was drawn, or the first day weighed.
    """

    key: BlindKey
    basis: str
    error: str
    n: int
    limit: float | None = None
    rate: float | None = None
    low: float | None = None
    high: float | None = None
    evidence: float | None = None
    needed: float | None = None
    round_id: str = ""
    since: str = ""
    refused: str = ""


@dataclass(frozen=True, slots=True)
class QualityReport:
    """Cells of the studies received from `since` (ISO day) on. `unmentioned_as`: what a finding that a report does not mention counts as ("negative" or "ignore").

    `left_out` counts signed studies by why they are in no cell; `notes` say what cannot be judged yet. `tags` are of a site and model, whatever the finding.
    `unfinished`: (relabelling round, studies undecided); its verdicts count once all are. `films_unsaid`: why `films` is empty.
    `blind`: errors by blinded truths, every finding and model in use that has one.
    """

    made_at: datetime
    since: str
    days: int
    unmentioned_as: str
    studies: int
    cells: tuple[QualityCell, ...]
    left_out: tuple[tuple[str, int], ...] = ()
    notes: tuple[str, ...] = ()
    tags: tuple[TagDrift, ...] = ()
    unfinished: tuple[tuple[str, int], ...] = ()
    films: tuple[FilmDrift, ...] = ()
    films_unsaid: str = ""
    blind: tuple[BlindVerdict, ...] = ()


@dataclass(frozen=True, slots=True)
class FrozenCell:
    """What a cell is held against: its first studies, up to and with `last_day`. Never refitted.

    `edges` and `counts` are the bins of the population stability index over raw scores (empty where they tie too much), `scores` the raw scores themselves, rising. `missed` of
    `positives` were not called, `overridden` of `called` are not in the signed report.
    """

    key: CellKey
    first_day: str
    last_day: str
    edges: tuple[float, ...]
    counts: tuple[int, ...]
    scores: tuple[float, ...]
    missed: int
    positives: int
    overridden: int
    called: int


@dataclass(frozen=True, slots=True)
class FrozenTag:
    """What a tag is held against: (category, patients) of the first studies of a site and model, up to and with `last_day`. Never refitted."""

    site: str
    model: str
    tag: str
    first_day: str
    last_day: str
    counts: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class FrozenFilms:
    """Which films later ones are held against: (study key, patient key, ISO day received), one film a patient, received from `first_day` to `last_day`. Never refitted.

    Without the day where frozen before it was kept."""

    site: str
    model: str
    model_sha256: str
    first_day: str
    last_day: str
    studies: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class FrozenOwn:
    """What later own blind findings are held against: the first of them, one study a patient, up to and with `last_day`. Never refitted."""

    key: BlindKey
    first_day: str
    last_day: str
    missed: int
    positives: int
    false_alarms: int
    negatives: int


@dataclass(frozen=True, slots=True)
class QualityReference:
    cells: tuple[FrozenCell, ...] = ()
    tags: tuple[FrozenTag, ...] = ()
    films: tuple[FrozenFilms, ...] = ()
    own: tuple[FrozenOwn, ...] = ()
