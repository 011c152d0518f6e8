"""`wetread keys rotate`: another key takes over, nothing that the one before made is lost, and a run that was cut off is finished by the next."""

import argparse
from collections.abc import Iterator
from pathlib import Path

from wetread.bootstrap import Core, build_core
from wetread.bootstrap_checkpoints import build_checkpoint_keeper, build_key_ring
from wetread.bootstrap_keys import audit_key, second_factor_before, second_factor_key, source_of
from wetread.checkpoints.key_ring import fingerprint
from wetread.checkpoints.note import public_bytes, public_pem, read_private_key, read_public_key
from wetread.checkpoints.write_once import replace_file, sync_folder, write_once
from wetread.cli.options import parser_for, settings_from
from wetread.domain.audit import AuditEvent
from wetread.domain.errors import PermanentError
from wetread.domain.role import CONSOLE
from wetread.keys.own_key import OwnKey
from wetread.settings_keys import KeyFrom, key_from
from wetread.web.second_factors import SecondFactors

__all__ = ["rotate"]


def rotate(argv: list[str]) -> int:
    parser = parser_for(
        "keys rotate",
        "Another key from now on. audit: the old key first signs that it is succeeded; its public half stays, and what it signed still holds. second-factor: every seed is sealed anew in one transaction; nobody sets anything up again.",
    )
    parser.add_argument("key", choices=("audit", "second-factor"), help="which")
    parser.add_argument(
        "--to",
        type=_source,
        metavar="SOURCE",
        help="where the new key lies already: file:PATH, env:VARIABLE or command:PROGRAM WORDS; default: one is made in the data folder",
    )
    parser.add_argument(
        "--lost",
        action="store_true",
        help="the old key is gone for good; of second-factor: everybody's second factor is then to be reset",
    )
    parser.add_argument(
        "--public-key", type=Path, metavar="PEM", help="of a lost audit key, kept elsewhere: what it signed still holds"
    )
    args = parser.parse_args(argv)
    if args.public_key and not (args.lost and args.key == "audit"):
        parser.error("--public-key goes with `audit --lost`")
    core = build_core(settings_from(args))
    own = audit_key(core.settings) if args.key == "audit" else second_factor_key(core.settings)
    if args.lost:
        _refuse_unless_lost(own)
    fresh = _new_key(own, args.to)
    if args.key == "audit":
        done = _audit_lost(core, own, fresh, args) if args.lost else _audit(core, own, fresh, args.to)
    else:
        done = (
            _second_factor_lost(core, own, fresh, args.to) if args.lost else _second_factor(core, own, fresh, args.to)
        )
    for line in done:
        print(line)
    if args.to:
        print(f"set {own.setting} to that source now, and restart the service; the old key is not used any more")
    return 0


