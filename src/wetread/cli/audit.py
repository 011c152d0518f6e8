"""`wetread audit`: check the log, look through it, export it, and prove a record to somebody who has nothing but a public key."""

import argparse
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from wetread.bootstrap import Core, build_core
from wetread.bootstrap_audit_trail import balp_text, dicom_text
from wetread.bootstrap_checkpoints import build_checkpoint_folder, build_checkpoint_keeper, build_key_ring
from wetread.checkpoints.folder import CheckpointFolder
from wetread.checkpoints.note import public_pem, read_public_key
from wetread.checkpoints.parallel import log_parts
from wetread.checkpoints.proof import check_proof, prove
from wetread.checkpoints.walk import AuditWalk
from wetread.cli import audit_use
from wetread.cli.options import do_act, moment, new_file, parser_for, settings_from
from wetread.domain.audit import AuditEvent, AuditQuery, AuditRecord
from wetread.domain.errors import PermanentError
from wetread.domain.role import CONSOLE
from wetread.governance.audit_look import looks
from wetread.governance.audit_table import audit_csv, audit_json_lines, audit_line
from wetread.settings import Settings
from wetread.storage.database import SqlDatabase

__all__ = ["run"]

_LONG = 100_000
"""Records from which on processes are worth starting."""
_MOST_PROOF_BYTES = 2**20


def run(argv: list[str]) -> int:
    acts = {
        "verify": _verify,
        "show": _show,
        "search": _search,
        "export": _export,
        "use": audit_use.run,
        "checkpoint": _checkpoint,
        "key": _key,
        "prove": _prove,
        "check": _check,
    }
    return do_act(
        argv,
        "audit",
        "Check the tamper-evident audit log, look through it, export it, prove a record of it.",
        acts,
        "each has a --help of its own",
    )


def _verify(argv: list[str]) -> int:
    parser = parser_for(
        "audit verify", "Walk every record and compare with every checkpoint; name the first that does not hold."
    )
    parser.add_argument(
        "--checkpoints", type=Path, metavar="FOLDER", help="a copy of them; default: where the service puts them"
    )
    parser.add_argument(
        "--public-key",
        type=Path,
        action="append",
        metavar="PEM",
        help="a key that signed them, kept elsewhere; once for each; default: this service's own, with those it had before",
    )
    args = parser.parse_args(argv)
    core = build_core(settings_from(args))
    folder = _folder(core, args)
    walk, kept = AuditWalk(), tuple(folder.all())
    size = core.database.change_token()
    if size >= _LONG:
        opened = partial(SqlDatabase, core.settings.resolved_database_url)
        broken = walk.on_parts(log_parts(opened, size), kept)
    else:
        broken = walk.on(core.database.audit_records(), kept)
    if broken:
        print(f"BROKEN at record {broken.sequence}: {broken.problem}")
        return 1
    print(f"the chain holds: {walk.frontier.size} records, none changed, missing or out of order")
    if walk.clock_steps:
        print(f"{walk.clock_steps} records bear an earlier time than the one before them: the clock was set back")
    if kept:
        print(
            f"{len(kept)} checkpoints hold; the newest, of {kept[-1].made_at:%Y-%m-%d %H:%M} UTC, covers records 1 to {kept[-1].size}"
        )
        return 0
    print(
        "there is no checkpoint, and a chain cannot show that its tail was cut off: `wetread audit checkpoint` makes one"
    )
    return 0


def _folder(core: Core, args: argparse.Namespace) -> CheckpointFolder:
    own = build_checkpoint_folder(core.settings)
    folder = args.checkpoints or own.folder
    if args.checkpoints and not folder.is_dir():
        raise PermanentError(f"{folder} is no folder", code="bad_usage")
    given = tuple(map(read_public_key, args.public_key or ()))
    return CheckpointFolder(folder, (lambda: given) if given else build_key_ring(core.settings).public_keys)


def _show(argv: list[str]) -> int:
    args = parser_for("audit show", "Print every record, oldest first.").parse_args(argv)
    for record in build_core(settings_from(args)).database.audit_records():
        print(audit_line(record))
    return 0


def _search(argv: list[str]) -> int:
    parser = parser_for("audit search", "Print the records that fit, newest first.")
    _query_options(parser)
    parser.add_argument("--limit", type=int, default=100, metavar="N", help="at most so many (100)")
    parser.add_argument("--json", action="store_true", help="one JSON object per line")
    args = parser.parse_args(argv)
    database = build_core(settings_from(args)).database
    left = args.limit
    for found in looks(database, _query(args, args.limit)):
        rows = found.records
        left -= len(rows)
        sys.stdout.writelines(audit_json_lines(rows) if args.json else (f"{audit_line(each)}\n" for each in rows))
        sys.stdout.flush()
        if found.before is not None and left:
            print(f"looked back to record {found.before}, and further", file=sys.stderr)
    return 0


