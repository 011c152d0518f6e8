"""`wetread evidence import-maude FILE`, `import-aiaaic FILE`: incidents that others reported, matched to our devices and findings; what is new since the last import."""

import argparse
import csv
import json
from dataclasses import asdict
from hashlib import sha256
from io import StringIO
from pathlib import Path

from wetread.bootstrap import Core
from wetread.cli.options import account_options, parser_for
from wetread.cli.sign import opened
from wetread.domain.audit import AuditEvent
from wetread.domain.errors import PermanentError
from wetread.domain.role import Act, require
from wetread.domain.strict_json import StrictJsonError, read_strict_json
from wetread.governance.outside_incidents import (
    Device,
    Match,
    OutsideIncident,
    from_aiaaic,
    from_maude_csv,
    from_openfda,
    match_incident,
)
from wetread.inference.bundle import BUNDLED, load_bundle

__all__ = ["import_incidents"]


def import_incidents(source: str, argv: list[str]) -> int:
    """`source` is "maude" or "aiaaic". Nothing is fetched: the file is given. Exit status 0; what matches is printed."""
    args = _parser(source).parse_args(argv)
    core, actor = opened(args)
    require(actor, Act.KEEP_EVIDENCE)
    data = _bytes(args.file)
    incidents = list({each.incident_id: each for each in _records(source, args.file, data)}.values())
    devices = (*_ours(core), *(_devices(args.devices) if args.devices else ()))
    matched = [(each, match_incident(each, devices)) for each in incidents]
    with core.database.begin() as unit:
        new = unit.note_incidents(source, (each.incident_id for each in incidents), core.clock.now())
        facts = (
            ("source", source),
            ("sha256", sha256(data).hexdigest()),
            ("records", str(len(incidents))),
            ("new", str(len(new))),
            ("matched", str(sum(bool(match) for _, match in matched))),
        )
        unit.audit(AuditEvent("evidence.import", actor.actor_id, detail=facts), core.clock.now())
        unit.commit()
    wanted = [(each, match) for each, match in matched if match and (args.all or each.incident_id in new)]
    print(
        f"{args.file.name}: {len(incidents)} records, {len(new)} new since the last import; compared with {', '.join(each.name for each in devices)}"
    )
    for each, match in wanted:
        print("\n".join(_lines(each, match)))
    unmatched = sum(not match and each.incident_id in new for each, match in matched)
    print(f"{len(wanted)} shown; {unmatched} new ones name none of our devices")
    print("A match is by words: a reason to read the record, nothing more. Such lists cannot give rates.")
    if args.json:
        rows = [{**asdict(each), "new": each.incident_id in new, "match": asdict(match)} for each, match in matched]
        args.json.write_text(json.dumps(rows, indent=1), "utf-8")
    return 0


def _parser(source: str) -> argparse.ArgumentParser:
    parser = parser_for(
        f"evidence import-{source}",
        "Read a list of incidents that you downloaded; match it to our devices and findings; list what is new.",
    )
    parser.add_argument("file", type=Path, help="JSON (openFDA) or CSV" if source == "maude" else "CSV of the sheet")
    account_options(parser, "who reads it (quality)")
    parser.add_argument(
        "--devices", type=Path, metavar="CSV", help="further devices: name, manufacturer, product_codes"
    )
    parser.add_argument("--all", action="store_true", help="show known matches again, too")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every record with its match")
    return parser


def _records(source: str, path: Path, data: bytes) -> list[OutsideIncident]:
    if source == "maude" and path.suffix.lower() == ".json":
        try:
            return from_openfda(read_strict_json(data, max_depth=16))
        except StrictJsonError as error:
            raise PermanentError(f"{path.name} {error}", code="bad_incidents") from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")  # what the MAUDE search writes
    rows = csv.reader(StringIO(text, newline=""))
    try:
        return from_maude_csv(rows) if source == "maude" else from_aiaaic(rows)
    except csv.Error as error:
        raise PermanentError(f"{path.name} is no CSV: {error}", code="bad_incidents") from None


def _ours(core: Core) -> tuple[Device, ...]:
    """wetread itself, the installed bundle, and every registered version's name."""
    installed = load_bundle(core.settings.model_bundle or BUNDLED).identity.name
    with core.database.begin(write=False) as unit:
        registered = [each.model.name for each in unit.versions()]
    return tuple(Device(name) for name in dict.fromkeys(("wetread", installed, *registered)))


def _devices(path: Path) -> tuple[Device, ...]:
    reader = csv.DictReader(StringIO(_bytes(path).decode("utf-8-sig", "replace"), newline=""))
    if "name" not in (reader.fieldnames or ()):
        raise PermanentError(f"{path.name} lacks the column name", code="bad_devices")
    return tuple(
        Device(
            row["name"].strip(),
            (row.get("manufacturer") or "").strip(),
            tuple(each.strip() for each in (row.get("product_codes") or "").split(";") if each.strip()),
        )
        for row in reader
        if (row["name"] or "").strip()
    )


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise PermanentError(f"{path.name} cannot be read ({type(error).__name__})", code="no_file") from None


def _lines(incident: OutsideIncident, match: Match) -> list[str]:
    devices = ", ".join(f"{name} (by {how})" for name, how in match.devices)
    findings = ", ".join(match.findings) or "none named"
    return [
        f"\n{incident.source} {incident.incident_id}  {incident.occurred or 'no date'}  {incident.kind or 'no type'}",
        f"  device: {devices}; findings: {findings}",
        f"  {_visible(incident.excerpt)}",
    ]


def _visible(text: str) -> str:
    """Foreign text on a terminal: no control characters."""
    return "".join(each if each.isprintable() else " " for each in text)
