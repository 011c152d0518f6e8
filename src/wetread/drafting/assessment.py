"""What is said of the findings, in anatomy order, and what of them in the impression. Only a called finding is stated as there; nothing else is."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from operator import itemgetter

from wetread.domain.analysis import Finding, QualityFlag
from wetread.domain.drafting_context import Measurement
from wetread.domain.finding import VOCABULARY, FindingName
from wetread.domain.report import Certainty, Evidence, Section
from wetread.drafting.circumstances import number
from wetread.drafting.comparison import PriorWord, relation_of, usable, words_of
from wetread.drafting.foreign_text import is_opaque_id, one_line
from wetread.drafting.measure import is_speakable, quantity_of
from wetread.drafting.planned import Claim, PlannedStatement
from wetread.drafting.style import Style
from wetread.ports.drafter import DraftingRequest

__all__ = ["KNOWN_FLAGS", "assessment"]

_ANATOMY_ORDER = ("lungs", "pleura", "heart", "mediastinum", "diaphragm", "bones", "devices")
_PLACE = {name: (_ANATOMY_ORDER.index(each.anatomy), n) for n, (name, each) in enumerate(VOCABULARY.items())}
_HEART_SIZE = frozenset({FindingName.CARDIOMEGALY, FindingName.ENLARGED_CARDIOMEDIASTINUM})
KNOWN_FLAGS = frozenset(
    {"out_of_distribution", "no_out_of_distribution_score", "not_gated", "not_calibrated"}
    | {"body_part_unknown", "view_unknown", "text_in_image"}
)
"""Codes of notes that a catalogue has words for; any other is quoted."""
_MESSAGE = 300
"""Characters of a message of the system that a draft shows."""

_Placed = tuple[tuple[float, ...], PlannedStatement]


def assessment(request: DraftingRequest, style: Style) -> Iterable[PlannedStatement]:
    """The statements of the two sections, in reading order. `request` as `refusal.check` lets it pass."""
    yield from map(_note, request.quality)
    if request.ai_unavailable:
        why, reason = (Evidence("ai_unavailable"),), one_line(request.ai_unavailable, _MESSAGE).rstrip(".")
        yield PlannedStatement(Section.FINDINGS, Claim.AI_UNAVAILABLE, why, quoted=reason or "?")
        yield PlannedStatement(Section.IMPRESSION, Claim.TO_BE_COMPLETED, why)
    else:
        yield from _read(request, style)
    if style.overrides(request.language).get("closing"):
        yield PlannedStatement(Section.IMPRESSION, Claim.CLOSING, (Evidence("style"),))


def _note(flag: QualityFlag) -> PlannedStatement:
    code = flag.code if is_opaque_id(flag.code) else "other"
    variant = code if code in KNOWN_FLAGS else "other"
    text = one_line(flag.message, _MESSAGE).rstrip(".") or code
    return PlannedStatement(Section.FINDINGS, Claim.QUALITY, (Evidence(f"quality:{code}"),), variant, quoted=text)


def _read(request: DraftingRequest, style: Style) -> Iterable[PlannedStatement]:
    words = words_of(usable(request.context.priors))
    stated = [(_key(f), _called(f, request, style, words.get(f.name))) for f in request.findings if f.called]
    open_priors = sorted(_open_priors(request.findings, words), key=itemgetter(0))
    placed = [*stated, *open_priors, *_negatives(request, style, words)]
    placed += _measured(request, {each.finding: key for key, each in stated})
    nothing = [] if stated else [_nothing(request, prior_open=bool(open_priors))]
    yield from nothing
    yield from (each for _, each in sorted(placed, key=itemgetter(0)))
    yield from _left_out(request)
    if stated:
        yield from _impression(stated, style)
    followed = [each for _, each in open_priors if each.finding in style.impression_first]
    yield from map(_in_impression, (*nothing, *followed))


def _model(finding: Finding) -> Evidence:
    return Evidence("model", finding.name, finding.probability, finding.operating_point.threshold)


def _called(finding: Finding, request: DraftingRequest, style: Style, word: PriorWord | None) -> PlannedStatement:
    certainty = style.bands.certainty(finding.probability or 0.0)
    relation = relation_of(finding.name, finding.laterality, word)
    compared = word if word is not None and relation else None
    magnified = finding.name in _HEART_SIZE and request.view_position.upper() == "AP"
    return PlannedStatement(
        Section.FINDINGS,
        Claim.CALLED,
        (_model(finding), *(compared.evidence if compared else ())),
        finding=finding.name,
        laterality=finding.laterality,
        certainty=certainty,
        relation=relation,
        days_before=compared.days_before if compared else None,
        limit=style.bands.limit(certainty),
        hedges=(
            "hedge.below" if certainty is Certainty.QUESTIONABLE else "hedge.from",
            *(("hedge.magnified",) if magnified else ()),
        ),
    )


def _key(called: Finding) -> tuple[float, ...]:
    """Anatomy, then the most probable first."""
    anatomy, place = _PLACE[called.name]
    return anatomy, 0, -(called.probability or 0.0), place


def _beside(name: FindingName, rank: int) -> tuple[float, ...]:
    """Within its anatomy after what is called: 1 for priors, 2 for negatives, 3 for measurements."""
    anatomy, place = _PLACE[name]
    return anatomy, rank, 0.0, place


def _open_priors(findings: Sequence[Finding], words: Mapping[FindingName, PriorWord]) -> list[_Placed]:
    """Present on the prior and not called now: the reader has to judge whether it has gone. Never called resolved by us."""
    now = {each.name: each for each in findings}
    placed: list[_Placed] = []
    for name, word in words.items():
        finding = now.get(name)
        if not word.present or (finding is not None and finding.called):
            continue
        assessed = finding is not None and finding.probability is not None
        claim = Claim.PRIOR_NOT_SEEN if assessed else Claim.PRIOR_NOT_ASSESSED
        evidence = (_model(finding), *word.evidence) if finding is not None and assessed else word.evidence
        hedge = "hedge.not_seen" if assessed else "hedge.uncalibrated"
        statement = PlannedStatement(
            Section.FINDINGS,
            claim,
            evidence,
            finding=name,
            laterality=word.laterality,
            days_before=word.days_before,
            hedges=(hedge,),
        )
        placed.append((_beside(name, 1), statement))
    return placed


def _negatives(request: DraftingRequest, style: Style, words: Mapping[FindingName, PriorWord]) -> Iterable[_Placed]:
    """Only those that the site's style names, and only where nothing speaks against it: no note on the film, not present on the prior."""
    if request.quality:
        return
    for finding in request.findings:
        word = words.get(finding.name)
        known = word is not None and word.present
        if finding.name in style.negatives and finding.probability is not None and not finding.called and not known:
            evidence, hedges = (_model(finding),), ("hedge.negative",)
            statement = PlannedStatement(
                Section.FINDINGS, Claim.NEGATIVE, evidence, finding=finding.name, hedges=hedges
            )
            yield _beside(finding.name, 2), statement


