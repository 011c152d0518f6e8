"""A long log verified in parts, by as many processes as there are processors. Short ones are not worth it."""

import os
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from multiprocessing import get_context

from wetread.checkpoints.walk import LogPart, verify_part
from wetread.ports.database import Database

__all__ = ["log_parts"]

_PART = 25_000


def log_parts(opened: Callable[[], Database], size: int, part: int = _PART) -> Iterator[LogPart]:
    """The parts of a log of about `size` records, in order; the last takes all there are. `opened` opens a database of its own in each process; closed with it.

    Forked, so that nothing is started by name: to be called before this process has threads.
    """
    starts = range(1, max(size, 1) + 1, part)
    look = partial(_look, opened, part, starts[-1])
    with get_context("fork").Pool(min(os.cpu_count() or 1, len(starts), 16)) as pool:
        yield from pool.imap(look, starts)


def _look(opened: Callable[[], Database], part: int, last: int, start: int) -> LogPart:
    records = opened().audit_records(start=start)
    return verify_part(records if start == last else islice(records, part), start)
