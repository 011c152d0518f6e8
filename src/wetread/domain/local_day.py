"""What day it is. A StudyDate is the day of the place where the film was taken, and no archive tells its time zone."""

from datetime import date, datetime, timedelta

__all__ = ["days_anywhere"]

_BEHIND, _AHEAD = timedelta(hours=12), timedelta(hours=14)


def days_anywhere(now: datetime) -> tuple[date, date]:
    """The earliest and the latest day that it is somewhere on earth at `now`, a time in UTC: from UTC-12 to UTC+14."""
    return (now - _BEHIND).date(), (now + _AHEAD).date()
