"""`wetread snippets status|erase|purge`: what the snippet database holds, and how it is removed for good."""

import json
from dataclasses import asdict
from datetime import timedelta

from wetread.bootstrap import Core, build_core
from wetread.bootstrap_retrieval import build_case_store, build_snippet_store
from wetread.cli.options import do_act, parser_for, settings_from
from wetread.context.assemble import quoted_as
from wetread.domain.audit import AuditEvent
from wetread.domain.identifiers import PatientKey, StudyKey, patient_key
from wetread.domain.identity_access import Purpose, Reader
from wetread.domain.role import CONSOLE

__all__ = ["run"]

_OVERDUE = timedelta(days=2)


def run(argv: list[str]) -> int:
    acts = {"status": _status, "erase": _erase, "purge": _purge}
    return do_act(
        argv,
        "snippets",
        "De-identified pieces of patients' records, kept for drafting, and films' vectors.",
        acts,
        "status, erase (a patient, a source), purge (what is past its retention)",
    )


def _status(argv: list[str]) -> int:
    parser = parser_for(
        "snippets status", "What is held, in numbers. Exit status 1 when something is past its retention."
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    args = parser.parse_args(argv)
    core = build_core(settings_from(args))
    counts = build_snippet_store(core.settings).counts()
    kept = timedelta(days=core.settings.snippet_retention_days)
    overdue = counts.oldest is not None and counts.oldest < core.clock.now() - kept - _OVERDUE
    if args.json:
        print(json.dumps({**asdict(counts), "overdue": overdue}, default=str, indent=1))
        return int(overdue)
    print(f"patients {counts.patients}, sources {counts.sources}, snippets {counts.snippets}")
    print(f"oldest   {counts.oldest:%Y-%m-%d}" if counts.oldest else "oldest   none", f"(kept {kept.days} days)")
    print("encoders " + (", ".join(counts.encoders) or "none"))
    if overdue:
        print("OVERDUE  nothing purges this database: run `wetread snippets purge`, and see that a worker runs")
    return int(overdue)


def _erase(argv: list[str]) -> int:
    parser = parser_for("snippets erase", "Erase from the database's files. Backups are yours to erase.")
    parser.add_argument("--patient-of", metavar="STUDY", required=True, help="this study's patient")
    parser.add_argument(
        "--source", metavar="SOURCE", help="one source alone, by the id that this study's draft quotes it by"
    )
    args = parser.parse_args(argv)
    core, study = build_core(settings_from(args)), StudyKey(args.patient_of)
    if args.source:
        removed = _erase_source(core, study, args.source)
        _audit(core, "snippets.erase", study, sources=removed)
        print(f"erased: {removed} sources")
        return 0 if removed else 1
    sources, vectors = _erase_patient_of(core, study)
    _audit(core, "snippets.erase", study, sources=sources, vectors=vectors)
    print(f"erased: {sources} sources, {vectors} films' vectors")
    return 0


def _erase_source(core: Core, study: StudyKey, quoted: str) -> int:
    """Ids in drafts are of one draft alone; which of the patient's stored sources it is can be worked out here and nowhere else."""
    key = _patient_of(core, study)
    if key is None:
        return 0
    store = build_snippet_store(core.settings)
    stored = {each for encoder in store.counts().encoders for each in store.digests(key, encoder=encoder)}
    return sum(store.erase_source(each) for each in stored if quoted_as(each, study, core.secret) == quoted)


def _erase_patient_of(core: Core, study: StudyKey) -> tuple[int, int]:
    cases = build_case_store(core.settings)
    vectors = sum(cases.erase_study(each) for each in (study, *core.vault.unnamed.priors(study)))
    key = _patient_of(core, study)
    return (build_snippet_store(core.settings).erase_patient(key) if key else 0), vectors


def _patient_of(core: Core, study: StudyKey) -> PatientKey | None:
    """None without a PatientID: no record was ever asked for then."""
    identity = (
        core.vault.on_behalf_of(Reader(CONSOLE.actor_id, Purpose.CONSOLE, ("patient_id", "issuer_of_patient_id")))
        .study(study)
        .identity
    )
    if not identity.patient_id.strip():
        return None
    return patient_key(core.secret, identity.patient_id, identity.issuer_of_patient_id)


def _purge(argv: list[str]) -> int:
    parser = parser_for("snippets purge", "Erase sources past their retention, as each worker does every hour.")
    args = parser.parse_args(argv)
    core = build_core(settings_from(args))
    before = core.clock.now() - timedelta(days=core.settings.snippet_retention_days)
    removed = build_snippet_store(core.settings).purge(before)
    _audit(core, "snippets.purge", None, sources=removed)
    print(f"purged: {removed} sources older than {core.settings.snippet_retention_days} days")
    return 0


def _audit(core: Core, action: str, study: StudyKey | None, **removed: int) -> None:
    facts = tuple((name, str(number)) for name, number in removed.items())
    with core.database.begin() as unit:
        unit.audit(AuditEvent(action, "console", "success", study, facts), core.clock.now())
        unit.commit()
