"""How long must somebody who keeps failing wait? Counted per (name, address) and per name, in the database: for every server process, and over a restart (NIST SP 800-63B §3.2.2).

A try counts as a failure from the moment it is heard: of many at once, in however many processes, no more are looked at than may be. A right password takes it back.
"""

import hmac
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from ipaddress import IPv6Address

from wetread.domain.ip import ip_of
from wetread.ports.clock import Clock
from wetread.ports.database import Database, UnitOfWork
from wetread.ports.identity_store import FailedSignIns

__all__ = ["FREE_FAILURES", "LOCKED_S", "Lockout", "Try", "wait_s"]

FREE_FAILURES = 5
LOCKED_S = 900.0
_FREE_FAILURES_ANYWHERE = 50
_FORGOTTEN_AFTER = timedelta(days=1)
_AT_HOME_FOR = timedelta(days=30)
"""So long after somebody got in from an address, failures elsewhere do not hold them up there."""
_UNKNOWN_NAMES = 10_000
_ANYWHERE = "*"


def wait_s(failures: int, free: int) -> float:
    """Seconds to wait after the last of `failures`: none while few, then doubling from 2 s to `LOCKED_S`."""
    return 0.0 if failures < free else min(LOCKED_S, 2.0 ** min(failures - free + 1, 20))


@dataclass(frozen=True, slots=True)
class Try:
    """`known`: there is an account `name`. `what` is shown: a sign-in and a code at a screen are counted apart."""

    name: str
    address: str
    known: bool
    what: str = "password"


@dataclass(frozen=True, slots=True)
class Lockout:
    """An address that hammers one account is stopped; its owner elsewhere is not until many fail, and where they got in lately not then. `key`: names are kept as HMAC by it, as one that is no account may be a password in the wrong field."""

    database: Database
    clock: Clock
    key: bytes

    def remaining_s(self, tried: Try) -> float:
        """Seconds until another try is heard; 0.0 when it is heard now."""
        now = self.clock.now()
        with self.database.begin(write=False) as unit:
            return _remaining(*self._held(unit, tried, now), now)

    def counted(self, tried: Try) -> float:
        """As `remaining_s`; where it is 0.0 the try is a failure from now on, until `succeeded` or `taken_back`."""
        now = self.clock.now()
        with self.database.begin() as unit:
            counts = self._held(unit, tried, now)
            wait = _remaining(*counts, now)
            if wait == 0.0:
                for each in counts:
                    recent = each.failures if now - each.last_at < _FORGOTTEN_AFTER else 0
                    unit.save_failed_sign_ins(
                        replace(each, known=tried.known, failures=recent + 1, last_at=now, before_at=each.last_at)
                    )
                unit.sweep_failed_sign_ins(now - _FORGOTTEN_AFTER, now - _AT_HOME_FOR, most_unknown=_UNKNOWN_NAMES)
                unit.commit()
        return wait

    def taken_back(self, tried: Try) -> None:
        """It was neither a failure nor a success: what failed before still counts."""
        self._end(tried, succeeded=False)

    def succeeded(self, tried: Try) -> None:
        """What failed from there before is forgiven; what failed elsewhere is not."""
        self._end(tried, succeeded=True)

    def _end(self, tried: Try, *, succeeded: bool) -> None:
        now = self.clock.now()
        with self.database.begin() as unit:
            here, anywhere = map(_without_last, self._held(unit, tried, now))
            unit.save_failed_sign_ins(replace(here, failures=0, let_in_at=now) if succeeded else here)
            unit.save_failed_sign_ins(anywhere)
            unit.commit()

    def _held(self, unit: UnitOfWork, tried: Try, now: datetime) -> tuple[FailedSignIns, FailedSignIns]:
        """From that address, and from anywhere."""
        name = hmac.digest(self.key, f"wetread.web.lockout.1 {tried.what} {tried.name}".encode(), "sha256").hex()
        none = FailedSignIns(name, _place(tried.address), tried.known, 0, now, now)
        here = unit.failed_sign_ins(name, none.address)
        return here or none, unit.failed_sign_ins(name, _ANYWHERE) or replace(none, address=_ANYWHERE)


def _remaining(here: FailedSignIns, anywhere: FailedSignIns, now: datetime) -> float:
    at_home = here.let_in_at is not None and now - here.let_in_at < _AT_HOME_FOR
    return max(_left(here, FREE_FAILURES, now), 0.0 if at_home else _left(anywhere, _FREE_FAILURES_ANYWHERE, now))


def _left(count: FailedSignIns, free: int, now: datetime) -> float:
    """Of few failures nothing, whatever the clocks of two machines say of when."""
    wait = wait_s(count.failures, free)
    return max(0.0, wait - (now - count.last_at).total_seconds()) if wait else 0.0


def _without_last(count: FailedSignIns) -> FailedSignIns:
    """Where another try came between, its wait begins a moment sooner."""
    return replace(count, failures=max(0, count.failures - 1), last_at=count.before_at)


def _place(address: str) -> str:
    """An IPv6 host has 2^64 addresses to come from: its network counts as one."""
    parsed = ip_of(address)
    if isinstance(parsed, IPv6Address):
        return f"{IPv6Address(int(parsed) >> 64 << 64)}/64"
    return str(parsed or address)
