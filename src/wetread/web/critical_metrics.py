"""Critical results and alarms as OpenMetrics lines: counts and ages, never a key or a name."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from wetread.domain.alarm import Alarm
from wetread.domain.critical import CriticalResult, CriticalState

__all__ = ["alarm_metrics", "critical_metrics", "label"]

_UNTAKEN = (CriticalState.OPEN, CriticalState.NOTIFIED)
_OPEN = tuple(state for state in CriticalState if state is not CriticalState.CLOSED)


def critical_metrics(results: Sequence[CriticalResult], now: datetime) -> list[str]:
    """`results` are those that are not closed. The oldest age is 0 while nothing waits for a person."""
    states = Counter(result.state for result in results)
    untaken = [now - result.opened_at for result in results if result.state in _UNTAKEN]
    oldest_s = max(untaken, default=timedelta(0)).total_seconds()
    return [
        "# TYPE wetread_critical_results gauge",
        "# HELP wetread_critical_results Critical results that are not closed, by state.",
        *(f'wetread_critical_results{{state="{state.value}"}} {states[state]}' for state in _OPEN),
        "# TYPE wetread_critical_overdue gauge",
        "# HELP wetread_critical_overdue Critical results past the time to acknowledge or to communicate them.",
        f"wetread_critical_overdue {sum(result.overdue(now) for result in results)}",
        "# TYPE wetread_critical_oldest_seconds gauge",
        "# UNIT wetread_critical_oldest_seconds seconds",
        "# HELP wetread_critical_oldest_seconds Age of the oldest critical result nobody has acknowledged.",
        f"wetread_critical_oldest_seconds {max(0.0, oldest_s):.0f}",
    ]


def alarm_metrics(alarms: Iterable[Alarm]) -> list[str]:
    """`alarms` are the open ones, acknowledged or not."""
    counts = Counter((alarm.kind.value, alarm.site) for alarm in alarms)
    return [
        "# TYPE wetread_alarms gauge",
        "# HELP wetread_alarms Open alarms by kind and site.",
        *(f'wetread_alarms{{kind="{kind}",site="{label(site)}"}} {n}' for (kind, site), n in sorted(counts.items())),
    ]


def label(text: str) -> str:
    """A label's value as the exposition format quotes it."""
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
