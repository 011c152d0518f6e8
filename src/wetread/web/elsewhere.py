"""Sessions that stand on an identity provider's (OpenID Connect): begun by its word, asked after every half minute, ended by it; and the second component of a signature, proved there (ADR-0028)."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from wetread.domain.audit import AuditEvent
from wetread.domain.errors import NotPermitted, PermanentError, TransientError, WetreadError
from wetread.governance.external_accounts import account_of
from wetread.ports.database import Account, UnitOfWork
from wetread.ports.identity_provider import Arrived, IdentityProvider, SentOut, StillIn
from wetread.ports.identity_store import Confirmation, ExternalSession
from wetread.web.accounts import token_sha256
from wetread.web.problems import Refusal
from wetread.web.services import WebServices
from wetread.web.session_book import Came, SessionBook

__all__ = ["BACK_CHANNEL", "CALLBACK", "CONFIRM", "LOGIN", "Elsewhere", "Outgoing"]

CALLBACK, BACK_CHANNEL = "/oidc/callback", "/oidc/back-channel-logout"
LOGIN, CONFIRM = "login", "confirm"
_CONFIRMED = "wrc_"
_CONFIRMATION_LASTS = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A second component that is being proved: `secret` confirms the act once the browser came back; `number` names the errand, and is no secret."""

    sent: SentOut
    secret: str
    number: str


