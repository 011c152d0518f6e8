"""`wetread user add|list|disable|token|second-factor|link|unlink`: accounts of people and services. Passwords are asked for, never taken from the command line."""

import getpass
import secrets
import sys
from datetime import timedelta
from functools import partial

from wetread.bootstrap import Core, build_core
from wetread.bootstrap_keys import second_factor_keys
from wetread.cli.options import parser_for, settings_from
from wetread.domain.audit import AuditEvent
from wetread.domain.errors import PermanentError
from wetread.domain.role import CONSOLE, Actor, Role
from wetread.governance.account_desk import AccountDesk
from wetread.ports.identity_store import ExternalIdentity
from wetread.web.accounts import hash_password
from wetread.web.doorkeeper import issue_token
from wetread.web.second_factors import SecondFactors

__all__ = ["add_account", "run"]


def run(argv: list[str]) -> int:
    parser = parser_for("user", "Manage accounts.")
    parser.add_argument(
        "act",
        choices=("add", "list", "disable", "token", "second-factor", "link", "unlink"),
        help="token: a bearer token for the HTTP door, shown once; second-factor: is it set up, and taking it away; link: the account signs in with the identity provider, and has no password any more",
    )
    parser.add_argument("name", nargs="?", help="account name, for example dr-lee")
    parser.add_argument("--role", choices=[role.value for role in Role], default=Role.RADIOLOGIST.value)
    parser.add_argument("--days", type=int, default=90, help="how long a token is good; default 90")
    parser.add_argument("--display-name", default="", help="the name that stands under a signature")
    parser.add_argument(
        "--site",
        action="append",
        default=[],
        help="a site whose studies the account reaches; may be repeated; none: all",
    )
    parser.add_argument(
        "--issuer", default="", help="of a link: as the provider names itself; default identity_provider"
    )
    parser.add_argument("--subject", default="", help="of a link: the `sub` of that person's tokens")
    parser.add_argument("--reset", action="store_true", help="of a second factor: take it away")
    parser.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    args = parser.parse_args(argv)
    core = build_core(settings_from(args))
    if args.act == "list":
        _list(core)
        return 0
    if not args.name:
        parser.error(f"user {args.act} needs a name")
    if args.act == "add":
        actor = Actor(args.name, Role(args.role), args.display_name or args.name, tuple(sorted(set(args.site))))
        add_account(core, actor, _password(args.password_stdin))
        print(f"account {args.name} ({args.role}) is ready")
    elif args.act == "token":
        print(_token(core, args.name, args.days))
    elif args.act == "second-factor":
        print(_second_factor(core, args.name, reset=args.reset))
    elif args.act == "link":
        print(_link(core, args.name, args.issuer, args.subject))
    elif args.act == "unlink":
        _desk(core).unlink(CONSOLE, args.name)
        print(f"{args.name} is linked to nobody: `wetread user add` gives it a password")
    else:
        _desk(core).set_disabled(CONSOLE, args.name, disabled=True)
        print(f"account {args.name} is disabled")
    return 0


def add_account(core: Core, actor: Actor, password: str) -> None:
    """Create or replace an account; raises PermanentError for a password that is too short."""
    _desk(core).add(CONSOLE, actor, password, may_replace=True)


def _desk(core: Core) -> AccountDesk:
    return AccountDesk(core.database, core.clock, lambda text: hash_password(text, salt=secrets.token_bytes(16)))


def _token(core: Core, name: str, days: int) -> str:
    if not 1 <= days <= 3650:
        raise PermanentError("a token is good for 1 to 3650 days", code="bad_days")
    with core.database.begin() as unit:
        account, now = unit.account(name), core.clock.now()
        if account is None or account.disabled:
            raise PermanentError(f"there is no account {name}, or it is disabled", code="no_account")
        token = issue_token(
            unit, name, expires_at=now + timedelta(days=days), secret=secrets.token_urlsafe(32), now=now
        )
        unit.audit(AuditEvent("account.token", "console", detail=(("account", name), ("days", str(days)))), now)
        unit.commit()
    return token


def _second_factor(core: Core, name: str, *, reset: bool) -> str:
    if reset:
        factors = SecondFactors(core.database, core.clock, partial(second_factor_keys, core.settings))
        if factors.reset(CONSOLE, name):
            return f"the second factor of {name} is gone, and their sessions have ended"
        return f"{name} may sign: another administrator asks for it, too, at /administration/people"
    with core.database.begin(write=False) as unit:
        held = unit.second_factor(name)
    if held is None or held.confirmed_at is None:
        return f"{name} has no second factor"
    asked = f"; {held.reset_asked_by} asked to take it away" if held.reset_asked_by else ""
    return f"{name} has one since {held.confirmed_at:%Y-%m-%d %H:%M} UTC, {len(held.codes)} recovery codes left{asked}"


def _link(core: Core, name: str, issuer: str, subject: str) -> str:
    provider = core.settings.identity_provider
    if provider is None or issuer not in ("", provider.issuer):
        raise PermanentError("that is not the identity_provider of the settings", code="no_provider")
    _desk(core).link(CONSOLE, name, ExternalIdentity(provider.issuer, subject, name))
    return f"{name} signs in with {provider.name} as {subject}; its password opens nothing any more"


def _list(core: Core) -> None:
    with core.database.begin(write=False) as unit:
        linked = {each.actor_id: f"  {each.issuer} {each.subject}" for each in unit.external_identities()}
        for account in unit.accounts():
            state = "disabled" if account.disabled else "active"
            sites = f" ({', '.join(account.actor.sites)})" if account.actor.sites else ""
            print(
                f"{account.actor.actor_id:<24} {account.actor.role.value:<14} {state:<9} {account.actor.display_name}{sites}{linked.get(account.actor.actor_id, '')}"
            )


def _password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\n")
    first = getpass.getpass("password: ")
    if first != getpass.getpass("again: "):
        raise PermanentError("the two passwords differ", code="password_mismatch")
    return first
