"""`wetread performer`: performs reads that a worklist manager elsewhere schedules (UPS-RS), and says there what became of them."""

from wetread.bootstrap import build_core
from wetread.bootstrap_worklist import build_foreign_performer
from wetread.cli.polling import Asks, poll
from wetread.settings import Settings

__all__ = ["run"]


def run(argv: list[str]) -> int:
    return poll(argv, "performer", "Perform reads of a worklist manager elsewhere", "ups_manager", _build)


def _build(settings: Settings) -> Asks | None:
    manager = settings.ups_manager
    if manager is None:
        return None
    core = build_core(settings)
    return Asks(build_foreign_performer(core, manager).run_once, manager.every_s, core.database, core.clock)
