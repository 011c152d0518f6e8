"""`wetread ae`: the DICOM neighbours of the settings, and whether we can work with them."""

import json
from argparse import ArgumentParser, Namespace
from dataclasses import asdict

from wetread.bootstrap import build_core, build_owed_desk
from wetread.bootstrap_orders import build_order_desk, build_worklist_work
from wetread.cli.conformance import as_they_come
from wetread.cli.options import do_act, parser_for, settings_from
from wetread.cli.processes import configure_logging, leave_with_parent, stopped_by_signal
from wetread.dicom.ae_check import check_ae
from wetread.dicom.remote_ae import RemoteAe, echo
from wetread.dimse_neighbours import Neighbour, neighbours_of, worklist_of
from wetread.domain.capability import Verdict
from wetread.domain.commitment import OwedState
from wetread.domain.errors import PermanentError, WetreadError
from wetread.domain.role import CONSOLE
from wetread.ingest.turns import in_turns
from wetread.settings import SettingsError

__all__ = ["run"]


def run(argv: list[str]) -> int:
    return do_act(
        argv,
        "ae",
        "The DICOM application entities beside us (application_entities and the older lists), and whether we can work with them.",
        {"list": _list, "echo": _echo, "check": _check, "reports": _reports, "worklist": _worklist},
        "list them; C-ECHO; connection, TLS, AE titles and each service that is used of them; reports on storage commitment that they have not taken; or ask the worklist for orders",
    )


def _list(argv: list[str]) -> int:
    parser = parser_for("ae list", "Each neighbour: where it is, what it may ask of us, what we use of it.")
    parser.add_argument("--json", action="store_true", help="print JSON")
    args = parser.parse_args(argv)
    rows = [_row(each) for each in neighbours_of(settings_from(args))]
    if args.json:
        print(json.dumps(rows, indent=1))
    elif not rows:
        print("no DICOM neighbour is configured: application_entities")
    else:
        for row in rows:
            print(
                f"{row['ae_title']:<16} {row['where']:<28} it may: {row['it_may'] or '-':<22} we use: {row['we_use'] or '-'}"
            )
    return 0


def _row(each: Neighbour) -> dict[str, str]:
    remote = each.remote
    where = f"{remote.host}:{remote.port}{' (TLS)' if remote.tls else ''}" if remote else "is not called"
    return {
        "ae_title": each.ae_title,
        "where": where,
        "it_may": ", ".join(each.it_may) + (" (TLS only)" if each.tls_only and each.it_may else ""),
        "we_use": ", ".join(each.we_use),
    }


def _echo(argv: list[str]) -> int:
    parser = parser_for("ae echo", "C-ECHO to each neighbour that we call. Exit status 1 when one does not answer.")
    answered = [_answers(remote) for remote, _ in _called(_named(parser, argv))]
    return 0 if all(answered) else 1


def _answers(remote: RemoteAe) -> bool:
    try:
        print(f"yes  {echo(remote)}", flush=True)
    except WetreadError as error:
        print(f"no   {error}", flush=True)
        return False
    return True


def _check(argv: list[str]) -> int:
    parser = parser_for(
        "ae check",
        "Connection, TLS, AE titles, C-ECHO and each service that is used, with what to do where it ends. Nothing of a patient is sent. Exit status 1 when anything fails.",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    args = _named(parser, argv)
    found = {
        remote.ae_title: as_they_come(check_ae(remote, used), quiet=args.json, of=f"{remote.ae_title:<16} ")
        for remote, used in _called(args)
    }
    if args.json:
        print(json.dumps({title: [asdict(each) for each in steps] for title, steps in found.items()}, indent=1))
    return 1 if any(each.verdict is Verdict.NO for steps in found.values() for each in steps) else 0


def _reports(argv: list[str]) -> int:
    parser = parser_for(
        "ae reports",
        "Reports on storage commitment that we owe, and those that were put aside: whoever asked was not told. Exit status 1 when any is aside.",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--again", action="store_true", help="call once more for all that is aside")
    parser.add_argument("ae_title", nargs="*", metavar="AE", help="these alone; none: all")
    args = parser.parse_args(argv)
    settings = settings_from(args)
    core = build_core(settings)
    if args.again:
        back = build_owed_desk(core).put_back(CONSOLE, args.ae_title)
        print(f"{back} {'report is' if back == 1 else 'reports are'} tried again")
        return 0
    with core.database.begin(write=False) as unit:
        found = [
            each for state in (OwedState.ASIDE, OwedState.OWED) for each in unit.owed_reports(state, of=args.ae_title)
        ]
    rows = [
        {
            "ae_title": each.ae_title,
            "state": each.state.value,
            "instances": each.instances,
            "asked_at": each.asked_at.isoformat(timespec="seconds"),
            "tries": each.tries,
            "problem": each.problem,
        }
        for each in found
    ]
    if args.json:
        print(json.dumps(rows, indent=1))
    elif not rows:
        print("no report is owed")
    else:
        for row in rows:
            print(
                f"{row['ae_title']:<16} {row['state']:<6} {row['instances']} instances, asked {row['asked_at']}, {row['tries']} tries: {row['problem'] or 'to be told'}"
            )
    return 1 if any(each.state is OwedState.ASIDE for each in found) else 0


def _worklist(argv: list[str]) -> int:
    parser = parser_for(
        "ae worklist", "Ask a neighbour's modality worklist for the order of each film that has none, until stopped."
    )
    settings = settings_from(parser.parse_args(argv))
    configure_logging(settings)
    leave_with_parent()
    if (peer := worklist_of(settings)) is None:
        raise SettingsError('no worklist is in the settings: application_entities with we_use = ["worklist"]')
    core = build_core(settings)
    desk = build_order_desk(settings, core.database, core.vault, core.clock, core.secret)
    in_turns(build_worklist_work(peer, desk).run_one, stopped_by_signal())
    return 0


def _named(parser: ArgumentParser, argv: list[str]) -> Namespace:
    parser.add_argument("ae_title", nargs="*", metavar="AE", help="these alone; none: all that we call")
    return parser.parse_args(argv)


def _called(args: Namespace) -> list[tuple[RemoteAe, tuple[str, ...]]]:
    """Who is called with what is used of it; raises PermanentError for a title that is not among them."""
    callable_: list[tuple[RemoteAe, tuple[str, ...]]] = [
        (each.remote, each.we_use) for each in neighbours_of(settings_from(args)) if each.remote
    ]
    if unknown := set(args.ae_title) - {remote.ae_title for remote, _ in callable_}:
        raise PermanentError(
            f"no neighbour that we call: {', '.join(sorted(unknown))} (see `wetread ae list`)", code="bad_usage"
        )
    if not callable_:
        raise PermanentError(
            "no DICOM neighbour with host and port is configured: application_entities", code="bad_settings"
        )
    return [each for each in callable_ if not args.ae_title or each[0].ae_title in args.ae_title]
