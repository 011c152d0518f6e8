"""`wetread rollout ACT`: bring a new model version into use, site by site; see what its gates say; stop it."""

import argparse
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from wetread.bootstrap import Core, build_core
from wetread.bootstrap_models import build_model, build_rollout_watch, build_shelf, recorded_history
from wetread.cli.options import account_options, finding_option, parser_for, settings_from
from wetread.cli.rollout_table import as_json, explanation, looks_lines, status_lines, verdict_lines
from wetread.cli.sign import opened
from wetread.domain.errors import PermanentError
from wetread.domain.finding import FindingName
from wetread.domain.model_version import ModelVersion
from wetread.domain.role import Act, Actor, require
from wetread.domain.rollout import GatePlan, Rollout
from wetread.governance.desk import RolloutDesk
from wetread.governance.expected import too_little, with_history
from wetread.governance.plan import Promise, gate_plan, told_to_expect
from wetread.inference.bundle import ModelBundle

__all__ = ["run"]


@dataclass(frozen=True, slots=True)
class _Step:
    """An act on a rollout under way. `reason`: it must say why."""

    text: str
    act: Callable[[RolloutDesk, Actor, str, str, str], Rollout]
    reason: bool = True


_STEPS: dict[str, _Step] = {
    "ask": _Step(
        "Ask for the next stage. The ML engineer's; one person of quality and one administrator approve.",
        lambda desk, actor, model, site, _: desk.ask(actor, model, site),
        reason=False,
    ),
    "approve": _Step(
        "Say yes to what was asked for. With the second yes, of the other role, the version goes on at once.",
        lambda desk, actor, model, site, why: desk.approve(actor, model, site, why),
    ),
    "hold": _Step(
        "Nothing may be asked or approved until it is resumed; it reads on as it does.",
        lambda desk, actor, model, site, why: desk.hold(actor, model, site, why),
    ),
    "resume": _Step(
        "End a hold after looking. Quality or an administrator. Drift is told against what comes from now on.",
        lambda desk, actor, model, site, why: desk.resume(actor, model, site, why),
    ),
    "rollback": _Step(
        "Take a version out of use at once. An active one gives the site back to the version it replaced.",
        lambda desk, actor, model, site, why: desk.roll_back(actor, model, site, why),
    ),
}


def run(argv: list[str]) -> int:
    acts: dict[str, tuple[str, Callable[[list[str]], int]]] = {
        "register": ("keep a bundle as a version (ML engineer)", _register),
        "start": ("have a registered version read along unseen (ML engineer)", _start),
        "status": ("versions, sites, stages and the last look at each", _status),
        "explain": ("why a rollout stands where it does: every gate with its numbers", _explain),
        "ask": ("ask for the next stage (ML engineer)", lambda words: _step("ask", words)),
        "approve": ("approve what was asked for (quality and an administrator)", lambda words: _step("approve", words)),
        "hold": ("let nothing go on", lambda words: _step("hold", words)),
        "resume": ("end a hold (quality or an administrator)", lambda words: _step("resume", words)),
        "rollback": ("take a version out of use", lambda words: _step("rollback", words)),
        "evaluate": ("look at every rollout now; workers do it once a day", _evaluate),
    }
    if argv[:1] and argv[0] in acts:
        return acts[argv[0]][1](argv[1:])
    parser = argparse.ArgumentParser(
        prog="wetread rollout",
        description="Bring a new model version into use, site by site: shadow, canary, active. The gates may hold it or take it back; two people let it go on.",
        usage="wetread rollout ACT [options]        (wetread rollout ACT --help for each)",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="\n".join(["acts:", *(f"  {name:<9} {text}" for name, (text, _) in acts.items())]),
    )
    parser.add_argument("act", choices=acts, metavar="ACT", help="one of the acts below")
    parser.parse_args(argv)
    return 2


def _register(argv: list[str]) -> int:
    parser = parser_for("rollout register", "Verify a bundle, run its network once, and keep it in data_dir/models.")
    parser.add_argument("bundle", type=Path, help="folder or zip")
    parser.add_argument("--note", default="", metavar="TEXT", help="where it comes from, for those who approve")
    core, actor, args = _acting(parser, argv)
    require(actor, Act.REGISTER_MODEL)
    from wetread.cli.model_show import run_once

    installed, _ = build_model(core.settings, core.settings.model_bundle)
    bundle, digest = build_shelf(core.settings).keep(args.bundle)
    if (bundle.identity.name, bundle.identity.version) == (installed.identity.name, installed.identity.version):
        raise PermanentError(
            "that is the installed model: it reads where no rollout says otherwise", code="version_installed"
        )
    run_once(bundle)
    version = ModelVersion(
        bundle.identity, digest, actor.actor_id, core.clock.now(), str(bundle.signature), args.note.strip()
    )
    new = RolloutDesk(core.database, core.clock).register(actor, version)
    print(f"{version.key} is registered{'' if new else ' already'}: {bundle.signature}")
    print(f"next: wetread rollout start {version.key} --as {actor.actor_id} --reason WHY")
    return 0


