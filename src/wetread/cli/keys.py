"""`wetread keys`: which keys there are, where each comes from, who may read it; a new one for those that can be succeeded."""

import os
import stat
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path

from wetread.bootstrap_certificates import own_certificates
from wetread.bootstrap_checkpoints import build_key_ring
from wetread.bootstrap_keys import audit_key, own_keys
from wetread.checkpoints.key_ring import fingerprint
from wetread.checkpoints.note import read_public_key
from wetread.cli.keys_rotate import rotate
from wetread.cli.options import do_act, parser_for, settings_from
from wetread.domain.errors import WetreadError
from wetread.keys.own_key import OwnKey
from wetread.keys.sources import FileKey
from wetread.settings import Settings

__all__ = ["run"]


def run(argv: list[str]) -> int:
    acts = {"list": _list, "rotate": rotate}
    return do_act(argv, "keys", "The keys of this installation: list them, rotate one.", acts, "each has a --help")


def _list(argv: list[str]) -> int:
    args = parser_for(
        "keys list",
        "Every key, where it comes from, its fingerprint and since when; who besides its owner may read its file. Exit status 1 when one is missing, is another than before, or is readable by others. No secret is shown.",
    ).parse_args(argv)
    settings = settings_from(args)
    wrong = 0
    for own in own_keys(settings):
        told, problem = _told(own)
        wrong += bool(problem)
        print(f"{own.name:<18} {own.source}  {problem or told}  {_PURPOSE[own.name]}")
        if own.is_named and own.file.exists() and own.source != FileKey(own.file):
            print(f"{own.name:<18} {own.file}  not used any more: {own.setting} names another source; remove it")
    for name, file in _files_of_the_site(settings):
        problem = _problem(file)
        wrong += bool(problem)
        print(f"{name:<18} file {file}  {problem or 'owner only'}  the site's own; put a new file there, and restart")
    ring = build_key_ring(settings)
    with suppress(WetreadError):  # told above
        audit_key(settings).look()
        print(f"{'audit':<18} public key sha256 {fingerprint(ring.public_keys()[0])}")
    for file in ring.retired_files():
        print(f"{'audit, retired':<18} file {file}  public key sha256 {fingerprint(read_public_key(file))}")
    return 1 if wrong else 0


_PURPOSE = {
    "pseudonym": "behind study keys; never rotated, see docs/security.md",
    "audit": "signs audit checkpoints; wetread keys rotate audit",
    "second-factor": "seals seeds of authenticators; wetread keys rotate second-factor",
}


def _told(own: OwnKey) -> tuple[str, str]:
    """What is said of it, and what is wrong."""
    try:
        key = own.look()
    except WetreadError as error:
        missing = error.code == "no_key" and not own.is_named
        return ("not made yet", "") if missing and not own.needed_by() else ("", f"{error.code.upper()}: {error}")
    since = f", since {own.seen()[0].at:%Y-%m-%d}" if own.seen() else ""
    problem = _problem(own.source.path) if isinstance(own.source, FileKey) else ""
    return f"fingerprint {own.fingerprint(key)}{since}", problem


def _files_of_the_site(settings: Settings) -> Iterator[tuple[str, Path]]:
    clients = (
        ("identity_provider", settings.identity_provider),
        *((each.name, each) for each in settings.ehr_launches),
    )
    for name, file in (
        ("record", settings.record_key_file),
        *((name, key or certificate) for name, certificate, key in own_certificates(settings)),
        *((name, each.key_file) for name, each in clients if each),
    ):
        if file is not None:
            yield name, file.expanduser()


def _problem(file: Path) -> str:
    try:
        found = file.stat()
    except FileNotFoundError:
        return "" if file.parent.exists() else "its folder is not there"
    except OSError as error:
        return f"cannot be looked at ({error.strerror})"
    alone = not found.st_mode & 0o077 or _is_mounted_for_us(found, os.geteuid(), os.getgroups())
    return "" if alone else f"READABLE BY OTHERS ({stat.filemode(found.st_mode)})"


def _is_mounted_for_us(found: os.stat_result, user: int, groups: Collection[int]) -> bool:
    """As an orchestrator mounts a secret for a process that is not root (Kubernetes: fsGroup): it stays root's, and our group may read it and no more."""
    return user != 0 and found.st_uid == 0 and found.st_gid in groups and not found.st_mode & 0o037