def _measured(request: DraftingRequest, called: Mapping[FindingName | None, tuple[float, ...]]) -> Iterable[_Placed]:
    """After the finding that it supports, in its anatomy when that is not called, at the end when there is none."""
    for place, measured in enumerate(filter(is_speakable, request.measurements)):
        name = measured.finding
        key = (len(_ANATOMY_ORDER),) if name is None else called.get(name) or _beside(name, 3)
        magnified = name in _HEART_SIZE and request.view_position.upper() == "AP"
        yield (*key, place), _measurement(measured, ("hedge.magnified",) if magnified else ())


def _measurement(measured: Measurement, hedges: tuple[str, ...]) -> PlannedStatement:
    evidence = (Evidence(f"measurement:{quantity_of(measured).replace('_', ' ')}", measured.finding),)
    return PlannedStatement(Section.FINDINGS, Claim.MEASURED, evidence, measured=measured, hedges=hedges)


def _left_out(request: DraftingRequest) -> Iterable[PlannedStatement]:
    if count := sum(not is_speakable(each) for each in request.measurements):
        evidence = (Evidence("measurement"),)
        yield PlannedStatement(Section.FINDINGS, Claim.MEASUREMENT_UNUSABLE, evidence, number(count), count=count)
    if silent := sorted((each for each in request.findings if each.probability is None), key=lambda f: _PLACE[f.name]):
        yield PlannedStatement(
            Section.FINDINGS,
            Claim.UNCALIBRATED,
            tuple(map(_model, silent)),
            uncalibrated=tuple(each.name for each in silent),
            hedges=("hedge.uncalibrated",),
        )


def _nothing(request: DraftingRequest, *, prior_open: bool) -> PlannedStatement:
    """When nothing is called. "Normal" needs the site's leave, every finding assessed, no note on the film and no prior's finding left open."""
    evidence = tuple(map(_model, request.findings)) or (Evidence("model"),)
    assessed = [each for each in request.findings if each.probability is not None]
    claim, hedges = Claim.NOTHING_CALLED, ("hedge.normal_forbidden",)
    if not assessed:
        claim, hedges = Claim.NOTHING_ASSESSED, ("hedge.uncalibrated",)
    elif request.may_say_normal and not (request.quality or prior_open or len(assessed) < len(request.findings)):
        claim, hedges = Claim.NORMAL, ("hedge.normal_allowed",)
    elif request.may_say_normal:
        hedges = ("hedge.normal_withheld",)
    return PlannedStatement(Section.FINDINGS, claim, evidence, hedges=hedges)


def _impression(stated: Sequence[_Placed], style: Style) -> Iterable[PlannedStatement]:
    """The site's first findings whatever their certainty, then the most probable; what is cut is counted."""
    rank: dict[FindingName | None, int] = {name: place for place, name in enumerate(style.impression_first)}
    called = [each for _, each in sorted(stated, key=lambda pair: pair[0][2:])]
    leading = sorted((each for each in called if each.finding in rank), key=lambda each: rank[each.finding])
    others = [each for each in called if each.finding not in rank and each.certainty is not Certainty.QUESTIONABLE]
    room = max(0, style.impression_maximum - len(leading))
    shown, cut = [*leading, *others[:room]], others[room:]
    yield from map(_in_impression, shown)
    if not shown and not cut:
        hedges = ("hedge.only_questionable",)
        evidence = tuple(each.evidence[0] for each in called)
        yield PlannedStatement(
            Section.IMPRESSION, Claim.ONLY_QUESTIONABLE, evidence, limit=style.bands.possible, hedges=hedges
        )
    if cut:
        evidence = tuple(each.evidence[0] for each in cut)
        yield PlannedStatement(Section.IMPRESSION, Claim.FURTHER, evidence, number(len(cut)), count=len(cut))


def _in_impression(stated: PlannedStatement) -> PlannedStatement:
    return replace(stated, section=Section.IMPRESSION)
