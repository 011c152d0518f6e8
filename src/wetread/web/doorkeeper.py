"""Who is at the door? Passwords, browser sessions, bearer tokens; every answer that changes something is audited (NIST SP 800-63B §5)."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil
from threading import BoundedSemaphore

from starlette.responses import Response

from wetread.domain.audit import AuditEvent
from wetread.domain.role import Actor
from wetread.ports.database import Account, Session, UnitOfWork
from wetread.ports.identity_store import ExternalSession
from wetread.web.accounts import DECOY, hash_password, is_dated, token_sha256, verify_password
from wetread.web.client_certificates import thumbprint_of
from wetread.web.elsewhere import Elsewhere
from wetread.web.lockout import Lockout, Try
from wetread.web.problems import Refusal
from wetread.web.proxies import CLIENT_CERT
from wetread.web.second_factors import SecondFactors
from wetread.web.services import WebServices
from wetread.web.session_book import BROWSER, Came, SessionBook

__all__ = ["COOKIE", "LATE", "SECURE_COOKIE", "Doorkeeper", "Principal", "issue_token"]

COOKIE = "wetread"
SECURE_COOKIE = "__Host-wetread"
_BEARER = "wrt_"
_QUEUE = 8
_BAD_CODE = "that code is not right, or was used already"
LATE = timedelta(minutes=10)
"""So long after its end a session may hand in what was typed in it."""


@dataclass(frozen=True, slots=True)
class Principal:
    """An authenticated account and how it came in. Only a browser session is a person at a screen. `elsewhere`: they signed in with the identity provider."""

    actor: Actor
    token_sha256: str
    by_browser: bool
    elsewhere: bool = False


def issue_token(unit: UnitOfWork, actor_id: str, *, expires_at: datetime, secret: str, now: datetime) -> str:
    """A bearer token for an existing account: returned once, stored as its hash. The caller audits and commits."""
    token = _BEARER + secret
    unit.save_session(Session(token_sha256(token), actor_id, expires_at, now, client="token"))
    return token


class Doorkeeper:
    def __init__(self, services: WebServices) -> None:
        self._services = services
        self._settings = services.settings
        self._lockout = Lockout(services.database, services.clock, services.second_factor_keys()[0])
        self.sessions = SessionBook(services)
        self.elsewhere = Elsewhere(services, self.sessions)
        roles, keys = services.settings.second_factor_roles, services.second_factor_keys
        self.second_factors = SecondFactors(services.database, services.clock, keys, roles)
        self._hashing = BoundedSemaphore(2)  # each takes 19 MiB and a core
        self._queue = BoundedSemaphore(_QUEUE)  # who waits for it holds a thread that others read with

    @property
    def cookie_name(self) -> str:
        return SECURE_COOKIE if self._settings.secure else COOKIE

    def log_in(self, actor_id: str, password: str, came: Came, code: str = "") -> tuple[str, Actor]:
        """A new browser secret; raises Refusal 401 (one answer for unknown, disabled and wrong; 'second_factor_needed' where the password is right and `code` is missing) or 429."""
        account = self._proved(actor_id, password, came.address, action="login", code=code)
        now = self._services.clock.now()
        with self._services.database.begin() as unit:
            token = self.sessions.begin(unit, account.actor, came, now)
            unit.audit(AuditEvent("login", account.actor.actor_id), now)
            unit.commit()
        return token, account.actor

    def give(self, answer: Response, secret: str) -> None:
        """What the browser holds from this answer on."""
        secure = self._settings.secure
        answer.set_cookie(self.cookie_name, secret, httponly=True, samesite="strict", secure=secure, path="/")

    def take(self, answer: Response) -> None:
        answer.delete_cookie(self.cookie_name, path="/", secure=self._settings.secure)

    def log_out(self, principal: Principal) -> None:
        with self._services.database.begin() as unit:
            unit.end_session(principal.token_sha256)
            unit.audit(AuditEvent("logout", principal.actor.actor_id), self._services.clock.now())
            unit.commit()

    def confirm(self, principal: Principal, password: str, address: str, act: str) -> None:
        """The second component of a signature (21 CFR 11.200(a)(1)): the signer's own password, now, or what the identity provider confirmed. `act` says of what (`operations.act_digest`). Raises Refusal 401 or 429."""
        if principal.elsewhere:
            self.elsewhere.confirm(principal.token_sha256, password, act)
            return
        self._proved(principal.actor.actor_id, password, address, action="reauthenticate")

    def owes(self, principal: Principal) -> bool:
        """Whether a person at a screen must set up their second factor before anything else; who signs in elsewhere has that provider's."""
        return principal.by_browser and not principal.elsewhere and self.second_factors.owed_by(principal.actor)

    def second_component(self, principal: Principal, code: str, address: str) -> None:
        """A code of the authenticator that this person has; nothing where they have none. Wrong ones are counted apart, so that no right password forgives them. Raises Refusal 401 or 429."""
        actor_id = principal.actor.actor_id
        tried = Try(actor_id, address, known=True, what="code")
        with self._heard(tried):
            if not self.second_factors.takes(actor_id, code):
                raise self._refused(AuditEvent("reauthenticate", actor_id, "bad_second_factor"), _BAD_CODE)
        self._lockout.succeeded(tried)

    def identify(self, headers: Mapping[str, str], cookies: Mapping[str, str], *, late: bool = False) -> Principal:
        """Who sent this; raises Refusal 401. A bearer token wins over a cookie; a cookie's secret is never taken as a bearer token. One that is bound to a certificate is taken over that certificate's connection only.

        `late`: a browser session that ran out, but was not ended, in the last `LATE` still says whose it was; it is not renewed.
        """
        authorization = headers.get("authorization", "")
        if authorization:
            scheme, _, token = authorization.partition(" ")
            if scheme.lower() != "bearer" or not token.startswith(_BEARER):
                raise _unauthenticated()
            return self._principal(token, by_browser=False, idle=True, shown=headers.get(CLIENT_CERT, ""))
        token = cookies.get(self.cookie_name, "")
        if not token.startswith(BROWSER):
            raise _unauthenticated()
        background = late or headers.get("wetread-activity") == "background"
        return self._principal(token, by_browser=True, idle=background, grace=LATE if late else timedelta())

    def still_valid(self, principal: Principal) -> bool:
        """For long-lived answers: has the session ended meanwhile?"""
        with self._services.database.begin(write=False) as unit:
            session = unit.session(principal.token_sha256)
            account = unit.account(principal.actor.actor_id)
            held = unit.external_session(principal.token_sha256)
        live = session is not None and session.expires_at > self._services.clock.now()
        return live and account is not None and self._standing(account, held) is not None

    def _principal(
        self, token: str, *, by_browser: bool, idle: bool, grace: timedelta = timedelta(), shown: str = ""
    ) -> Principal:
        now, digest = self._services.clock.now(), token_sha256(token)
        with self._services.database.begin(write=False) as unit:
            session = unit.session(digest)
            account = unit.account(session.actor_id) if session else None
            held = unit.external_session(digest) if by_browser else None
            only = None if by_browser else unit.token_limit(digest)
        if session is None or account is None or account.disabled:  # nobody elsewhere is asked for these
            raise _unauthenticated()
        if session.expires_at + (grace if session.begun_at else timedelta()) <= now:
            raise _unauthenticated()
        if by_browser and not idle and not self.sessions.renew(session, token, now):
            raise _unauthenticated()
        if only is not None and only.certificate not in ("", thumbprint_of(shown)):
            raise _unauthenticated()
        there = self._standing(account, held)
        if there is None:
            raise _unauthenticated()
        return Principal(
            replace(there.actor, only=only.acts if only else None), digest, by_browser, elsewhere=held is not None
        )

    def _standing(self, account: Account, held: ExternalSession | None) -> Account | None:
        """The account as it is now; None for one that is disabled, or whose session is over elsewhere."""
        there = account if held is None else self.elsewhere.still_there(held, account)
        return None if there is None or there.disabled else there

    def _proved(self, actor_id: str, password: str, address: str, *, action: str, code: str | None = None) -> Account:
        with self._services.database.begin(write=False) as unit:
            account = unit.account(actor_id)
            asks = code is not None and self.second_factors.has(unit, actor_id)
        tried = Try(actor_id, address, known=account is not None)
        with self._heard(tried):
            right = self._opens(account, password) and self._may_come_by_password(actor_id)
            if account is None or account.disabled or not right:
                # A name that is no account may be a password typed in the wrong field: it is not written down.
                known = account.actor.actor_id if account else "unknown"
                wrong = "the name or the password" if action == "login" else "the password"
                raise self._refused(AuditEvent(action, known, "bad_credentials"), f"{wrong} is not right")
            if asks and not code:
                self._lockout.taken_back(tried)
                raise Refusal(401, "second_factor_needed", "type the code that your authenticator shows")
            if asks and not self.second_factors.takes(actor_id, code or ""):
                raise self._refused(AuditEvent(action, actor_id, "bad_second_factor"), _BAD_CODE)
        self._lockout.succeeded(tried)
        return account

    @contextmanager
    def _heard(self, tried: Try) -> Iterator[None]:
        """Counted, and in its turn: few at once, and few who wait, so that a storm of sign-ins takes the threads from nobody. Raises Refusal 429 while who failed too often waits, and 503."""
        _refuse_for(self._lockout.remaining_s(tried))
        if not self._queue.acquire(blocking=False):
            raise Refusal(503, "busy", "many are signing in just now: try again", {"Retry-After": "2"})
        try:
            with self._hashing:
                _refuse_for(self._lockout.counted(tried))
                yield
        finally:
            self._queue.release()

    def _refused(self, event: AuditEvent, says: str) -> Refusal:
        """Written down."""
        with self._services.database.begin() as unit:
            unit.audit(event, self._services.clock.now())
            unit.commit()
        return Refusal(401, event.outcome, says)

    def _may_come_by_password(self, actor_id: str) -> bool:
        """Where an identity provider is set, a site may leave the password to a few: the way in while it is down."""
        listed = self._settings.local_accounts
        return listed is None or actor_id in listed

    def _opens(self, account: Account | None, password: str) -> bool:
        right = verify_password(password, account.password_hash if account else DECOY)
        if right and account and is_dated(account.password_hash):
            self._renew_hash(account, password)
        return right

    def _renew_hash(self, account: Account, password: str) -> None:
        """The password is at hand now, and only now: kept in today's form, unless it was changed meanwhile."""
        renewed = hash_password(password, salt=self._services.new_secret().encode()[:32])
        with self._services.database.begin() as unit:
            held = unit.account(account.actor.actor_id)
            if held is not None and held.password_hash == account.password_hash:
                unit.save_account(replace(held, password_hash=renewed))
                unit.commit()


def _unauthenticated() -> Refusal:
    return Refusal(401, "not_signed_in", "sign in first", {"WWW-Authenticate": 'Bearer realm="wetread"'})


def _refuse_for(wait_s: float) -> None:
    if wait_s > 0:
        again = {"Retry-After": str(ceil(wait_s))}
        raise Refusal(429, "too_many_attempts", "too many failed attempts: wait, then try again", again)
