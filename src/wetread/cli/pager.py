"""`wetread pager`: the process that brings critical results to people and watches for silence."""

import argparse
import logging
import os
import subprocess
import sys

from wetread.bootstrap import Core, build_core
from wetread.bootstrap_audit_trail import build_courier
from wetread.bootstrap_checkpoints import build_seal_watch
from wetread.bootstrap_paging import build_pager
from wetread.bootstrap_quality import site_zone
from wetread.cli.options import parser_for, settings_from
from wetread.cli.processes import configure_logging, leave_with_parent, stopped_by_signal
from wetread.keys.kept import handed_on
from wetread.monitoring.night import begin_night
from wetread.paging.pager import Chore

__all__ = ["measure_tonight", "run"]

_LOG = logging.getLogger(__name__)
_LOOK_EVERY_S = 600.0


def run(argv: list[str]) -> int:
    parser = parser_for(
        "pager",
        "Escalate critical results, send pages and watch for silence until stopped. `wetread serve` starts one; several may run at once.",
    )
    args = parser.parse_args(argv)
    settings = settings_from(args)
    configure_logging(settings)
    leave_with_parent()
    stop = stopped_by_signal()
    core = build_core(settings)
    measuring = Chore("measure", _LOOK_EVERY_S, lambda: measure_tonight(core, args))
    seal = build_seal_watch(settings, core.database)
    sealing = Chore("checkpoint", settings.audit_checkpoint_every_s, lambda: seal.seal(core.clock.now()))
    watching = Chore("seal", settings.watch_every_s, lambda: seal.look(core.clock.now()))
    build_pager(core, (measuring, sealing, watching, *_exporting(core))).run(stop)
    return 0


def _exporting(core: Core) -> tuple[Chore, ...]:
    where = core.settings.audit_repository
    if where is None:
        return ()
    courier = build_courier(core.settings, where, core.database, core.vault)
    return (Chore("audit_export", where.every_s, lambda: courier.run_once(core.clock.now())),)


def measure_tonight(core: Core, args: argparse.Namespace) -> None:
    """The night's round in a process of its own: counting must never hold up a page."""
    settings = core.settings
    if not begin_night(core.database, core.clock.now(), site_zone(settings), settings.monitor_hour):
        return
    where = [f"--{name}={value}" for name, value in (("config", args.config), ("data-dir", args.data_dir)) if value]
    command = [sys.executable, "-P", "-m", "wetread", "monitor", "run", *where]
    with handed_on() as (keys, descriptors):
        own = {**os.environ, "WETREAD_PARENT_PID": str(os.getpid()), **keys}
        done = subprocess.run(command, env=own, pass_fds=descriptors, stdout=subprocess.DEVNULL, check=False)
    if done.returncode:
        _LOG.error("measure_failed status=%s", done.returncode)
