"""`wetread dimse`: the C-STORE door as a process of its own (pynetdicom costs memory that the HTTP door should not carry)."""

from wetread.bootstrap import build_core, build_reception, build_sandbox
from wetread.cli.options import parser_for, settings_from
from wetread.cli.processes import configure_logging, leave_with_parent
from wetread.dicom.dimse import run_dimse
from wetread.settings import SettingsError

__all__ = ["run"]


def run(argv: list[str]) -> int:
    parser = parser_for(
        "dimse", "Receive C-STORE and C-ECHO until stopped. Settings: dimse_port, ae_title, dimse_callers."
    )
    settings = settings_from(parser.parse_args(argv))
    configure_logging(settings.log_level)
    leave_with_parent()
    if settings.dimse_port is None:
        raise SettingsError("dimse_port is not set: there is no door to open")
    core = build_core(settings)
    run_dimse(
        build_reception(core, build_sandbox(settings)),
        host=settings.dimse_host,
        port=settings.dimse_port,
        ae_title=settings.ae_title,
        callers=[(caller.ae_title, caller.address) for caller in settings.dimse_callers],
    )
    return 0
