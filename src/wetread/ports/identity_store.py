"""Who signs in elsewhere, what stands on it here, and what may be used only once: kept in the same transaction as everything else. Secrets arrive hashed or sealed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from wetread.domain.role import Act

__all__ = ["Confirmation", "ExternalIdentity", "ExternalSession", "FailedSignIns", "IdentityStore", "TokenLimit"]


@dataclass(frozen=True, slots=True)
class ExternalIdentity:
    """The account that (issuer, subject) has here. Never found by a name or an address."""

    issuer: str
    subject: str
    actor_id: str


@dataclass(frozen=True, slots=True)
class ExternalSession:
    """A session that stands on one of the provider's. `session`: its own name of it, "" for none; `held`: what the provider is asked by, sealed; `confirmed_at`: when it last said that it stands; `asked_at`: when it was last asked."""

    token_sha256: str
    issuer: str
    subject: str
    session: str
    held: str
    confirmed_at: datetime
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A person proved again who they are, for one act (`act_sha256`) of one session, until `expires_at`."""

    secret_sha256: str
    token_sha256: str
    act_sha256: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class FailedSignIns:
    """What failed under one name from one address, or from anywhere ("*"). `name_hmac`: the name itself is not kept; `known`: it is an account's; `before_at`: the failure before the last; `let_in_at`: when that name last got in from there."""

    name_hmac: str
    address: str
    known: bool
    failures: int
    last_at: datetime
    before_at: datetime
    let_in_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class TokenLimit:
    """A token that may do these acts only, whatever its account's role may; with `certificate` (x5t#S256) by whoever holds that one, and by nobody else (RFC 8705 §3)."""

    acts: frozenset[Act]
    certificate: str = ""


class IdentityStore(Protocol):
    """Part of every unit of work. What hangs on a session ends with it."""

    def save_external_identity(self, identity: ExternalIdentity) -> None:
        """Insert or replace by (issuer, subject)."""
        ...

    def external_identity(self, issuer: str, subject: str) -> ExternalIdentity | None: ...
    def external_identities(self, actor_id: str = "") -> tuple[ExternalIdentity, ...]:
        """Of one account, or all, by account."""
        ...

    def drop_external_identity(self, issuer: str, subject: str) -> None: ...
    def save_external_session(self, session: ExternalSession) -> None:
        """Insert or replace by token_sha256; the session itself is there already."""
        ...

    def external_session(self, token_sha256: str) -> ExternalSession | None: ...
    def external_sessions(self, issuer: str, *, subject: str = "", session: str = "") -> tuple[ExternalSession, ...]:
        """Those of that subject, or of that session of the provider's; with both, of both."""
        ...

    def move_external_session(self, before_sha256: str, after_sha256: str) -> None:
        """To another secret of the same session; harmless for a session of our own."""
        ...

    def claim_asking(self, token_sha256: str, *, asked_before: datetime, now: datetime) -> bool:
        """True for the one caller who may ask the provider now: `asked_at` was before, and is `now` from here on."""
        ...

    def save_confirmation(self, confirmation: Confirmation) -> None: ...
    def take_confirmation(self, secret_sha256: str) -> Confirmation | None:
        """It is gone with this."""
        ...

    def use_once(self, what_sha256: str, *, expires_at: datetime, now: datetime) -> bool:
        """False when it was used before. What is over is forgotten."""
        ...

    def limit_token(self, token_sha256: str, limit: TokenLimit) -> None: ...
    def token_limit(self, token_sha256: str) -> TokenLimit | None:
        """None for no limit but the role's."""
        ...

    def save_failed_sign_ins(self, failed: FailedSignIns) -> None:
        """Insert or replace by (name_hmac, address)."""
        ...

    def failed_sign_ins(self, name_hmac: str, address: str) -> FailedSignIns | None: ...
    def sweep_failed_sign_ins(self, failed_before: datetime, let_in_before: datetime, *, most_unknown: int) -> None:
        """Forget what failed before that and was not let in since `let_in_before`; of names that are no account's all but the newest `most_unknown` counts, at most."""
        ...
