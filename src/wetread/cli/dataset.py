"""`wetread dataset version|show|diff|propose|log`: datasets by address, what changed between two, whether a retrained model should replace the one in use, and who did what to the data."""

import argparse
import csv
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from wetread.bootstrap import Core, build_core
from wetread.cli.options import account_options, do_act, needs_polars, parser_for, settings_from
from wetread.cli.sign import opened
from wetread.domain.audit import AuditEvent
from wetread.domain.errors import PermanentError
from wetread.domain.role import Act, require
from wetread.governance.dataset_version import (
    DatasetDiff,
    DatasetRow,
    DatasetVersion,
    LabelPolicy,
    canonical_bytes,
    compare_versions,
    dataset_sha256,
    make_version,
    read_version,
)

if TYPE_CHECKING:
    from wetread.governance.retraining import FindingMeasures, Measure

__all__ = ["run"]

_COLUMNS = ("study", "finding", "label", "label_source")
_LOGGED = ("dataset.", "retraining.", "relabel.", "predictions.")


def run(argv: list[str]) -> int:
    acts = {"version": _version, "show": _show, "diff": _diff, "propose": _propose, "log": _log}
    return do_act(
        argv,
        "dataset",
        "Versions of training and test data by their address, and what follows from them.",
        acts,
        "each has its own --help",
    )


