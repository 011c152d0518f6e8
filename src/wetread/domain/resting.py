"""A neighbour that does not answer is left alone for a while: asked again and again it would only be slower for everybody."""

from collections.abc import Callable

__all__ = ["Resting"]

_FAILURES = 3
_SHORTEST_S, _LONGEST_S = 15.0, 300.0


class Resting:
    """After three failures in a row it rests, 15 s at first and twice as long each time up to 5 min. `now_s`: a monotonic clock."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self._failures = 0
        self._until_s = 0.0

    @property
    def rests(self) -> bool:
        return self._now_s() < self._until_s

    def answered(self) -> None:
        self._failures = 0

    def failed(self) -> None:
        self._failures += 1
        if self._failures >= _FAILURES:
            rest_s = min(_LONGEST_S, _SHORTEST_S * 2.0 ** min(self._failures - _FAILURES, 16))
            self._until_s = self._now_s() + rest_s
