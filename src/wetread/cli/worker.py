"""`wetread worker`: one more process that claims jobs and advances studies."""

import threading

from wetread.bootstrap import build_worker
from wetread.bootstrap_erasure import build_eraser, build_erasure_desk, build_study_retention
from wetread.bootstrap_models import watch_rollouts
from wetread.bootstrap_orders import build_order_retention
from wetread.bootstrap_retrieval import build_retention
from wetread.cli.options import parser_for, settings_from
from wetread.cli.processes import configure_logging, leave_with_parent, stopped_by_signal

__all__ = ["run"]


def run(argv: list[str]) -> int:
    parser = parser_for("worker", "Claim jobs and advance studies until stopped. Start as many as there are cores.")
    args = parser.parse_args(argv)
    settings = settings_from(args)
    configure_logging(settings)
    leave_with_parent()
    stop = stopped_by_signal()
    worker, heartbeat = build_worker(settings)
    orders = build_order_retention(settings, worker.database, worker.pipeline.vault, worker.clock)
    for retention in filter(None, (build_retention(settings, worker.clock), orders)):
        threading.Thread(target=retention.run, args=(stop,), daemon=True).start()
    pipeline = worker.pipeline
    eraser = build_eraser(settings, worker.database, pipeline.files, pipeline.vault, worker.clock, pipeline.uid_seed)
    threading.Thread(target=eraser.run, args=(stop,), daemon=True).start()
    desk = build_erasure_desk(settings, worker.database, pipeline.vault, worker.clock, pipeline.uid_seed)
    if studies := build_study_retention(settings, desk):
        threading.Thread(target=studies.run, args=(stop,), daemon=True).start()
    looks = (settings, worker.database, worker.pipeline.vault, worker.clock, stop)
    threading.Thread(target=watch_rollouts, args=looks, daemon=True).start()
    worker.run(stop, beat=heartbeat.beat)
    heartbeat.end()
    return 0
