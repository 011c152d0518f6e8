"""What a roster file says, frozen: people, sites, duties, layers. Wall-clock times here are the site's own; `roster.py` resolves them."""

from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from wetread.domain.roster import Responder, RosterOverride

__all__ = ["DatedShift", "Duty", "Holiday", "Layer", "Roster", "RosterSite", "Rotation", "WeeklyShift"]


@dataclass(frozen=True, slots=True)
class WeeklyShift:
    """Starts on each of `weekdays` (0 = Monday) at `start_minute` after midnight and lasts `length_minutes` (1..1440) on the wall clock."""

    weekdays: tuple[int, ...]
    start_minute: int
    length_minutes: int


@dataclass(frozen=True, slots=True)
class Rotation:
    """Turn k runs `length_days` from `starts_on` + k * length_days at `hand_over`; a turn may have several people. Nobody before `starts_on`."""

    turns: tuple[tuple[str, ...], ...]
    length_days: int
    starts_on: date
    hand_over: time


@dataclass(frozen=True, slots=True)
class Layer:
    """Hours and who has them: `people` all together, or one turn of `rotation`. Only shifts that start from first_day to last_day count."""

    name: str
    shifts: tuple[WeeklyShift, ...]
    people: tuple[str, ...] = ()
    rotation: Rotation | None = None
    first_day: date | None = None
    last_day: date | None = None

    @property
    def person_ids(self) -> tuple[str, ...]:
        turns = self.rotation.turns if self.rotation else ()
        return self.people + tuple(person for turn in turns for person in turn)


@dataclass(frozen=True, slots=True)
class Duty:
    """At every instant the first layer that has someone decides. Hours without anyone are a gap unless `required` is false."""

    name: str
    layers: tuple[Layer, ...]
    required: bool = True


@dataclass(frozen=True, slots=True)
class Holiday:
    """Shifts that would start on `days` are replaced: by those of weekday `like`, or for a duty in `duties` by its layers there."""

    name: str
    days: tuple[date, ...]
    like: int | None
    duties: tuple[Duty, ...]


@dataclass(frozen=True, slots=True)
class DatedShift:
    """A shift with its date, for example from a calendar; aware UTC. It stands above the layers and below the overrides."""

    site: str
    duty: str
    person_ids: tuple[str, ...]
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class RosterSite:
    """`team` lists people to be reached when everyone is called, besides those who hold a duty."""

    name: str
    zone: ZoneInfo
    team: tuple[str, ...]
    duties: tuple[Duty, ...]
    holidays: tuple[Holiday, ...] = ()

    def duty(self, name: str) -> Duty | None:
        return next((duty for duty in self.duties if duty.name == name), None)

    def holiday_on(self, day: date) -> Holiday | None:
        return next((holiday for holiday in self.holidays if day in holiday.days), None)


@dataclass(frozen=True, slots=True)
class Roster:
    """One version of the whole roster. Overrides made in the reading room are passed to the functions of `roster.py` beside it."""

    roster_version: str
    people: tuple[Responder, ...]
    sites: tuple[RosterSite, ...]
    dated: tuple[DatedShift, ...] = ()
    overrides: tuple[RosterOverride, ...] = ()

    def site(self, name: str) -> RosterSite | None:
        return next((site for site in self.sites if site.name == name), None)

    def responder(self, person_id: str) -> Responder | None:
        return next((person for person in self.people if person.person_id == person_id), None)
