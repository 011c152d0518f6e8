"""A clock that stands still until it is told to move."""

from datetime import UTC, datetime, timedelta

__all__ = ["FixedClock"]


class FixedClock:
    """`ports.clock.Clock` for tests."""

    def __init__(self, start: datetime = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    def advance(self, seconds: float) -> datetime:
        """Move on by `seconds`; returns the new time."""
        self._now += timedelta(seconds=seconds)
        return self._now
