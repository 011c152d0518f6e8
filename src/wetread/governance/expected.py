"""How many patients without a finding a site may be expected to bring by the longest stay, from what it recorded before the rollout: counted as the gate counts, told as a range. Pure.

Too few expected would only end the wait early, too many only let it last until the end of the stay: so the wait is set by the upper end; what it will see is told for the middle and the lower end.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil, floor, sqrt

import numpy as np

from wetread.domain.finding import FindingName
from wetread.domain.rollout import GatePlan, Traffic
from wetread.governance.plan import MOST_EXPECTED

__all__ = ["FEWEST_PATIENTS", "LEAST_DAYS", "MOST_DAYS", "History", "expected_patients", "too_little", "with_history"]

LEAST_DAYS, MOST_DAYS = 14, 90
"""Days of history below which nothing is expected, and beyond which nothing is looked at."""
FEWEST_PATIENTS = 50
_ONE_SIDED_90 = 1.2816
_FEW_WEEKS, _SPREAD_OF_FEW = 4, 2.0
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class History:
    """What a site recorded from `began` (its first study in the time looked at, or the beginning of that time) until `until`. `patients`: different ones of the signed `studies`.

    `known`: for each finding when the first signed negative of each patient became known, in that order.
    """

    began: datetime
    until: datetime
    studies: int
    patients: int
    known: Mapping[FindingName, Sequence[datetime]]

    @property
    def days(self) -> float:
        return (self.until - self.began) / _DAY


def too_little(history: History) -> str:
    """Why nothing can be expected from it; "" when something can."""
    if history.days < LEAST_DAYS:
        return f"only {history.days:.0f} days with signed studies are recorded, {LEAST_DAYS} are needed"
    if history.patients < FEWEST_PATIENTS:
        return f"only {history.patients} patients with signed studies are recorded in {history.days:.0f} days, {FEWEST_PATIENTS} are needed"
    return ""


def with_history(plan: GatePlan, history: History) -> GatePlan:
    """The plan with what the site may be expected to bring of each finding by the longest stay; unchanged where there is too little to learn from."""
    if too_little(history):
        return plan
    limits = []
    for each in plan.limits:
        least, most = expected_patients(history.known[each.finding], history.began, history.until, plan.max_dwell_days)
        limits.append(replace(each, least=least, most=most))
    traffic = Traffic(round(history.days, 1), history.studies, history.patients)
    return replace(plan, limits=tuple(limits), traffic=traffic)


def expected_patients(known: Sequence[datetime], began: datetime, until: datetime, days: int) -> tuple[int, int]:
    """(at least, at most) so many different patients in the next `days`, 90 % each: `known` are the times, in order, at which each of those from `began` to `until` counted first.

    What is missing to `days` goes on like the later half: the longer one counts, the fewer patients are new. The spread of whole weeks says how uneven they come, holidays included; never less than
    that of independent arrivals (Poisson), and twice it where there are fewer than four weeks.
    Source: normal approximation of a prediction interval, Hahn & Meeker (1991), Statistical Intervals.
    """
    past = (until - began) / _DAY
    later = len(known) - bisect_right(known, until - (until - began) / 2)
    mean = len(known) + later / (past / 2) * max(days - past, 0.0)
    error = _ONE_SIDED_90 * sqrt(_spread(known, until, int(past // 7)) * mean * (1 + days / past))
    return max(floor(mean - error), 0), min(max(ceil(mean + error), 1), MOST_EXPECTED)


def _spread(known: Sequence[datetime], until: datetime, weeks: int) -> float:
    """Variance over mean of the counts of whole weeks."""
    counts = np.diff([bisect_right(known, until - week * 7 * _DAY) for week in range(weeks, -1, -1)])
    found = float(counts.var(ddof=1) / counts.mean()) if len(counts) > 1 and counts.any() else 1.0
    return max(found, 1.0 if weeks >= _FEW_WEEKS else _SPREAD_OF_FEW)
