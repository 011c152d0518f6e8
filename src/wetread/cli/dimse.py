"""`wetread dimse`: the DIMSE door as a process of its own (pynetdicom costs memory that the HTTP door should not carry)."""

from wetread.bootstrap import build_core, build_reception, build_sandbox
from wetread.bootstrap_dimse import build_query_retrieve
from wetread.cli.options import parser_for, settings_from
from wetread.cli.processes import configure_logging, leave_with_parent
from wetread.dicom.dimse import DimseDoor, DimseLimits, run_dimse
from wetread.settings import SettingsError

__all__ = ["run"]


def run(argv: list[str]) -> int:
    parser = parser_for(
        "dimse",
        "Answer C-ECHO, C-STORE (dimse_callers) and C-FIND, C-MOVE, C-GET (dimse_queriers, dimse_destinations) until stopped. "
        "Settings: dimse_port, dimse_tls, dimse_host, ae_title and these.",
    )
    settings = settings_from(parser.parse_args(argv))
    configure_logging(settings.log_level)
    leave_with_parent()
    if not settings.dimse_ports:
        raise SettingsError("neither dimse_port nor dimse_tls.port is set: there is no door to open")
    core, limits = build_core(settings), DimseLimits()
    door = DimseDoor(
        build_reception(core, build_sandbox(settings)),
        ae_title=settings.ae_title,
        callers=[(each.ae_title, each.address) for each in settings.dimse_callers],
        queriers=[(each.ae_title, each.address) for each in settings.dimse_queriers],
        query_retrieve=build_query_retrieve(settings, core.database, core.vault, core.files, core.clock, limits),
        limits=limits,
    )
    run_dimse(door, settings.dimse_host, settings.dimse_ports)
    return 0
