"""One draft before the doors close, so that everything a draft needs is loaded, and what the example of `wetread draft` shows."""

from dataclasses import replace

from wetread.domain.analysis import Finding, OperatingPoint
from wetread.domain.drafting_context import FilmPixels
from wetread.domain.finding import FindingName
from wetread.ports.drafter import Drafter, DraftingRequest
from wetread.rpc import drafting_pb2 as pb
from wetread.rpc.translate import from_request, to_request
from wetread.rpc.translate_draft import to_response

__all__ = ["example_request", "rehearse"]


_FILM = FilmPixels(64, 64, bytes(64 * 64))


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
    """With a film, for a composer that sees. Answers who wrote the draft, and its notice."""
    wire = to_request(replace(example_request(), film=_FILM)).SerializeToString()
    draft = drafter.draft(from_request(pb.DraftRequest.FromString(wire)))
    to_response(draft).SerializeToString()
    return f"{draft.composer}: {draft.notice}"
