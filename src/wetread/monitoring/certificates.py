"""Our certificates have an end that is known for years, and every one that is forgotten ends in a night without films."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from wetread.domain.alarm import AlarmKind
from wetread.monitoring.alarms import Silence
from wetread.monitoring.wording import span

__all__ = ["certificates_end"]

_TOLD_BEFORE, _PAGED_BEFORE = timedelta(days=21), timedelta(days=3)


def certificates_end(ends: Iterable[tuple[str, datetime]], now: datetime) -> tuple[Silence, ...]:
    """Of (setting that names it, when it ends)."""
    return tuple(_ends(name, at, now) for name, at in ends if at - now < _TOLD_BEFORE)


def _ends(name: str, at: datetime, now: datetime) -> Silence:
    when = f"ends in {span(at - now)}" if at > now else f"ended {span(now - at)} ago"
    message = f"the certificate of {name} {when} ({at:%Y-%m-%d %H:%M} UTC): who checks it lets no connection through then. Renew it and start again what uses it"
    key = f"{AlarmKind.CERTIFICATE_ENDS.value}/{name}"
    return Silence(AlarmKind.CERTIFICATE_ENDS, key, "", message, pages=at - now < _PAGED_BEFORE)
