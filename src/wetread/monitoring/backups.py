"""A backup that is no longer made says nothing until the day it is needed."""

from datetime import datetime, timedelta

from wetread.domain.alarm import AlarmKind
from wetread.monitoring.alarms import Silence
from wetread.monitoring.wording import span

__all__ = ["BACKUP", "backup_missing"]

BACKUP = "backup"
"""The beat of one that was made, and holds every film that a study names."""


def backup_missing(last: datetime | None, now: datetime, within: timedelta) -> tuple[Silence, ...]:
    """Told after `within`, paged after twice that. Where none was ever made by our command nobody is told: it may be another's to make."""
    if last is None or now - last <= within:
        return ()
    message = f"the last backup was made {span(now - last)} ago: see what starts `wetread backup` and what it says, and make one by hand"
    pages = now - last > 2 * within
    return (Silence(AlarmKind.BACKUP_MISSING, AlarmKind.BACKUP_MISSING.value, "", message, pages=pages),)