class Elsewhere:
    """Every method raises Refusal where no provider is set."""

    def __init__(self, services: WebServices, sessions: SessionBook) -> None:
        self._services, self._sessions = services, sessions

    @property
    def provider(self) -> IdentityProvider:
        if self._services.provider is None:
            raise Refusal(404, "no_provider", "nobody signs in elsewhere here: identity_provider is not set")
        return self._services.provider

    def send_to_login(self, origin: str, kept: Mapping[str, str]) -> SentOut:
        return self.provider.send_out(origin + CALLBACK, {"errand": LOGIN, **kept})

    def send_to_confirm(self, origin: str, session_sha256: str, act_sha256: str) -> Outgoing:
        """For one act of one session; the provider asks again who it is."""
        secret, number = _CONFIRMED + self._services.new_secret(), secrets.token_hex(8)
        facts = {"secret": token_sha256(secret), "session": session_sha256, "act": act_sha256, "number": number}
        sent = self.provider.send_out(origin + CALLBACK, {"errand": CONFIRM, **facts}, prove_again=True)
        return Outgoing(sent, secret, number)

    def receive(self, sealed: str, answer: Mapping[str, str]) -> Arrived:
        return self.provider.receive(sealed, answer)

    def log_in(self, arrived: Arrived, came: Came) -> str:
        """A browser's new secret. Raises NotPermitted for somebody who has no place here; that is written down, too."""
        now, identity = self._services.clock.now(), arrived.identity
        with self._services.database.begin() as unit:
            try:
                account = account_of(unit, identity, now)
            except NotPermitted:
                unit.commit()
                raise
            secret = self._sessions.begin(unit, account.actor, came, now)
            unit.save_external_session(
                ExternalSession(
                    token_sha256(secret), identity.issuer, identity.subject, identity.session, arrived.held, now, now
                )
            )
            facts = (("issuer", identity.issuer), ("proved", identity.how))
            unit.audit(AuditEvent("login", account.actor.actor_id, detail=facts), now)
            unit.commit()
        return secret

    def proved_again(self, arrived: Arrived) -> None:
        """Whoever came back is who the session is of: the act they went out for is confirmed, for two minutes and once. Raises Refusal 401."""
        now, identity, kept = self._services.clock.now(), arrived.identity, arrived.kept
        with self._services.database.begin() as unit:
            held, session = unit.external_session(kept["session"]), unit.session(kept["session"])
            if held is None or session is None or session.expires_at <= now:
                raise Refusal(401, "not_signed_in", "the session ended meanwhile: sign in, then sign again")
            is_same = (held.issuer, held.subject) == (identity.issuer, identity.subject)
            proved = identity.authenticated_at.isoformat() if identity.authenticated_at else ""
            facts = (("issuer", identity.issuer), ("proved", identity.how), ("at", proved), ("act", kept["act"]))
            outcome = "success" if is_same else "somebody_else"
            unit.audit(AuditEvent("reauthenticate", session.actor_id, outcome=outcome, detail=facts), now)
            if is_same:
                ends = now + _CONFIRMATION_LASTS
                unit.save_confirmation(Confirmation(kept["secret"], kept["session"], kept["act"], ends))
                held = replace(held, session=identity.session or held.session, held=arrived.held)
                unit.save_external_session(replace(held, confirmed_at=now, asked_at=now))
            unit.commit()
        if not is_same:
            raise Refusal(401, "somebody_else", "somebody else proved who they are: nothing is confirmed")

    def confirm(self, session_sha256: str, secret: str, act_sha256: str) -> None:
        """Takes the confirmation of this act. Raises Refusal 401."""
        now = self._services.clock.now()
        with self._services.database.begin() as unit:
            said = unit.take_confirmation(token_sha256(secret))
            unit.commit()
        right = said is not None and said.expires_at > now
        if not right or said is None or (said.token_sha256, said.act_sha256) != (session_sha256, act_sha256):
            raise Refusal(
                401, "not_confirmed", f"prove first who you are, with {self.provider.name}, for this very act"
            )

    def still_there(self, held: ExternalSession, account: Account) -> Account | None:
        """The account as it is now, None when the session is over: the provider ended it, or gives its person no place here any more.

        Asked at most every `check_every_s`, by one request at a time. A provider that does not answer leaves sessions as they are for `unreachable_grace_s`; then they end.
        """
        now, limits = self._services.clock.now(), self._services.settings
        if self._services.provider is None:
            self._over(held, account, "no_provider")
            return None
        in_grace = now - held.confirmed_at <= timedelta(seconds=limits.unreachable_grace_s)
        due = now - timedelta(seconds=limits.check_every_s)
        if held.asked_at >= due or not self._may_ask(held.token_sha256, due, now):
            return account if in_grace else None
        try:
            still = self._services.provider.ask_again(held.held, held.subject)
        except TransientError:
            return account if in_grace else None
        except PermanentError as error:
            self._over(held, account, error.code)
            return None
        if still is None:
            self._over(held, account, "ended_elsewhere")
            return None
        return self._stands(held, account, still)

    def _may_ask(self, session_sha256: str, due: datetime, now: datetime) -> bool:
        with self._services.database.begin() as unit:
            mine = unit.claim_asking(session_sha256, asked_before=due, now=now)
            unit.commit()
        return mine

    def _stands(self, held: ExternalSession, account: Account, still: StillIn) -> Account | None:
        now = self._services.clock.now()
        with self._services.database.begin() as unit:
            if unit.session(held.token_sha256) is None:
                return None
            if still.identity is not None:
                try:
                    account = account_of(unit, still.identity, now)
                except NotPermitted as refusal:
                    self._end(unit, held, account.actor.actor_id, refusal.code)
                    unit.commit()
                    return None
            unit.save_external_session(replace(held, held=still.held, confirmed_at=now, asked_at=now))
            unit.commit()
        return account

    def _over(self, held: ExternalSession, account: Account, why: str) -> None:
        with self._services.database.begin() as unit:
            self._end(unit, held, account.actor.actor_id, why)
            unit.commit()

    def _end(self, unit: UnitOfWork, held: ExternalSession, actor_id: str, why: str) -> None:
        unit.end_session(held.token_sha256)
        facts = (("account", actor_id), ("issuer", held.issuer))
        unit.audit(AuditEvent("session.revoke", actor_id, outcome=why, detail=facts), self._services.clock.now())

    def ended(self, logout_token: str) -> int:
        """The provider says that a session of its is over: so are ours that stand on it; how many. Raises Refusal 400, which tells nothing of the token."""
        try:
            said = self.provider.ended(logout_token)
        except PermanentError:
            raise Refusal(400, "invalid_request", "that is no logout token for us") from None
        now = self._services.clock.now()
        with self._services.database.begin() as unit:
            if not unit.use_once(said.token_sha256, expires_at=said.expires_at, now=now):
                raise Refusal(400, "invalid_request", "that logout token was used before")
            over = unit.external_sessions(said.issuer, subject=said.subject, session=said.session)
            for each in over:
                session = unit.session(each.token_sha256)
                self._end(unit, each, session.actor_id if session else "unknown", "ended_elsewhere")
            unit.commit()
        return len(over)

    def farewell(self, session_sha256: str, back_to: str) -> str:
        """Where the browser goes to end the provider's session as well; "" where it need not."""
        with self._services.database.begin(write=False) as unit:
            held = unit.external_session(session_sha256)
        if held is None or self._services.provider is None:
            return ""
        try:
            return self._services.provider.farewell(held.held, back_to)
        except WetreadError:
            return ""  # our own session ends all the same
