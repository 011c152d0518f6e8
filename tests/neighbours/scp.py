"""pynetdicom as an SCP in the test's own process."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pynetdicom import AE

__all__ = ["answering_calls"]


@contextmanager
def answering_calls(ae: AE, *handlers: tuple[Any, Any]) -> Iterator[int]:
    """Gives its port at this machine."""
    server: Any = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=list(handlers))
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
