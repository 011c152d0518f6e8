"""`wetread watch`: take DICOM files from a folder as they appear; they are moved to `done` or `refused` inside it, never deleted."""

from pathlib import Path

from wetread.bootstrap import build_core, build_reception, build_sandbox
from wetread.cli.options import parser_for, settings_from
from wetread.cli.processes import configure_logging, leave_with_parent, stopped_by_signal
from wetread.ingest.watch import run_watch
from wetread.settings import SettingsError

__all__ = ["run"]


def run(argv: list[str]) -> int:
    parser = parser_for("watch", "Take films from a folder until stopped. Setting: watch_folder, or --folder.")
    parser.add_argument("--folder", type=Path, help="the folder to watch")
    args = parser.parse_args(argv)
    settings = settings_from(args, watch_folder=args.folder)
    configure_logging(settings)
    leave_with_parent()
    if settings.watch_folder is None:
        raise SettingsError("watch_folder is not set: which folder shall be watched?")
    stopped = stopped_by_signal()
    run_watch(settings.watch_folder, build_reception(build_core(settings), build_sandbox(settings)), stopped)
    return 0
