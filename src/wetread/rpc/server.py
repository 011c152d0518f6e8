"""The drafting service over any Drafter: limits, deadlines, health; refusals carry a stable code and nothing of what was sent."""

import logging
import math
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from wetread.domain.errors import PermanentError, TransientError
from wetread.domain.report import Draft
from wetread.ports.deadline import answering_by
from wetread.ports.drafter import Drafter
from wetread.rpc import drafting_pb2 as pb
from wetread.rpc.translate import from_request
from wetread.rpc.translate_draft import to_parts, to_response
from wetread.rpc.transport import MAX_MESSAGE_BYTES, SERVICE, TlsFiles, require_local

__all__ = ["BoundServer", "DraftingServer", "bind_server", "start_server"]

_LOG = logging.getLogger(__name__)
_THREADS, _QUEUED = 4, 16
_OPTIONS = (
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.so_reuseport", 0),
)


@dataclass(frozen=True, slots=True)
class DraftingServer:
    """A service that answers. `port` is the bound one; 0 for a Unix socket."""

    port: int
    _server: Any
    _health: Any
    _health_server: Any = None

    def stop(self, grace_s: float = 5.0) -> None:
        """Report NOT_SERVING, take no new call, let running ones end within `grace_s` seconds."""
        self._health.enter_graceful_shutdown()
        self._server.stop(grace_s).wait()
        if self._health_server is not None:
            self._health_server.stop(0).wait()


@dataclass(frozen=True, slots=True)
class BoundServer:
    """A server that holds its address and answers nobody yet, so that privileges can be dropped and doors closed before the first call."""

    port: int
    _server: Any
    _health_server: Any = None

    def start(self, drafter: Drafter) -> DraftingServer:
        self._server.add_generic_rpc_handlers((_handlers(drafter),))
        status = health.HealthServicer()
        servers = [each for each in (self._server, self._health_server) if each is not None]
        for each in servers:
            health_pb2_grpc.add_HealthServicer_to_server(status, each)
            each.start()
        for name in ("", SERVICE):
            status.set(name, health_pb2.HealthCheckResponse.SERVING)
        return DraftingServer(self.port, self._server, status, self._health_server)


def bind_server(
    address: str, tls: TlsFiles | None = None, *, reflection: bool = False, health_address: str = ""
) -> BoundServer:
    """Raises PermanentError 'plaintext_refused', 'bad_tls_files' or 'address_taken'. With TLS a client without our CA's certificate is not heard.

    At `health_address`, in plain, grpc.health.v1 answers and nothing else: who looks after containers has no certificate.
    """
    if tls is None:
        require_local(address)
    pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="drafting")
    server = grpc.server(pool, options=_OPTIONS, maximum_concurrent_rpcs=_THREADS + _QUEUED)
    if reflection:
        _reflect(server)
    port = _bind(server, address, tls)
    return BoundServer(port, server, _health_door(health_address) if health_address else None)


def start_server(drafter: Drafter, address: str, tls: TlsFiles | None = None) -> DraftingServer:
    """`bind_server` and `start` in one."""
    return bind_server(address, tls).start(drafter)


def _bind(server: Any, address: str, tls: TlsFiles | None) -> int:
    try:
        if tls is None:
            return int(server.add_insecure_port(address))
        ca, cert, key = tls.read()
        credentials = grpc.ssl_server_credentials([(key, cert)], root_certificates=ca, require_client_auth=True)
        return int(server.add_secure_port(address, credentials))
    except RuntimeError:
        also = "" if tls is None else ", or are certificate and key no PEM files, or not of each other?"
        raise PermanentError(
            f"the drafting address cannot be bound: is it taken{also or '?'}", code="address_taken"
        ) from None


def _health_door(address: str) -> Any:
    server = grpc.server(ThreadPoolExecutor(1, thread_name_prefix="health"), options=_OPTIONS)
    _bind(server, address, None)
    return server


def _reflect(server: Any) -> None:
    from grpc_reflection.v1alpha import reflection

    reflection.enable_server_reflection((SERVICE, reflection.SERVICE_NAME), server)


def _handlers(drafter: Drafter) -> Any:
    def draft(request: pb.DraftRequest, context: Any) -> pb.DraftResponse:
        return to_response(_answer(drafter, request, context))

    def draft_stream(request: pb.DraftStreamRequest, context: Any) -> Iterator[pb.DraftStreamResponse]:
        for part in to_parts(_answer(drafter, request.draft, context)):
            if not context.is_active():
                return
            yield part

    return grpc.method_handlers_generic_handler(
        SERVICE,
        {
            "Draft": grpc.unary_unary_rpc_method_handler(
                draft, pb.DraftRequest.FromString, pb.DraftResponse.SerializeToString
            ),
            "DraftStream": grpc.unary_stream_rpc_method_handler(
                draft_stream, pb.DraftStreamRequest.FromString, pb.DraftStreamResponse.SerializeToString
            ),
        },
    )


def _answer(drafter: Drafter, request: pb.DraftRequest, context: Any) -> Draft:
    """A call whose deadline passed while it waited is not begun."""
    remaining_s = context.time_remaining()
    if not context.is_active() or (remaining_s is not None and remaining_s <= 0):
        context.abort(grpc.StatusCode.DEADLINE_EXCEEDED, "deadline")
    until = math.inf if remaining_s is None else time.monotonic() + remaining_s
    with answering_by(until):
        return _guarded(lambda: drafter.draft(from_request(request)), context)


def _guarded(work: Callable[[], Draft], context: Any) -> Draft:
    try:
        return work()
    except PermanentError as error:
        refusal = grpc.StatusCode.INVALID_ARGUMENT, error.code
    except TransientError as error:
        refusal = grpc.StatusCode.UNAVAILABLE, error.code
    except Exception as error:  # noqa: BLE001 - the library would send the exception's text, which may quote the request
        _LOG.error("drafting failed: %s", type(error).__name__)
        refusal = grpc.StatusCode.INTERNAL, "internal"
    context.abort(*refusal)
    raise AssertionError("abort does not return")
