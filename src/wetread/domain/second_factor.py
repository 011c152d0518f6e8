"""A person's second factor as it is kept: the seed sealed, recovery codes as hashes, the last step that was used (RFC 6238 §5.2)."""

from dataclasses import dataclass
from datetime import datetime

__all__ = ["SecondFactor"]


@dataclass(frozen=True, slots=True)
class SecondFactor:
    """`sealed` is the seed, readable only with the key that lies in the vault. Until `confirmed_at` it counts for nothing. `last_step`: the newest time step whose code was taken; none up to it
    is taken again. `codes`: hashes of the recovery codes that are left. `reset_asked_by`: an administrator who asked to take it away, where that takes two.
    """

    actor_id: str
    sealed: str
    begun_at: datetime
    confirmed_at: datetime | None = None
    last_step: int = 0
    codes: tuple[str, ...] = ()
    reset_asked_by: str = ""
    reset_asked_at: datetime | None = None
    pending: str = ""
    """Another seed, sealed, that its person has not confirmed yet."""
