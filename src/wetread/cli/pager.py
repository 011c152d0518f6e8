"""`wetread pager`: the process that brings critical results to people and watches for silence."""

import signal
import threading

from wetread.bootstrap_paging import build_pager
from wetread.cli.options import parser_for, settings_from
from wetread.cli.processes import configure_logging, leave_with_parent

__all__ = ["run"]


def run(argv: list[str]) -> int:
    parser = parser_for(
        "pager",
        "Escalate critical results, send pages and watch for silence until stopped. `wetread serve` starts one; several may run at once.",
    )
    args = parser.parse_args(argv)
    settings = settings_from(args)
    configure_logging(settings.log_level)
    leave_with_parent()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    build_pager(settings).run(stop)
    return 0
