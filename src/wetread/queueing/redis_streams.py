"""Redis Streams as a dispatcher (https://redis.io/docs/latest/develop/data-types/streams/): a stream for each priority, one group of consumers.

A message is a job's number. It is acknowledged and deleted when the work is over; what a worker that died had taken is claimed by another (XAUTOCLAIM). Streams are cut
(MAXLEN ~): a hint too many is worth nothing, the job is in the database. Redis that is away, flushed, full or silent costs a quarter of a second at a time, then it is left
alone, and workers look by themselves.
"""

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError
from redis.retry import Retry

from wetread.domain.process_name import process_name
from wetread.ports.dispatcher import DispatchState, Wake

__all__ = ["RedisStreams"]

_LOG = logging.getLogger(__name__)
_GROUP = "workers"
_RANKS = (3, 2, 1, 0, -1)
_MOST_HINTS = 10_000
_ANSWER_S = 0.25
_REST_S = 1.0
_CLAIM_EVERY_S = 5.0
_FORGET_CONSUMER_MS = 3_600_000
_T = TypeVar("_T")


class RedisStreams:
    """`ports.dispatcher.Dispatcher` on a Redis 7. `url` is redis:// or rediss://host:port/number; `lease_s`: a worker that is silent this long has lost its jobs, and its hints."""

    poll_s = 0.5

    def __init__(
        self,
        url: str,
        *,
        lease_s: float,
        password: str = "",
        ca_file: str = "",
        name: str = "wetread",
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        tls: dict[str, Any] = {"ssl_ca_certs": ca_file} if ca_file else {}

        def client(answer_s: float) -> "Redis":
            return Redis.from_url(
                url,
                password=password or None,
                socket_timeout=answer_s,
                socket_connect_timeout=_ANSWER_S,
                retry=Retry(NoBackoff(), 0),
                decode_responses=True,
                **tls,
            )

        self._redis, self._blocking = client(_ANSWER_S), client(self.poll_s + _ANSWER_S)
        self._lease_ms = int(lease_s * 1000)
        self._streams = {rank: f"{name}:jobs:{rank}" for rank in _RANKS}
        self._rank_of = {stream: rank for rank, stream in self._streams.items()}
        self._consumer = f"{process_name()}-{id(self)}"
        self._now_s = now_s
        self._rests_until_s = 0.0
        self._away = False
        self._claims_at_s = 0.0

    def announce(self, wakes: Sequence[Wake]) -> None:
        if not wakes:
            return

        def add() -> None:
            with self._redis.pipeline(transaction=False) as pipe:
                for wake in wakes:
                    fields: dict[Any, Any] = {"job": wake.job_id}
                    pipe.xadd(self._stream(wake.priority), fields, maxlen=_MOST_HINTS, approximate=True)
                pipe.execute()

        self._ask(add, None)

    def wait(self, timeout_s: float) -> Sequence[Wake]:
        until_s = self._now_s() + timeout_s
        found: Sequence[Wake] = self._ask(lambda: self._take(timeout_s), ())
        if not found and (left_s := until_s - self._now_s()) > 0:
            time.sleep(min(left_s, timeout_s))
        return found

    def _take(self, timeout_s: float) -> Sequence[Wake]:
        if self._now_s() >= self._claims_at_s:
            self._claims_at_s = self._now_s() + _CLAIM_EVERY_S
            self._make_groups()
            if left_behind := self._claim():
                return left_behind
        wanted: dict[Any, Any] = dict.fromkeys(self._streams.values(), ">")
        block_ms = int(min(timeout_s, self.poll_s) * 1000) or None  # BLOCK 0 would wait for ever
        try:
            answer: Any = self._blocking.xreadgroup(_GROUP, self._consumer, wanted, count=1, block=block_ms)
        except ResponseError:  # flushed: there is no group any more
            self._make_groups()
            return ()
        wakes = [self._wake(stream, entry) for stream, entries in answer or () for entry in entries]
        return sorted(wakes, key=lambda each: -each.priority)

    def _claim(self) -> Sequence[Wake]:
        """Hints whose worker is gone, and the names of workers gone for an hour."""
        wakes: list[Wake] = []
        for stream in self._streams.values():
            answer: Any = self._redis.xautoclaim(stream, _GROUP, self._consumer, self._lease_ms, count=1)
            wakes += [self._wake(stream, entry) for entry in answer[1]]
            consumers: Any = self._redis.xinfo_consumers(stream, _GROUP)
            for each in consumers:
                if not each["pending"] and each["idle"] > _FORGET_CONSUMER_MS:
                    self._redis.xgroup_delconsumer(stream, _GROUP, each["name"])
        return wakes

    def _make_groups(self) -> None:
        for stream in self._streams.values():
            try:
                self._redis.xgroup_create(stream, _GROUP, id="0", mkstream=True)
            except ResponseError as error:
                if "BUSYGROUP" not in str(error):  # it is there already
                    raise

    def _stream(self, priority: int) -> str:
        return self._streams[max(_RANKS[-1], min(priority, _RANKS[0]))]

    def _wake(self, stream: str, entry: tuple[str, dict[str, str]]) -> Wake:
        number, fields = entry
        job = fields.get("job", "")
        return Wake(int(job) if job.isdecimal() else 0, self._rank_of[stream], number)

    def done(self, wakes: Sequence[Wake]) -> None:
        def acknowledge() -> None:
            with self._redis.pipeline(transaction=False) as pipe:
                for wake in wakes:
                    pipe.xack(self._stream(wake.priority), _GROUP, wake.receipt)
                    pipe.xdel(self._stream(wake.priority), wake.receipt)
                pipe.execute(raise_on_error=False)

        if wakes:
            self._ask(acknowledge, None)

    def state(self) -> DispatchState:
        return self._ask(self._state, DispatchState("redis", up=False))

    def _state(self) -> DispatchState:
        waiting = pending = 0
        for stream in self._streams.values():
            try:
                summary: Any = self._redis.xpending(stream, _GROUP)
                taken = int(summary["pending"])
            except ResponseError:  # no worker has made the group yet
                taken = 0
            pending += taken
            waiting += max(0, int(self._redis.xlen(stream)) - taken)
        return DispatchState("redis", up=True, waiting=waiting, pending=pending)

    def _ask(self, question: Callable[[], _T], otherwise: _T) -> _T:
        """`otherwise` while Redis does not answer, or rests because it just did not."""
        if self._now_s() < self._rests_until_s:
            return otherwise
        try:
            answer = question()
        except (RedisError, OSError) as error:
            self._rests_until_s = self._now_s() + _REST_S
            if not self._away:
                _LOG.warning("dispatcher_away error=%s: workers look for themselves", type(error).__name__)
            self._away = True
            return otherwise
        if self._away:
            _LOG.warning("dispatcher_back")
        self._away = False
        return answer

    def close(self) -> None:
        self._redis.close()
        self._blocking.close()
