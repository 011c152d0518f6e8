"""Who somebody is by the word of an identity provider elsewhere (OpenID Connect Core 1.0, as a relying party sees it)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from wetread.domain.role import Role

__all__ = ["Arrived", "EndedElsewhere", "IdentityProvider", "ProvedIdentity", "SentOut", "StillIn"]


@dataclass(frozen=True, slots=True)
class ProvedIdentity:
    """Of a validated ID token. Only (issuer, subject) says who it is; `account` and `display_name` are what the provider would call them, `role` None where no claim maps to one; `sites` None where a site's table lets them reach none, () for all.

    `session` is the provider's own name of its session, "" for none; `authenticated_at` when they last proved who they are, None where it is not told; `how` its `acr` and `amr` in words.
    """

    issuer: str
    subject: str
    account: str
    display_name: str
    role: Role | None
    sites: tuple[str, ...] | None = ()
    session: str = ""
    authenticated_at: datetime | None = None
    how: str = ""


@dataclass(frozen=True, slots=True)
class SentOut:
    """Where a browser is sent, and what it keeps meanwhile: sealed, to be given back when it returns."""

    url: str
    sealed: str


@dataclass(frozen=True, slots=True)
class Arrived:
    """Who came back, what was kept for them, and what the provider is asked by later on (`held`, sealed)."""

    identity: ProvedIdentity
    kept: Mapping[str, str]
    held: str


@dataclass(frozen=True, slots=True)
class EndedElsewhere:
    """A validated logout token: one session of the provider's, or with `session` "" all of that subject; `subject` may be "" where the session is named."""

    issuer: str
    subject: str
    session: str
    token_sha256: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class StillIn:
    """The provider stands by the session. `identity` is None where it said nothing new of the person."""

    held: str
    identity: ProvedIdentity | None = field(default=None)


class IdentityProvider(Protocol):
    """Raises TransientError when it does not answer, PermanentError (safe to show) when what it says cannot be accepted."""

    @property
    def issuer(self) -> str:
        """As its tokens name it."""
        ...

    @property
    def name(self) -> str:
        """As people know it."""
        ...

    def send_out(self, redirect_uri: str, kept: Mapping[str, str], *, prove_again: bool = False) -> SentOut:
        """`kept` comes back with whoever returns to `redirect_uri`. `prove_again`: they must prove who they are now, whatever session stands there."""
        ...

    def receive(self, sealed: str, answer: Mapping[str, str]) -> Arrived:
        """The browser that was sent out is back with `answer`, the query of `redirect_uri`."""
        ...

    def ask_again(self, held: str, subject: str) -> StillIn | None:
        """Does the session stand? None when it ended there."""
        ...

    def ended(self, logout_token: str) -> EndedElsewhere:
        """OpenID Connect Back-Channel Logout 1.0."""
        ...

    def farewell(self, held: str, back_to: str) -> str:
        """Where a browser goes to end the provider's own session (RP-Initiated Logout 1.0); "" where there is no such place."""
        ...
