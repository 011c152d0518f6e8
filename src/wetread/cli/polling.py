"""A process that asks a neighbour again and again, until it is stopped."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from wetread.cli.options import parser_for, settings_from
from wetread.cli.processes import configure_logging, leave_with_parent, stopped_by_signal
from wetread.domain.errors import PermanentError, TransientError
from wetread.ports.clock import Clock
from wetread.ports.database import Database
from wetread.ports.neighbours import note_asked
from wetread.settings import Settings, SettingsError

__all__ = ["Asks", "poll"]

_LOG = logging.getLogger(__name__)
_LONGEST_REST_S = 300.0


@dataclass(frozen=True, slots=True)
class Asks:
    """What is done each time, the seconds between, and where it is noted whether the neighbour answers."""

    run_once: Callable[[], None]
    every_s: float
    database: Database
    clock: Clock

    def note(self, name: str, *, answered: bool) -> None:
        with self.database.begin() as unit:
            note_asked(unit, name, self.clock.now(), answered=answered)
            unit.commit()

    def answers(self, name: str) -> bool:
        """Ask once; whether the neighbour can be used, also noted where the database can be."""
        answered = False
        try:
            self.run_once()
            answered = True
        except (TransientError, PermanentError) as error:
            _LOG.warning("%s_waits code=%s", name, error.code)
        try:
            self.note(name, answered=answered)
        except TransientError as error:
            _LOG.warning("%s_not_noted code=%s", name, error.code)
        return answered


def poll(argv: list[str], command: str, says: str, setting: str, build: Callable[[Settings], Asks | None]) -> int:
    """The whole of `wetread COMMAND [--once]`. `setting` names who is asked, also in the log; `build` gives None where it is not set."""
    parser = parser_for(command, f"{says} until stopped. Setting: {setting}.")
    parser.add_argument("--once", action="store_true", help="look once and end; an error is the answer")
    args = parser.parse_args(argv)
    settings = settings_from(args)
    configure_logging(settings)
    leave_with_parent()
    asks = build(settings)
    if asks is None:
        raise SettingsError(f"{setting} is not set: whom shall `wetread {command}` ask?")
    if args.once:
        asks.run_once()
        asks.note(setting, answered=True)
    else:
        _ask_until_stopped(setting, asks)
    return 0


def _ask_until_stopped(what: str, asks: Asks) -> None:
    """A neighbour that cannot be used is left to rest, twice as long each time up to 5 min: what stands open stays in the backlog, and the watch over silence says that it stands."""
    stopped = stopped_by_signal()
    rest_s = asks.every_s
    while not stopped.wait(rest_s):
        answers = asks.answers(what)
        rest_s = asks.every_s if answers else max(asks.every_s, min(_LONGEST_REST_S, 2 * rest_s))
