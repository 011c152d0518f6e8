"""`wetread serve`: the HTTP door, and around it the worker processes, the pager, the DIMSE and HL7 doors, the folder watcher and those that ask neighbours."""

import errno
import threading

from wetread.bootstrap import build_core, build_server
from wetread.bootstrap_paging import build_deadman
from wetread.cli.options import parser_for, settings_from
from wetread.cli.processes import Supervisor, configure_logging, leave_with_parent
from wetread.dimse_neighbours import worklist_of
from wetread.domain.errors import TransientError
from wetread.settings import Settings

__all__ = ["run"]


def run(argv: list[str]) -> int:
    parser = parser_for(
        "serve", "Run the service until stopped (SIGTERM, Ctrl-C). Finishes what it is receiving first."
    )
    parser.add_argument("--port", type=int, help="port of the HTTP door")
    args = parser.parse_args(argv)
    settings = settings_from(args, port=args.port)
    configure_logging(settings.log_level)
    leave_with_parent()
    core, stop = build_core(settings), threading.Event()
    server, deadman = build_server(core), build_deadman(core)
    children = Supervisor()
    where = [f"--{name}={value}" for name, value in (("config", args.config), ("data-dir", args.data_dir)) if value]
    for command in _companions(settings):
        children.start([*command.split(), *where])
    threading.Thread(target=deadman.run, args=(stop,), daemon=True).start()
    try:
        server.run()
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise TransientError(f"port {settings.port} is taken: stop its owner or choose another with --port") from error
    finally:
        stop.set()
        children.stop()
    return 0


def _companions(settings: Settings) -> list[str]:
    dimse = ["dimse"] if settings.dimse_ports else []
    watch = ["watch"] if settings.watch_folder is not None else []
    hl7 = ["hl7"] if settings.hl7_listener is not None else []
    requests = ["requests"] if settings.fhir_requests is not None else []
    archives = ["archive feed"] if settings.archives else []
    worklist = ["ae worklist"] if worklist_of(settings) else []
    performer = ["performer"] if settings.ups_manager is not None else []
    return [
        *(["worker"] * settings.workers),
        "pager",
        *dimse,
        *watch,
        *hl7,
        *requests,
        *archives,
        *worklist,
        *performer,
    ]
