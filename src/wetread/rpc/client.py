"""The Drafter port over the wire: one call with a deadline, tried again only when the service could not be reached."""

import json
from dataclasses import dataclass, field
from typing import Any

import grpc

from wetread.domain.errors import PermanentError, TransientError
from wetread.domain.report import Draft
from wetread.ports.drafter import DraftingRequest
from wetread.rpc import drafting_pb2 as pb
from wetread.rpc.translate import to_request
from wetread.rpc.translate_draft import from_parts, from_response
from wetread.rpc.transport import MAX_MESSAGE_BYTES, SERVICE, TlsFiles, require_local

__all__ = ["GrpcDrafter"]

_RETRY = {
    "methodConfig": [
        {
            "name": [{"service": SERVICE}],
            "retryPolicy": {
                "maxAttempts": 3,
                "initialBackoff": "0.05s",
                "maxBackoff": "0.5s",
                "backoffMultiplier": 3,
                "retryableStatusCodes": ["UNAVAILABLE"],
            },
        }
    ]
}
_OPTIONS = (
    ("grpc.service_config", json.dumps(_RETRY)),
    ("grpc.enable_http_proxy", 0),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
)
_TRANSIENT = {"UNAVAILABLE", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED", "CANCELLED", "ABORTED"}


@dataclass(slots=True)
class GrpcDrafter:
    """Implements ports.drafter.Drafter. `deadline_s` bounds a call with all its tries; the channel is opened by the first call, after any fork.

    Raises TransientError 'drafter_unavailable' or PermanentError 'drafter_refused'; the status' name is all that either repeats.
    """

    address: str
    tls: TlsFiles | None = None
    deadline_s: float = 5.0
    _channel: Any = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        if self.tls is None:
            require_local(self.address)

    def draft(self, request: DraftingRequest) -> Draft:
        message = to_request(request)
        call = self._open().unary_unary(
            f"/{SERVICE}/Draft", pb.DraftRequest.SerializeToString, pb.DraftResponse.FromString
        )
        try:
            response: pb.DraftResponse = call(message, timeout=self.deadline_s)
        except grpc.RpcError as error:
            raise _in_our_words(error) from None
        return from_response(response)

    def draft_streamed(self, request: DraftingRequest) -> Draft:
        """The same draft by DraftStream."""
        message = pb.DraftStreamRequest(draft=to_request(request))
        call = self._open().unary_stream(
            f"/{SERVICE}/DraftStream", pb.DraftStreamRequest.SerializeToString, pb.DraftStreamResponse.FromString
        )
        try:
            return from_parts(call(message, timeout=self.deadline_s))
        except grpc.RpcError as error:
            raise _in_our_words(error) from None

    def close(self) -> None:
        if self._channel is not None:
            self._channel.close()
            self._channel = None

    def _open(self) -> Any:
        if self._channel is None:
            self._channel = self._new_channel()
        return self._channel

    def _new_channel(self) -> Any:
        if self.tls is None:
            return grpc.insecure_channel(self.address, options=_OPTIONS)
        ca, cert, key = self.tls.read()
        return grpc.secure_channel(self.address, grpc.ssl_channel_credentials(ca, key, cert), options=_OPTIONS)


def _in_our_words(error: Any) -> TransientError | PermanentError:
    name = error.code().name
    if name in _TRANSIENT:
        return TransientError(f"the drafting service did not answer ({name}): is it up?", code="drafter_unavailable")
    return PermanentError(f"the drafting service refused the request ({name}): see its log", code="drafter_refused")