def _export(argv: list[str]) -> int:
    parser = parser_for(
        "audit export",
        "Write the records that fit to a file: rows newest first; events for a repository (balp, dicom) oldest first. The export is itself recorded.",
    )
    _query_options(parser)
    parser.add_argument(
        "--format",
        choices=("csv", "jsonl", "balp", "dicom"),
        default="csv",
        help="csv (RFC 4180), JSON lines, or an event a line: FHIR AuditEvents (IHE BALP) or DICOM audit messages",
    )
    parser.add_argument("out", type=Path, help="the file; never over one that is there")
    args = parser.parse_args(argv)
    core = build_core(settings_from(args))
    rows = core.database.search_audit(_query(args, 2**53))
    with new_file(args.out) as out:
        out.writelines(_lines(args.format, core.settings, rows))
    with core.database.begin() as unit:
        unit.audit(
            AuditEvent("audit.export", CONSOLE.actor_id, detail=(("records", str(len(rows))),)), core.clock.now()
        )
        unit.commit()
    print(f"{args.out}: {len(rows)} records")
    return 0


def _lines(form: str, settings: Settings, rows: tuple[AuditRecord, ...]) -> Iterator[str]:
    if form == "csv":
        return audit_csv(rows)
    if form == "jsonl":
        return audit_json_lines(rows)
    text = balp_text if form == "balp" else partial(dicom_text, settings)
    return (f"{text(each)}\n" for each in reversed(rows))


def _query_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--actor", default="", metavar="ID", help="by this account or service")
    parser.add_argument(
        "--action", default="", metavar="VERB", help="beginning of the action, as `report.` or `report.sign`"
    )
    parser.add_argument("--study", default="", metavar="KEY", help="about this study")
    parser.add_argument("--address", default="", metavar="IP", help="done from this network address")
    parser.add_argument("--since", type=moment, metavar="TIME", help="from then on (ISO 8601; without a zone UTC)")
    parser.add_argument("--until", type=moment, metavar="TIME", help="before then")


def _query(args: argparse.Namespace, limit: int) -> AuditQuery:
    return AuditQuery(args.actor, args.action, args.study, args.since, args.until, None, limit, args.address)


def _checkpoint(argv: list[str]) -> int:
    args = parser_for(
        "audit checkpoint", "Verify what is new and sign a checkpoint of it now; the service does so by itself."
    ).parse_args(argv)
    core = build_core(settings_from(args))
    made = build_checkpoint_keeper(core.settings, core.database).run_once(core.clock.now())
    if made is None:
        with core.database.begin(write=False) as unit:
            broken = unit.alarm("audit_broken")
        if broken and broken.is_open:
            print(broken.message)
            return 1
        print("nothing new since the newest checkpoint")
        return 0
    print(f"{core.settings.resolved_audit_checkpoints_dir}: signed for records 1 to {made.size}")
    return 0


def _key(argv: list[str]) -> int:
    args = parser_for(
        "audit key", "Print the public key (PEM) that checkpoints and proofs are checked with: keep it elsewhere."
    ).parse_args(argv)
    print(public_pem(build_key_ring(settings_from(args)).key()).decode(), end="")
    return 0


def _prove(argv: list[str]) -> int:
    parser = parser_for("audit prove", "Write a proof that one record is under a signed checkpoint.")
    parser.add_argument("sequence", type=int, help="the record's number")
    parser.add_argument("out", type=Path, help="the file; never over one that is there")
    args = parser.parse_args(argv)
    core = build_core(settings_from(args))
    found = build_checkpoint_folder(core.settings).note_covering(args.sequence)
    if found is None:
        raise PermanentError(
            f"no checkpoint covers record {args.sequence} yet: `wetread audit checkpoint` makes one", code="no_proof"
        )
    proof = prove(core.database.audit_records(), args.sequence, *found)
    with new_file(args.out) as out:
        out.write(proof + "\n")
    print(f"{args.out}: record {args.sequence} under the checkpoint of records 1 to {found[0].size}")
    return 0


def _check(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="wetread audit check", description="Check a proof. Needs no database, no settings and no service."
    )
    parser.add_argument("proof", type=Path, help="from `wetread audit prove`")
    parser.add_argument(
        "--public-key", type=Path, required=True, metavar="PEM", help="from `wetread audit key`, kept since then"
    )
    args = parser.parse_args(argv)
    with args.proof.open("rb") as file:
        record, checkpoint = check_proof(file.read(_MOST_PROOF_BYTES), read_public_key(args.public_key))
    print(audit_line(record))
    print(
        f"is record {record.sequence} of {checkpoint.size} of {checkpoint.origin}, signed {checkpoint.made_at.isoformat()}"
    )
    return 0
