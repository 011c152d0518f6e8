"""One request over a connection of its own: a server may close a kept connection in the moment in which the next request leaves on it."""

from collections.abc import Mapping
from typing import Any

import urllib3

__all__ = ["ask_once"]


def ask_once(
    method: str,
    url: str,
    *,
    body: bytes | str | None = None,
    json: object = None,
    headers: Mapping[str, str] | None = None,
    timeout: float = 120,
) -> urllib3.BaseHTTPResponse:
    """The first answer, whatever it says; never asked twice.

    Raises:
        urllib3.exceptions.HTTPError: nobody answered in time.
    """
    said: dict[str, Any] = {"body": body} if json is None else {"json": json}
    with urllib3.PoolManager(retries=False, timeout=timeout) as pool:
        return pool.request(method, url, headers=headers, **said)
