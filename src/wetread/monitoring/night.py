"""When live monitoring makes its round, and whether the last one ended. Asked by the pager: nothing here loads a number library."""

from datetime import datetime, timedelta, tzinfo

from wetread.domain.alarm import AlarmKind
from wetread.monitoring.alarms import Silence
from wetread.ports.database import Database, UnitOfWork

__all__ = ["DONE", "begin_night", "unfinished_night"]

_BEGAN, DONE = "quality_began", "quality_done"
"""Names under which a round shows that it began and that it ended."""
_AGAIN_AFTER = timedelta(hours=6)
_FINISHED_WITHIN = timedelta(hours=2)


def begin_night(database: Database, now: datetime, zone: tzinfo, hour: int) -> bool:
    """True for the one process that is to make today's round: from `hour` o'clock local time on, once anything was signed; again after six hours when it did not end. Never at `hour` 24."""
    here = now.astimezone(zone)
    with database.begin(write=False) as unit:
        done = unit.last_beat(DONE)
        if here.hour < hour or (done is not None and done.astimezone(zone).date() >= here.date()):
            return False
        if not unit.signed_studies(limit=1):
            return False
    with database.begin() as unit:
        began = unit.last_beat(_BEGAN)
        if began is not None and now - began < _AGAIN_AFTER:
            return False
        unit.beat(_BEGAN, now)
        unit.commit()
    return True


def unfinished_night(unit: UnitOfWork, now: datetime) -> tuple[Silence, ...]:
    """An alarm when the last round began and did not end: then nobody measures."""
    began, done = unit.last_beat(_BEGAN), unit.last_beat(DONE)
    if began is None or now - began < _FINISHED_WITHIN or (done is not None and done >= began):
        return ()
    message = (
        f"live monitoring began at {began:%Y-%m-%d %H:%M} UTC and did not end: quality is not measured; "
        "run `wetread monitor run` and report what it says"
    )
    return (Silence(AlarmKind.WATCH_FAILED, f"{AlarmKind.WATCH_FAILED.value}/quality", "", message, pages=True),)
