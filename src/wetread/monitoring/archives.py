"""Archives that stand still: one that does not answer, a process that does not ask, and films that only a sweep found."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from wetread.domain.alarm import AlarmKind
from wetread.domain.archive_feed import FeedState
from wetread.monitoring.alarms import Silence
from wetread.monitoring.wording import counted, span
from wetread.ports.archive_store import ARCHIVE_BEAT
from wetread.ports.database import UnitOfWork

__all__ = ["archives_stand"]

_UNASKED = timedelta(minutes=5)


def archives_stand(unit: UnitOfWork, names: Iterable[str], now: datetime, *, within: timedelta) -> tuple[Silence, ...]:
    """Of the archives in the settings. The process that asks them shows that it lives under a name of its own for each."""
    states = {each.archive: each for each in unit.feeds()}
    found: list[Silence] = []
    for name in names:
        state, beat = states.get(name, FeedState(name)), unit.last_beat(f"{ARCHIVE_BEAT}{name}")
        if beat is not None and now - beat > _UNASKED:
            found.append(
                _stands(
                    name,
                    f"nobody has asked archive {name} for {span(now - beat)}: start the service again, or `wetread archive feed`",
                )
            )
        elif state.failing_since is not None and now - state.failing_since > within:
            found.append(_stands(name, f"archive {name} does not answer as it should for {span(now - state.failing_since)} ({state.failure}): films that are only there do not come; `wetread archive check {name}` asks it now"))  # fmt: skip
        if state.missed:
            message = f"the last sweep of archive {name} brought {counted(state.missed, 'image')} that its change feed had not: look why, and how long films had waited"
            found.append(Silence(AlarmKind.ARCHIVE_MISSED, f"archive_missed/{name}", "", message, pages=False))
    return tuple(found)


def _stands(name: str, message: str) -> Silence:
    return Silence(AlarmKind.ARCHIVE_STANDS, f"archive_stands/{name}", "", message, pages=True)
