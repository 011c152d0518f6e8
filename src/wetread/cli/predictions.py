"""`wetread predictions --as USER --out FILE`: what the model said beside what was signed, one row per signed study and finding, for `wetread evaluate`."""

import argparse
import csv
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import astuple
from pathlib import Path

from wetread.bootstrap import Core, build_core
from wetread.cli.options import parser_for, settings_from
from wetread.cli.sign import authenticate
from wetread.domain.audit import AuditEvent
from wetread.domain.errors import StudyNotFound
from wetread.domain.identifiers import StudyKey
from wetread.domain.report import Report
from wetread.domain.role import Act, require
from wetread.labelling.aggregation import report_labels
from wetread.labelling.labeller import RuleLabeller
from wetread.monitoring.prediction_log import COLUMNS, PredictionRow, prediction_rows, signed_text
from wetread.ports.vault import Vault

__all__ = ["run", "signed_rows"]

_PAGE = 200


def run(argv: list[str]) -> int:
    args = _parser().parse_args(argv)
    core = build_core(settings_from(args))
    actor = authenticate(core, args.account, args.password_stdin)
    require(actor, Act.EXPORT_PREDICTIONS)
    left_out: Counter[str] = Counter()
    sources: Counter[str] = Counter()
    studies: set[str] = set()
    with args.out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for row in signed_rows(core, left_out):
            writer.writerow(astuple(row))
            studies.add(row.study)
            sources[row.label_source] += 1
            if row.label_source == "conflict":
                print(f"{row.study}: {row.finding} is marked one way and written another", file=sys.stderr)
    with core.database.begin() as unit:
        facts = (("studies", str(len(studies))), ("rows", str(sources.total())))
        unit.audit(AuditEvent("predictions.export", actor.actor_id, detail=facts), core.clock.now())
        unit.commit()
    print(_summary(args.out, len(studies), sources, left_out))
    return 0 if studies else 1


def _parser() -> argparse.ArgumentParser:
    parser = parser_for(
        "predictions",
        "Every signed study's probabilities beside the labels of its signed report, without identity. The export is audited.",
    )
    parser.add_argument(
        "--as",
        dest="account",
        required=True,
        metavar="USER",
        help="who asks (quality, ML engineer); asks for the password",
    )
    parser.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    parser.add_argument("--out", type=Path, required=True, metavar="CSV", help="the table `wetread evaluate` reads")
    return parser


def signed_rows(core: Core, left_out: Counter[str]) -> Iterator[PredictionRow]:
    """Every signed study's rows, one study after another; `left_out` counts the others by reason."""
    labeller, after = RuleLabeller(), None
    while True:
        with core.database.begin(write=False) as unit:
            keys = unit.signed_studies(after=after, limit=_PAGE)
            read = [(unit.study(key), unit.analysis(key), unit.instances(key), unit.reports(key)) for key in keys]
        if not keys:
            return
        after = keys[-1]
        for study, analysis, instances, reports in read:
            report = _newest_final(reports)
            if report is None or report.signature is None:
                continue
            if analysis is None or analysis.analysed_at > report.signature.signed_at:
                left_out["no model had read it when it was signed"] += 1
                continue
            film = next((each for each in instances if each.instance_key == analysis.instance_key), None)
            labels = report_labels(labeller.statements(signed_text(report)))
            said = {name: each.presence for name, each in labels.items()}
            patient = _patient(core.vault, study.study_key)
            yield from prediction_rows(study, patient, film.traits if film else None, analysis, report, said)


def _newest_final(reports: tuple[Report, ...]) -> Report | None:
    final = [each for each in reports if each.signature is not None and each.status.value in ("final", "amended")]
    return final[-1] if final else None


def _patient(vault: Vault, key: StudyKey) -> str:
    """The first of the patient's study keys: the same for all of them, and nobody's identity. A study the vault has lost is a patient of its own."""
    try:
        return min([key, *vault.priors(key)])
    except StudyNotFound:
        return key


def _summary(out: Path, studies: int, sources: Counter[str], left_out: Counter[str]) -> str:
    counted = ", ".join(f"{n} {source}" for source, n in sources.most_common()) or "none"
    lines = [f"{out}: {studies} signed studies, {sources.total()} rows; labels: {counted}"]
    lines += [f"left out: {n} studies, {why}" for why, n in left_out.items()]
    return "\n".join(
        [
            *lines,
            "The readers saw the AI's findings: this measures agreement with what was signed, not accuracy against an independent truth.",
            f"next: wetread evaluate {out} --html report.html",
        ]
    )
