"""A site's own past (CSV of received and signed times) as a scenario: arrivals, reading speed and prevalence are fitted, the rest is named.

Reading speed: whenever at least one study waits or is being read, the signatures are counted against that time, hour by hour. The rate is
the department's as a whole, other work included, so one reader of that speed stands for all of them.
"""

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wetread.domain.priority import Priority
from wetread.simulation.scenario import BadScenario, Finding, Reading, ReadingTime, RequestedPriority, Scenario, Shift

__all__ = ["HistoryFit", "PastStudy", "fit_history", "read_history"]

LEAST_DAYS = 28
LEAST_STUDIES = 385  # (1.96 / 0.1)^2: the weekly volume is then known to 10 %
LEAST_POSITIVES = 10
LONGEST_OVER_MEDIAN = 3.0
"""A longer gap between signatures while work waits is time off duty and counts for its last hour; a shorter one for its first."""
LEAST_RELATIVE_SPEED = 0.02  # of the busiest hour's; slower hours are taken for off duty
DAY_TYPES = ((0, 1, 2, 3, 4), (5,), (6,))
NOT_FITTED = (
    "the model's sensitivity and specificity: a history holds no model calls, the base scenario's are kept",
    "how many people read and how fast each is: only the department's rate is seen, one pooled reader stands for all",
    "which findings come together: they are drawn independently",
    "in which order the list was read: it does not change the mean over all studies",
)


@dataclass(frozen=True, slots=True)
class PastStudy:
    """Aware times. `signed_at` None: not signed yet. `priority` is empty where the request had none."""

    received_at: datetime
    signed_at: datetime | None
    findings: frozenset[str]
    priority: str


@dataclass(frozen=True, slots=True)
class HistoryFit:
    """The fitted scenario, what was fitted with its n, what was not, and the turnaround that was really seen (minutes)."""

    scenario: Scenario
    fitted: tuple[str, ...]
    not_fitted: tuple[str, ...]
    observed_min: NDArray[np.float64]


