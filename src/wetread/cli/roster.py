"""`wetread roster ACT`: one function per act, imported only when it is asked for."""

import argparse
import importlib
from collections.abc import Callable

__all__ = ["ACTS", "run"]

ACTS = {
    "check": ("roster_look.check", "read a roster file as wetread will; say what is wrong with it"),
    "who": ("roster_look.who", "who is on call now, at a time, or in a week's picture"),
    "gaps": ("roster_look.gaps", "hours ahead that no one covers; exit status 1 when there are any"),
    "export": ("roster_exchange.export_ics", "write who covers what as an iCalendar file"),
    "import": ("roster_exchange.import_ics", "take a planner's iCalendar file into a new roster file"),
    "schema": ("roster_look.schema", "print the JSON Schema of the roster file, for editors"),
}


def run(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="wetread roster",
        description="Who is called when a critical finding waits.",
        usage="wetread roster ACT [options]        (wetread roster ACT --help for each)",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="\n".join(["acts:", *(f"  {act:<7} {text}" for act, (_, text) in ACTS.items())]),
    )
    parser.add_argument("act", choices=ACTS, metavar="ACT", help="one of the acts below")
    act = parser.parse_args(argv[:1]).act
    module, function = ACTS[act][0].split(".")
    command: Callable[[list[str]], int] = getattr(importlib.import_module(f"wetread.cli.{module}"), function)
    return command(argv[1:])
