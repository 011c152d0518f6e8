"""How far the audit log was sent to a repository outside."""

from dataclasses import dataclass
from datetime import datetime, timedelta

__all__ = ["AuditExport"]


@dataclass(frozen=True, slots=True)
class AuditExport:
    """`sent`: the newest record that the repository has; 0: none. `holder` sends until `held_until`, so that two processes do not send the same at once."""

    repository: str
    sent: int = 0
    holder: str = ""
    held_until: datetime | None = None

    def may_send(self, holder: str, now: datetime, lease: timedelta) -> bool:
        """Whether `holder` may send now. A lease that ends later than one begun now would, was given by a clock that has since been set back: it does not count."""
        held = self.held_until
        return held is None or self.holder == holder or not now < held <= now + lease
