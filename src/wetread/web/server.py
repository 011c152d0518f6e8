"""How uvicorn runs the door: no access log (QIDO puts names into query strings), bounded heads, bounded waits."""

import asyncio
from typing import Any

import uvicorn
from starlette.applications import Starlette

__all__ = ["config_for", "server_for"]

_MAX_HEAD_BYTES = 32 * 1024
_MAX_CONNECTIONS = 512
_KEEP_ALIVE_S = 20
_MAX_MESSAGE_BYTES, _PING_S = 4096, 20.0
_DRAIN_S = 5


def config_for(
    app: Starlette, *, host: str, port: int, certificate: str | None = None, private_key: str | None = None
) -> uvicorn.Config:
    """How a server of `app` behaves; port 0 picks a free one. With `certificate` and `private_key` (PEM paths) it speaks TLS 1.2 or newer."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        http="h11",
        ws=_event_channel,  # type: ignore[arg-type]  # it is only ever called
        ws_max_size=_MAX_MESSAGE_BYTES,
        ws_ping_interval=_PING_S,
        ws_ping_timeout=_PING_S,
        ws_per_message_deflate=False,
        lifespan="off",
        access_log=False,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        limit_concurrency=_MAX_CONNECTIONS,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=_DRAIN_S,
        h11_max_incomplete_event_size=_MAX_HEAD_BYTES,
        ssl_certfile=certificate,
        ssl_keyfile=private_key,
    )


def _event_channel(**how: Any) -> asyncio.Protocol:
    """Loaded when the first one is opened: most houses open none, and it takes 3 MB."""
    from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

    return WebSocketsSansIOProtocol(**how)


def server_for(app: Starlette, *, host: str, port: int) -> uvicorn.Server:
    """A server of the application alone, to `run()`."""
    return uvicorn.Server(config_for(app, host=host, port=port))
