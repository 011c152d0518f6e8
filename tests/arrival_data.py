"""Invented arrivals of studies: by hour and weekday, on busier and calmer days, in batches, with holidays; and the false alarms that a watch over them would raise."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from wetread.monitoring.silence import ArrivalTable, judge
from wetread.ports.watch_store import ArrivalCount

__all__ = ["Alarms", "Traffic", "count_by_hour", "false_alarms", "noticed_after"]

MONDAY = date(2026, 1, 5)
BERLIN = ZoneInfo("Europe/Berlin")
_BY_HOUR = np.array([1, 1, 1, 1, 1, 2, 4, 9, 12, 12, 11, 10, 9, 9, 9, 8, 6, 5, 4, 3, 3, 2, 2, 1], float)
_HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Traffic:
    """`per_week` studies; `day_spread` is the standard deviation of a day's factor; `batch` the mean size of a (geometric) batch; `holidays` a year at a quarter of the volume."""

    per_week: float
    day_spread: float = 0.0
    batch: float = 1.0
    holidays: float = 0.0
    weekend: float = 0.4
    zone: ZoneInfo = BERLIN

    def times(self, days: int, seed: int) -> list[datetime]:
        """Sorted arrival times (UTC) over so many local days from a Monday on."""
        rng = np.random.default_rng(seed)
        each_day = [self._of_day(MONDAY + timedelta(days=day), rng) for day in range(days)]
        return sorted(time for times in each_day for time in times)

    def _of_day(self, day: date, rng: np.random.Generator) -> list[datetime]:
        factor = self.weekend if day.weekday() >= 5 else 1.0
        factor *= rng.gamma(1 / self.day_spread**2, self.day_spread**2) if self.day_spread else 1.0
        factor *= 0.25 if day.weekday() < 5 and rng.random() < self.holidays / 261 else 1.0
        weekly = _BY_HOUR.sum() * (5 + 2 * self.weekend)
        batches = rng.poisson(_BY_HOUR * factor * self.per_week / weekly / self.batch)
        times = []
        for hour in np.repeat(np.arange(24), batches):
            local = datetime(day.year, day.month, day.day, int(hour), tzinfo=self.zone)
            at = local.astimezone(UTC) + timedelta(seconds=float(rng.uniform(0, 3600)))
            times += [at + timedelta(seconds=20 * each) for each in range(rng.geometric(1 / self.batch))]
        return times


def count_by_hour(times: Sequence[datetime], site: str = "main", modality: str = "") -> tuple[ArrivalCount, ...]:
    """As the database counts them."""
    last = {time.replace(minute=0, second=0, microsecond=0): time for time in times}
    studies = Counter(time.replace(minute=0, second=0, microsecond=0) for time in times)
    return tuple(ArrivalCount(hour, site, modality, studies[hour], last[hour]) for hour in last)


class Alarms(NamedTuple):
    """False alarms in so many weeks of watching; `gaps` is how many silences were judged."""

    count: int
    weeks: float
    gaps: int


def false_alarms(traffic: Traffic, weeks: int, seed: int, *, a_week: float) -> Alarms:
    """Watch `weeks` weeks of traffic in which nothing ever fails, after eight weeks of learning: every gap is judged at its end, when its silence is longest."""
    times = traffic.times(7 * (8 + weeks), seed)
    first = next(n for n, time in enumerate(times) if time >= times[0] + timedelta(weeks=8))
    counts = {row.hour: row.studies for row in count_by_hour(times)}
    alarms, day, table = 0, None, None
    for last, following in zip(times[first:], times[first + 1 :], strict=False):
        if table is None or last.astimezone(traffic.zone).date() != day:
            day = last.astimezone(traffic.zone).date()
            window = {hour: n for hour, n in counts.items() if last - timedelta(weeks=9) < hour <= last}
            table = ArrivalTable(
                window | {h: n for h, n in counts.items() if last < h < last + 30 * _HOUR}, last, traffic.zone
            )
            below = a_week * table.batch / table.per_week()
        if (following - last) / _HOUR * table.per_week() / table.batch / 40 < 2:  # far from anything rare
            continue
        table.last_at = last
        alarms += table.chance_of_silence(following)[0] < below
    return Alarms(alarms, (times[-1] - times[first]) / timedelta(weeks=1), len(times) - first - 1)


def noticed_after(traffic: Traffic, silent_at: datetime, seed: int, *, a_week: float) -> timedelta | None:
    """How long after the feed breaks at `silent_at` (during the ninth week) the alarm comes."""
    times = [time for time in traffic.times(7 * 9, seed) if time < silent_at]
    rows = count_by_hour(times)
    judged = judge(rows, silent_at, lambda _: traffic.zone, false_alarms_per_week=2 * a_week, look_ahead=True)[0]
    return judged.notice_at and judged.notice_at - silent_at
