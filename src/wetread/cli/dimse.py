"""`wetread dimse`: the DIMSE door as a process of its own (pynetdicom costs memory that the HTTP door should not carry)."""

from contextlib import suppress
from threading import Event

from wetread.bootstrap import build_core, build_reception, build_sandbox
from wetread.bootstrap_dimse import build_dimse_door, build_owed_reports, keep_counting, keep_telling, write_counts
from wetread.cli.options import parser_for, settings_from
from wetread.cli.processes import configure_logging, leave_with_parent, stopped_by_signal
from wetread.dicom.dimse import run_dimse
from wetread.domain.errors import WetreadError
from wetread.settings import SettingsError

__all__ = ["run"]


def run(argv: list[str]) -> int:
    parser = parser_for(
        "dimse",
        "Answer C-ECHO, C-STORE, storage commitment and C-FIND, C-MOVE, C-GET for the neighbours that may ask (application_entities) until stopped. "
        "Settings: dimse_port, dimse_tls, dimse_host, ae_title.",
    )
    settings = settings_from(parser.parse_args(argv))
    configure_logging(settings)
    leave_with_parent()
    if not settings.dimse_ports:
        raise SettingsError("neither dimse_port nor dimse_tls.port is set: there is no door to open")
    core = build_core(settings)
    reception = build_reception(core, build_sandbox(settings))
    owed, stop = build_owed_reports(settings, core.database, core.clock, core.secret), Event()
    door = build_dimse_door(settings, reception, core.database, core.vault, core.files, core.clock, owed)
    keep_telling(settings, door, owed, core.clock, stop)
    keep_counting(door, core.database, stop)
    run_dimse(door, settings.dimse_host, settings.dimse_ports, stopped_by_signal())
    stop.set()
    with suppress(WetreadError):  # a database that is away is no reason not to end
        write_counts(door, core.database)
    return 0
