"""`wetread serve`: the HTTP door, and around it the worker processes, the pager, the DIMSE and HL7 doors, the folder watcher and those that ask neighbours."""

import errno
import logging
import signal
import socket
import sys
import threading
from importlib.metadata import version

from wetread.bootstrap import Core, build_core, build_server
from wetread.bootstrap_checkpoints import build_key_ring
from wetread.bootstrap_disks import build_disk_watch
from wetread.bootstrap_paging import build_deadman
from wetread.cli.options import parser_for, settings_from
from wetread.cli.processes import Supervisor, configure_logging, leave_with_parent
from wetread.dimse_neighbours import worklist_of
from wetread.domain.audit import AuditEvent
from wetread.domain.errors import TransientError, WetreadError
from wetread.domain.role import SERVICE
from wetread.monitoring.part_watch import PartWatch
from wetread.monitoring.scrub import Scrubber, keep_swept
from wetread.settings import Settings

__all__ = ["run"]

_LOG = logging.getLogger(__name__)
_SWITCH_S = 0.0005
"""Who commits for all lets go of the interpreter at each statement; with Python's 5 ms, threads that receive keep it from going on for as long, each time."""


def run(argv: list[str]) -> int:
    parser = parser_for(
        "serve", "Run the service until stopped (SIGTERM, Ctrl-C). Finishes what it is receiving first."
    )
    parser.add_argument("--port", type=int, help="port of the HTTP door")
    parser.add_argument(
        "--alone", action="store_true", help="the HTTP door and no other process: they are started elsewhere"
    )
    args = parser.parse_args(argv)
    settings = settings_from(args, port=args.port)
    configure_logging(settings)
    leave_with_parent()
    sys.setswitchinterval(_SWITCH_S)
    core, stop = build_core(settings), threading.Event()
    build_key_ring(settings).key()  # a key that is missing is told here, and the processes below are handed it on
    server, deadman = build_server(core), build_deadman(core)
    children = Supervisor()
    where = [f"--{name}={value}" for name, value in (("config", args.config), ("data-dir", args.data_dir)) if value]
    for command in () if args.alone else _companions(settings):
        children.start([*command.split(), *where])
    parts = PartWatch(core.database, children.dying, core.clock, socket.gethostname())
    threading.Thread(target=parts.run, args=(stop,), daemon=True).start()
    threading.Thread(target=deadman.run, args=(stop,), daemon=True).start()
    scrubber = Scrubber(core.database, core.files, core.clock)
    threading.Thread(target=scrubber.run, args=(stop,), daemon=True).start()
    disks = build_disk_watch(settings, core.database, core.files, core.clock)
    threading.Thread(target=disks.run, args=(stop,), daemon=True).start()
    threading.Thread(target=keep_swept, args=(core.files, stop), daemon=True).start()
    _note(core, "service.start")
    # uvicorn drains on SIGTERM, then raises it once more: what follows must be done
    signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        server.run()
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise TransientError(f"port {settings.port} is taken: stop its owner or choose another with --port") from error
    finally:
        stop.set()
        children.stop()
        _note(core, "service.stop")
    return 0


def _note(core: Core, act: str) -> None:
    """When the service began and ended (PS3.15 A.5.3.1), and whether the audit log leaves it with patients' identity. A database that is away is no reason not to start, or not to end."""
    where = core.settings.audit_repository
    leaves = "no" if where is None else "with_identity" if where.with_identity else "pseudonymous"
    facts = (("version", version("wetread")), ("audit_leaves", leaves))
    try:
        with core.database.begin() as unit:
            unit.audit(AuditEvent(act, SERVICE.actor_id, detail=facts), core.clock.now())
            unit.commit()
    except WetreadError as error:
        _LOG.warning("%s_unrecorded code=%s", act, error.code)


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
