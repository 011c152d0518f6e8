"""What the audit log keeps of a read and of a draft: who made it and of what, never what it says of the patient."""

from wetread.domain.analysis import Analysis
from wetread.domain.report import Draft
from wetread.ports.drafter import DraftingRequest

__all__ = ["draft_facts", "model_facts"]


def draft_facts(draft: Draft, request: DraftingRequest) -> dict[str, str]:
    """Who wrote it, and of which kinds of context; never what the context says."""
    context = request.context
    kinds = "+".join(sorted({each.kind.value for each in context.snippets}))
    counts = {
        "priors": len(context.priors),
        "snippets": len(context.snippets),
        "context_problems": len(context.problems),
    }
    used = {name: str(count) for name, count in counts.items() if count}
    return {
        "composer": draft.composer,
        **used,
        **({"snippet_kinds": kinds} if kinds else {}),
        **({"film": "sent"} if request.film else {}),
    }


def model_facts(analysis: Analysis | None) -> dict[str, str]:
    """What the audit keeps of every use of a model: which one, on what input, saying what (EU AI Act art. 12)."""
    if analysis is None:
        return {}
    called = ",".join(f"{f.name}={f.probability:.4f}" for f in analysis.called)
    others = ",".join(f"{each.model.name}@{each.model.version}" for each in analysis.further)
    return {
        **({"further_models": others} if others else {}),
        "model": f"{analysis.model.name}@{analysis.model.version}",
        "model_sha256": analysis.model.sha256,
        "input_sha256": analysis.input_sha256,
        "called": called,
    }
