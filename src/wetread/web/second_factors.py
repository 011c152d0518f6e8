"""A person's authenticator: set up in the room, asked for at every sign-in, taken away by somebody else (NIST SP 800-63B §3.1.4)."""

import base64
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from wetread.domain.audit import AuditEvent
from wetread.domain.errors import PermanentError
from wetread.domain.role import Act, Actor, Role, require
from wetread.domain.second_factor import SecondFactor
from wetread.ports.clock import Clock
from wetread.ports.database import Database, UnitOfWork
from wetread.web.sealing import hash_code, seal, unseal, verify_code
from wetread.web.totp import CODES, SEED_BYTES, normal_code, taken_step

__all__ = ["SecondFactors"]

_SIGNING = frozenset({Act.SIGN, Act.SIGN_PRELIMINARY})
_TOTP_DIGITS = 6


@dataclass(frozen=True, slots=True)
class SecondFactors:
    """`keys` (32 bytes each; the first seals, the others did before it) lie in the vault: who has the working database alone, or a copy of it, makes no codes. `roles` must have one."""

    database: Database
    clock: Clock
    keys: Callable[[], Sequence[bytes]]
    roles: frozenset[Role] = frozenset()

    def has(self, unit: UnitOfWork, actor_id: str) -> bool:
        factor = unit.second_factor(actor_id)
        return factor is not None and factor.confirmed_at is not None

    def owed_by(self, actor: Actor) -> bool:
        """Whether this person must set one up before anything else."""
        if actor.role not in self.roles:
            return False
        with self.database.begin(write=False) as unit:
            return not self.has(unit, actor.actor_id)

    def begin(self, actor: Actor) -> bytes:
        """A new seed, shown once. It counts for nothing until `confirm`; what was there before stays until then."""
        seed, now = secrets.token_bytes(SEED_BYTES), self.clock.now()
        with self.database.begin() as unit:
            held = unit.second_factor(actor.actor_id) or SecondFactor(actor.actor_id, "", now)
            unit.save_second_factor(replace(held, pending=seal(self.keys()[0], seed, actor.actor_id)))
            unit.audit(AuditEvent("second_factor.begin", actor.actor_id), now)
            unit.commit()
        return seed

    def confirm(self, actor: Actor, typed: str) -> tuple[str, ...]:
        """The authenticator shows what we expect: from now on it is asked for. Recovery codes, shown once. Raises PermanentError ('no_second_factor', 'wrong_code')."""
        codes = tuple(_recovery_code() for _ in range(CODES))
        hashes, now = tuple(hash_code(normal_code(each)) for each in codes), self.clock.now()
        with self.database.begin() as unit:
            held = unit.second_factor(actor.actor_id)
            if held is None or not held.pending:
                raise PermanentError("begin to set it up first", code="no_second_factor")
            seed = unseal(self.keys(), held.pending, actor.actor_id)
            step = taken_step(seed, normal_code(typed), now, 0)
            if step is None:
                raise PermanentError("that is not the code of this moment: look again", code="wrong_code")
            unit.save_second_factor(SecondFactor(actor.actor_id, held.pending, now, now, step, hashes))
            unit.audit(AuditEvent("second_factor.confirm", actor.actor_id), now)
            unit.commit()
        return codes

    def takes(self, actor_id: str, typed: str) -> bool:
        """Whether `typed` is the code of this moment, not used before, or an unused recovery code; used up with it. True where the person has no second factor."""
        code = normal_code(typed)
        with self.database.begin(write=False) as unit:
            held = unit.second_factor(actor_id)
        if held is None or held.confirmed_at is None:
            return True
        of_time = len(code) == _TOTP_DIGITS and code.isdigit()
        used = None if of_time else next((each for each in held.codes if verify_code(code, each)), None)
        if not of_time and used is None:
            return False
        return self._used_up(actor_id, code, used)

    def reset(self, actor: Actor, actor_id: str) -> bool:
        """Take it away. Of a person who may sign that takes two: False after the first, True once it is gone. Ends their sessions. Raises PermanentError ('own_account', 'no_second_factor')."""
        require(actor, Act.MANAGE_ACCOUNTS)
        if actor.actor_id == actor_id:
            raise PermanentError("one's own second factor is for another administrator to reset", code="own_account")
        with self.database.begin() as unit:
            account, held, now = unit.account(actor_id), unit.second_factor(actor_id), self.clock.now()
            if account is None or held is None:
                raise PermanentError("that account has no second factor", code="no_second_factor")
            alone = not any(account.actor.may(act) for act in _SIGNING)
            done = alone or held.reset_asked_by not in ("", actor.actor_id)
            facts = (("account", actor_id), ("asked_by", held.reset_asked_by or actor.actor_id))
            if done:
                unit.drop_second_factor(actor_id)
                for each in unit.sessions_of(actor_id):
                    unit.end_session(each.token_sha256)
            elif not held.reset_asked_by:
                unit.save_second_factor(replace(held, reset_asked_by=actor.actor_id, reset_asked_at=now))
            unit.audit(
                AuditEvent("second_factor.reset" if done else "second_factor.ask_reset", actor.actor_id, detail=facts),
                now,
            )
            unit.commit()
        return done

    def seal_anew(self, unit: UnitOfWork) -> tuple[int, int]:
        """Every seed under the first key; how many people's, and of how many it opens with none."""
        done = lost = 0
        keys = self.keys()
        for held in unit.second_factors():
            try:
                sealed, pending = (
                    seal(keys[0], unseal(keys, each, held.actor_id), held.actor_id) if each else ""
                    for each in (held.sealed, held.pending)
                )
            except PermanentError:
                lost += 1
                continue
            unit.save_second_factor(replace(held, sealed=sealed, pending=pending))
            done += 1
        return done, lost

    def _used_up(self, actor_id: str, code: str, recovery: str | None) -> bool:
        """Decided and written in one transaction: of two who show the same code at once, one gets in."""
        with self.database.begin() as unit:
            held, now = unit.second_factor(actor_id), self.clock.now()
            if held is None or (recovery is not None and recovery not in held.codes):
                return False
            if recovery is not None:
                left = tuple(each for each in held.codes if each != recovery)
                unit.save_second_factor(replace(held, codes=left))
                facts = (("left", str(len(left))),)
                unit.audit(AuditEvent("second_factor.recovery_code", actor_id, detail=facts), now)
            else:
                step = taken_step(unseal(self.keys(), held.sealed, actor_id), code, now, held.last_step)
                if step is None:
                    return False
                unit.save_second_factor(replace(held, last_step=step))
            unit.commit()
        return True


def _recovery_code() -> str:
    """Ten characters of five bits."""
    text = base64.b32encode(secrets.token_bytes(7)).decode().lower()[:10]
    return f"{text[:5]}-{text[5:]}"
