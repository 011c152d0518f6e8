"""Which source of studies has been silent for longer than chance explains.

A source is a site, or one modality of a site while the rest of the site still speaks. Its studies are taken as a Poisson process (in batches where it sends batches) whose rate
depends on the hour and on the kind of day (Monday to Friday, Saturday, Sunday) in the site's local time, learnt from the eight weeks before it fell silent. A whole day may be busier
or calmer than its kind: that is a gamma variable with variance 1/10, updated by the last twelve hours, so that a public holiday is soon seen as a calm day. The rate's own
uncertainty counts too. The chance of the silence is then the zero term of the negative binomial, (1 + m/k)^-k.

Every gap between arrivals is one chance of a false alarm; with w of them in a week, an alarm at a chance below a/w raises a false alarms a week, whatever the traffic.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum
from math import sqrt
from statistics import median

from wetread.domain.alarm import AlarmKind
from wetread.monitoring.alarms import Silence
from wetread.monitoring.wording import span
from wetread.ports.watch_store import ArrivalCount

__all__ = ["HISTORY", "LOOK_BACK", "ArrivalTable", "Judgement", "Verdict", "chance_of_none", "judge", "silences"]

HISTORY = timedelta(weeks=8)
LOOK_BACK = timedelta(weeks=16)
"""How far back the counts must reach: a source that fell silent weeks ago is still held against the eight weeks before."""
YOUNG_DAYS = 14
FEW = 20
"""Arrivals (batches) below which a history says too little."""
DAY_SHAPE = 10.0
"""A day is a third busier or calmer than its kind (1 / sqrt(10), one standard deviation)."""
PACE = timedelta(hours=12)
HOUR = timedelta(hours=1)
_DAYS_A_WEEK = (5, 1, 1)


class Verdict(StrEnum):
    SPEAKS = "speaks"
    SILENT = "silent"
    YOUNG = "not yet judged"


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is known of one source. `modality` "" is the whole site; `days` complete days of history stand behind it.

    `chance` is that of a silence as long as the present one by chance alone, `alarm_below` the chance at which an alarm is raised, `expected` the studies that should have come since
    `last_at`, `per_week` those of an ordinary week. `notice_at` is when the alarm would come if nothing came any more.
    """

    site: str
    modality: str
    verdict: Verdict
    last_at: datetime
    days: int
    per_week: float = 0.0
    expected: float = 0.0
    chance: float = 1.0
    alarm_below: float = 0.0
    notice_at: datetime | None = None


Cell = tuple[int, int]
"""Kind of day (0 Monday to Friday, 1 Saturday, 2 Sunday) and local hour."""


