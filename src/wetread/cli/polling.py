"""A process that asks a neighbour again and again, until it is stopped."""

import logging
import signal
from collections.abc import Callable
from threading import Event

from wetread.cli.options import parser_for, settings_from
from wetread.cli.processes import configure_logging, leave_with_parent
from wetread.domain.errors import PermanentError, TransientError
from wetread.settings import Settings, SettingsError

__all__ = ["Asks", "poll", "stopped_by_signal"]

_LOG = logging.getLogger(__name__)
_LONGEST_REST_S = 300.0
Asks = tuple[Callable[[], None], float]
"""What is done each time, and the seconds between."""


def poll(argv: list[str], command: str, says: str, setting: str, build: Callable[[Settings], Asks | None]) -> int:
    """The whole of `wetread COMMAND [--once]`. `setting` names who is asked, also in the log; `build` gives None where it is not set."""
    parser = parser_for(command, f"{says} until stopped. Setting: {setting}.")
    parser.add_argument("--once", action="store_true", help="look once and end; an error is the answer")
    args = parser.parse_args(argv)
    settings = settings_from(args)
    configure_logging(settings.log_level)
    leave_with_parent()
    asks = build(settings)
    if asks is None:
        raise SettingsError(f"{setting} is not set: whom shall `wetread {command}` ask?")
    run_once, every_s = asks
    if args.once:
        run_once()
    else:
        _ask_until_stopped(setting, run_once, every_s)
    return 0


def stopped_by_signal() -> Event:
    """Set by SIGTERM or Ctrl-C."""
    stopped = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    return stopped


def _ask_until_stopped(what: str, run_once: Callable[[], None], every_s: float) -> None:
    """A neighbour that cannot be used is left to rest, twice as long each time up to 5 min: what stands open stays in the backlog."""
    stopped = stopped_by_signal()
    rest_s = every_s
    while not stopped.wait(rest_s):
        try:
            run_once()
            rest_s = every_s
        except (TransientError, PermanentError) as error:
            rest_s = max(every_s, min(_LONGEST_REST_S, 2 * rest_s))
            _LOG.warning("%s_waits code=%s next_in_s=%.0f", what, error.code, rest_s)
