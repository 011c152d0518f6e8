"""From an ID token's claims to who that is here: pure, by a site's table."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from wetread.domain.role import Role
from wetread.oidc.jwt import SKEW_S, BadToken, check_times, is_for
from wetread.ports.identity_provider import ProvedIdentity

__all__ = ["ClaimTable", "check_id_token", "check_proved_again", "identity_of", "value_at"]

_NOT_IN_A_NAME = re.compile(r"[^a-z0-9._@-]+")
_LONGEST_SUBJECT = 255  # OpenID Connect Core 1.0 §2


@dataclass(frozen=True, slots=True)
class ClaimTable:
    """`roles`: claim value to role; of several that a person has, the first of the table counts. `role_path`: member names from the token down to the value or list of values. `sites`: claim value to the sites it reaches, none for all; an empty table is one that asks nothing."""

    role_path: tuple[str, ...]
    roles: Mapping[str, Role]
    site_path: tuple[str, ...] = ()
    sites: Mapping[str, Sequence[str]] = field(default_factory=dict)
    account: str = "preferred_username"
    name: str = "name"


def check_id_token(claims: Mapping[str, object], issuer: str, client_id: str, nonce: str | None, now: datetime) -> None:
    """OpenID Connect Core 1.0 §3.1.3.7, and §12.2 with `nonce` None for a token that a refresh brought. Raises BadToken."""
    if claims.get("iss") != issuer:
        raise BadToken("another issuer made it")
    if not is_for(claims, client_id):
        raise BadToken("it is not for us")
    audience, authorised = claims.get("aud"), claims.get("azp")
    if authorised is not None and authorised != client_id:
        raise BadToken("it was made for another client")
    if isinstance(audience, list) and len(audience) > 1 and authorised is None:
        raise BadToken("it is for several and does not say for whom first")
    check_times(claims, now)
    if nonce is not None and claims.get("nonce") != nonce:
        raise BadToken("it answers another request")
    subject = claims.get("sub")
    if not (isinstance(subject, str) and 0 < len(subject) <= _LONGEST_SUBJECT):
        raise BadToken("it names nobody")


def check_proved_again(claims: Mapping[str, object], since: datetime, levels: Sequence[str]) -> None:
    """That the person proved who they are after `since`, at one of `levels` where any is wanted; raises BadToken: a provider that ignores `prompt=login` makes no signature."""
    proved = claims.get("auth_time")
    if isinstance(proved, bool) or not isinstance(proved, int | float):
        raise BadToken("it does not say when you proved who you are (auth_time)")
    if proved < since.timestamp() - SKEW_S:
        raise BadToken("you did not prove again who you are")
    if levels and claims.get("acr") not in levels:
        raise BadToken("you did not prove it in the way that signing asks for (acr)")


def identity_of(claims: Mapping[str, object], table: ClaimTable) -> ProvedIdentity:
    """Of claims that were checked."""
    subject = str(claims["sub"])
    account = _NOT_IN_A_NAME.sub("-", _text(claims, table.account).lower()).strip("-._@")[:48]
    given = _values(value_at(claims, table.role_path))
    role = next((role for value, role in table.roles.items() if value in given), None)
    proved = claims.get("auth_time")
    return ProvedIdentity(
        issuer=str(claims["iss"]),
        subject=subject,
        account=account,
        display_name=" ".join(_text(claims, table.name).split())[:100],
        role=role,
        sites=_sites(claims, table),
        session=_text(claims, "sid"),
        authenticated_at=datetime.fromtimestamp(proved, UTC) if isinstance(proved, int | float) else None,
        how=" ".join([_text(claims, "acr"), *sorted(_values(claims.get("amr")))]).strip()[:100],
    )


def _sites(claims: Mapping[str, object], table: ClaimTable) -> tuple[str, ...] | None:
    if not table.sites:
        return ()
    given = _values(value_at(claims, table.site_path))
    reached = [sites for value, sites in table.sites.items() if value in given]
    if not reached:
        return None
    return tuple(sorted({site for sites in reached for site in sites})) if all(reached) else ()


def value_at(claims: Mapping[str, object], path: Sequence[str]) -> object:
    """What stands at the end of the path; None where it leads nowhere."""
    found: object = claims
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _values(found: object) -> frozenset[str]:
    listed = found if isinstance(found, list) else [found]
    return frozenset(each for each in listed if isinstance(each, str))


def _text(claims: Mapping[str, object], name: str) -> str:
    value = claims.get(name)
    return value if isinstance(value, str) and value.isprintable() else ""
