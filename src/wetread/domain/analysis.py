"""What the model said about one film, in numbers that say what they are (law 5)."""

from dataclasses import dataclass, replace
from datetime import datetime

from wetread.domain.finding import FindingName
from wetread.domain.identifiers import InstanceKey

__all__ = [
    "Analysis",
    "Finding",
    "FurtherRead",
    "HeatMaps",
    "ModelIdentity",
    "OperatingPoint",
    "QualityFlag",
    "Rate",
    "Region",
]


_LEAST_BUDGET = 0.05
_MISS_BUDGET = 0.1
_MOST = 0.95


@dataclass(frozen=True, slots=True)
class Rate:
    """A proportion with its 95 % interval and the number of cases behind it."""

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """The probability at or above which a finding counts as called, and the rule that chose it."""

    threshold: float
    rule: str
    sensitivity: Rate | None
    specificity: Rate | None

    @property
    def miss_budget(self) -> float:
        """Misses per positive (0.01 to 0.95) that the stated sensitivity allows; one in ten where none is stated."""
        stated = 1 - self.sensitivity.value if self.sensitivity else _MISS_BUDGET
        return min(max(stated, 0.01), _MOST)

    @property
    def false_positive_budget(self) -> float:
        """False positives per negative (0.05 to 0.95) that the stated specificity allows; five in a hundred where none is stated."""
        stated = 1 - self.specificity.value if self.specificity else 0.0
        return min(max(stated, _LEAST_BUDGET), _MOST)


@dataclass(frozen=True, slots=True)
class Region:
    """A box on the stored image: half-open pixel ranges (row_start <= row < row_stop), 0-based, image coordinates."""

    row_start: int
    row_stop: int
    column_start: int
    column_stop: int


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding of one film.

    `raw_score` is the model's logit; `probability` is calibrated, 0..1, or None where no calibration exists. `laterality` is "left", "right",
    "bilateral" or "" and is the patient's side, read from the heat map's place; `region` is where the map is hottest, None below the operating point.
    """

    name: FindingName
    raw_score: float
    probability: float | None
    operating_point: OperatingPoint
    laterality: str
    region: Region | None

    @property
    def called(self) -> bool:
        """True when the calibrated probability reaches the operating point."""
        return self.probability is not None and self.probability >= self.operating_point.threshold


@dataclass(frozen=True, slots=True)
class ModelIdentity:
    """Which model spoke: name, semantic version, sha256 of its ONNX file."""

    name: str
    version: str
    sha256: str


@dataclass(frozen=True, slots=True)
class QualityFlag:
    """Something about the film a person should know, with what to do about it. `code` is stable."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class HeatMaps:
    """Class-activation maps of one film.

    `values` is little-endian float16 (finding, row, column), C order, class evidence before the sigmoid, in the order of the analysis' findings. `extent` is the
    part of the stored image that the grid covers; it may reach beyond the image where the input was padded.
    """

    rows: int
    columns: int
    values: bytes
    extent: Region


@dataclass(frozen=True, slots=True)
class FurtherRead:
    """What another model found on the same film: triage weighs it and names it; shown and drafted is the first model's read."""

    model: ModelIdentity
    findings: tuple[Finding, ...]
    input_sha256: str


@dataclass(frozen=True, slots=True)
class Analysis:
    """One model's read of one film, with what further models found. `ood_score` is the film's distance from the training films, `ood_threshold` its limit; None: not measured.

    `ood_p_value`: were the film one more of those the limit was set on, a distance as large would be seen with at most this probability; None: not known.
    """

    instance_key: InstanceKey
    model: ModelIdentity
    findings: tuple[Finding, ...]
    quality: tuple[QualityFlag, ...]
    ood_score: float | None
    ood_threshold: float | None
    input_sha256: str
    analysed_at: datetime
    heat: HeatMaps | None = None
    ood_p_value: float | None = None
    further: tuple[FurtherRead, ...] = ()

    @property
    def reads(self) -> "tuple[Analysis, ...]":
        """One analysis per model that read the film, this one first."""
        others = (
            replace(
                self, model=each.model, findings=each.findings, input_sha256=each.input_sha256, heat=None, further=()
            )
            for each in self.further
        )
        return (self, *others)

    @property
    def out_of_distribution(self) -> bool:
        """True when the film is measurably unlike the training films; False says nothing where `ood_score` is None."""
        return self.ood_score is not None and self.ood_threshold is not None and self.ood_score > self.ood_threshold

    @property
    def called(self) -> tuple[Finding, ...]:
        """The findings at or above their operating points, most probable first."""
        return tuple(sorted((f for f in self.findings if f.called), key=lambda f: -(f.probability or 0.0)))
