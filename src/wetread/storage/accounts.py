"""Rows of accounts and sessions; secrets arrive hashed."""

from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from wetread.domain.role import Actor, Role
from wetread.ports.database import Account, Session
from wetread.storage import schema
from wetread.storage.transaction import Transaction

__all__ = ["AccountRows"]

_ACCOUNT, _SESSION = insert(schema.accounts), insert(schema.sessions)
_SAVE_ACCOUNT = _ACCOUNT.on_conflict_do_update(
    index_elements=["actor_id"], set_={each.name: each for each in _ACCOUNT.excluded if each.name != "actor_id"}
)
_SAVE_SESSION = _SESSION.on_conflict_do_update(
    index_elements=["token_sha256"],
    set_={"actor_id": _SESSION.excluded.actor_id, "expires_at": _SESSION.excluded.expires_at},
)
_SESSIONS = schema.sessions.c


class AccountRows(Transaction):
    def save_account(self, account: Account) -> None:
        actor = account.actor
        row = {"actor_id": actor.actor_id, "role": actor.role.value, "display_name": actor.display_name}
        self._write(_SAVE_ACCOUNT, row | {"password_hash": account.password_hash, "disabled": account.disabled})

    def account(self, actor_id: str) -> Account | None:
        row = self._read(select(schema.accounts).where(schema.accounts.c.actor_id == actor_id)).one_or_none()
        return None if row is None else _account(row)

    def accounts(self) -> tuple[Account, ...]:
        return tuple(_account(row) for row in self._read(select(schema.accounts).order_by(schema.accounts.c.actor_id)))

    def save_session(self, session: Session) -> None:
        row = {"token_sha256": session.token_sha256, "actor_id": session.actor_id, "expires_at": session.expires_at}
        self._write(_SAVE_SESSION, row)

    def session(self, token_sha256: str) -> Session | None:
        row = self._read(select(schema.sessions).where(_SESSIONS.token_sha256 == token_sha256)).one_or_none()
        return None if row is None else Session(row.token_sha256, row.actor_id, row.expires_at)

    def end_session(self, token_sha256: str) -> None:
        self._write(delete(schema.sessions).where(_SESSIONS.token_sha256 == token_sha256))


def _account(row: Any) -> Account:
    return Account(Actor(row.actor_id, Role(row.role), row.display_name), row.password_hash, row.disabled)
