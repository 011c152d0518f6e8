"""Which study is read next, and why is one seventh? The scheduling rule of docs/triage.md, pure.

1. Critical and not acknowledged.
2. Beyond the waiting cap or the own reading-time target: whose limit passed first is first, whatever its priority.
3. The others by aged arrival: a study counts as if it had come one `age_step` earlier for each rank of its priority. That is priority with linear ageing (Kleinrock's
   delay-dependent discipline with equal slopes), so two waiting studies of a site never change places because time passes.

Sites take turns in 2, and in 3 among studies whose aged arrivals fall into one `SITE_TURN`: each `SITE_TURN` of the clock another site is first. A turn of the clock needs no
memory of who was read last, and a list dealt out in rounds would not be fair: after each read the site that sent most has the longest waiting again.
"""

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import IntEnum

from wetread.domain.identifiers import StudyKey
from wetread.domain.priority import Priority
from wetread.triage.policy import OrderRule

__all__ = [
    "SITE_TURN",
    "Place",
    "SortKey",
    "Standing",
    "Waiting",
    "explain_place",
    "limit_of",
    "order",
    "order_key",
    "place_of",
    "places",
    "sorting",
    "standing",
]

SITE_TURN = timedelta(minutes=30)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)
_RANK = {each: each.rank for each in Priority}


class Standing(IntEnum):
    CRITICAL = 0
    OVERDUE = 1
    WAITING = 2


@dataclass(frozen=True, slots=True)
class Waiting:
    """A study nobody has reported yet. `critical_open`: critical, and no person has acknowledged it; `read_within_min` 0: no target."""

    study_key: StudyKey
    site: str
    priority: Priority
    received_at: datetime
    critical_open: bool = False
    read_within_min: int = 0


SortKey = tuple[Standing, int, int, datetime, StudyKey]
"""Smaller is read first."""


@dataclass(frozen=True, slots=True)
class Place:
    """`number` counts from 1; `why` says who is before it and when it passes its limit."""

    study: Waiting
    number: int
    standing: Standing
    over_cap: bool
    why: str


def limit_of(study: Waiting, rule: OrderRule) -> timedelta:
    """How long it may wait: the cap, or its reading-time target where that is shorter."""
    target = timedelta(minutes=study.read_within_min)
    return min(target, rule.waiting_cap) if target else rule.waiting_cap


def standing(study: Waiting, now: datetime, rule: OrderRule) -> Standing:
    if study.critical_open:
        return Standing.CRITICAL
    return Standing.OVERDUE if now - study.received_at > limit_of(study, rule) else Standing.WAITING


def order_key(study: Waiting, now: datetime, rule: OrderRule) -> tuple[Standing, datetime, StudyKey]:
    """Smaller is read first. Leaves out whose turn it is (see `order`)."""
    stands = standing(study, now, rule)
    moment = study.received_at + limit_of(study, rule) if stands is Standing.OVERDUE else _aged(study, rule)
    return stands, moment, study.study_key


def order(studies: Iterable[Waiting], now: datetime, rule: OrderRule) -> tuple[Waiting, ...]:
    """The worklist."""
    studies = tuple(studies)
    return tuple(sorted(studies, key=sorting({each.site for each in studies}, now, rule)))


def sorting(sites: Iterable[str], now: datetime, rule: OrderRule) -> Callable[[Waiting], SortKey]:
    """The key by which a list of studies of these sites is ordered at `now`: whoever keeps a long list need not sort all of it again for one more."""
    turn = _turns(set(sites), now)

    def key(study: Waiting) -> SortKey:
        stands, moment, study_key = order_key(study, now, rule)
        window = (moment - _EPOCH) // SITE_TURN if stands is Standing.WAITING else 0
        return stands, window, 0 if stands is Standing.CRITICAL else turn[study.site], moment, study_key

    return key


def places(studies: Iterable[Waiting], now: datetime, rule: OrderRule) -> tuple[Place, ...]:
    """The worklist with every study's place and the reason for it."""
    ahead, found = _Ahead(), []
    for number, study in enumerate(order(studies, now, rule), 1):
        found.append(_place(study, number, ahead, now, rule))
        ahead.add(study, found[-1].standing, over_cap=found[-1].over_cap)
    return tuple(found)


