"""`wetread requests`: reads orders and requests for a read from the hospital's FHIR server, and writes there what became of them."""

from wetread.bootstrap import build_core
from wetread.bootstrap_requests import build_request_poll
from wetread.cli.options import parser_for, settings_from
from wetread.cli.polling import ask_until_stopped
from wetread.cli.processes import configure_logging, leave_with_parent
from wetread.settings import SettingsError

__all__ = ["run"]


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
    ask_until_stopped("fhir_requests", poll.run_once, settings.fhir_requests.every_s)
    return 0
