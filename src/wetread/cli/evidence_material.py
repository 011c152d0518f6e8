"""What a pack is made from: files that were named, and the installation's database when somebody signs in; and how it is written, printed and logged."""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import astuple
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from wetread.bootstrap import Core, build_core
from wetread.cli.options import needs_polars, settings_from
from wetread.cli.sign import opened
from wetread.domain.audit import AuditEvent
from wetread.domain.errors import PermanentError
from wetread.domain.identifiers import StudyKey
from wetread.domain.role import Act, Actor, require
from wetread.domain.strict_json import StrictJsonError, read_strict_json

if TYPE_CHECKING:
    from wetread.evidence.incident_form import StudyRecord
    from wetread.evidence.pack import Input, Pack
    from wetread.evidence.packs import Material
    from wetread.governance.evidence import Facts
    from wetread.scorecard.assess import Assessment

__all__ = ["gathered", "json_object", "written"]

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_MAX_JSON_BYTES = 2**20


def json_object(path: Path) -> object:
    """Strict JSON from a small file; raises PermanentError ('bad_json')."""
    try:
        data = path.read_bytes()
        if len(data) > _MAX_JSON_BYTES:
            raise PermanentError(f"{path.name} is larger than 1 MiB", code="bad_json")
        return read_strict_json(data, max_depth=12)
    except (OSError, StrictJsonError) as error:
        why = str(error) if isinstance(error, StrictJsonError) else type(error).__name__
        raise PermanentError(f"{path.name} cannot be read: {why}", code="bad_json") from None


def gathered(args: argparse.Namespace, *, measures: bool, study_key: str) -> "tuple[Material, StudyRecord | None]":
    """Everything that was named or may be opened. `measures`: the pack needs predictions; `study_key`: whose records are wanted, "" for none."""
    needs_polars("evaluate")
    from wetread.evidence.gather import bundle_document, database_facts, model_facts, packages
    from wetread.evidence.measured import prediction_facts
    from wetread.evidence.packs import Material
    from wetread.governance.evidence import Facts
    from wetread.inference.bundle import BUNDLED, load_bundle

    since = _day(getattr(args, "since", None))
    settings = settings_from(args)
    core, actor = _signed_in(args)
    path = args.bundle or settings.model_bundle or BUNDLED
    bundle, document = load_bundle(path, trusted_keys_dir=settings.model_trusted_keys_dir), bundle_document(path)
    database = database_facts(core.database, since) if core else None
    predictions = args.predictions or (_exported(core, args.out) if core and measures else None)
    measured = _measured(args, predictions) if predictions and measures else None
    plan = args.monitoring_plan
    facts = Facts(
        model=model_facts(bundle, document),
        predictions=prediction_facts(measured) if measured else None,
        audit=database.audit if database else None,
        rounds=database.rounds if database else None,
        registered=database.registered if database else None,
        plan=(plan.name, _digest(plan)) if plan else None,
        packages=packages(),
    )
    made_by = actor.display_name or actor.actor_id if actor else "somebody who did not sign in"
    inputs = _inputs(args, facts, path.name)
    made_on = f"{datetime.now(UTC):%Y-%m-%d}"
    material = Material(facts, inputs, made_on, made_by, bundle, document, measured, database)
    return material, _study(core, study_key) if core and study_key else None


def _inputs(args: argparse.Namespace, facts: "Facts", bundle: str) -> "tuple[Input, ...]":
    """What the pack rests on, each with its hash."""
    from wetread.evidence.pack import Input

    found = [Input(bundle, "model bundle, its network", facts.model.sha256)] if facts.model else []
    if facts.predictions:
        found.append(Input(facts.predictions.file, "predictions and labels", facts.predictions.sha256))
    named = (
        (args.monitoring_plan, "monitoring plan"),
        (args.change_plan, "change control plan"),
        (getattr(args, "record", None), "incident record"),
    )
    found += [Input(given.name, what, _digest(given)) for given, what in named if given]
    if facts.audit and facts.audit.last_hash:
        found.append(Input("audit chain", f"{facts.audit.records:,} records, last hash", facts.audit.last_hash))
    return tuple(found)