class ArrivalTable:
    """The hourly counts of one source. `counts` holds studies by the hour (UTC) in which they came; hours without any are absent."""

    def __init__(self, counts: Mapping[datetime, int], last_at: datetime, zone: tzinfo) -> None:
        self.last_at = last_at
        self._counts = counts
        self._zone = zone
        self._learn()

    def _learn(self) -> None:
        end = self.last_at.astimezone(self._zone).date()
        begin = max(min(self._counts).astimezone(self._zone).date() + timedelta(days=1), end - HISTORY)
        by_day: dict[date, dict[int, int]] = {
            begin + timedelta(days=each): {} for each in range(max(0, (end - begin).days))
        }
        for hour, studies in self._counts.items():
            local = hour.astimezone(self._zone)
            if local.date() in by_day:
                day = by_day[local.date()]
                day[local.hour] = day.get(local.hour, 0) + studies
        self.days = len(by_day)
        kept = [
            day
            for kind in range(3)
            for day in _ordinary([(kind, hours) for each, hours in by_day.items() if _kind(each) == kind])
        ]
        self._exposure = [sum(kind == each for kind, _ in kept) for each in range(3)]
        self._totals: dict[Cell, int] = defaultdict(int)
        for kind, hours in kept:
            for hour_of_day, studies in hours.items():
                self._totals[kind, hour_of_day] += studies
        self.batch = _batch_size(kept, self._totals, self._exposure)

    def per_week(self) -> float:
        """Studies in an ordinary week."""
        return sum(_DAYS_A_WEEK[kind] * n / self._exposure[kind] for (kind, _), n in self._totals.items())

    def learnt(self) -> int:
        """Studies that the rates rest on."""
        return sum(self._totals.values())

    def expected(self, start: datetime, end: datetime) -> tuple[float, float]:
        """Studies expected in [start, end), and the variance of that number as an estimate."""
        time_in: dict[Cell, float] = defaultdict(float)
        hour = start.replace(minute=0, second=0, microsecond=0)
        while hour < end:
            local = hour.astimezone(self._zone)
            inside = min(end, hour + HOUR) - max(start, hour)
            time_in[_kind(local.date()), local.hour] += inside / HOUR
            hour += HOUR
        mean = variance = 0.0
        for cell, hours in time_in.items():
            if studies := self._totals.get(cell, 0):
                days = self._exposure[cell[0]]
                mean += hours * studies / days
                variance += hours**2 * studies / days**2
        return mean, variance

    def came(self, start: datetime, end: datetime) -> int:
        """Studies in the hours that touch [start, end]."""
        hour, studies = start.replace(minute=0, second=0, microsecond=0), 0
        while hour <= end:
            studies += self._counts.get(hour, 0)
            hour += HOUR
        return studies

    def chance_of_silence(self, until: datetime) -> tuple[float, float]:
        """The chance that nothing came from `last_at` to `until`, and the studies expected in that time."""
        mean, variance = self.expected(self.last_at, until)
        if mean <= 0.0:
            return 1.0, 0.0
        usual, _ = self.expected(self.last_at - PACE, self.last_at)
        pace = DAY_SHAPE + min(float(self.came(self.last_at - PACE, self.last_at)), usual) / self.batch
        batches = mean / self.batch * pace / (DAY_SHAPE + usual / self.batch)
        shape = 1.0 / (1.0 / pace + variance * self.batch / mean**2)
        return chance_of_none(batches, shape), mean


def chance_of_none(expected: float, shape: float) -> float:
    """P(0) of a Poisson variable whose mean is gamma distributed with this mean and shape: (1 + m/k)^-k."""
    return float((1.0 + expected / shape) ** -shape)


def _kind(day: date) -> int:
    return max(0, day.weekday() - 4)


def _ordinary(days: Sequence[tuple[int, dict[int, int]]]) -> list[tuple[int, dict[int, int]]]:
    """Without holidays, outages and migrations: days of less than half or more than twice the median of their kind, by more than chance."""
    totals = [sum(hours.values()) for _, hours in days]
    middle = median(totals) if totals else 0.0
    return [day for day, total in zip(days, totals, strict=True) if not _is_odd(total, middle)]


def _is_odd(total: int, middle: float) -> bool:
    return not middle / 2 <= total <= 2 * middle and abs(total - middle) > 3 * sqrt(middle) > 0


def _batch_size(
    days: Sequence[tuple[int, Mapping[int, int]]], totals: Mapping[Cell, int], exposure: Sequence[int]
) -> float:
    """Variance over mean of the hourly counts, given each day's total; 1 for single studies, more when they come in batches."""
    of_kind = [sum(n for (kind, _), n in totals.items() if kind == each) for each in range(3)]
    spread = mean = freedom = cells = 0.0
    for kind, hours in days:
        share = sum(hours.values()) / of_kind[kind] if of_kind[kind] else 0.0
        used = [hour for hour in range(24) if totals.get((kind, hour))]
        usual = [totals[kind, hour] * share for hour in used]
        spread += sum((hours.get(hour, 0) - each) ** 2 for hour, each in zip(used, usual, strict=True))
        mean += sum(usual)
        cells += len(used)
        freedom += max(0, len(used) - 1) * (1.0 - 1.0 / exposure[kind])
    return max(1.0, spread / mean * cells / freedom) if mean > 0 and freedom >= FEW else 1.0


