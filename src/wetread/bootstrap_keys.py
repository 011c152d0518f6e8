"""The installation's own keys, each with its source and with what is made with it."""

import secrets
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from wetread.checkpoints.note import fresh_pem, public_bytes, read_private_key
from wetread.keys.kept import receive
from wetread.keys.own_key import OwnKey
from wetread.keys.sources import CommandKey, EnvironmentKey, FileKey
from wetread.settings import Settings
from wetread.settings_keys import KeyFrom
from wetread.storage.emptiness import holds_second_factors, rows_in

if TYPE_CHECKING:
    from wetread.ports.keys import KeySource

__all__ = [
    "audit_key",
    "audit_retired_in",
    "own_keys",
    "pseudonym_key",
    "second_factor_before",
    "second_factor_key",
    "second_factor_keys",
    "source_of",
    "take_from_environment",
]

_WITHOUT_PSEUDONYMS = frozenset({"audit_head", "accounts"})
"""The head of the log has its row from the first migration on."""


def source_of(named: KeyFrom) -> "KeySource":
    if named.kind == "file":
        return FileKey(Path(named.words[0]))
    return EnvironmentKey(named.words[0]) if named.kind == "env" else CommandKey(named.words)


def take_from_environment(settings: Settings) -> None:
    """Every key that stands there is out of it before any process is started. Raises PermanentError('bad_key')."""
    receive()
    for named in (settings.pseudonym_key, settings.audit_key, settings.second_factor_key):
        if named is not None and named.kind == "env":
            EnvironmentKey(named.words[0]).take()


def own_keys(settings: Settings) -> tuple[OwnKey, ...]:
    return pseudonym_key(settings), audit_key(settings), second_factor_key(settings)


def pseudonym_key(settings: Settings) -> OwnKey:
    """Behind all pseudonyms and derived UIDs. Losing it orphans every study key."""
    return _own("pseudonym", settings, settings.pseudonym_key, partial(_made_with_pseudonyms, settings))


def audit_key(settings: Settings) -> OwnKey:
    """Signs checkpoints and exported reports: Ed25519 (PEM)."""
    own = _own("audit", settings, settings.audit_key, partial(_made_with_audit, settings))
    return replace(own, fresh=fresh_pem, public=lambda pem: public_bytes(read_private_key(pem, str(own.source))))


def second_factor_key(settings: Settings) -> OwnKey:
    """Seals the seeds of authenticators."""
    return _own("second-factor", settings, settings.second_factor_key, partial(_made_with_second_factors, settings))


def second_factor_keys(settings: Settings) -> tuple[bytes, ...]:
    """32 bytes each: what seals; while a rotation goes on, or was cut off, what sealed before."""
    own, before = second_factor_key(settings), second_factor_before(settings)
    older = (before.read_bytes(),) if before.exists() else ()
    return tuple(dict.fromkeys(key[:32] for key in (own.key(), *older)))


def second_factor_before(settings: Settings) -> Path:
    return settings.data_dir / "vault" / "second-factor.key.before"


def audit_retired_in(settings: Settings) -> Path:
    return settings.data_dir / "vault" / "audit.key.retired"


def _own(name: str, settings: Settings, named: KeyFrom | None, made_with: Callable[[], str]) -> OwnKey:
    vault = settings.data_dir / "vault"
    file = vault / f"{name}.key"
    return OwnKey(
        name=name,
        setting=f"{name.replace('-', '_')}_key",
        source=source_of(named) if named else FileKey(file),
        file=file,
        seen_file=vault / f"{name}.key.seen",
        fresh=partial(secrets.token_bytes, 32),
        made_with=made_with,
        public=bytes,
        is_named=named is not None,
    )


def _made_with_pseudonyms(settings: Settings) -> str:
    for which, url in (("work", settings.resolved_database_url), ("vault", settings.resolved_vault_url)):
        if table := rows_in(url, which, _WITHOUT_PSEUDONYMS):
            return f"the {'working database' if which == 'work' else which} holds rows ({table})"
    return ""


def _made_with_audit(settings: Settings) -> str:
    folder = settings.resolved_audit_checkpoints_dir
    if any(folder.glob("*.checkpoint")):
        return f"{folder} holds checkpoints that it signed"
    return f"{audit_retired_in(settings)} holds keys that came before it" if audit_retired_in(settings).exists() else ""


def _made_with_second_factors(settings: Settings) -> str:
    return "people have second factors" if holds_second_factors(settings.resolved_database_url) else ""
