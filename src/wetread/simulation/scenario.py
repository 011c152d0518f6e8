"""What a reading room is, for the simulator: arrivals, readers, findings, the model's errors and the rules to compare. Times in minutes."""

from dataclasses import dataclass
from enum import StrEnum

from wetread.domain.errors import PermanentError

__all__ = [
    "DAYS",
    "WEEK_MIN",
    "BadScenario",
    "Finding",
    "Published",
    "Rate",
    "Reading",
    "ReadingTime",
    "RequestedPriority",
    "Rule",
    "Run",
    "Scenario",
    "Shift",
]

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DAY_MIN = 24 * 60
WEEK_MIN = 7 * DAY_MIN


class BadScenario(PermanentError):
    """The scenario or the history cannot be used; the message names the entry."""

    code = "bad_scenario"


class Rule(StrEnum):
    """Who is read next, when a reader is free. Nobody's reading is interrupted."""

    FIFO = "fifo"  # the oldest
    PRIORITY = "priority"  # the most urgent, then the oldest
    CAP = "cap"  # critical ones; then whoever waited past the cap, oldest first; then as `priority`. The product's rule
    CAP_ABOVE_ALL = (
        "cap_above_all"  # as `cap`, but past the cap a study goes before critical ones too (Baltruschat 2021)
    )
    AGEING = "ageing"  # the oldest, after a head start of so many minutes per step of urgency


class ReadingTime(StrEnum):
    LOGNORMAL = "lognormal"
    EXPONENTIAL = "exponential"
    FIXED = "fixed"


@dataclass(frozen=True, slots=True)
class Rate:
    """A share between 0 and 1 with its 95 % interval; low = high = estimate where none is known."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Finding:
    """`urgency` is what the model's call gives the study (larger is sooner, 0 is routine)."""

    name: str
    prevalence: float
    sensitivity: Rate
    specificity: Rate
    urgency: int
    critical: bool


@dataclass(frozen=True, slots=True)
class RequestedPriority:
    """A share of the studies that arrives already marked urgent by whoever asked for it."""

    name: str
    share: float
    urgency: int


@dataclass(frozen=True, slots=True)
class Shift:
    """`readers` people from `start_min` to `end_min` of each of `days` (0 is Monday), at `speed` times the stated reading speed.

    Speed below 1 stands for people who also do other work. A reading that has begun is finished, whatever the clock says.
    """

    name: str
    days: tuple[int, ...]
    start_min: int
    end_min: int
    readers: int
    speed: float


@dataclass(frozen=True, slots=True)
class Reading:
    """Minutes one reader at speed 1 needs for one study; `variation` is standard deviation over mean (lognormal only)."""

    distribution: ReadingTime
    mean_min: float
    variation: float


@dataclass(frozen=True, slots=True)
class Run:
    """One rule to simulate. `cap_min` belongs to the two cap rules; `minutes_per_urgency` (a study counts one urgency more for each so
    many minutes it has waited) to ageing, and to the cap rules if wanted."""

    name: str
    rule: Rule
    cap_min: float | None = None
    minutes_per_urgency: float | None = None


@dataclass(frozen=True, slots=True)
class Published:
    """A figure somebody printed, to be shown beside ours. `fitted`: an input was chosen so that this one matches."""

    run: str
    group: str
    statistic: str
    minutes: float
    fitted: bool


@dataclass(frozen=True, slots=True)
class Scenario:
    """`arrivals_per_hour` holds 7 days (Monday first) of 24 expected numbers of studies."""

    name: str
    note: str
    days: int
    warm_up_days: int
    arrivals_per_hour: tuple[tuple[float, ...], ...]
    reading: Reading
    shifts: tuple[Shift, ...]
    findings: tuple[Finding, ...]
    requested: tuple[RequestedPriority, ...]
    runs: tuple[Run, ...]
    published: tuple[Published, ...] = ()

    @property
    def studies_per_week(self) -> float:
        return sum(map(sum, self.arrivals_per_hour))

    @property
    def load(self) -> float:
        """Reading minutes asked for per reading minute on duty; at 1 or more the list grows for ever."""
        on_duty = sum(len(s.days) * (s.end_min - s.start_min) * s.readers * s.speed for s in self.shifts)
        return self.studies_per_week * self.reading.mean_min / on_duty if on_duty else float("inf")
