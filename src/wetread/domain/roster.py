"""Who can be reached, who is missing, who stands in: the roster's nouns. Addresses are personal data and stay out of every repr."""

from dataclasses import dataclass, field
from datetime import datetime

__all__ = ["Contact", "Responder", "RosterGap", "RosterOverride"]


@dataclass(frozen=True, slots=True)
class Contact:
    """One way to a person. `channel` is a channel's name in the settings ("email", "sms", "teams")."""

    channel: str
    address: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Responder:
    """A person who can be paged; `person_id` equals the account name of those who have one; `contacts` in the order to try."""

    person_id: str
    display_name: str
    contacts: tuple[Contact, ...]


@dataclass(frozen=True, slots=True)
class RosterGap:
    """No one holds `duty` in [starts_at, ends_at), aware UTC."""

    site: str
    duty: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class RosterOverride:
    """A hand-over or swap: `person_id` holds `duty` in [starts_at, ends_at), aware UTC, instead of whoever the rotation names."""

    override_id: str
    site: str
    duty: str
    person_id: str
    starts_at: datetime
    ends_at: datetime
    made_by: str
    reason: str
