"""`wetread report`: a signed report as a file that stands on its own, and the check of it, which needs no database."""

import argparse
from pathlib import Path

from wetread.bootstrap import build_desk
from wetread.bootstrap_checkpoints import build_key_ring
from wetread.checkpoints.note import read_public_key
from wetread.checkpoints.signed_report import check_report, pack_report
from wetread.cli.options import account_options, do_act, new_file, parser_for
from wetread.cli.sign import opened
from wetread.domain.audit import AuditEvent
from wetread.domain.errors import PermanentError
from wetread.domain.identifiers import StudyKey

__all__ = ["run"]

_MOST_BYTES = 2**20


def run(argv: list[str]) -> int:
    acts = {"export": _export, "verify": _verify}
    return do_act(argv, "report", "Signed reports that can be checked elsewhere.", acts, "each has a --help of its own")


def _export(argv: list[str]) -> int:
    parser = parser_for(
        "report export", "Write a signed report with its signatures to a file, signed by this service. Audited."
    )
    parser.add_argument("study", metavar="STUDY", help="study key, as the worklist shows it")
    parser.add_argument("out", type=Path, help="the file; never over one that is there. It holds what the report says")
    parser.add_argument("--version", type=int, help="default: the newest that is signed")
    account_options(parser, "who exports; asks for the password")
    args = parser.parse_args(argv)
    core, actor = opened(args)
    now, key = core.clock.now(), StudyKey(args.study)
    seen = build_desk(core).look(actor, key)
    if seen.exposure.hides:
        print("the AI is withheld from you on this study: commit your own findings on the reading page first")
        return 1
    signed = [each for each in seen.reports if each.signature and args.version in (None, each.version)]
    if not signed:
        raise PermanentError("this study has no such signed report", code="not_final")
    text = pack_report(signed[-1], build_key_ring(core.settings).key(), now)
    with core.database.begin() as unit:
        facts = (("version", str(signed[-1].version)),)
        unit.audit(AuditEvent("report.export", actor.actor_id, study_key=key, detail=facts), now)
        unit.commit()
    with new_file(args.out) as out:
        out.write(text)
    print(f"{args.out}: version {signed[-1].version}, {len(signed[-1].signatures)} signatures")
    return 0


def _verify(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="wetread report verify",
        description="Do text, signer, time, meaning and study belong together? Needs no database, no settings and no service.",
    )
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE", help="from `wetread report export`")
    parser.add_argument(
        "--public-key", type=Path, required=True, metavar="PEM", help="from `wetread audit key`, kept since then"
    )
    args = parser.parse_args(argv)
    key, failed = read_public_key(args.public_key), 0
    for each in args.files:
        try:
            with each.open("rb") as file:
                report = check_report(file.read(_MOST_BYTES), key)
        except PermanentError as error:
            failed += 1
            print(f"{each}: DOES NOT HOLD: {error}")
            continue
        print(f"{each}: holds: study {report.study_key}, version {report.version}, {report.status}")
        for one in report.signatures:
            print(f"    {one.signer_name} ({one.signer_id}, {one.role}) {one.signed_at.isoformat()}: {one.meaning}")
    return 1 if failed else 0
