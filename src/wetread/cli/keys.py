"""`wetread keys`: which keys there are, who may read them, and the rotation of the one that signs audit checkpoints."""

import stat
from collections.abc import Iterator
from pathlib import Path

from wetread.bootstrap import Core, build_core, second_factor_key_file
from wetread.bootstrap_checkpoints import build_checkpoint_keeper, build_key_ring
from wetread.checkpoints.key_ring import fingerprint
from wetread.checkpoints.note import public_bytes, read_public_key
from wetread.cli.options import do_act, parser_for, settings_from
from wetread.domain.audit import AuditEvent
from wetread.domain.errors import PermanentError
from wetread.domain.role import CONSOLE
from wetread.settings import Settings

__all__ = ["run"]


def run(argv: list[str]) -> int:
    acts = {"list": _list, "rotate": _rotate}
    return do_act(argv, "keys", "The keys of this installation: list them, rotate one.", acts, "each has a --help")


def _list(argv: list[str]) -> int:
    args = parser_for(
        "keys list", "Every key file, what it is for, and who besides its owner may read it. No secret is shown."
    ).parse_args(argv)
    settings = settings_from(args)
    wrong = 0
    for name, file, purpose in _files(settings):
        problem = _problem(file)
        wrong += bool(problem)
        print(f"{name:<18} {file}  {problem or 'owner only'}  {purpose}")
    ring = build_key_ring(settings)
    if ring.file.exists():
        print(f"{'audit':<18} public key sha256 {fingerprint(ring.public_keys()[0])}")
    for file in ring.retired_files():
        print(f"{'audit, retired':<18} {file}  public key sha256 {fingerprint(read_public_key(file))}")
    return 1 if wrong else 0


def _files(settings: Settings) -> Iterator[tuple[str, Path, str]]:
    yield "pseudonym", settings.resolved_pseudonym_key_file, "behind study keys; never rotated, see docs/security.md"
    yield "audit", settings.resolved_audit_key_file, "signs audit checkpoints; wetread keys rotate audit"
    yield (
        "second factor",
        second_factor_key_file(settings),
        "seals seeds of authenticators; not rotated, see docs/accounts.md",
    )
    with_certificates = (
        ("dimse_tls", settings.dimse_tls),
        ("hl7_listener", settings.hl7_listener),
        ("hl7_sink", settings.hl7_sink),
        ("audit_repository", settings.audit_repository),
        *((each.ae_title, each) for each in settings.application_entities),
    )
    clients = (
        ("identity_provider", settings.identity_provider),
        *((each.name, each) for each in settings.ehr_launches),
    )
    for name, file in (
        ("drafter", settings.drafter_key_file),
        ("record", settings.record_key_file),
        *((name, each.key_file or each.cert_file) for name, each in with_certificates if each),
        *((name, each.key_file) for name, each in clients if each),
    ):
        if file is not None:
            yield name, file.expanduser(), "the site's own; put a new file there, and restart"


def _problem(file: Path) -> str:
    try:
        mode = file.stat().st_mode
    except FileNotFoundError:
        return "" if file.parent.exists() else "its folder is not there"
    except OSError as error:
        return f"cannot be looked at ({error.strerror})"
    return f"READABLE BY OTHERS ({stat.filemode(mode)})" if mode & 0o077 else ""


def _rotate(argv: list[str]) -> int:
    parser = parser_for(
        "keys rotate",
        "A new key signs audit checkpoints from now on. The old one first signs that it is succeeded; its public half stays, and what it signed still holds.",
    )
    parser.add_argument("key", choices=("audit",), help="which")
    args = parser.parse_args(argv)
    core = build_core(settings_from(args))
    ring = build_key_ring(core.settings)
    fresh = ring.fresh()
    _succeed(core, fingerprint(ring.public_keys()[0]), fingerprint(public_bytes(fresh)))
    ring.rotate(fresh)
    print(f"{ring.file}: a new key, public key sha256 {fingerprint(public_bytes(fresh))}")
    print("keep `wetread audit key` elsewhere again; the retired public keys lie in " + str(ring.retired_in))
    return 0


def _succeed(core: Core, old: str, new: str) -> None:
    """The change stands in the log under a checkpoint of the old key: whoever trusts that one can trust the new one. Raises PermanentError where the log does not hold."""
    facts = (("key", "audit"), ("retired_sha256", old), ("public_sha256", new))
    with core.database.begin() as unit:
        record = unit.audit(AuditEvent("key.rotate", CONSOLE.actor_id, detail=facts), core.clock.now())
        unit.commit()
    made = build_checkpoint_keeper(core.settings, core.database).run_once(core.clock.now())
    if made is None or made.size < record.sequence:
        raise PermanentError(
            "no checkpoint could be signed over the change, so the old key stays: see `wetread audit verify`",
            code="audit_broken",
        )
