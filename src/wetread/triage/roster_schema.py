"""The roster file's schema: what may stand in it and nothing else. Values are never quoted in an error: they may be a person's telephone number."""

from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from wetread.triage.shift_text import DAY_PATTERN, SHIFT_PATTERN, TIMES_PATTERN

__all__ = [
    "DutyDocument",
    "HolidayDocument",
    "HolidayLayerDocument",
    "ImportedDocument",
    "LayerDocument",
    "OverrideDocument",
    "RosterDocument",
    "RotationDocument",
    "SiteDocument",
]

_Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
_Title = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f-\x9f]{1,80}$")]
_Shift = Annotated[str, StringConstraints(pattern=SHIFT_PATTERN)]
_Times = Annotated[str, StringConstraints(pattern=TIMES_PATTERN)]
_Weekday = Annotated[str, StringConstraints(pattern=DAY_PATTERN)]
_Clock = Annotated[str, StringConstraints(pattern=r"^(?:[01]\d|2[0-3]):[0-5]\d$")]
_Day = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d\d-\d\d$")]
_Instant = Annotated[
    str,
    StringConstraints(pattern=r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d)?$"),
    Field(description="The site's wall clock, unless an offset such as +01:00 follows."),
]


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _ContactDocument(_Document):
    channel: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,31}$")] = Field(
        description="A channel's name in the settings: email, sms, teams."
    )
    address: Annotated[str, StringConstraints(min_length=1, max_length=512)] = Field(repr=False)


class _PersonDocument(_Document):
    name: _Title
    contacts: tuple[_ContactDocument, ...] = Field(min_length=1, description="In the order to try.")


class RotationDocument(_Document):
    people: tuple[_Name | tuple[_Name, ...], ...] = Field(
        min_length=1, description="In turn; a list inside the list is a turn of several people."
    )
    weeks: int | None = Field(default=None, ge=1, le=52, description="Length of a turn; or give days.")
    days: int | None = Field(default=None, ge=1, le=366)
    start: _Day = Field(description="Day of the first hand-over.")
    hand_over: _Clock = Field(default="00:00", description="Local time of every hand-over.")

    @model_validator(mode="after")
    def _one_length(self) -> "RotationDocument":
        if (self.weeks is None) == (self.days is None):
            raise ValueError("a rotation has weeks or days, one of the two")
        if () in self.people:
            raise ValueError("a turn of the rotation has no one")
        return self


class _Held(_Document):
    """Who holds the hours of a layer: people together, or a rotation."""

    name: _Title | None = None
    people: tuple[_Name, ...] = ()
    rotation: RotationDocument | None = None

    @model_validator(mode="after")
    def _somebody(self) -> "_Held":
        if bool(self.people) == (self.rotation is not None):
            raise ValueError("a layer has people or a rotation, one of the two")
        return self


class LayerDocument(_Held):
    shifts: tuple[_Shift, ...] = Field(
        default=(),
        description="Local wall-clock hours such as 'Mon-Fri 08:00-18:00' or 'Sat,Sun 08:00-08:00'; none: always.",
    )
    first_day: _Day | None = Field(default=None, description="Shifts start on this day at the earliest.")
    last_day: _Day | None = Field(default=None, description="Shifts start on this day at the latest.")


class HolidayLayerDocument(_Held):
    shifts: tuple[_Times, ...] = Field(default=(), description="Hours such as '08:00-20:00'; none: the whole day.")


class DutyDocument(_Document):
    required: bool = Field(default=True, description="false: hours without anyone are no gap.")
    layers: tuple[LayerDocument, ...] = Field(
        default=(), description="At every instant the first layer that has someone decides."
    )


class HolidayDocument(_Document):
    name: _Title
    days: tuple[_Day, ...] = Field(min_length=1)
    like: _Weekday | None = Field(default=None, description="Duties have the hours of this weekday.")
    duties: dict[_Name, tuple[HolidayLayerDocument, ...]] = Field(
        default_factory=dict, description="These duties have these layers instead of the weekly ones."
    )

    @model_validator(mode="after")
    def _changes_something(self) -> "HolidayDocument":
        if self.like is None and not self.duties:
            raise ValueError("a holiday that changes nothing: give like or duties")
        return self


class OverrideDocument(_Document):
    id: _Name
    duty: _Name
    person: _Name
    starts: _Instant
    ends: _Instant
    made_by: _Name
    reason: _Title


class SiteDocument(_Document):
    time_zone: str = Field(description="IANA name, such as Europe/Berlin.")
    team: tuple[_Name, ...] = Field(default=(), description="Called with everyone else; they need not hold a duty.")
    duties: dict[_Name, DutyDocument] = Field(
        min_length=1, description="primary, secondary, team_lead, system, or a name of the site's own."
    )
    holidays: tuple[HolidayDocument, ...] = ()
    overrides: tuple[OverrideDocument, ...] = ()

    @field_validator("time_zone")
    @classmethod
    def _is_known(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError("not an IANA time zone such as Europe/Berlin") from None
        return value


class ImportedDocument(_Document):
    site: _Name
    duty: _Name
    people: tuple[_Name, ...] = Field(min_length=1)
    starts: _Instant
    ends: _Instant


class RosterDocument(_Document):
    roster_version: _Title
    people: dict[_Name, _PersonDocument] = Field(min_length=1, description="By account name, for those who have one.")
    sites: dict[_Name, SiteDocument] = Field(min_length=1)
    imported: tuple[ImportedDocument, ...] = Field(
        default=(),
        description="Dated shifts, written by `wetread roster import`: above the layers, below the overrides.",
    )
