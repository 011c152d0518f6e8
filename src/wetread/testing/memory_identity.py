"""Who signs in elsewhere, and what is used once (`ports.identity_store`), in memory."""

from dataclasses import replace
from datetime import datetime

from wetread.domain.errors import PermanentError
from wetread.ports.identity_store import Confirmation, ExternalIdentity, ExternalSession, FailedSignIns, TokenLimit
from wetread.testing.memory_transaction import MemoryTransaction

__all__ = ["MemoryIdentityStore"]


class MemoryIdentityStore(MemoryTransaction):
    def save_external_identity(self, identity: ExternalIdentity) -> None:
        self._changing.external_identities[identity.issuer, identity.subject] = identity

    def external_identity(self, issuer: str, subject: str) -> ExternalIdentity | None:
        return self._visible.external_identities.get((issuer, subject))

    def external_identities(self, actor_id: str = "") -> tuple[ExternalIdentity, ...]:
        found = (each for each in self._visible.external_identities.values() if actor_id in ("", each.actor_id))
        return tuple(sorted(found, key=lambda each: (each.actor_id, each.issuer, each.subject)))

    def drop_external_identity(self, issuer: str, subject: str) -> None:
        self._changing.external_identities.pop((issuer, subject), None)

    def save_external_session(self, session: ExternalSession) -> None:
        self._need_session(session.token_sha256)
        self._changing.external_sessions[session.token_sha256] = session

    def external_session(self, token_sha256: str) -> ExternalSession | None:
        return self._visible.external_sessions.get(token_sha256)

    def external_sessions(self, issuer: str, *, subject: str = "", session: str = "") -> tuple[ExternalSession, ...]:
        found = (each for each in self._visible.external_sessions.values() if each.issuer == issuer)
        mine = (each for each in found if subject in ("", each.subject) and session in ("", each.session))
        return tuple(sorted(mine, key=lambda each: each.token_sha256))

    def move_external_session(self, before_sha256: str, after_sha256: str) -> None:
        held = self._changing.external_sessions.pop(before_sha256, None)
        if held:
            self.save_external_session(replace(held, token_sha256=after_sha256))

    def claim_asking(self, token_sha256: str, *, asked_before: datetime, now: datetime) -> bool:
        held = self._changing.external_sessions.get(token_sha256)
        if held is None or held.asked_at >= asked_before:
            return False
        self._changing.external_sessions[token_sha256] = replace(held, asked_at=now)
        return True

    def save_confirmation(self, confirmation: Confirmation) -> None:
        self._need_session(confirmation.token_sha256)
        self._changing.confirmations[confirmation.secret_sha256] = confirmation

    def take_confirmation(self, secret_sha256: str) -> Confirmation | None:
        return self._changing.confirmations.pop(secret_sha256, None)

    def use_once(self, what_sha256: str, *, expires_at: datetime, now: datetime) -> bool:
        used = self._changing.used_once
        for over in [what for what, end in used.items() if end < now]:
            del used[over]
        if what_sha256 in used:
            return False
        used[what_sha256] = expires_at
        return True

    def limit_token(self, token_sha256: str, limit: TokenLimit) -> None:
        self._need_session(token_sha256)
        self._changing.token_limits[token_sha256] = limit

    def token_limit(self, token_sha256: str) -> TokenLimit | None:
        return self._visible.token_limits.get(token_sha256)

    def save_failed_sign_ins(self, failed: FailedSignIns) -> None:
        self._changing.failed_sign_ins[failed.name_hmac, failed.address] = failed

    def failed_sign_ins(self, name_hmac: str, address: str) -> FailedSignIns | None:
        return self._visible.failed_sign_ins.get((name_hmac, address))

    def sweep_failed_sign_ins(self, failed_before: datetime, let_in_before: datetime, *, most_unknown: int) -> None:
        failed = self._changing.failed_sign_ins
        for key, each in list(failed.items()):
            if each.last_at < failed_before and (each.let_in_at is None or each.let_in_at < let_in_before):
                del failed[key]
        unknown = sorted((each.last_at for each in failed.values() if not each.known), reverse=True)
        for key, each in list(failed.items()) if len(unknown) > most_unknown else ():
            if not each.known and each.last_at <= unknown[most_unknown]:
                del failed[key]

    def end_session(self, token_sha256: str) -> None:
        """With what hangs on it."""
        state = self._changing
        state.sessions.pop(token_sha256, None)
        state.external_sessions.pop(token_sha256, None)
        state.token_limits.pop(token_sha256, None)
        hanging = [secret for secret, each in state.confirmations.items() if each.token_sha256 == token_sha256]
        for secret in hanging:
            del state.confirmations[secret]

    def _need_session(self, token_sha256: str) -> None:
        if token_sha256 not in self._visible.sessions:
            raise PermanentError("the database refused: there is no such session", code="database_refused")
