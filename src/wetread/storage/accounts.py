"""Rows of accounts, sessions and what people arranged for themselves; secrets arrive hashed."""

import json
from dataclasses import asdict
from typing import Any

from sqlalchemy import bindparam, delete, select

from wetread.domain.role import Actor, Role
from wetread.ports.database import Account, Session
from wetread.storage.access_schema import accounts, preferences, sessions
from wetread.storage.codec import column_text
from wetread.storage.transaction import Transaction, replacing

__all__ = ["AccountRows"]

_SAVE_ACCOUNT, _SAVE_SESSION = replacing(accounts), replacing(sessions)
_SESSIONS, _PREFERENCES = sessions.c, preferences.c
_ACCOUNT_OF = select(accounts).where(accounts.c.actor_id == bindparam("actor"))
_SESSION_OF = select(sessions).where(_SESSIONS.token_sha256 == bindparam("token"))
_ALL_SESSIONS = select(sessions).order_by(_SESSIONS.actor_id, _SESSIONS.expires_at)
_SESSIONS_OF = _ALL_SESSIONS.where(_SESSIONS.actor_id == bindparam("actor"))
_SAVE_PREFERENCE = replacing(preferences)


class AccountRows(Transaction):
    def save_account(self, account: Account) -> None:
        actor = account.actor
        who = {"actor_id": actor.actor_id, "role": actor.role.value, "display_name": actor.display_name}
        lets_in = {"password_hash": account.password_hash, "disabled": account.disabled}
        self._write(_SAVE_ACCOUNT, {**who, **lets_in, "sites": json.dumps(actor.sites)})

    def account(self, actor_id: str) -> Account | None:
        row = self._read(_ACCOUNT_OF, {"actor": actor_id}).one_or_none()
        return None if row is None else _account(row)

    def accounts(self) -> tuple[Account, ...]:
        return tuple(_account(row) for row in self._read(select(accounts).order_by(accounts.c.actor_id)))

    def save_session(self, session: Session) -> None:
        self._write(_SAVE_SESSION, asdict(session))

    def session(self, token_sha256: str) -> Session | None:
        row = self._read(_SESSION_OF, {"token": token_sha256}).mappings().one_or_none()
        return None if row is None else Session(**row)

    def sessions(self) -> tuple[Session, ...]:
        return tuple(Session(**row) for row in self._read(_ALL_SESSIONS).mappings())

    def sessions_of(self, actor_id: str) -> tuple[Session, ...]:
        return tuple(Session(**row) for row in self._read(_SESSIONS_OF, {"actor": actor_id}).mappings())

    def preference(self, actor_id: str, name: str) -> str:
        mine = (_PREFERENCES.actor_id == actor_id) & (_PREFERENCES.name == name)
        return self._read(select(_PREFERENCES.body).where(mine)).scalar_one_or_none() or ""

    def save_preference(self, actor_id: str, name: str, body: str) -> None:
        self._write(_SAVE_PREFERENCE, {"actor_id": actor_id, "name": name, "body": column_text(body)})

    def end_session(self, token_sha256: str) -> None:
        self._write(delete(sessions).where(_SESSIONS.token_sha256 == token_sha256))


def _account(row: Any) -> Account:
    actor = Actor(row.actor_id, Role(row.role), row.display_name, tuple(json.loads(row.sites)))
    return Account(actor, row.password_hash, row.disabled)
