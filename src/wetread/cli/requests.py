"""`wetread requests`: reads orders and requests for a read from the hospital's FHIR server, and writes there what became of them."""

from wetread.bootstrap import build_core
from wetread.bootstrap_requests import build_request_poll
from wetread.cli.polling import Asks, poll
from wetread.settings import Settings

__all__ = ["run"]


def run(argv: list[str]) -> int:
    return poll(argv, "requests", "Poll a FHIR server for orders and requests", "fhir_requests", _build)


def _build(settings: Settings) -> Asks | None:
    server = settings.fhir_requests
    if server is None:
        return None
    core = build_core(settings)
    return Asks(build_request_poll(core, server).run_once, server.every_s, core.database, core.clock)