def read_history(path: Path, zone: tzinfo) -> list[PastStudy]:
    """Columns received_at, signed_at (ISO 8601; without an offset they are read in `zone`), findings (`;` between), priority.

    Other columns are ignored. Raises BadScenario naming the row, never what stands in it.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            missing = {"received_at", "signed_at", "findings"} - set(reader.fieldnames or ())
            if missing:
                raise BadScenario(f"history: the column {', '.join(sorted(missing))} is missing")
            return [_past_study(row, number, zone) for number, row in enumerate(reader, 2)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadScenario(
            "history: cannot read the file; it must be CSV in UTF-8 with a line of column names"
        ) from error


def _past_study(row: dict[str, str | None], number: int, zone: tzinfo) -> PastStudy:
    received_at = _moment(row["received_at"], f"row {number}: received_at", zone)
    signed_at = (
        _moment(row["signed_at"], f"row {number}: signed_at", zone) if (row["signed_at"] or "").strip() else None
    )
    if signed_at is not None and signed_at < received_at:
        raise BadScenario(f"history: row {number}: signed_at is before received_at")
    names = frozenset(name.strip().lower() for name in (row["findings"] or "").split(";") if name.strip())
    return PastStudy(received_at, signed_at, names, (row.get("priority") or "").strip().lower())


def _moment(text: str | None, where: str, zone: tzinfo) -> datetime:
    try:
        moment = datetime.fromisoformat((text or "").strip())
    except ValueError:
        raise BadScenario(f"history: {where}: is not an ISO 8601 date and time") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)


def fit_history(studies: Sequence[PastStudy], base: Scenario, zone: tzinfo) -> HistoryFit:
    """Arrivals, reading speed, prevalences and requested priorities of the past, in the base scenario's place; hours are `zone`'s.

    Raises BadScenario with the number needed where there is too little.
    """
    first, last = (pick(study.received_at for study in studies) for pick in (min, max)) if studies else (None, None)
    days = _whole_days(first, last, zone) if first and last else []
    if len(days) < LEAST_DAYS or len(studies) < LEAST_STUDIES:
        raise BadScenario(
            f"history: {len(studies)} studies over {len(days)} whole days are too few; at least {LEAST_STUDIES} over {LEAST_DAYS} are needed"
        )
    inside = [study for study in studies if days[0] <= study.received_at.astimezone(zone).date() <= days[-1]]
    arrivals, arrival_facts = _arrivals(inside, days, zone)
    reading, shifts, reading_facts = _reading(inside, zone)
    findings, finding_facts, finding_gaps = _findings(inside, base.findings)
    requested, requested_facts = _requested(inside, base.requested)
    scenario = replace(
        base,
        name=f"{base.name} fitted",
        note=f"arrivals, reading speed, prevalence and requested priorities fitted to {len(inside)} studies over {len(days)} days",
        arrivals_per_hour=arrivals,
        reading=reading,
        shifts=shifts,
        findings=findings,
        requested=requested,
        published=(),
    )
    if scenario.load >= 1:
        raise BadScenario(
            f"history: more arrives than was signed while people read ({scenario.load:.0%}): the backlog grew, no steady state to fit"
        )
    seen = np.array([(s.signed_at - s.received_at).total_seconds() / 60 for s in inside if s.signed_at is not None])
    return HistoryFit(
        scenario, (arrival_facts, reading_facts, *finding_facts, *requested_facts), (*NOT_FITTED, *finding_gaps), seen
    )


def _whole_days(first: datetime, last: datetime, zone: tzinfo) -> list[date]:
    """The days between the first and the last, which themselves may be cut off."""
    start = first.astimezone(zone).date() + timedelta(days=1)
    return [start + timedelta(days=day) for day in range((last.astimezone(zone).date() - start).days)]


def _arrivals(
    studies: Sequence[PastStudy], days: Sequence[date], zone: tzinfo
) -> tuple[tuple[tuple[float, ...], ...], str]:
    """Each weekday's volume times the hourly shape of its kind of day (Monday to Friday, Saturday, Sunday): far fewer free numbers than 168."""
    local = [study.received_at.astimezone(zone) for study in studies]
    weekdays = Counter(day.weekday() for day in days)
    counts = np.zeros((7, 24))
    np.add.at(counts, ([each.weekday() for each in local], [each.hour for each in local]), 1)
    rates = np.zeros((7, 24))
    for kind in DAY_TYPES:
        shape = counts[list(kind)].sum(axis=0)
        for day in kind:
            rates[day] = counts[day].sum() / weekdays[day] * shape / max(shape.sum(), 1)
    half = 1.96 / len(studies) ** 0.5
    total = rates.sum()
    fact = f"arrivals: {total:.0f} a week (95 % {total * (1 - half):.0f} to {total * (1 + half):.0f}; n = {len(studies)} over {len(days)} days)"
    return tuple(tuple(map(float, day)) for day in rates), fact


def _reading(studies: Sequence[PastStudy], zone: tzinfo) -> tuple[Reading, tuple[Shift, ...], str]:
    """Signatures per hour of waiting work by kind of day and hour; the variation of single readings on that clock."""
    signed = [study for study in studies if study.signed_at is not None]
    if len(signed) < LEAST_STUDIES:
        raise BadScenario(
            f"history: {len(signed)} signed studies are too few for a reading speed; at least {LEAST_STUDIES} are needed"
        )
    ends = sorted(study.signed_at.timestamp() / 60 for study in signed if study.signed_at is not None)
    arrived = sorted(study.received_at.timestamp() / 60 for study in signed)
    begins = [max(arrival, end) for arrival, end in zip(arrived, [arrived[0], *ends[:-1]], strict=True)]
    longest_reading_min = LONGEST_OVER_MEDIAN * float(np.median(np.subtract(ends, begins)))
    busy_min, count = np.zeros(72), np.zeros(72)
    pieces = [_cells(begin, end, zone) for begin, end in zip(begins, ends, strict=True)]
    for piece in pieces:
        for cell, minutes in piece:
            busy_min[cell] += minutes
        count[piece[0 if sum(minutes for _, minutes in piece) <= longest_reading_min else -1][0]] += 1
    rate = np.divide(count, busy_min, out=np.zeros(72), where=busy_min > 0)
    rate[rate < LEAST_RELATIVE_SPEED * rate.max()] = 0
    mean_min = float(busy_min[rate > 0].sum() / count[rate > 0].sum())
    operating = np.array([sum(rate[cell] * minutes for cell, minutes in piece) for piece in pieces])
    variation = float(np.clip(operating.std() / operating.mean(), 0.05, 3))
    fact = f"reading: {mean_min:.2f} minutes a study for the department as a whole, variation {variation:.2f} (n = {len(signed)} signed)"
    return Reading(ReadingTime.LOGNORMAL, mean_min, variation), tuple(_shifts(rate * mean_min)), fact