def place_of(study: Waiting, listed: Sequence[Waiting], now: datetime, rule: OrderRule) -> Place:
    """The place of one study on a list that is in order already; raises ValueError where it is not on it."""
    ahead = _Ahead()
    for number, each in enumerate(listed, 1):
        if each == study:
            return _place(study, number, ahead, now, rule)
        ahead.add(each, standing(each, now, rule), over_cap=_over_cap(each, now, rule))
    raise ValueError("the study is not on this list")


def explain_place(study: Waiting, studies: Iterable[Waiting], now: datetime, rule: OrderRule) -> str:
    """Why `study` stands where it does among `studies`; raises ValueError where it is not one of them."""
    return place_of(study, order(studies, now, rule), now, rule).why


def _place(study: Waiting, number: int, ahead: "_Ahead", now: datetime, rule: OrderRule) -> Place:
    stands = standing(study, now, rule)
    why = f"place {number}: {ahead.before(study, stands, rule)}{_limit(study, now, rule)}"
    return Place(study, number, stands, _over_cap(study, now, rule), why)


def _over_cap(study: Waiting, now: datetime, rule: OrderRule) -> bool:
    return now - study.received_at > rule.waiting_cap


def _aged(study: Waiting, rule: OrderRule) -> datetime:
    return study.received_at - _RANK[study.priority] * rule.age_step


def _turns(sites: set[str], now: datetime) -> dict[str, int]:
    """0 for the site whose turn it is, then the others in their order."""
    slot = (now - _EPOCH) // SITE_TURN
    return {site: (number - slot) % len(sites) for number, site in enumerate(sorted(sites))}


@dataclass(slots=True)
class _Ahead:
    """Who stands before the study that is looked at, counted by why."""

    critical: int = 0
    over_cap: int = 0
    over_target: int = 0
    waiting: dict[Priority, list[datetime]] = field(default_factory=lambda: defaultdict(list))

    def add(self, study: Waiting, stands: Standing, *, over_cap: bool) -> None:
        if stands is Standing.WAITING:
            insort(self.waiting[study.priority], study.received_at)
        self.critical += stands is Standing.CRITICAL
        self.over_cap += stands is Standing.OVERDUE and over_cap
        self.over_target += stands is Standing.OVERDUE and not over_cap

    def before(self, study: Waiting, stands: Standing, rule: OrderRule) -> str:
        """Those ahead in words, ending in "; " where there are any."""
        same, rank = self.waiting[study.priority], _RANK[study.priority]
        earlier = bisect_left(same, study.received_at) if stands is Standing.WAITING else 0
        said = [
            (self.critical, "critical and not acknowledged"),
            (self.over_cap, f"beyond the cap of {_span(rule.waiting_cap)}"),
            (self.over_target, "beyond the reading-time target"),
            *((len(self.waiting[p]), p.value) for p in reversed(Priority) if _RANK[p] > rank),
            (earlier, f"{study.priority.value} and here longer"),
            (len(same) - earlier, "of another site whose turn it is"),
            (sum(len(self.waiting[p]) for p in Priority if _RANK[p] < rank), "less urgent, but waiting far longer"),
        ]
        words = ", ".join(f"{n} {why}" for n, why in said if n)
        return f"after {words}; " if words else ""


def _limit(study: Waiting, now: datetime, rule: OrderRule) -> str:
    limit = limit_of(study, rule)
    name = "cap" if limit == rule.waiting_cap else "reading-time target"
    left = limit - (now - study.received_at)
    if left < timedelta(0):
        return f"{_span(-left)} beyond the {name} of {_span(limit)}"
    return f"{_span(left)} until it passes the {name} of {_span(limit)}"


def _span(span: timedelta) -> str:
    minutes = span // _MINUTE
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = [(days, "d"), (hours, "h"), (minutes, "min")]
    return " ".join(f"{n} {unit}" for n, unit in parts if n) or "0 min"
