"""`wetread audit verify`: walk the whole chain and name the first record that does not hold."""

from itertools import tee

from wetread.bootstrap import build_core
from wetread.cli.options import parser_for, settings_from
from wetread.domain.audit import verify_chain

__all__ = ["run"]


def run(argv: list[str]) -> int:
    parser = parser_for("audit", "Check the tamper-evident audit log, or print it.")
    parser.add_argument("act", choices=("verify", "show"), help="verify: check every record; show: print them")
    args = parser.parse_args(argv)
    core = build_core(settings_from(args))
    if args.act == "show":
        for record in core.database.audit_records():
            event = record.event
            facts = " ".join(f"{key}={value}" for key, value in event.detail)
            print(
                f"{record.sequence:>7} {record.recorded_at.isoformat()} {event.actor_id:<18} {event.action:<18} {event.outcome:<12} {event.study_key or '-':<24} {facts}"
            )
        return 0
    records, counted = tee(core.database.audit_records())
    broken = verify_chain(records)
    total = sum(1 for _ in counted)
    if broken:
        print(f"BROKEN at record {broken.sequence}: {broken.problem}")
        return 1
    print(f"the chain holds: {total} records, none changed, missing or out of order")
    print("a chain cannot show that its tail was cut off: compare the last hash with a copy kept elsewhere")
    return 0