def judge(
    rows: Iterable[ArrivalCount],
    now: datetime,
    zone_of: Callable[[str], tzinfo],
    *,
    false_alarms_per_week: float,
    look_ahead: bool = False,
) -> tuple[Judgement, ...]:
    """Every source that spoke within the rows, the whole site ("") before its modalities.

    The false alarms are those of a site: half are left to the site itself, half are shared by its modalities, whose clocks stop when the site itself falls silent.
    """
    tables = _tables(rows, now, zone_of)
    modalities = Counter(site for site, modality in tables if modality)
    return tuple(
        _judged(
            source,
            table,
            now if source[1] == "" else tables[source[0], ""].last_at,
            false_alarms_per_week / 2 / (modalities[source[0]] if source[1] else 1),
            look_ahead=look_ahead,
        )
        for source, table in sorted(tables.items())
    )


def _tables(
    rows: Iterable[ArrivalCount], now: datetime, zone_of: Callable[[str], tzinfo]
) -> dict[tuple[str, str], ArrivalTable]:
    counts: dict[tuple[str, str], dict[datetime, int]] = defaultdict(dict)
    last: dict[tuple[str, str], datetime] = {}
    for row in rows:
        if row.hour <= now:  # later ones were written while the clock was ahead
            source = row.site, row.modality
            counts[source][row.hour] = row.studies
            last[source] = max(last.get(source, row.hour), min(row.last_at, now))
    return {source: ArrivalTable(counts[source], last[source], zone_of(source[0])) for source in counts}


def _judged(
    source: tuple[str, str], table: ArrivalTable, until: datetime, false_alarms_per_week: float, *, look_ahead: bool
) -> Judgement:
    if table.days < YOUNG_DAYS or table.learnt() < FEW * table.batch:
        return Judgement(*source, Verdict.YOUNG, table.last_at, table.days)
    per_week = table.per_week()
    alarm_below = min(0.05, false_alarms_per_week * table.batch / per_week)
    chance, expected = table.chance_of_silence(until)
    return Judgement(
        *source,
        Verdict.SILENT if chance < alarm_below else Verdict.SPEAKS,
        table.last_at,
        table.days,
        per_week,
        expected,
        chance,
        alarm_below,
        _notice_at(table, alarm_below) if look_ahead else None,
    )


def _notice_at(table: ArrivalTable, alarm_below: float) -> datetime | None:
    """When the alarm comes, to ten minutes, if nothing comes any more; None when not within two weeks."""
    step = timedelta(minutes=10)
    steps = range(int(timedelta(weeks=2) / step))
    found = bisect_left(steps, True, key=lambda n: table.chance_of_silence(table.last_at + n * step)[0] < alarm_below)
    return table.last_at + found * step if found < len(steps) else None


def silences(judgements: Iterable[Judgement], now: datetime) -> tuple[Silence, ...]:
    """An alarm for every silent source; it pages."""
    return tuple(_silence(each, now) for each in judgements if each.verdict is Verdict.SILENT)


def _silence(judged: Judgement, now: datetime) -> Silence:
    what = f"no {judged.modality} study" if judged.modality else "no study"
    look = (
        "this modality's sending and its route" if judged.modality else "the archive's route, the network and our doors"
    )
    message = (
        f"{what} from site {judged.site} for {span(now - judged.last_at)}: about {judged.expected:.0f} expected since, "
        f"a silence that comes by chance less than once in {1 / max(judged.chance, 1e-12):,.0f} gaps; check {look}"
    )
    key = "/".join(filter(None, (AlarmKind.NOTHING_ARRIVES.value, judged.site, judged.modality)))
    return Silence(AlarmKind.NOTHING_ARRIVES, key, judged.site, message, pages=True)
