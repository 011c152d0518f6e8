"""Who has an account, in which role: one rule for the page and the command line. Each act is one transaction with its audit record."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from wetread.domain.audit import AuditEvent
from wetread.domain.errors import PermanentError
from wetread.domain.role import CONSOLE, SYSTEMS, Act, Actor, Role, require
from wetread.governance.external_accounts import NO_PASSWORD
from wetread.ports.clock import Clock
from wetread.ports.database import Account, Database, Session, UnitOfWork
from wetread.ports.identity_store import ExternalIdentity

__all__ = ["AccountDesk"]

Hashed = Callable[[str], str]
"""A password as it is stored; raises PermanentError(code='weak_password')."""


@dataclass(frozen=True, slots=True)
class AccountDesk:
    """Every act raises NotPermitted without MANAGE_ACCOUNTS, and PermanentError for what is not there or must not be.

    An account belongs to this house or to an identity provider, never to both: one that is linked has no password, and one with a password no link.

    Nobody changes their own role or disables themselves, and the last administrator who can sign in stays one. Losing a role, a password or the account ends the sessions and tokens that stood on it.
    """

    database: Database
    clock: Clock
    hashed: Hashed

    def add(self, actor: Actor, new: Actor, password: str, *, may_replace: bool = False) -> None:
        """`may_replace`: the command line's way back in; an account of that name gets this role, name and password."""
        require(actor, Act.MANAGE_ACCOUNTS)
        stored = self.hashed(password)
        with self.database.begin() as unit:
            known = unit.account(new.actor_id)
            if known and not (may_replace and actor == CONSOLE):
                raise PermanentError(f"there is an account {new.actor_id} already", code="account_exists")
            if known and new.role is not known.actor.role:
                _keep_an_admin(unit, known)
            if known:
                _refuse_of_a_provider(unit, known)
            sites = new.sites or (known.actor.sites if known else ())  # who comes back in reaches no more than before
            _refuse_sites_of_a_system(new.role, sites)
            unit.save_account(Account(replace(new, sites=sites), stored))
            self._end(unit, actor, "account.save", new.actor_id, role=new.role.value)
            unit.commit()

    def set_role(self, actor: Actor, actor_id: str, role: Role) -> None:
        with self._acting(actor) as unit:
            account = _other(unit, actor, actor_id, "one's own role is for another administrator to change")
            if role is not account.actor.role:
                _keep_an_admin(unit, account)
                _refuse_sites_of_a_system(role, account.actor.sites)
                unit.save_account(replace(account, actor=replace(account.actor, role=role)))
                facts = {"before": account.actor.role.value, "role": role.value}
                self._end(unit, actor, "account.role", actor_id, **facts)
                unit.commit()

    def set_disabled(self, actor: Actor, actor_id: str, *, disabled: bool) -> None:
        with self._acting(actor) as unit:
            account = _other(unit, actor, actor_id, "one's own account is for another administrator to disable")
            if disabled:
                _keep_an_admin(unit, account)
            unit.save_account(replace(account, disabled=disabled))
            self._end(unit, actor, "account.disable" if disabled else "account.enable", actor_id)
            unit.commit()

    def set_password(self, actor: Actor, actor_id: str, password: str) -> None:
        require(actor, Act.MANAGE_ACCOUNTS)
        stored = self.hashed(password)
        with self._acting(actor) as unit:
            account = _account(unit, actor_id)
            _refuse_of_a_provider(unit, account)
            unit.save_account(replace(account, password_hash=stored))
            self._end(unit, actor, "account.password", actor_id)
            unit.commit()

    def set_sites(self, actor: Actor, actor_id: str, sites: Sequence[str]) -> None:
        """The sites that the account reaches, none for all of them. Raises PermanentError('system_account') for an account that no person holds: what it reaches is all there is to send or to ask."""
        with self._acting(actor) as unit:
            account = _other(unit, actor, actor_id, "one's own sites are for another administrator to change")
            named = tuple(sorted({each.strip() for each in sites} - {""}))
            _refuse_sites_of_a_system(account.actor.role, named)
            unit.save_account(replace(account, actor=replace(account.actor, sites=named)))
            facts = {"before": ", ".join(account.actor.sites) or "all", "sites": ", ".join(named) or "all"}
            self._end(unit, actor, "account.sites", actor_id, **facts)
            unit.commit()

    def link(self, actor: Actor, actor_id: str, identity: ExternalIdentity) -> None:
        """Whoever (issuer, subject) is signs in as this account from now on; its password opens nothing any more, and role, sites and shown name are the provider's at each sign-in. Raises PermanentError('system_account', 'linked', 'identity_taken', 'no_subject')."""
        with self._acting(actor) as unit:
            account = _other(unit, actor, actor_id, "one's own account is for another administrator to link")
            if account.actor.role in SYSTEMS:
                raise PermanentError("a system signs in nowhere: it has tokens", code="system_account")
            if not (identity.issuer.strip() and identity.subject.strip()):
                raise PermanentError("issuer and subject say together who it is", code="no_subject")
            if unit.external_identities(actor_id):
                raise PermanentError("that account is linked already: unlink it first", code="linked")
            taken = unit.external_identity(identity.issuer, identity.subject)
            if taken is not None:
                raise PermanentError(f"that is {taken.actor_id} already: unlink it there first", code="identity_taken")
            unit.save_external_identity(replace(identity, actor_id=actor_id))
            unit.save_account(replace(account, password_hash=NO_PASSWORD))
            self._end(unit, actor, "account.link", actor_id, issuer=identity.issuer, subject=identity.subject)
            unit.commit()

    def unlink(self, actor: Actor, actor_id: str) -> None:
        """Nobody signs in as it any more until it is given a password or linked anew; whoever it was linked to is somebody new at their next visit. Raises PermanentError('not_linked')."""
        with self._acting(actor) as unit:
            account = _other(unit, actor, actor_id, "one's own account is for another administrator to unlink")
            held = unit.external_identities(actor_id)
            if not held:
                raise PermanentError("that account is not linked to an identity provider", code="not_linked")
            _keep_an_admin(unit, account)
            for each in held:
                unit.drop_external_identity(each.issuer, each.subject)
                self._end(unit, actor, "account.unlink", actor_id, issuer=each.issuer, subject=each.subject)
            unit.commit()

    def sessions(self, actor: Actor) -> tuple[Session, ...]:
        """Those that have not expired."""
        require(actor, Act.MANAGE_ACCOUNTS)
        now = self.clock.now()
        with self.database.begin(write=False) as unit:
            return tuple(each for each in unit.sessions() if each.expires_at > now)

    def end_session(self, actor: Actor, token_sha256: str) -> None:
        with self._acting(actor) as unit:
            session = unit.session(token_sha256)
            if session is None:
                raise PermanentError("that session has ended already", code="no_session")
            unit.end_session(token_sha256)
            facts = (("account", session.actor_id),)
            unit.audit(AuditEvent("session.revoke", actor.actor_id, detail=facts), self.clock.now())
            unit.commit()

    def end_sessions(self, actor: Actor, actor_id: str) -> None:
        """All of a person's, tokens too; the account stays as it is."""
        with self._acting(actor) as unit:
            self._end(unit, actor, "session.revoke", _account(unit, actor_id).actor.actor_id)
            unit.commit()

    @contextmanager
    def _acting(self, actor: Actor) -> Iterator[UnitOfWork]:
        require(actor, Act.MANAGE_ACCOUNTS)
        with self.database.begin() as unit:
            yield unit

    def _end(self, unit: UnitOfWork, actor: Actor, action: str, actor_id: str, **facts: str) -> None:
        """Write the act down, and end what was opened before it."""
        ended = unit.sessions_of(actor_id)
        for each in ended:
            unit.end_session(each.token_sha256)
        detail = {"account": actor_id, **facts, **({"sessions_ended": str(len(ended))} if ended else {})}
        unit.audit(AuditEvent(action, actor.actor_id, detail=tuple(detail.items())), self.clock.now())


