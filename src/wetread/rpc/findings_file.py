"""The JSON of `wetread draft`: the protobuf JSON mapping of DraftRequest and DraftResponse."""

from google.protobuf import json_format

from wetread.domain.errors import PermanentError
from wetread.domain.report import Draft
from wetread.ports.drafter import DraftingRequest
from wetread.rpc import drafting_pb2 as pb
from wetread.rpc.rehearsal import example_request
from wetread.rpc.translate import from_request, to_request
from wetread.rpc.translate_draft import to_response

__all__ = ["draft_json", "example_json", "parse_findings"]


def parse_findings(text: str) -> DraftingRequest:
    """Raises PermanentError 'bad_findings', or a refusal of `from_request`."""
    try:
        return from_request(json_format.Parse(text, pb.DraftRequest()))
    except json_format.ParseError:
        raise PermanentError(
            "this is no DraftRequest in protobuf JSON: compare it with `wetread draft --example`", code="bad_findings"
        ) from None


def draft_json(draft: Draft) -> str:
    return str(json_format.MessageToJson(to_response(draft)))


def example_json() -> str:
    return str(json_format.MessageToJson(to_request(example_request())))
