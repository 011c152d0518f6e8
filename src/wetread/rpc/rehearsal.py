"""One draft before the doors close, so that everything a draft needs is loaded, and what the example of `wetread draft` shows."""

from wetread.domain.analysis import Finding, OperatingPoint
from wetread.domain.finding import FindingName
from wetread.ports.drafter import Drafter, DraftingRequest
from wetread.rpc import drafting_pb2 as pb
from wetread.rpc.translate import from_request, to_request
from wetread.rpc.translate_draft import to_response

__all__ = ["example_request", "rehearse"]


def example_request() -> DraftingRequest:
    """A right pleural effusion that is called and a pneumothorax that is not."""
    point = OperatingPoint(0.3, "youden", None, None)
    return DraftingRequest(
        findings=(
            Finding(FindingName.EFFUSION, 1.6, 0.83, point, "right", None),
            Finding(FindingName.PNEUMOTHORAX, -3.2, 0.04, point, "", None),
        ),
        quality=(),
        view_position="PA",
        comparison_available=False,
        may_say_normal=False,
    )


def rehearse(drafter: Drafter) -> str:
    """Who wrote the rehearsed draft, and its notice."""
    wire = to_request(example_request()).SerializeToString()
    draft = drafter.draft(from_request(pb.DraftRequest.FromString(wire)))
    to_response(draft).SerializeToString()
    return f"{draft.composer}: {draft.notice}"
