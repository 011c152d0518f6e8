"""`wetread hl7`: the MLLP door for orders and patient data, as a process of its own."""

import threading

from wetread.bootstrap import build_core
from wetread.bootstrap_orders import build_hl7_server, build_order_desk
from wetread.cli.options import parser_for, settings_from
from wetread.cli.processes import configure_logging, leave_with_parent, stopped_by_signal
from wetread.domain.errors import TransientError
from wetread.settings import SettingsError

__all__ = ["run"]


def run(argv: list[str]) -> int:
    parser = parser_for("hl7", "Receive HL7 v2 orders and patient data until stopped. Setting: hl7_listener.")
    settings = settings_from(parser.parse_args(argv))
    configure_logging(settings)
    leave_with_parent()
    if settings.hl7_listener is None:
        raise SettingsError("hl7_listener is not set: there is no door to open")
    core = build_core(settings)
    desk = build_order_desk(settings, core.database, core.vault, core.clock, core.secret)
    try:
        server = build_hl7_server(settings, settings.hl7_listener, desk)
    except OSError as error:
        raise TransientError(f"the HL7 door cannot be opened on {settings.hl7_listener} ({error.strerror})") from None
    stopped = stopped_by_signal()

    def end() -> None:
        stopped.wait()
        server.stop()

    threading.Thread(target=end, daemon=True).start()
    print(f"HL7 door on port {server.port}", flush=True)
    server.serve()
    return 0
