"""What time is it? The only place the product may learn it."""

from datetime import datetime
from typing import Protocol

__all__ = ["Clock"]


class Clock(Protocol):
    def now(self) -> datetime:
        """Aware UTC, microseconds."""
        ...