def _start(argv: list[str]) -> int:
    parser = parser_for(
        "rollout start", "A registered version reads along at the site, unseen; its gates begin to weigh it."
    )
    _names(parser, several=True)
    parser.add_argument(
        "--reason", required=True, metavar="WHY", help="kept with the rollout: about the model, never about a patient"
    )
    finding_option(parser, "--critical", "counts three times as much in the error budget; may be repeated")
    finding_option(parser, "--only", "weigh this finding and no other; may be repeated")
    parser.add_argument(
        "--budget", action="append", default=[], metavar="NAME=RATE", type=_budget,
        help="false positives per negative, 0 to 1; default: 1 - the bundle's specificity, at least 0.05",
    )  # fmt: skip
    parser.add_argument(
        "--stages", default="5,25", metavar="P,P", type=_stages, help="shares of the canary in percent; default 5,25"
    )
    parser.add_argument("--min-days", type=int, default=14, metavar="N", help="shortest stay at a stage; default 14")
    parser.add_argument("--max-days", type=int, default=60, metavar="N", help="then people decide; default 60")
    parser.add_argument(
        "--expect-patients", type=int, metavar="N",
        help="different patients without a finding whose reports a site will sign in --max-days; default: learned from what each site has recorded before, which is what you want. 0: no last look at the end of the stay, which then sees smaller rises of false positives less often",
    )  # fmt: skip
    parser.add_argument(
        "--min-positives", type=int, default=50, metavar="N", help="below it nothing is said of sensitivity; default 50"
    )
    parser.add_argument(
        "--tolerance", type=float, default=0.0, metavar="P", help="probabilities may be off by so much; default 0"
    )
    core, actor, args = _acting(parser, argv)
    require(actor, Act.REGISTER_MODEL)
    with core.database.begin(write=False) as unit:
        version = unit.version(args.model)
    if version is None:
        raise PermanentError(f"{args.model} is not registered: see `wetread rollout status`", code="no_version")
    plan = _plan(build_shelf(core.settings).load(version.bundle_sha256), args)
    desk = RolloutDesk(core.database, core.clock)
    plans = {site: _expecting(core, site, plan, args.expect_patients) for site in args.site or [core.settings.site]}
    for site, its in plans.items():
        rollout = desk.start(actor, args.model, site, its, args.reason)
        print(f"{rollout.model_key} reads along at {rollout.site}, unseen; next stage: {rollout.next_percent} %")
    for each in plan.limits:
        print(
            f"  {each.finding.value:<22} at most {100 * each.false_positive_budget:.1f} false positives per 100 negatives, "
            f"{100 * each.miss_budget:.1f} misses per 100 positives; {100 * each.weight:.1f} % of the error budget"
        )
    from wetread.governance.power import foresight  # scipy: no other act waits for it

    for site, its in plans.items():
        print("\n".join(foresight(its, site)))
    return 0


def _expecting(core: Core, site: str, plan: GatePlan, told: int | None) -> GatePlan:
    """Before the rollout starts, and never again: how many patients are expected is no number that its own data may change."""
    if told is not None:
        return told_to_expect(plan, told)

    def seen(studies: int) -> None:
        if sys.stderr.isatty():
            print(f"\r{site}: {studies:,} studies looked at", end="", file=sys.stderr, flush=True)

    names = [each.finding for each in plan.limits]
    history = recorded_history(
        core.settings, core.database, core.vault, core.clock, site, names, plan.max_dwell_days, seen
    )
    if sys.stderr.isatty():
        print(file=sys.stderr)
    if why := too_little(history):
        print(f"{site}: {why} to say how many patients to expect; the last look then waits for the end of the stay")
    return with_history(plan, history)


def _plan(bundle: ModelBundle, args: argparse.Namespace) -> GatePlan:
    only = set(args.only)
    promises = [
        Promise(head.name, head.operating_point)
        for head in bundle.heads
        if head.calibration is not None and (not only or head.name.value in only)
    ]
    return gate_plan(
        promises,
        critical=[FindingName(each) for each in args.critical],
        budgets=dict(args.budget),
        stages=args.stages,
        min_dwell_days=args.min_days,
        max_dwell_days=args.max_days,
        sites=len(set(args.site)) or 1,
        min_positives=args.min_positives,
        calibration_tolerance=args.tolerance,
    )


