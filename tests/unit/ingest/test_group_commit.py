"""Many receivers, few commits, and everybody's own answer."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from wetread.domain.errors import PermanentError, TransientError
from wetread.ingest.group_commit import GroupCommit


def test_who_waits_is_committed_together() -> None:
    entered, go, batches = Event(), Event(), []

    def commit(items: Sequence[int]) -> list[int]:
        entered.set()
        go.wait(60)
        batches.append(len(items))
        return [10 * item for item in items]

    group = GroupCommit[int, int](commit)
    with ThreadPoolExecutor(9) as pool:
        first = pool.submit(group.submit, [0])
        assert entered.wait(60)
        others = [pool.submit(group.submit, [n]) for n in range(1, 9)]
        while len(group._waiting) < 8:
            Event().wait(0.001)
        go.set()
        assert first.result() == [0]
        assert [each.result() for each in others] == [[10 * n] for n in range(1, 9)]
    assert batches == [1, 8]


def test_a_group_never_grows_beyond_its_limit() -> None:
    sizes = []

    def commit(items: Sequence[int]) -> Sequence[int]:
        sizes.append(len(items))
        return items

    group = GroupCommit[int, int](commit, limit=4)
    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(lambda n: group.submit([n, n]), range(100))) == [[n, n] for n in range(100)]
    assert max(sizes) <= 4
    assert sum(sizes) == 200


def test_a_request_larger_than_the_limit_is_still_one_commit() -> None:
    group = GroupCommit[int, int](lambda items: items, limit=4)
    assert group.submit(list(range(9))) == list(range(9))


def test_an_error_of_one_item_does_not_fail_its_neighbours() -> None:
    def commit(items: Sequence[int]) -> Sequence[int]:
        if 13 in items:
            raise PermanentError("thirteen")
        return items

    results = GroupCommit[int, int](commit).submit(list(range(20)))
    assert isinstance(results.pop(13), PermanentError)
    assert results == [n for n in range(20) if n != 13]


def test_transient_trouble_is_everybodys_and_is_not_tried_again() -> None:
    calls = []

    def commit(items: Sequence[int]) -> Sequence[int]:
        calls.append(len(items))
        raise TransientError("busy")

    results = GroupCommit[int, int](commit).submit([1, 2, 3])
    assert [type(each) for each in results] == [TransientError] * 3
    assert calls == [3]


class Interrupted(BaseException):
    pass


def test_when_the_committer_dies_its_followers_get_a_failure_and_never_a_success() -> None:
    entered, go = Event(), Event()

    def commit(items: Sequence[int]) -> Sequence[int]:
        entered.set()
        go.wait(60)
        raise Interrupted

    group = GroupCommit[int, int](commit)
    with ThreadPoolExecutor(2) as pool:
        leader = pool.submit(group.submit, [1])
        assert entered.wait(60)
        follower = pool.submit(group.submit, [2])
        while not group._waiting:
            Event().wait(0.001)
        go.set()
        with pytest.raises(Interrupted):
            leader.result()
        with pytest.raises(Interrupted):  # it became the leader of its own group
            follower.result()


def test_followers_in_the_same_group_as_a_dying_committer_are_told_so() -> None:
    calls, entered, go = [], Event(), Event()

    def commit(items: Sequence[int]) -> Sequence[int]:
        calls.append(list(items))
        if len(calls) == 1:
            entered.set()
            go.wait(60)
            return items
        raise Interrupted

    group = GroupCommit[int, int](commit)
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(group.submit, [1])
        assert entered.wait(60)
        pair = [pool.submit(group.submit, [n]) for n in (2, 3)]
        while len(group._waiting) < 2:
            Event().wait(0.001)
        go.set()
        assert first.result() == [1]
        results = [each.exception() or each.result() for each in pair]
    assert sorted(type(each).__name__ for each in results) == ["Interrupted", "list"]
    told = next(each for each in results if isinstance(each, list))
    assert [type(each) for each in told] == [TransientError]


def test_nothing_to_write_is_no_commit() -> None:
    def commit(items: Sequence[int]) -> Sequence[int]:
        raise AssertionError("must not be called")

    assert GroupCommit[int, int](commit).submit([]) == []
