"""Whatever is changed in a log that has a checkpoint at its end shows, and the first place is named (`python benchmarks/audit_chain.py` tries ten thousand changes)."""

import random
from datetime import timedelta

import pytest
from audit_logs import BEGAN, a_log, chained, mutated

from wetread.checkpoints.note import Checkpoint
from wetread.checkpoints.walk import AuditWalk, verify_part
from wetread.domain.audit import AuditRecord, ChainBreak


def checkpoint(log: list[AuditRecord]) -> Checkpoint:
    walk = AuditWalk()
    assert walk.on(log, ()) is None
    return Checkpoint("wetread/test/audit", len(log), walk.frontier.root, BEGAN)


LOG = a_log(60)
KEPT = [checkpoint(LOG[:20]), checkpoint(LOG[:40]), checkpoint(LOG)]


def test_an_untouched_log_holds_in_one_walk_and_in_many() -> None:
    walk = AuditWalk()
    assert walk.on(LOG, KEPT) is None
    again = AuditWalk()
    for first, end in ((0, 7), (7, 20), (20, 20), (20, 60)):
        assert again.on(LOG[max(0, first - 1) : end], [each for each in KEPT if each.size <= end]) is None
    assert again.frontier.root == walk.frontier.root


def in_parts(log: list[AuditRecord], size: int) -> tuple[ChainBreak | None, AuditWalk]:
    """As processes look at it: each part begins with the record that bears its number."""
    walk = AuditWalk()
    starts = range(1, len(LOG) + 1, size)
    parts = []
    for start in starts:
        coming = [each for each in log if each.sequence >= start]
        parts.append(verify_part(coming if start == starts[-1] else coming[:size], start))
    return walk.on_parts(parts, KEPT), walk


def test_parts_are_the_whole() -> None:
    walk = AuditWalk()
    assert walk.on(LOG, KEPT) is None
    for size in (1, 7, 20, 60, 100):
        broken, again = in_parts(LOG, size)
        assert (broken, again.frontier.root, again.clock_steps) == (None, walk.frontier.root, walk.clock_steps)


@pytest.mark.parametrize("seed", range(150))
def test_any_change_is_found_and_placed(seed: int) -> None:
    what, log, first = mutated(LOG, random.Random(seed))
    broken = AuditWalk().on(log, KEPT)
    by_number = sorted(log, key=lambda each: each.sequence)  # as every database gives them
    assert in_parts(by_number, seed % 11 + 1)[0] == AuditWalk().on(by_number, KEPT)
    if log == LOG:
        assert first == 0
        return
    assert broken is not None, what
    if "rewritten" in what:  # it holds by itself: the next checkpoint tells
        assert broken.sequence == next(each.size for each in KEPT if each.size >= first), what
    else:
        assert broken.sequence == first, what


def test_without_a_checkpoint_a_cut_or_rewritten_log_holds() -> None:
    """What a bare chain cannot show, and why there are checkpoints."""
    assert AuditWalk().on(LOG[:30], ()) is None
    assert AuditWalk().on(chained((each.recorded_at, each.event) for each in LOG[5:]), ()) is None


def test_a_log_that_went_on_and_was_set_back_is_found() -> None:
    walk = AuditWalk()
    assert walk.on(LOG[:40], KEPT[:2]) is None
    broken = walk.on(LOG[39:40], KEPT)
    assert broken is not None
    assert (broken.sequence, "set back" in broken.problem) == (41, True)


@pytest.mark.parametrize("now", [[], LOG[38:39], a_log(60, seed=2)[39:]])
def test_a_walk_sees_that_its_last_record_is_still_there(now: list[AuditRecord]) -> None:
    walk = AuditWalk()
    assert walk.on(LOG[:40], ()) is None
    broken = walk.on(now, ())
    assert broken is not None
    assert broken.sequence == 40


def test_a_clock_that_went_back_is_counted_and_breaks_nothing() -> None:
    entries = [(BEGAN + timedelta(seconds=at), each.event) for at, each in zip((0, 5, 3, 9), LOG, strict=False)]
    walk = AuditWalk()
    assert walk.on(chained(entries), ()) is None
    assert walk.clock_steps == 1
