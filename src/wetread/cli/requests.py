"""`wetread requests`: reads orders and requests for a read from the hospital's FHIR server, and writes there what became of them."""

import logging
import signal
from threading import Event

from wetread.bootstrap import build_core
from wetread.bootstrap_requests import build_request_poll
from wetread.cli.options import parser_for, settings_from
from wetread.cli.processes import configure_logging, leave_with_parent
from wetread.domain.errors import PermanentError, TransientError
from wetread.settings import SettingsError

__all__ = ["run"]

_LOG = logging.getLogger(__name__)
_LONGEST_REST_S = 300.0


def run(argv: list[str]) -> int:
    parser = parser_for("requests", "Poll a FHIR server for orders and requests until stopped. Setting: fhir_requests.")
    parser.add_argument("--once", action="store_true", help="look once and end; an error is the answer")
    args = parser.parse_args(argv)
    settings = settings_from(args)
    configure_logging(settings.log_level)
    leave_with_parent()
    if settings.fhir_requests is None:
        raise SettingsError("fhir_requests is not set: which server shall be asked?")
    poll = build_request_poll(build_core(settings), settings.fhir_requests)
    if args.once:
        poll.run_once()
        return 0
    stopped = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    rest_s = settings.fhir_requests.every_s
    while not stopped.wait(rest_s):
        try:
            poll.run_once()
            rest_s = settings.fhir_requests.every_s
        except (TransientError, PermanentError) as error:
            rest_s = min(_LONGEST_REST_S, 2 * rest_s)  # a server that does not answer is left to rest, longer each time
            _LOG.warning("fhir_requests_wait code=%s next_in_s=%.0f", error.code, rest_s)
    return 0