def _cells(begin_min: float, end_min: float, zone: tzinfo) -> list[tuple[int, float]]:
    """(kind of day x hour, minutes in it) from begin to end, at least one."""
    pieces: list[tuple[int, float]] = []
    while True:
        local = datetime.fromtimestamp(begin_min * 60, zone)
        kind = max(local.weekday() - 4, 0)
        stop = min(end_min, (np.floor(begin_min / 15) + 1) * 15)  # every zone's hours begin on a quarter
        pieces.append((kind * 24 + local.hour, float(stop - begin_min)))
        if stop >= end_min:
            return pieces
        begin_min = stop


def _shifts(speed: NDArray[np.float64]) -> list[Shift]:
    return [
        Shift(
            f"{('weekday', 'saturday', 'sunday')[kind]} {hour:02d}h",
            days,
            hour * 60,
            hour * 60 + 60,
            1,
            float(np.clip(each, 0.01, 20)),
        )
        for kind, days in enumerate(DAY_TYPES)
        for hour, each in enumerate(speed[kind * 24 : kind * 24 + 24])
        if each > 0
    ]


def _findings(
    studies: Sequence[PastStudy], base: Sequence[Finding]
) -> tuple[tuple[Finding, ...], list[str], list[str]]:
    count = Counter(name for study in studies for name in study.findings)
    n, fitted, facts, gaps = len(studies), [], [], []
    for finding in base:
        positives = count.pop(finding.name, 0)
        if positives < LEAST_POSITIVES:
            needed = n * LEAST_POSITIVES // positives if positives else "more than " + str(n)
            gaps.append(
                f"prevalence of {finding.name}: {positives} cases, {LEAST_POSITIVES} are needed (about {needed} studies); the base scenario's is kept"
            )
            fitted.append(finding)
        else:
            low, high = _wilson(positives, n)
            facts.append(
                f"prevalence of {finding.name}: {positives / n:.2%} (95 % {low:.2%} to {high:.2%}; n = {positives} of {n})"
            )
            fitted.append(replace(finding, prevalence=positives / n))
    gaps += [
        f"finding number {place} of the history is not in the base scenario ({cases} cases)"
        for place, cases in enumerate(count.values(), 1)
    ]
    return tuple(fitted), facts, gaps


def _requested(
    studies: Sequence[PastStudy], base: Sequence[RequestedPriority]
) -> tuple[tuple[RequestedPriority, ...], list[str]]:
    urgency = {each.value: each.rank for each in Priority} | {each.name: each.urgency for each in base}
    count = Counter(study.priority for study in studies if study.priority)
    if unknown := sum(cases for name, cases in count.items() if name not in urgency):
        raise BadScenario(
            f"history: {unknown} studies have a priority that is neither {', '.join(urgency)}; name it under [[requested]]"
        )
    shares = [
        RequestedPriority(name, cases / len(studies), urgency[name])
        for name, cases in sorted(count.items())
        if urgency[name]
    ]
    return tuple(shares), [f"requested {each.name}: {each.share:.1%} (n = {count[each.name]})" for each in shares]


def _wilson(positives: int, n: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share (JASA 1927;22:209)."""
    z2, share = 1.959963984540054**2, positives / n
    middle, half = share + z2 / (2 * n), (z2 * (share * (1 - share) / n + z2 / (4 * n * n))) ** 0.5
    return (middle - half) / (1 + z2 / n), (middle + half) / (1 + z2 / n)
