"""`wetread performer`: performs reads that a worklist manager elsewhere schedules (UPS-RS), and says there what became of them."""

from wetread.bootstrap import build_core
from wetread.bootstrap_worklist import build_foreign_performer
from wetread.cli.options import parser_for, settings_from
from wetread.cli.polling import ask_until_stopped
from wetread.cli.processes import configure_logging, leave_with_parent
from wetread.settings import SettingsError

__all__ = ["run"]


def run(argv: list[str]) -> int:
    parser = parser_for(
        "performer", "Perform reads of a worklist manager elsewhere until stopped. Setting: ups_manager."
    )
    parser.add_argument("--once", action="store_true", help="look once and end; an error is the answer")
    args = parser.parse_args(argv)
    settings = settings_from(args)
    configure_logging(settings.log_level)
    leave_with_parent()
    if settings.ups_manager is None:
        raise SettingsError("ups_manager is not set: whose worklist shall be asked?")
    performer = build_foreign_performer(build_core(settings), settings.ups_manager)
    if args.once:
        performer.run_once()
        return 0
    ask_until_stopped("ups_manager", performer.run_once, settings.ups_manager.every_s)
    return 0
