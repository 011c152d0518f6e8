"""How long must somebody who keeps failing wait? Counted in memory per (account, address) and per account (NIST SP 800-63B §3.2.2)."""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

__all__ = ["FREE_FAILURES", "LOCKED_S", "Lockout", "wait_s"]

FREE_FAILURES = 5
LOCKED_S = 900.0
_FREE_FAILURES_ANYWHERE = 50
_FORGOTTEN_AFTER = timedelta(days=1)
_REMEMBERED = 10_000


def wait_s(failures: int, free: int) -> float:
    """Seconds to wait after the last of `failures`: none while few, then doubling from 2 s to `LOCKED_S`."""
    return 0.0 if failures < free else min(LOCKED_S, 2.0 ** min(failures - free + 1, 20))


@dataclass(frozen=True, slots=True)
class _Count:
    failures: int
    last: datetime


class Lockout:
    """Failure counts, bounded in number. An address that hammers one account is stopped; its owner elsewhere is not, until many fail."""

    def __init__(self) -> None:
        self._counts: OrderedDict[tuple[str, str], _Count] = OrderedDict()
        self._lock = Lock()

    def remaining_s(self, actor_id: str, address: str, now: datetime) -> float:
        """Seconds until another try is heard; 0.0 when it is heard now."""
        with self._lock:
            return max(
                self._remaining(key, free, now)
                for key, free in (((actor_id, address), FREE_FAILURES), ((actor_id, "*"), _FREE_FAILURES_ANYWHERE))
            )

    def failed(self, actor_id: str, address: str, now: datetime) -> None:
        with self._lock:
            for key in ((actor_id, address), (actor_id, "*")):
                count = self._counts.pop(key, None)
                recent = count is not None and now - count.last < _FORGOTTEN_AFTER
                self._counts[key] = _Count(count.failures + 1 if count and recent else 1, now)
            while len(self._counts) > _REMEMBERED:
                self._counts.popitem(last=False)

    def succeeded(self, actor_id: str, address: str) -> None:
        with self._lock:
            self._counts.pop((actor_id, address), None)

    def _remaining(self, key: tuple[str, str], free: int, now: datetime) -> float:
        count = self._counts.get(key)
        if count is None:
            return 0.0
        until = count.last + timedelta(seconds=wait_s(count.failures, free))
        return max(0.0, (until - now).total_seconds())
