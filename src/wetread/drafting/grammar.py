"""The deterministic composer: findings to a draft, one sentence per finding, each hedged by its calibrated probability and naming its evidence.

It can state only what it was given, so it cannot invent a finding. Wording follows the ACR practice parameter for communication: section order, one idea a sentence.
"""

from dataclasses import dataclass

from wetread.domain.analysis import Finding
from wetread.domain.finding import concept
from wetread.domain.report import Draft, Evidence, ReportFinding, Section, Sentence
from wetread.drafting.style import DEFAULT_STYLE, Bands, Style
from wetread.ports.drafter import DraftingRequest

__all__ = ["COMPOSER", "NOTICE", "GrammarDrafter"]

COMPOSER = "grammar/1"
NOTICE = "AI draft, unsigned. Assistive research tool, not a cleared device. Read the film before you sign."

_ANATOMY_ORDER = ("lungs", "pleura", "heart", "mediastinum", "diaphragm", "bones", "devices")

_VIEWS = {
    "PA": "Single frontal (PA) view of the chest.",
    "AP": "Single frontal (AP) view of the chest.",
}


@dataclass(frozen=True, slots=True)
class GrammarDrafter:
    """Implements the Drafter port."""

    style: Style = DEFAULT_STYLE

    def draft(self, request: DraftingRequest) -> Draft:
        called = sorted((f for f in request.findings if f.called), key=_anatomy_then_probability)
        sentences = (
            Sentence(Section.INDICATION, "Not provided.", (Evidence("header"),)),
            _technique(request.view_position),
            _comparison(request.comparison_available),
            *_findings(request, called, self.style.bands),
            *_impression(request, called, self.style),
        )
        return Draft(sentences, tuple(_structured(f) for f in called), COMPOSER, NOTICE)


def _anatomy_then_probability(finding: Finding) -> tuple[int, float]:
    return _ANATOMY_ORDER.index(concept(finding.name).anatomy), -(finding.probability or 0.0)


def _technique(view_position: str) -> Sentence:
    text = _VIEWS.get(view_position.upper(), "Single frontal view of the chest.")
    return Sentence(Section.TECHNIQUE, text, (Evidence("header:ViewPosition"),))


def _comparison(available: bool) -> Sentence:
    text = "A prior study is on file; it was not compared by the AI." if available else "No prior study on file."
    return Sentence(Section.COMPARISON, text, (Evidence("archive"),))


def _findings(request: DraftingRequest, called: list[Finding], bands: Bands) -> tuple[Sentence, ...]:
    if request.ai_unavailable:
        text = f"No AI read: {request.ai_unavailable.rstrip('.')}."
        return (Sentence(Section.FINDINGS, text, (Evidence("ai_unavailable"),)),)
    flags = tuple(
        Sentence(Section.FINDINGS, f"Note for the reader: {flag.message}.", (Evidence(f"quality:{flag.code}"),))
        for flag in request.quality
    )
    return flags + (tuple(_sentence(f, bands) for f in called) or (_nothing(request),))


def _sentence(finding: Finding, bands: Bands) -> Sentence:
    word, hedge = _hedge(finding, bands)
    side = f"{finding.laterality} " if finding.laterality in ("left", "right", "bilateral") else ""
    return Sentence(Section.FINDINGS, f"{word} {side}{concept(finding.name).display}.", (_evidence(finding),), hedge)


def _hedge(finding: Finding, bands: Bands) -> tuple[str, str]:
    """The word for the probability band, and why. Only called findings come here, so a probability exists."""
    probability = finding.probability or 0.0
    return (
        bands.certainty(probability).value.capitalize(),
        f"calibrated probability {probability:.2f}, operating point {finding.operating_point.threshold:.2f}",
    )


def _nothing(request: DraftingRequest) -> Sentence:
    evidence = tuple(_evidence(f) for f in request.findings) or (Evidence("model"),)
    if request.may_say_normal and not request.quality:
        return Sentence(Section.FINDINGS, "No acute finding.", evidence, "site policy allows a normal statement")
    text = "No finding reached its operating point; this does not exclude disease."
    return Sentence(Section.FINDINGS, text, evidence, "site policy does not allow a normal statement")


def _impression(request: DraftingRequest, called: list[Finding], style: Style) -> tuple[Sentence, ...]:
    if request.ai_unavailable:
        return (Sentence(Section.IMPRESSION, "To be completed by the reader.", (Evidence("ai_unavailable"),)),)
    if not called:
        nothing = _nothing(request)
        return (Sentence(Section.IMPRESSION, nothing.text, nothing.evidence, nothing.hedge),)
    likely = sorted(
        (f for f in called if (f.probability or 0.0) >= style.bands.possible), key=lambda f: -(f.probability or 0.0)
    )
    if not likely:
        text = "Only questionable findings, listed above; to be judged by the reader."
        return (
            Sentence(
                Section.IMPRESSION, text, tuple(_evidence(f) for f in called), f"none reaches {style.bands.possible}"
            ),
        )
    cut, bands = likely[: style.impression_maximum], style.bands
    return tuple(
        Sentence(Section.IMPRESSION, _sentence(f, bands).text, (_evidence(f),), _hedge(f, bands)[1]) for f in cut
    )


def _evidence(finding: Finding) -> Evidence:
    return Evidence("model", finding.name, finding.probability, finding.operating_point.threshold)


def _structured(finding: Finding) -> ReportFinding:
    return ReportFinding(finding.name, True, finding.laterality, finding.probability)
