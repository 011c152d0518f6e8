"""Who comes in by the word of an identity provider, and with which account: made on the first visit, found by (issuer, subject) ever after, never by a name or an address."""

import hashlib
from dataclasses import replace
from datetime import datetime

from wetread.domain.audit import AuditEvent
from wetread.domain.errors import NotPermitted
from wetread.domain.role import Actor
from wetread.ports.database import Account, UnitOfWork
from wetread.ports.identity_provider import ProvedIdentity
from wetread.ports.identity_store import ExternalIdentity

__all__ = ["NO_PASSWORD", "RESERVED", "account_name", "account_of", "why_not"]

NO_PASSWORD = "elsewhere"  # noqa: S105 - stored in the place of a password's hash: nothing opens it
RESERVED = ("console", "wetread", "unknown")
"""Names that the audit log gives to what is no account."""
_SAYS = {
    "no_role": "you are known to the hospital's sign-in, but none of your groups there has a role in wetread: ask its administrator",
    "no_site": "you are known to the hospital's sign-in, but none of your groups there reaches a site of wetread: ask its administrator",
    "account_disabled": "your account in wetread is disabled: ask its administrator",
}


def why_not(identity: ProvedIdentity, held: Account | None) -> str:
    """A code of why somebody who is known to the provider has no place here; "" where they have one."""
    if identity.role is None:
        return "no_role"
    if identity.sites is None:
        return "no_site"
    return "account_disabled" if held and held.disabled else ""


def account_of(unit: UnitOfWork, identity: ProvedIdentity, now: datetime) -> Account:
    """The account, as the provider's claims make it now. The caller commits, also when it raises: what was refused is written down. Raises NotPermitted by `why_not`."""
    known = unit.external_identity(identity.issuer, identity.subject)
    held = unit.account(known.actor_id) if known else None
    code, role, sites = why_not(identity, held), identity.role, identity.sites
    if code or role is None or sites is None:
        unit.audit(AuditEvent("login", held.actor.actor_id if held else "unknown", outcome=code), now)
        raise NotPermitted(_SAYS[code], code=code)
    actor_id = held.actor.actor_id if held else account_name(unit, identity)
    named = identity.display_name or (held.actor.display_name if held else actor_id)
    actor = Actor(actor_id, role, named, sites)
    account = replace(held, actor=actor) if held else Account(actor, NO_PASSWORD)
    if held is None:
        unit.save_external_identity(ExternalIdentity(identity.issuer, identity.subject, actor_id))
    if account != held:
        unit.save_account(account)
        facts = (("account", actor_id), ("role", role.value), ("sites", " ".join(sites)), ("issuer", identity.issuer))
        unit.audit(AuditEvent("account.role" if held else "account.save", actor_id, detail=facts), now)
    return account


def account_name(unit: UnitOfWork, identity: ProvedIdentity) -> str:
    """What the provider calls them, where nobody here has that name; else with a piece of the hash of who they are."""
    mark = hashlib.sha256(f"{identity.issuer} {identity.subject}".encode()).hexdigest()[:12]
    wanted = identity.account or "person"
    is_free = identity.account and wanted not in RESERVED and unit.account(wanted) is None
    return wanted if is_free else f"{wanted}-{mark}"