def _source(text: str) -> KeyFrom:
    try:
        return key_from(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _new_key(own: OwnKey, to: KeyFrom | None) -> bytes:
    """Raises PermanentError ('bad_usage', and as the source)."""
    if to is None and own.is_named:
        raise PermanentError(
            f"{own.setting} names {own.source}: make the new key there, and say with --to where it is", code="bad_usage"
        )
    fresh = source_of(to).read() if to else own.fresh()
    own.fingerprint(fresh)  # of audit: it is one that signs
    return fresh


def _refuse_unless_lost(own: OwnKey) -> None:
    """A keeper that does not answer, or another key in its place, is not a loss."""
    try:
        own.look()
    except PermanentError as error:
        if error.code in ("no_key", "bad_key"):
            return
        raise
    raise PermanentError(f"the {own.name} key is there ({own.source}): rotate it without --lost", code="bad_usage")


def _audit(core: Core, own: OwnKey, fresh: bytes, to: KeyFrom | None) -> Iterator[str]:
    ring, old = build_key_ring(core.settings), own.key()
    before, after = read_private_key(old, str(own.source)), read_private_key(fresh, "the new key")
    if own.fingerprint(old) == own.fingerprint(fresh):
        raise PermanentError("that is the key in use", code="bad_usage")
    _succeed(core, fingerprint(public_bytes(before)), fingerprint(public_bytes(after)))
    own.remember(fresh, old)
    # a crash from here on leaves one of the two in use, and the public half of the old one kept
    ring.retire(public_pem(before))
    if to is None:
        replace_file(own.file, fresh)
    own.remember(fresh)
    yield f"{own.file if to is None else to}: a new key, public key sha256 {fingerprint(public_bytes(after))}"
    yield f"keep `wetread audit key` elsewhere again; the retired public keys lie in {ring.retired_in}"


def _succeed(core: Core, old: str, new: str) -> None:
    """The change stands in the log under a checkpoint of the old key: whoever trusts that one can trust the new one. Raises PermanentError where the log does not hold."""
    with core.database.begin() as unit:
        event = AuditEvent("key.rotate", CONSOLE.actor_id, detail=(("key", "audit"), ("retired_sha256", old), ("public_sha256", new)))  # fmt: skip
        record = unit.audit(event, core.clock.now())
        unit.commit()
    made = build_checkpoint_keeper(core.settings, core.database).run_once(core.clock.now())
    if made is None or made.size < record.sequence:
        raise PermanentError(
            "no checkpoint could be signed over the change, so the old key stays: see `wetread audit verify`",
            code="audit_broken",
        )


def _audit_lost(core: Core, own: OwnKey, fresh: bytes, args: argparse.Namespace) -> Iterator[str]:
    """Nobody can sign for the change: the log says that it was made without the old key."""
    after = public_bytes(read_private_key(fresh, "the new key"))
    if args.public_key:
        read_public_key(args.public_key)
        build_key_ring(core.settings).retire(args.public_key.read_bytes())
    _put(own, fresh, args.to)
    _note(core, (("key", "audit"), ("lost", "yes"), ("public_sha256", fingerprint(after))))
    yield f"a new key signs, public key sha256 {fingerprint(after)}: keep `wetread audit key` elsewhere"
    if not args.public_key:
        yield f"nobody can check the checkpoints in {core.settings.resolved_audit_checkpoints_dir} any more: move them away, or name another folder with audit_checkpoints_dir"


def _second_factor(core: Core, own: OwnKey, fresh: bytes, to: KeyFrom | None) -> Iterator[str]:
    """Old and new open together until every seed is sealed anew, also where this ends half-way."""
    kept, now = second_factor_before(core.settings), own.key()
    write_once(kept, now)
    old = kept.read_bytes()
    if now != old:
        fresh = now  # an earlier run ended here
    own.remember(fresh, old)
    if to is None:
        replace_file(own.file, fresh)
    factors = SecondFactors(core.database, core.clock, lambda: (fresh[:32], old[:32]))
    with core.database.begin() as unit:
        done, lost = factors.seal_anew(unit)
        facts = (("key", own.name), ("retired", own.fingerprint(old)), ("now", own.fingerprint(fresh)), ("sealed_anew", str(done)))  # fmt: skip
        unit.audit(AuditEvent("key.rotate", CONSOLE.actor_id, detail=facts), core.clock.now())
        unit.commit()
    own.remember(fresh)
    kept.unlink()
    sync_folder(kept.parent)
    yield f"a new key, fingerprint {own.fingerprint(fresh)}: {done} second factors are sealed with it"
    if lost:
        yield f"{lost} second factors opened with neither key and are as they were: reset them"


def _second_factor_lost(core: Core, own: OwnKey, fresh: bytes, to: KeyFrom | None) -> Iterator[str]:
    """What the lost key sealed stays shut: a second factor is taken away as always, by two where its person may sign (ADR-0029)."""
    _put(own, fresh, to)
    with core.database.begin(write=False) as unit:
        people = [each.actor_id for each in unit.second_factors()]
    _note(core, (("key", own.name), ("lost", "yes"), ("now", own.fingerprint(fresh))))
    yield f"a new key, fingerprint {own.fingerprint(fresh)}"
    if people:
        yield f"to be reset, as nobody can read them any more: {', '.join(people)}"


def _put(own: OwnKey, fresh: bytes, to: KeyFrom | None) -> None:
    own.remember(fresh)
    if to is None:
        replace_file(own.file, fresh)


def _note(core: Core, facts: tuple[tuple[str, str], ...]) -> None:
    with core.database.begin() as unit:
        unit.audit(AuditEvent("key.rotate", CONSOLE.actor_id, detail=facts), core.clock.now())
        unit.commit()
