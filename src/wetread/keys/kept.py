"""Keys that were taken out of the environment or asked of a key management service, for as long as this process lives, and for the service's own processes that it starts.

They get them through a pipe that is empty once read: what stands in an environment is readable in /proc, and a service whose keeper is away must still be able to start a pager again.
"""

import base64
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import RLock

__all__ = ["HANDED_ON", "handed_on", "keep", "once", "receive"]

HANDED_ON = "WETREAD_KEYS_FD"
_KEPT: dict[str, bytes] = {}
_TURN = RLock()


def keep(source: str, key: bytes) -> None:
    with _TURN:
        _KEPT[source] = key


def once(source: str, ask: Callable[[], bytes]) -> bytes:
    """What is kept of this source, else what `ask` answers, which is kept. Raises as `ask`."""
    with _TURN:
        receive()
        if source not in _KEPT:
            _KEPT[source] = ask()
        return _KEPT[source]


@contextmanager
def handed_on() -> Iterator[tuple[dict[str, str], tuple[int, ...]]]:
    """What is added to the environment of a process of the service, and the descriptors that it inherits. Nobody else reads them."""
    with _TURN:
        receive()
        kept = {source: base64.b64encode(key).decode() for source, key in _KEPT.items()}
    if not kept:
        yield {}, ()
        return
    reading, writing = os.pipe()
    try:
        with os.fdopen(writing, "wb") as out:
            out.write(json.dumps(kept).encode())
        yield {HANDED_ON: str(reading)}, (reading,)
    finally:
        os.close(reading)


def receive() -> None:
    """What the process that started this one handed on; its descriptor is named in the environment no longer."""
    given = os.environ.pop(HANDED_ON, None)
    if given is not None:
        with os.fdopen(int(given), "rb") as pipe:
            _KEPT.update({source: base64.b64decode(key) for source, key in json.loads(pipe.read()).items()})
