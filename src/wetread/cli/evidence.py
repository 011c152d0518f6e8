"""`wetread evidence bias-review|quarterly|incident|model-facts|pccp`: packs for those who answer for the device; `import-maude`, `import-aiaaic`: what others reported."""

import argparse
from dataclasses import replace
from pathlib import Path

from wetread.cli.evidence_material import gathered, json_object, written
from wetread.cli.options import account_options, parser_for
from wetread.domain.errors import PermanentError

__all__ = ["run"]

_PACKS = {
    "bias-review": "Performance by subgroup: who is served worse, with intervals and small groups withheld.",
    "quarterly": "The quarter: performance against before, overrides, relabelling, failures, the log, the checklist.",
    "incident": "One incident in the shape of a MAUDE report, with deadlines and our records of the study.",
    "model-facts": "What a model bundle says of itself, with every number's n and interval.",
    "pccp": "A predetermined change control plan, its criteria beside what was measured.",
}


def run(argv: list[str]) -> int:
    acts = (*_PACKS, "import-maude", "import-aiaaic")
    if argv[:1] and argv[0] in _PACKS:
        return _pack(argv[0], argv[1:])
    if argv[:1] and argv[0] in acts:
        from wetread.cli.evidence_import import import_incidents

        return import_incidents(argv[0].removeprefix("import-"), argv[1:])
    parser = parser_for("evidence", "Evidence packs from data, and incidents that others reported.")
    parser.add_argument("act", choices=acts, help="each has its own --help")
    parser.parse_args(argv)
    return 2


def _pack(kind: str, argv: list[str]) -> int:
    args = _parser(kind).parse_args(argv)
    from wetread.evidence.packs import bias_review, incident_pack, model_facts_pack, plan_pack, quarterly
    from wetread.governance.change_plan import read_plan
    from wetread.governance.incident import read_incident

    incident = read_incident(json_object(args.record)) if kind == "incident" else None
    change_plan = json_object(args.change_plan) if args.change_plan else None
    plan = read_plan(change_plan) if change_plan is not None else None
    if kind == "pccp" and plan is None:
        raise PermanentError("name the plan: --change-plan FILE", code="bad_plan")
    measures = kind in ("bias-review", "quarterly", "pccp")
    material, study = gathered(args, measures=measures, study_key=incident.study_key if incident else "")
    material = replace(material, facts=replace(material.facts, change_plan=plan.plan_id if plan else None))
    if kind == "bias-review":
        pack = bias_review(material)
    elif kind == "quarterly":
        pack = quarterly(material, args.since)
    elif incident is not None:
        pack = incident_pack(material, incident, study)
    elif kind == "pccp" and plan is not None:
        pack = plan_pack(material, plan)
    else:
        pack = model_facts_pack(material)
    return written(args, kind, pack, material)


def _parser(kind: str) -> argparse.ArgumentParser:
    parser = parser_for(f"evidence {kind}", _PACKS[kind])
    if kind == "incident":
        parser.add_argument("record", type=Path, metavar="RECORD", help="the incident as JSON (docs/evidence.md)")
    if kind == "quarterly":
        parser.add_argument("--since", required=True, metavar="DATE", help="first day of the quarter (ISO)")
    parser.add_argument("--out", type=Path, required=True, metavar="HTML", help="one self-contained page")
    parser.add_argument("--json", type=Path, metavar="FILE", help="the pack as data")
    parser.add_argument("--pdf", type=Path, metavar="FILE", help="the page printed by Chromium, if it is installed")
    account_options(parser, "open this installation's database (quality)", required=False)
    parser.add_argument("--predictions", type=Path, metavar="CSV", help="instead of those of this installation")
    parser.add_argument("--model", metavar="NAME", help="which model, where the predictions hold several")
    parser.add_argument("--uncertain", choices=("ignore", "positive", "negative"), default="ignore")
    parser.add_argument("--unmentioned", choices=("ignore", "negative"), default="ignore")
    parser.add_argument("--bundle", type=Path, metavar="PATH", help="model bundle; default: the installed one")
    parser.add_argument("--monitoring-plan", type=Path, metavar="FILE", help="named with its hash")
    parser.add_argument("--change-plan", type=Path, metavar="FILE", help="the change control plan as JSON")
    return parser
