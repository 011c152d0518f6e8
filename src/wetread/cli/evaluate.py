"""`wetread evaluate predictions.csv`: what predictions are worth against what was true, as a table, one HTML page and JSON; reader studies, LUNA16 and report texts besides."""

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from wetread.cli.options import needs_polars
from wetread.domain.errors import PermanentError

__all__ = ["run"]


def run(argv: list[str]) -> int:
    args = _parser().parse_args(argv)
    needs_polars("evaluate")
    if args.reader_study:
        from wetread.cli.evaluate_readers import evaluate_readers

        return evaluate_readers(args.reader_study, args)
    if args.luna16:
        from wetread.cli.evaluate_readers import evaluate_luna16

        return evaluate_luna16(args.luna16, args)
    if args.reports:
        from wetread.cli.evaluate_reports import evaluate_reports

        return evaluate_reports(args.reports, args)
    if args.predictions is None:
        raise PermanentError("name a file of predictions, --reader-study, --luna16 or --reports", code="no_predictions")
    return _predictions(args)


def _predictions(args: argparse.Namespace) -> int:
    from wetread.cli.evaluate_table import table
    from wetread.scorecard.assess import Wanted, assess
    from wetread.scorecard.page import report_page
    from wetread.scorecard.predictions import open_predictions
    from wetread.scorecard.report import to_json

    file = open_predictions(args.predictions)
    other = open_predictions(args.against) if args.against else None
    wanted = Wanted(
        tuple(args.finding),
        dict(args.threshold),
        args.uncertain,
        args.unmentioned,
        args.split_date or "",
        args.external,
        not args.no_slices,
        args.model,
        args.against_model,
    )
    total, done = len(wanted.findings or file.findings), 0

    def told(finding: str) -> None:
        nonlocal done
        done += 1
        print(f"measuring {finding} ({done} of {total})", file=sys.stderr)

    found = assess(file, wanted, f"{datetime.now(UTC):%Y-%m-%d}", other, told)
    print(table(found.report))
    if args.html:
        args.html.write_text(report_page(found.report, found.plots), "utf-8")
        print(f"{args.html}: the page with every curve and interval")
    if args.json:
        args.json.write_text(to_json(found.report), "utf-8")
    return 0 if found.report.findings else 1


def _threshold(text: str) -> tuple[str, float]:
    finding, _, value = text.rpartition("=")
    try:
        at = float(value)
    except ValueError:
        at = float("nan")
    if not finding or not 0 <= at <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not FINDING=PROBABILITY")
    return finding, at


def _date(text: str) -> str:
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).strftime("%Y-%m-%d")
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date like 2026-03-01") from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="wetread evaluate",
        description="Predictions and labels in, one row per study and finding (CSV or Parquet with the columns study, finding, probability, label; "
        "and, where there, patient, threshold, date, model, site, manufacturer, scanner, view, sex, age, ethnicity, bmi): every number with its n and interval.",
        epilog="exit status: 0 measured; 1 nothing could be measured, or the file was refused (the reason is printed); 2 wrong use. Assistive research tool, not a cleared device.",
    )
    parser.add_argument("predictions", nargs="?", type=Path, help="CSV or Parquet")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write one self-contained page")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every number")
    parser.add_argument("--finding", action="append", default=[], metavar="NAME", help="only this one; may be repeated")
    parser.add_argument(
        "--threshold",
        action="append",
        default=[],
        type=_threshold,
        metavar="FINDING=P",
        help="call from here on, instead of the file's threshold",
    )
    parser.add_argument(
        "--uncertain",
        choices=("ignore", "positive", "negative"),
        default="ignore",
        help="what an uncertain label counts as; default ignore",
    )
    parser.add_argument(
        "--unmentioned",
        choices=("ignore", "negative"),
        default="ignore",
        help="what a finding that a report does not mention counts as; default ignore",
    )
    parser.add_argument("--model", help="which model, where the file holds several")
    parser.add_argument(
        "--against",
        type=Path,
        metavar="FILE",
        help="another model's predictions of the same studies: paired differences",
    )
    parser.add_argument("--against-model", metavar="NAME", help="the other model, in the same file or in --against")
    parser.add_argument("--split-date", type=_date, metavar="DATE", help="hold out studies from this day on")
    parser.add_argument("--external", default="", metavar="SITE", help="hold out this site against all others")
    parser.add_argument("--no-slices", action="store_true", help="no subgroups")
    parser.add_argument(
        "--reader-study",
        type=Path,
        metavar="CSV",
        help="columns modality, reader, case, truth, rating: Obuchowski-Rockette analysis, fully crossed, split plot or cases nested in readers, as the rows say",
    )
    parser.add_argument(
        "--rating-threshold",
        type=float,
        metavar="R",
        help="with --reader-study: sensitivity and specificity of ratings from R on, too",
    )
    parser.add_argument(
        "--margin", type=float, metavar="D", help="with --reader-study: is the first not worse than the second by D?"
    )
    parser.add_argument(
        "--luna16",
        type=Path,
        nargs=3,
        metavar=("ANNOTATIONS", "CANDIDATES", "SERIESUIDS"),
        help="LUNA16's three files: FROC and competition metric",
    )
    parser.add_argument(
        "--reports",
        type=Path,
        metavar="CSV",
        help="columns study, draft, signed (and patient): how alike the texts are",
    )
    parser.add_argument("--language", choices=("en", "de"), default="en", help="with --reports; default en")
    parser.add_argument(
        "--radeval",
        action="append",
        default=[],
        choices=("radgraph", "f1chexbert", "bertscore", "radcliq", "ratescore", "green"),
        help="with --reports: this measure by RadEval, too, where it and its weights are on this machine; may be repeated",
    )
    return parser
