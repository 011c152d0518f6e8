"""Rows of who signs in elsewhere, of second components, and of what is used once."""

from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, false, or_, select, update

from wetread.domain.role import Act
from wetread.ports.identity_store import Confirmation, ExternalIdentity, ExternalSession, FailedSignIns, TokenLimit
from wetread.storage.identity_schema import (
    confirmations,
    external_identities,
    external_sessions,
    failed_sign_ins,
    token_limits,
    used_once,
)
from wetread.storage.transaction import Transaction, replacing

__all__ = ["IdentityRows"]

_WHO, _IN, _SAID, _USED, _LIMITS, _FAILED = (
    external_identities.c,
    external_sessions.c,
    confirmations.c,
    used_once.c,
    token_limits.c,
    failed_sign_ins.c,
)
_SAVE_WHO, _SAVE_IN, _SAVE_SAID, _SAVE_USED, _SAVE_LIMIT = (
    replacing(each) for each in (external_identities, external_sessions, confirmations, used_once, token_limits)
)
_WHO_OF = select(external_identities).where(_WHO.issuer == bindparam("by"), _WHO.subject == bindparam("of"))
_IN_OF = select(external_sessions).where(_IN.token_sha256 == bindparam("token"))
_SAID_OF = select(confirmations).where(_SAID.secret_sha256 == bindparam("secret"))
_LIMIT_OF = select(_LIMITS.acts, _LIMITS.certificate).where(_LIMITS.token_sha256 == bindparam("token"))
_SAVE_FAILED = replacing(failed_sign_ins)
_FAILED_OF = select(failed_sign_ins).where(
    _FAILED.name_hmac == bindparam("name"), _FAILED.address == bindparam("place")
)
_UNKNOWN_NEWEST_FIRST = select(_FAILED.last_at).where(_FAILED.known == false()).order_by(_FAILED.last_at.desc())
_USED_BEFORE = select(_USED.what_sha256).where(_USED.what_sha256 == bindparam("what"))


class IdentityRows(Transaction):
    def save_external_identity(self, identity: ExternalIdentity) -> None:
        row = {"issuer": identity.issuer, "subject": identity.subject, "actor_id": identity.actor_id}
        self._write(_SAVE_WHO, row)

    def external_identity(self, issuer: str, subject: str) -> ExternalIdentity | None:
        row = self._read(_WHO_OF, {"by": issuer, "of": subject}).one_or_none()
        return None if row is None else ExternalIdentity(row.issuer, row.subject, row.actor_id)

    def external_identities(self, actor_id: str = "") -> tuple[ExternalIdentity, ...]:
        query = select(external_identities).order_by(_WHO.actor_id, _WHO.issuer, _WHO.subject)
        rows = self._read(query.where(_WHO.actor_id == actor_id) if actor_id else query)
        return tuple(ExternalIdentity(row.issuer, row.subject, row.actor_id) for row in rows)

    def drop_external_identity(self, issuer: str, subject: str) -> None:
        self._write(delete(external_identities).where(_WHO.issuer == issuer, _WHO.subject == subject))

    def save_external_session(self, session: ExternalSession) -> None:
        row = {name: getattr(session, name) for name in ExternalSession.__slots__}
        self._write(_SAVE_IN, row)

    def external_session(self, token_sha256: str) -> ExternalSession | None:
        row = self._read(_IN_OF, {"token": token_sha256}).one_or_none()
        return None if row is None else _session(row)

    def external_sessions(self, issuer: str, *, subject: str = "", session: str = "") -> tuple[ExternalSession, ...]:
        query = select(external_sessions).where(_IN.issuer == issuer).order_by(_IN.token_sha256)
        query = query.where(_IN.subject == subject) if subject else query
        query = query.where(_IN.session == session) if session else query
        return tuple(map(_session, self._read(query)))

    def move_external_session(self, before_sha256: str, after_sha256: str) -> None:
        mine = _IN.token_sha256 == before_sha256
        self._write(update(external_sessions).where(mine).values(token_sha256=after_sha256))

    def claim_asking(self, token_sha256: str, *, asked_before: datetime, now: datetime) -> bool:
        mine = (_IN.token_sha256 == token_sha256) & (_IN.asked_at < asked_before)
        return self._write(update(external_sessions).where(mine).values(asked_at=now)).rowcount == 1

    def save_confirmation(self, confirmation: Confirmation) -> None:
        self._write(_SAVE_SAID, {name: getattr(confirmation, name) for name in Confirmation.__slots__})

    def take_confirmation(self, secret_sha256: str) -> Confirmation | None:
        row = self._read(_SAID_OF, {"secret": secret_sha256}).one_or_none()
        gone = self._write(delete(confirmations).where(_SAID.secret_sha256 == secret_sha256))
        if row is None or gone.rowcount != 1:
            return None
        return Confirmation(row.secret_sha256, row.token_sha256, row.act_sha256, row.expires_at)

    def use_once(self, what_sha256: str, *, expires_at: datetime, now: datetime) -> bool:
        self._write(delete(used_once).where(_USED.expires_at < now))
        if self._read(_USED_BEFORE, {"what": what_sha256}).one_or_none() is not None:
            return False
        self._write(_SAVE_USED, {"what_sha256": what_sha256, "expires_at": expires_at})
        return True

    def limit_token(self, token_sha256: str, limit: TokenLimit) -> None:
        row = {"acts": " ".join(sorted(limit.acts)), "certificate": limit.certificate}
        self._write(_SAVE_LIMIT, {"token_sha256": token_sha256, **row})

    def token_limit(self, token_sha256: str) -> TokenLimit | None:
        row = self._read(_LIMIT_OF, {"token": token_sha256}).one_or_none()
        return None if row is None else TokenLimit(frozenset(map(Act, row.acts.split())), row.certificate)

    def save_failed_sign_ins(self, failed: FailedSignIns) -> None:
        self._write(_SAVE_FAILED, {name: getattr(failed, name) for name in FailedSignIns.__slots__})

    def failed_sign_ins(self, name_hmac: str, address: str) -> FailedSignIns | None:
        row = self._read(_FAILED_OF, {"name": name_hmac, "place": address}).mappings().one_or_none()
        return None if row is None else FailedSignIns(**row)

    def sweep_failed_sign_ins(self, failed_before: datetime, let_in_before: datetime, *, most_unknown: int) -> None:
        stays_out = or_(_FAILED.let_in_at.is_(None), _FAILED.let_in_at < let_in_before)
        self._write(delete(failed_sign_ins).where(_FAILED.last_at < failed_before, stays_out))
        first_too_many = _UNKNOWN_NEWEST_FIRST.offset(most_unknown).limit(1).scalar_subquery()
        self._write(delete(failed_sign_ins).where(_FAILED.known == false(), _FAILED.last_at <= first_too_many))


def _session(row: Any) -> ExternalSession:
    return ExternalSession(*(getattr(row, name) for name in ExternalSession.__slots__))