def _version(argv: list[str]) -> int:
    parser = _asks("version", "Make a dataset version from tables of labels. Audited.")
    parser.add_argument(
        "tables",
        nargs="+",
        type=Path,
        metavar="CSV",
        help="columns study, finding, label, label_source; patient, split",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the version is put, by address")
    parser.add_argument("--parent", type=Path, metavar="FILE", help="the version it was made from")
    parser.add_argument("--uncertain", choices=("ignore", "positive", "negative"), default="ignore")
    parser.add_argument("--unmentioned", choices=("ignore", "negative"), default="ignore")
    args = parser.parse_args(argv)
    core, actor = opened(args)
    require(actor, Act.KEEP_DATASETS)
    parent = dataset_sha256(_read(args.parent)) if args.parent else ""
    rows = (row for table in args.tables for row in _rows(table))
    made = make_version(rows, LabelPolicy(args.uncertain, args.unmentioned), parent)
    address = dataset_sha256(made)
    args.out.mkdir(parents=True, exist_ok=True)
    path = args.out / f"{address}.jsonl"
    path.write_bytes(canonical_bytes(made))
    facts = (("sha256", address), ("parent", parent), ("rows", str(len(made.rows))))
    _audit(core, AuditEvent("dataset.version", actor.actor_id, detail=facts))
    print("\n".join([str(path), *_summary(made)]))
    return 0


def _show(argv: list[str]) -> int:
    parser = parser_for("dataset show", "What a version holds; refuses one that was changed.")
    parser.add_argument("version", type=Path, metavar="FILE")
    print("\n".join(_summary(_read(parser.parse_args(argv).version))))
    return 0


def _diff(argv: list[str]) -> int:
    parser = parser_for("dataset diff", "What changed from one version to another. Exit status 1 when anything did.")
    parser.add_argument("first", type=Path, metavar="FILE")
    parser.add_argument("second", type=Path, metavar="FILE")
    args = parser.parse_args(argv)
    found = compare_versions(_read(args.first), _read(args.second))
    print("\n".join(_difference(found)))
    return int(not found.same)


def _propose(argv: list[str]) -> int:
    parser = _asks(
        "propose", "Learning, potential and retention of a retrained model, and what follows by rule. Audited."
    )
    parser.add_argument(
        "--data", action="append", required=True, type=_named, metavar="NAME=CSV",
        help="a dataset's predictions with a column `model`; repeated, oldest first",
    )  # fmt: skip
    parser.add_argument(
        "--model",
        action="append",
        required=True,
        metavar="NAME",
        help="repeated, oldest first; the last is the new one",
    )
    parser.add_argument("--decay", type=float, default=0.5, help="how fast older datasets count less; default 0.5")
    parser.add_argument("--margin", type=float, default=0.02, help="the loss of AUROC that matters; default 0.02")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every number")
    args = parser.parse_args(argv)
    needs_polars("evaluate")
    from wetread.governance.retraining import propose
    from wetread.scorecard.retraining_cells import measured

    core, actor = opened(args)
    require(actor, Act.KEEP_DATASETS)
    found, refused, hashes = measured(dict(args.data), args.model, args.decay)
    proposal = propose(found, margin=args.margin)
    facts = (
        ("verdict", proposal.verdict.value), ("models", ", ".join(args.model)), *((f"data {k}", v) for k, v in hashes.items()),
    )  # fmt: skip
    _audit(core, AuditEvent("retraining.propose", actor.actor_id, detail=facts))
    print("\n".join(_measures(found)))
    print("\n".join(f"not said: {each}" for each in refused))
    print(
        f"\nproposal: {proposal.verdict.value}; people decide\n" + "\n".join(f"  {each}" for each in proposal.reasons)
    )
    if args.json:
        whole = {"findings": [asdict(each) for each in found], "refused": refused, "data": hashes}
        args.json.write_text(json.dumps({**whole, "proposal": asdict(proposal)}, indent=1, allow_nan=False), "utf-8")
    return 0


def _log(argv: list[str]) -> int:
    parser = parser_for("dataset log", "Who did what to the data: the audit chain's records of it, in order.")
    core = build_core(settings_from(parser.parse_args(argv)))
    for record in core.database.audit_records():
        event = record.event
        if event.action.startswith(_LOGGED):
            facts = " ".join(f"{key}={value}" for key, value in event.detail)
            print(
                f"{record.sequence:>7} {record.recorded_at:%Y-%m-%d %H:%M} {event.actor_id:<18} {event.action:<20} {facts}"
            )
    return 0


def _asks(act: str, says: str) -> argparse.ArgumentParser:
    parser = parser_for(f"dataset {act}", says)
    account_options(parser, "who asks (quality, ML engineer)")
    return parser


def _named(text: str) -> tuple[str, Path]:
    name, _, path = text.partition("=")
    if not name or not path:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=CSV")
    return name, Path(path)


def _audit(core: Core, event: AuditEvent) -> None:
    with core.database.begin() as unit:
        unit.audit(event, core.clock.now())
        unit.commit()


def _rows(table: Path) -> Iterator[DatasetRow]:
    try:
        with table.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            if missing := [each for each in _COLUMNS if each not in (reader.fieldnames or ())]:
                raise PermanentError(f"{table.name} lacks the column {missing[0]}", code="bad_dataset")
            for row in reader:
                study, finding, label, source = (row[each] or "" for each in _COLUMNS)
                yield DatasetRow(study, finding, label, source, row.get("patient") or "", row.get("split") or "")
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise PermanentError(f"{table.name} cannot be read ({type(error).__name__})", code="bad_dataset") from None


def _read(path: Path) -> DatasetVersion:
    try:
        return read_version(path.read_bytes(), path.stem)
    except OSError as error:
        raise PermanentError(f"{path.name} cannot be read ({type(error).__name__})", code="bad_dataset") from None


def _summary(version: DatasetVersion) -> Iterator[str]:
    yield f"sha256 {dataset_sha256(version)}"
    yield f"parent {version.parent or 'none: a first version'}"
    yield f"policy uncertain as {version.policy.uncertain_as}, not mentioned as {version.policy.unmentioned_as}"
    yield f"{len({row.study for row in version.rows})} studies, {len(version.rows)} labels"
    counts = Counter((row.finding, row.label) for row in version.rows)
    for (finding, label), n in sorted(counts.items()):
        yield f"  {finding:<24} {label:<14} {n:>8}"
    sources = Counter(row.label_source or "no source" for row in version.rows)
    yield f"sources: {', '.join(f'{n} {name}' for name, n in sources.most_common())}"


def _difference(found: DatasetDiff) -> Iterator[str]:
    if found.same:
        yield "the same rows, sources, splits and policy"
        return
    yield f"studies: {found.added_studies} added, {found.removed_studies} removed; labels: {found.added_rows} added, {found.removed_rows} removed"
    for (finding, before, after), n in sorted(found.relabelled.items()):
        yield f"  {finding}: {n} from {before} to {after}"
    for (before, after), n in sorted(found.resourced.items()):
        yield f"  source: {n} from {before or 'none given'} to {after or 'none given'}"
    if found.moved:
        yield f"  {found.moved} patients lie in another split: results on either version do not compare"
    for field, (before, after) in found.policy.items():
        yield f"  policy {field}: {before} before, {after} now"


def _measures(found: Iterable["FindingMeasures"]) -> Iterator[str]:
    for each in found:
        yield f"{each.finding}"
        for name, value in (
            ("AUROC now", each.now),
            ("learning", each.learning),
            ("potential", each.potential),
            ("retention", each.retention),
            ("change of it", each.retention_change),
        ):
            yield f"  {name:<13} {_said(value)}"


def _said(found: "Measure | None") -> str:
    if found is None:
        return "not said: needs two versions"
    return f"{found.value:+.3f} ({found.low:+.3f} to {found.high:+.3f}), n {found.n}, {found.n_positive} positive"
