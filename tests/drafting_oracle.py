"""What a draft has to say of a request, worked out side by side of the body and finding by finding: the meaning of the rules in docs/drafting.md, written a second time."""

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal

from tests.drafting_reader import Said
from wetread.domain.analysis import Finding
from wetread.domain.drafting_context import PriorFinding
from wetread.domain.finding import FindingName, concept
from wetread.drafting.style import Style
from wetread.ports.drafter import DraftingRequest

__all__ = ["expected_findings", "expected_impression", "right_number"]

FIT_MEASURES = {("cardiothoracic ratio", "1"), ("cardiac diameter", "mm"), ("carina distance", "cm")}


def expected_findings(request: DraftingRequest, style: Style) -> Counter[Said]:
    """Every sentence of the findings section, in any order; probabilities in sentences are judged apart (`right_number`)."""
    said = [Said("note")] * len(request.quality)
    said += [_called(each, request, style) for each in request.findings if _is_called(each)]
    said += _from_priors(request)
    said += _negatives(request, style)
    said += _measures(request)
    if silent := frozenset(each.name for each in request.findings if each.probability is None):
        said.append(Said("uncalibrated", names=silent))
    if not any(map(_is_called, request.findings)):
        said.append(_nothing(request))
    return Counter(said)


def expected_impression(request: DraftingRequest, style: Style) -> list[Said]:
    """In order."""
    called = [each for each in request.findings if _is_called(each)]
    likely = sorted(called, key=lambda each: (-(each.probability or 0), list(FindingName).index(each.name)))
    said = [_called(each, request, style) for each in likely]
    first = [each for name in style.impression_first for each in said if each.name is name]
    rest = [each for each in said if each not in first and each.certainty != "questionable"]
    room = max(0, style.impression_maximum - len(first))
    shown = [*first, *rest[:room]]
    if not called:
        shown = [_nothing(request)]
    elif not first and not rest:
        shown = [Said("questionable")]
    elif rest[room:]:
        shown.append(Said("further", count=len(rest[room:])))
    shown += sorted((each for each in _from_priors(request) if each.name in style.impression_first), key=_anatomy)
    closed = any(key == "closing" and spoken == request.language for spoken, key, _ in style.phrases)
    return [*shown, *([Said("closing")] if closed else [])]


def _anatomy(said: Said) -> int:
    """Lungs, pleura, bones: of the findings that a style of `drafting_sets` puts first."""
    return [FindingName.MASS, FindingName.PNEUMOTHORAX, FindingName.FRACTURE].index(FindingName(said.name or ""))


def right_number(said: Said, request: DraftingRequest) -> bool:
    """Does the probability in a sentence round from the model's, and stay below the operating point?"""
    (finding,) = [each for each in request.findings if each.name is said.name]
    exact, shown = Decimal(repr(finding.probability)), Decimal(said.number.lstrip("<>"))
    half = Decimal(1).scaleb(int(shown.as_tuple().exponent)) / 2
    if said.number[0] in "<>":
        return exact < shown if said.number[0] == "<" else exact > shown
    return abs(shown - exact) <= half and shown < Decimal(repr(finding.operating_point.threshold))


def _is_called(finding: Finding) -> bool:
    return finding.probability is not None and finding.probability >= finding.operating_point.threshold


def _called(finding: Finding, request: DraftingRequest, style: Style) -> Said:
    probability, bands = finding.probability or 0.0, style.bands
    certainty = "possible" if probability >= bands.possible else "questionable"
    certainty = "probable" if probability >= bands.probable else certainty
    certainty = "certain" if bands.certain and probability >= bands.certain else certainty
    relation, days = _relation(finding.name, finding.laterality, request)
    return Said("called", finding.name, finding.laterality, certainty, relation, days)


def _told(name: FindingName, request: DraftingRequest) -> tuple[int | None, list[PriorFinding], bool]:
    """The age of the newest prior that speaks of a finding, what it says, and whether a newer one is silent."""
    priors = request.context.priors
    ages = {each.days_before for each in priors for finding in each.findings if finding.name is name}
    if not ages:
        return None, [], False
    age = min(ages)
    told = [f for each in priors if each.days_before == age for f in each.findings if f.name is name]
    return age, told, any(each.days_before < age for each in priors)


def _sides(told: Iterable[PriorFinding]) -> tuple[dict[str, set[bool]], bool]:
    """What was signed of each side, and whether the finding was said to be there without a side."""
    of = {side: set[bool]() for side in ("left", "right")}
    for each in told:
        for side, answers in of.items():
            if each.laterality in (side, "bilateral") or (not each.laterality and not each.present):
                answers.add(each.present)
    return of, any(each.present and not each.laterality for each in told)


def _prior_side(of: dict[str, set[bool]], sideless: bool) -> str | None:
    """ "" when the side is not known, None when absent, unknown or contradictory."""
    if any(len(answers) == 2 for answers in of.values()) or (sideless and of["left"] == of["right"] == {False}):
        return None
    there = [side for side, answers in of.items() if answers == {True}]
    if len(there) == 2:
        return "bilateral"
    return there[0] if there else "" if sideless else None


def _relation(name: FindingName, now: str, request: DraftingRequest) -> tuple[str, int | None]:
    age, told, newer_silent = _told(name, request)
    of, sideless = _sides(told)
    torn = any(len(answers) == 2 for answers in of.values())
    before = _prior_side(of, sideless)
    if before is None:
        asked = [now] if now in of else list(of)
        new = bool(told) and not torn and not sideless and all(of[side] == {False} for side in asked)
        return ("new", age) if new else ("", None)
    if newer_silent:
        return "older", age
    if before == now or (not concept(name).lateralised and "" in (before, now)):
        return "unchanged", age
    if "" in (before, now):
        return "side unclear", age
    if "bilateral" in (before, now):
        return ("also other side" if before == "bilateral" else "one side only"), age
    return ("new side" if of[now] == {False} else "other side"), age


def _from_priors(request: DraftingRequest) -> list[Said]:
    said = []
    now = {each.name: each for each in request.findings}
    for name in {finding.name for prior in request.context.priors for finding in prior.findings}:
        age, told, _ = _told(name, request)
        before = _prior_side(*_sides(told))
        finding = now.get(name)
        if before is None or (finding and _is_called(finding)):
            continue
        kind = "not seen" if finding and finding.probability is not None else "not assessed"
        said.append(Said(kind, name, before, days=age))
    return said


def _negatives(request: DraftingRequest, style: Style) -> list[Said]:
    known = {each.name for each in _from_priors(request)}
    return [
        Said("negative", each.name)
        for each in request.findings
        if each.name in style.negatives
        and not request.quality
        and each.probability is not None
        and not _is_called(each)
        and each.name not in known
    ]


def _measures(request: DraftingRequest) -> list[Said]:
    fit = [
        each
        for each in request.measurements
        if (each.name, each.unit) in FIT_MEASURES and not (each.unit == "1" and each.value > 1)
    ]
    unfit = len(request.measurements) - len(fit)
    return [Said("measured")] * len(fit) + [Said("measurement left out")] * bool(unfit)


def _nothing(request: DraftingRequest) -> Said:
    assessed = [each for each in request.findings if each.probability is not None]
    if not assessed:
        return Said("nothing assessed")
    open_ones = request.quality or len(assessed) < len(request.findings) or _from_priors(request)
    return Said("normal" if request.may_say_normal and not open_ones else "nothing")
