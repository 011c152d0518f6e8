"""Sessions of browsers: begun, renewed by use, changed for a new secret, ended. The database is the record, asked at every request of every server process: what is ended there is over everywhere.

A browser's secret is `wrs_<issued, hex seconds>_<random>`: the issue time is covered by the stored hash, so the absolute limit needs no column; a new secret of the same session keeps it.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from wetread.domain.audit import AuditEvent
from wetread.domain.errors import PermanentError
from wetread.domain.role import Actor
from wetread.ports.database import Session, UnitOfWork
from wetread.web.accounts import token_sha256
from wetread.web.services import WebServices

__all__ = ["BROWSER", "Came", "SessionBook", "client_of"]

BROWSER = "wrs_"
_RENEW_AFTER_S = 60.0
_OVERLAP = timedelta(seconds=10)
"""So long an old secret is still taken after a new one was given: what the page had asked for meanwhile arrives."""
_BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
_SYSTEMS = (("Android", "Android"), ("iPhone", "iOS"), ("iPad", "iOS"), ("Windows", "Windows"), ("Mac OS", "macOS"), ("Linux", "Linux"))  # fmt: skip


def client_of(user_agent: str) -> str:
    """What a person knows their browser by, from words of our own: "Firefox, Linux"; "" for what is neither."""
    named = (next((name for sign, name in known if sign in user_agent), "") for known in (_BROWSERS, _SYSTEMS))
    return ", ".join(filter(None, named))


class Came:
    """Where a browser comes from: its address, what it calls itself, and the secret it held before."""

    def __init__(self, address: str = "", user_agent: str = "", secret: str = "") -> None:
        self.address, self.client, self.secret = address, client_of(user_agent), secret


class SessionBook:
    def __init__(self, services: WebServices) -> None:
        self._services, self._settings = services, services.settings

    def begin(self, unit: UnitOfWork, actor: Actor, came: Came, now: datetime) -> str:
        """A new secret; the session that the browser had before is over. The caller audits and commits."""
        if came.secret:
            unit.end_session(token_sha256(came.secret))
        secret = self._secret(now)
        expires_at = now + timedelta(seconds=min(self._settings.idle_s, self._settings.absolute_s))
        unit.save_session(Session(token_sha256(secret), actor.actor_id, expires_at, now, came.address, came.client))
        return secret

    def changed(self, token_sha256_: str) -> str | None:
        """Another secret for the same session, with its absolute end, for one whose holder has just proved more than the cookie; None where it has ended meanwhile."""
        now = self._services.clock.now()
        with self._services.database.begin() as unit:
            session = unit.session(token_sha256_)
            if session is None or session.begun_at is None or session.expires_at <= now:
                return None
            secret = self._secret(session.begun_at)
            unit.save_session(replace(session, token_sha256=token_sha256(secret)))
            unit.move_external_session(token_sha256_, token_sha256(secret))
            unit.save_session(Session(token_sha256_, session.actor_id, min(session.expires_at, now + _OVERLAP)))
            unit.commit()
        return secret

    def renew(self, session: Session, secret: str, now: datetime) -> bool:
        """Longer by use, never past the absolute end; False where it was ended meanwhile: renewing would bring it back."""
        if session.begun_at is None:  # another secret has taken its place
            return True
        issued_at = datetime.fromtimestamp(int(secret.split("_")[1], 16), UTC)
        last = issued_at + timedelta(seconds=self._settings.absolute_s)
        expires_at = min(now + timedelta(seconds=self._settings.idle_s), last)
        if (expires_at - session.expires_at).total_seconds() < min(_RENEW_AFTER_S, self._settings.idle_s / 10):
            return True
        with self._services.database.begin() as unit:
            held = unit.session(session.token_sha256)
            if held is None:
                return False
            if held.begun_at is not None:
                unit.save_session(replace(held, expires_at=expires_at))
            unit.commit()
        return True

    def of(self, actor_id: str) -> tuple[Session, ...]:
        """Where this person is signed in, and their tokens: what has not ended, newest first."""
        now = self._services.clock.now()
        with self._services.database.begin(write=False) as unit:
            mine = [each for each in unit.sessions_of(actor_id) if each.begun_at and each.expires_at > now]
        return tuple(sorted(mine, key=lambda each: str(each.begun_at), reverse=True))

    def end_own(self, actor_id: str, named: str, *, but: str) -> int:
        """End the one whose stored secret begins with `named`, or with "" all but `but`; how many. Raises PermanentError('no_session') for one that is not there."""
        with self._services.database.begin() as unit:
            mine = [each for each in unit.sessions_of(actor_id) if each.token_sha256 != but]
            ended = [each for each in mine if each.token_sha256.startswith(named)]
            if named and len(ended) != 1:
                raise PermanentError("that session has ended already", code="no_session")
            for each in ended:
                unit.end_session(each.token_sha256)
            facts = (("account", actor_id), ("sessions_ended", str(len(ended))))
            unit.audit(AuditEvent("session.revoke", actor_id, detail=facts), self._services.clock.now())
            unit.commit()
        return len(ended)

    def _secret(self, issued_at: datetime) -> str:
        return f"{BROWSER}{int(issued_at.timestamp()):x}_{self._services.new_secret()}"