def _account(unit: UnitOfWork, actor_id: str) -> Account:
    account = unit.account(actor_id)
    if account is None:
        raise PermanentError(f"there is no account {actor_id}", code="no_account")
    return account


def _other(unit: UnitOfWork, actor: Actor, actor_id: str, refusal: str) -> Account:
    if actor.actor_id == actor_id:
        raise PermanentError(refusal, code="own_account")
    return _account(unit, actor_id)


def _refuse_of_a_provider(unit: UnitOfWork, account: Account) -> None:
    if unit.external_identities(account.actor.actor_id):
        raise PermanentError(
            "they sign in with the identity provider: no password here, unless it is unlinked first", code="no_password"
        )


def _refuse_sites_of_a_system(role: Role, sites: Sequence[str]) -> None:
    if role in SYSTEMS and sites:
        raise PermanentError("a system's account reaches all sites: name none for it", code="system_account")


def _keep_an_admin(unit: UnitOfWork, leaving: Account) -> None:
    """Raises PermanentError when nobody else could manage accounts any more."""
    others = (each for each in unit.accounts() if each.actor.actor_id != leaving.actor.actor_id and not each.disabled)
    is_admin = leaving.actor.role is Role.ADMIN and not leaving.disabled
    if is_admin and not any(each.actor.role is Role.ADMIN for each in others):
        raise PermanentError(
            "this is the last administrator who can sign in: make another one first", code="last_admin"
        )