def _status(argv: list[str]) -> int:
    parser = parser_for("rollout status", "Registered versions and their rollouts. Exit status 1 when one is held.")
    parser.add_argument("--json", action="store_true", help="for machines")
    args = parser.parse_args(argv)
    core = build_core(settings_from(args))
    with core.database.begin(write=False) as unit:
        versions, rollouts = unit.versions(), unit.rollouts()
        last = {(each.model_key, each.site): unit.last_decision(each.model_key, each.site) for each in rollouts}
    if args.json:
        rows = [{**asdict(each), "last_look": last[each.model_key, each.site]} for each in rollouts]
        print(as_json({"versions": versions, "rollouts": rows}))
    else:
        print("\n".join(status_lines(versions, rollouts, last, core.clock.now())))
    return int(any(each.held for each in rollouts))


def _explain(argv: list[str]) -> int:
    parser = parser_for(
        "rollout explain",
        "Every gate's last word on a rollout with its numbers, what is missing, and every look so far.",
    )
    _names(parser)
    parser.add_argument("--json", action="store_true", help="for machines")
    parser.add_argument("--looks", type=int, default=10, metavar="N", help="so many looks, newest first; default 10")
    args = parser.parse_args(argv)
    core = build_core(settings_from(args))
    site = args.site or core.settings.site
    with core.database.begin(write=False) as unit:
        rollout, looks = unit.rollout(args.model, site), unit.decisions(args.model, site, limit=max(args.looks, 1))
    if rollout is None:
        raise PermanentError(
            f"{args.model} has no rollout at this site: see `wetread rollout status`", code="no_rollout"
        )
    if args.json:
        print(as_json({"rollout": rollout, "looks": looks}))
        return 0
    print("\n".join([*explanation(rollout, looks[0] if looks else None, core.clock.now()), "", *looks_lines(looks)]))
    return 0


def _step(name: str, argv: list[str]) -> int:
    step = _STEPS[name]
    parser = parser_for(f"rollout {name}", step.text)
    _names(parser)
    if step.reason:
        parser.add_argument(
            "--reason",
            required=True,
            metavar="WHY",
            help="kept with the rollout: about the model, never about a patient",
        )
    core, actor, args = _acting(parser, argv)
    desk = RolloutDesk(core.database, core.clock)
    site = args.site or core.settings.site
    rollout = step.act(desk, actor, args.model, site, args.reason if step.reason else "")
    print("\n".join(explanation(rollout, None, core.clock.now())))
    return 0


def _evaluate(argv: list[str]) -> int:
    parser = parser_for(
        "rollout evaluate",
        "Weigh every rollout under way now, write down what the gates say, and hold or roll back where they say so. Exit status 1 when one was.",
    )
    parser.add_argument("--model", metavar="NAME@VERSION", help="only this version")
    parser.add_argument(
        "--only-due", action="store_true", help="only those that were not looked at since the setting's time"
    )
    parser.add_argument("--json", action="store_true", help="for machines")
    args = parser.parse_args(argv)
    core = build_core(settings_from(args))
    watch = build_rollout_watch(core.settings, core.database, core.vault, core.clock)
    taken = watch.evaluate(only_due=args.only_due, of_model=args.model)
    if args.json:
        print(as_json({"looks": taken}))
    else:
        print(
            "\n".join(line for each in taken for line in verdict_lines(each))
            or "no rollout is under way, or none is due"
        )
    return int(any(each.verdict.value in ("hold", "rollback") for each in taken))


def _names(parser: argparse.ArgumentParser, *, several: bool = False) -> None:
    parser.add_argument("model", metavar="NAME@VERSION", help="as `wetread rollout status` shows it")
    words = "the site; default: the setting's" + ("; may be repeated" if several else "")
    parser.add_argument("--site", action="append" if several else "store", default=[] if several else None, help=words)


def _acting(parser: argparse.ArgumentParser, argv: list[str]) -> tuple[Core, Actor, argparse.Namespace]:
    account_options(parser, "the account that acts; asks for its password")
    args = parser.parse_args(argv)
    return *opened(args), args


def _stages(text: str) -> tuple[int, ...]:
    return tuple(int(each) for each in text.split(","))


def _budget(text: str) -> tuple[FindingName, float]:
    name, _, rate = text.partition("=")
    return FindingName(name), float(rate)