def written(args: argparse.Namespace, kind: str, pack: "Pack", material: "Material") -> int:
    """Write page, JSON and PDF; with an account the act and the page's hash go into the audit chain."""
    from wetread.evidence.pack import to_json
    from wetread.evidence.page import pack_page
    from wetread.scorecard.report import to_json as measures_json

    page = pack_page(pack)
    args.out.write_text(page, "utf-8")
    print(f"{args.out}: {pack.title}")
    if args.json:
        measures = [("measures", json_text(measures_json(material.measured.report)))] if material.measured else []
        args.json.write_text(to_json(pack, measures), "utf-8")
    if args.pdf:
        _print(args.out, args.pdf)
    if args.account:
        core = build_core(settings_from(args))
        facts = (("sha256", sha256(page.encode()).hexdigest()), *((each.what, each.sha256) for each in pack.inputs))
        with core.database.begin() as unit:
            unit.audit(AuditEvent(f"evidence.{kind}", args.account, detail=facts), core.clock.now())
            unit.commit()
    states = Counter(each.state.value for each in pack.checklist)
    print(f"checklist: {', '.join(f'{n} {state}' for state, n in states.most_common())}")
    return 0


def json_text(text: str) -> object:
    """Our own JSON, parsed again to be set into another."""
    import json

    return json.loads(text)


def _signed_in(args: argparse.Namespace) -> tuple[Core | None, Actor | None]:
    if not args.account:
        return None, None
    core, actor = opened(args)
    require(actor, Act.KEEP_EVIDENCE)
    return core, actor


def _exported(core: Core, out: Path) -> Path | None:
    """The installation's own predictions, kept beside the pack so that their hash can be checked; None when no study is signed."""
    import csv

    from wetread.bootstrap_quality import build_prediction_log
    from wetread.monitoring.prediction_log import COLUMNS

    path, rows = out.with_suffix(".predictions.csv"), 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for row in build_prediction_log(core.settings, core.database, core.vault).rows():
            writer.writerow(astuple(row))
            rows += 1
    if not rows:
        path.unlink()
        return None
    print(f"{path}: {rows} rows, kept beside the pack", file=sys.stderr)
    return path


def _measured(args: argparse.Namespace, predictions: Path) -> "Assessment":
    from wetread.evidence.measured import measure
    from wetread.scorecard.assess import Wanted

    wanted = Wanted(
        uncertain_as=args.uncertain,
        unmentioned_as=args.unmentioned,
        model=args.model,
        split_date=getattr(args, "since", ""),
    )
    return measure(predictions, wanted, f"{datetime.now(UTC):%Y-%m-%d}")


def _study(core: Core, key: str) -> "StudyRecord":
    from wetread.evidence.incident_form import StudyRecord

    study_key = StudyKey(key)
    with core.database.begin(write=False) as unit:
        unit.study(study_key)
        analysis, reports = unit.analysis(study_key), unit.reports(study_key)
    trail = tuple(each for each in core.database.audit_records() if each.event.study_key == study_key)
    return StudyRecord(analysis, reports, trail)


def _print(page: Path, pdf: Path) -> None:
    """Print with a browser that is there. Raises PermanentError ('no_chromium', 'no_pdf')."""
    browser = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if browser is None:
        raise PermanentError(
            f"no Chromium is installed: the page is {page}; print it from any browser", code="no_chromium"
        )
    with tempfile.TemporaryDirectory() as profile:
        command = [browser, "--headless", "--disable-gpu", f"--user-data-dir={profile}", "--no-pdf-header-footer"]
        if os.geteuid() == 0:
            command.append(
                "--no-sandbox"
            )  # Chromium refuses to run as root otherwise; the page is ours and has no script
        done = subprocess.run(
            [*command, f"--print-to-pdf={pdf.resolve()}", page.resolve().as_uri()],
            capture_output=True,
            timeout=120,
            check=False,
        )
    if done.returncode or not pdf.is_file():
        raise PermanentError(f"Chromium could not print {page.name} (status {done.returncode})", code="no_pdf")
    print(f"{pdf}: printed")


def _day(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise PermanentError(f"{text!r} is not a day like 2026-07-01", code="bad_date") from None


def _digest(path: Path) -> str:
    try:
        return sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise PermanentError(f"{path.name} cannot be read ({type(error).__name__})", code="no_file") from None
