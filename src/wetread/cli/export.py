"""`wetread export NAME --as USER --out DIR`: signed studies for research, films without names and labels of what was signed; with --who: whose a pseudonym is."""

import argparse
import csv
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from wetread import __version__
from wetread.bootstrap import build_sandbox
from wetread.bootstrap_export import build_research_desk, film_exporter, new_export
from wetread.cli.deidentify import text_reader, with_option
from wetread.cli.options import account_options, day, finding_option, parser_for
from wetread.cli.relabel_table import LABEL_COLUMNS
from wetread.cli.sign import opened
from wetread.dicom.confidentiality import Option
from wetread.dicom.deidentify import check_options
from wetread.governance.research_export import ExportedStudy, Selection
from wetread.monitoring.prediction_log import PredictionRow

__all__ = ["run"]

_OFFERED = (
    Option.SHIFT_DATES,
    Option.RETAIN_PATIENT,
    Option.RETAIN_DEVICE,
    Option.CLEAN_STRUCTURED,
    Option.CLEAN_DESCRIPTORS,
)
"""Not dates, UIDs, institutions and private attributes as they are: the crosswalk in the vault is the way back."""

_FILMS = ("study", "patient", "film", "sha256")
_EPILOG = """examples:
  wetread export lungs-2026 --as qa --out /srv/lungs --dry-run
  wetread export lungs-2026 --as qa --out /srv/lungs --since 2026-01-01 --finding effusion --with shift-dates
  wetread export lungs-2026 --as qa --out /srv/lungs                 goes on where it was stopped
  wetread export lungs-2026 --as qa --who P-VUVAWFTDE2ALO             a finding that its patient must hear of
  wetread dataset version /srv/lungs/labels.csv --as qa --out versions/

The folder gets films by new UIDs, labels.csv (as `wetread dataset version` reads it), films.csv and export.json. Which study is which stands in the vault alone.
exit status: 0 every film of every study was written; 1 something was refused, or there was nothing; 2 wrong use"""


def run(argv: list[str]) -> int:
    args = _parser().parse_args(argv)
    options = frozenset({Option(each) for each in args.options} | {Option.CLEAN_PIXELS})
    check_options(options)
    core, actor = opened(args)
    desk = build_research_desk(core.settings, core.database, core.vault, core.files, core.clock)
    if args.who:
        found = desk.who(actor, args.name, args.who)
        print(
            "\n".join(f"{each.study_key}  {each.study_uid}" for each in found) or "nobody of that name in this export"
        )
        return 0 if found else 1
    if args.out is None:
        print("wetread export: name a folder with --out, or a pseudonym with --who", file=sys.stderr)
        return 2
    wanted = Selection(args.since, args.until, tuple(args.site), tuple(args.finding), args.limit)
    studies = desk.look(actor, wanted)
    if args.dry_run or not studies:
        print(f"{len(studies)} signed studies would go, {_counted(studies.values())}")
        return 0 if studies else 1
    reader = text_reader(options)
    export = desk.begin(actor, new_export(args.name, options), len(studies))
    done = Counter[str]()
    args.out.mkdir(parents=True, exist_ok=True)
    with build_sandbox(core.settings) as sandbox, _tables(args.out) as (labels, films):
        exporter = film_exporter(export, args.out, sandbox, reader)
        for number, study in enumerate(desk.run(actor, export.name, studies, exporter), 1):
            done += _written(study, labels, films)
            print(f"{number}/{len(studies)} studies, {done['films']} films", file=sys.stderr, flush=True)
    return _told(args.out, export.name, export.options, done)


def _counted(studies: Iterable[tuple[PredictionRow, ...]]) -> str:
    present = Counter(row.finding for rows in studies for row in rows if row.label == "positive")
    return "signed as present: " + (", ".join(f"{count} {name}" for name, count in present.most_common()) or "nothing")


def _written(study: ExportedStudy | None, labels: Any, films: Any) -> Counter[str]:
    """Rows of one study; a study of which no film could go is in no table."""
    if study is None:
        return Counter(erased=1)
    refused = Counter({f"refused {code}": count for code, count in study.refused.items()})
    if not study.films:
        return refused
    for row in study.rows:
        labels.writerow((study.study_uid, study.patient, row.finding, row.label, row.label_source))
    for film in study.films:
        films.writerow((study.study_uid, study.patient, film.place, film.sha256))
    return refused + Counter(studies=1, films=len(study.films), covered=sum(bool(each.covered) for each in study.films))


@contextmanager
def _tables(folder: Path) -> Iterator[tuple[Any, Any]]:
    """labels.csv and films.csv, of this run whole: a run that goes on looks at every study again, and writes no film twice."""
    with (
        (folder / "labels.csv").open("w", encoding="utf-8", newline="") as labels,
        (folder / "films.csv").open("w", encoding="utf-8", newline="") as films,
    ):
        tables = csv.writer(labels), csv.writer(films)
        tables[0].writerow(LABEL_COLUMNS)
        tables[1].writerow(_FILMS)
        yield tables


def _told(folder: Path, name: str, options: tuple[str, ...], done: Counter[str]) -> int:
    said = {
        "export": name,
        "made_by": f"wetread {__version__}",
        "profile": "DICOM PS3.15 annex E, Basic Application Level Confidentiality Profile",
        "options": options,
        "labels": "of signed reports whose readers saw the AI's findings: no independent truth",
        "counts": dict(sorted(done.items())),
    }
    (folder / "export.json").write_text(json.dumps(said, indent=1) + "\n", "utf-8")
    refused = {what: count for what, count in sorted(done.items()) if what.startswith("refused") or what == "erased"}
    print(f"{folder}: {done['studies']} studies, {done['films']} films, writing covered on {done['covered']}")
    print("".join(f"{count} {what}\n" for what, count in refused.items()), end="")
    print("Look at the films before you share them: de-identification is not a guarantee (docs/deidentify.md).")
    return 1 if refused or not done["films"] else 0


def _parser() -> argparse.ArgumentParser:
    parser = parser_for(
        "export",
        "Signed studies for research: films without names (PS3.15 Basic Profile, pixels cleaned) and labels of what was signed. Audited; the crosswalk stays in the vault.",
    )
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EPILOG
    parser.add_argument("name", help="of the export: lower-case letters, digits, hyphens; the same name goes on")
    account_options(parser, "who exports (quality); asks for the password")
    parser.add_argument("--out", type=Path, metavar="DIR", help="the folder")
    parser.add_argument(
        "--who", metavar="PSEUDONYM", help="the study keys of a patient or study of the export. Audited"
    )
    parser.add_argument("--since", type=day, metavar="DATE", help="received on this day or later (2026-01-31)")
    parser.add_argument("--until", type=day, metavar="DATE", help="received on this day or earlier")
    parser.add_argument("--site", action="append", default=[], metavar="SITE", help="of this site; may be repeated")
    finding_option(parser, "--finding", "with this finding signed as present; may be repeated")
    parser.add_argument("--limit", type=int, default=0, metavar="N", help="at most so many, newest first")
    with_option(parser, _OFFERED)
    parser.add_argument("--dry-run", action="store_true", help="say what would go, write nothing")
    return parser
