"""Domain nouns to messages of the drafting contract and back, for requests.

Exact both ways but for one thing that is meant: a view position that is not on the contract's list becomes "none",
because it is free text of a header. Refusals raise PermanentError with a code and never repeat what was sent.
"""

from wetread.domain.analysis import Finding, OperatingPoint, QualityFlag, Rate, Region
from wetread.domain.drafting_context import (
    DraftingContext,
    FilmPixels,
    Measurement,
    PriorFinding,
    PriorStudy,
    RecordKind,
    Snippet,
)
from wetread.domain.finding import Code
from wetread.ports.drafter import DraftingRequest
from wetread.rpc import drafting_pb2 as pb
from wetread.rpc.vocabulary import (
    PRESENCE,
    SIDES,
    VIEWS,
    from_code,
    from_enum,
    is_present,
    refused,
    to_code,
    to_enum,
    to_presence,
)

__all__ = ["from_request", "to_request"]

_KINDS: dict[RecordKind, int] = {kind: pb.RecordKind.Value(f"RECORD_KIND_{kind.name}") for kind in RecordKind}


def to_request(request: DraftingRequest) -> pb.DraftRequest:
    """What crosses the wire. Raises PermanentError 'unknown_value' for a side that the contract has no word for."""
    return pb.DraftRequest(
        findings=[_to_finding(each) for each in request.findings],
        image_quality=[pb.ImageQuality(code=each.code, message=each.message) for each in request.quality],
        view_position=VIEWS.get(request.view_position.upper(), pb.VIEW_POSITION_UNSPECIFIED),
        comparison_available=request.comparison_available,
        may_say_normal=request.may_say_normal,
        ai_unavailable=request.ai_unavailable,
        measurements=[_to_measurement(each) for each in request.measurements],
        context=_to_context(request.context),
        language=request.language,
        film=_to_film(request.film) if request.film else None,
    )


def from_request(message: pb.DraftRequest) -> DraftingRequest:
    """Raises PermanentError: 'unknown_code', 'unknown_value', 'bad_number', 'bad_film' or 'contradiction' (presence against probability)."""
    return DraftingRequest(
        findings=tuple(_from_finding(each) for each in message.findings),
        quality=tuple(QualityFlag(each.code, each.message) for each in message.image_quality),
        view_position=from_enum(VIEWS, message.view_position) if message.view_position else "",
        comparison_available=message.comparison_available,
        may_say_normal=message.may_say_normal,
        ai_unavailable=message.ai_unavailable,
        measurements=tuple(_from_measurement(each) for each in message.measurements),
        context=_from_context(message.context),
        language=message.language or "en",
        film=_from_film(message.film) if message.HasField("film") else None,
    )


def _to_film(film: FilmPixels) -> pb.Film:
    return pb.Film(rows=film.rows, columns=film.columns, grey=film.grey)


def _from_film(message: pb.Film) -> FilmPixels:
    return FilmPixels(message.rows, message.columns, message.grey)


def _to_finding(finding: Finding) -> pb.Finding:
    return pb.Finding(
        code=to_code(finding.name),
        presence=_presence(finding),
        raw_score=finding.raw_score,
        probability=finding.probability,
        operating_point=_to_point(finding.operating_point),
        laterality=to_enum(SIDES, finding.laterality),
        region=_to_region(finding.region),
    )


def _presence(finding: Finding) -> pb.Presence:
    return PRESENCE[None if finding.probability is None else finding.called]


def _from_finding(message: pb.Finding) -> Finding:
    probability = message.probability if message.HasField("probability") else None
    if probability is not None and not 0.0 <= probability <= 1.0:
        raise refused("a probability lies outside 0..1", "bad_number")
    finding = Finding(
        name=from_code(message.code),
        raw_score=message.raw_score,
        probability=probability,
        operating_point=_from_point(message.operating_point),
        laterality=from_enum(SIDES, message.laterality),
        region=_from_region(message.region) if message.HasField("region") else None,
    )
    if message.presence != _presence(finding):
        raise refused("a finding's presence contradicts its probability and operating point", "contradiction")
    return finding


def _to_point(point: OperatingPoint) -> pb.OperatingPoint:
    return pb.OperatingPoint(
        threshold=point.threshold,
        rule=point.rule,
        sensitivity=_to_rate(point.sensitivity),
        specificity=_to_rate(point.specificity),
    )


def _from_point(message: pb.OperatingPoint) -> OperatingPoint:
    return OperatingPoint(
        message.threshold,
        message.rule,
        _from_rate(message.sensitivity) if message.HasField("sensitivity") else None,
        _from_rate(message.specificity) if message.HasField("specificity") else None,
    )


def _to_rate(rate: Rate | None) -> pb.Rate | None:
    return None if rate is None else pb.Rate(value=rate.value, low=rate.low, high=rate.high, n=rate.n)


def _from_rate(message: pb.Rate) -> Rate:
    return Rate(message.value, message.low, message.high, message.n)


def _to_region(region: Region | None) -> pb.Region | None:
    if region is None:
        return None
    return pb.Region(
        row_start=region.row_start,
        row_stop=region.row_stop,
        column_start=region.column_start,
        column_stop=region.column_stop,
    )


def _from_region(message: pb.Region) -> Region:
    return Region(message.row_start, message.row_stop, message.column_start, message.column_stop)


def _to_measurement(measured: Measurement) -> pb.Measurement:
    finding = None if measured.finding is None else to_code(measured.finding)
    return pb.Measurement(quantity=measured.name, value=measured.value, unit=measured.unit, finding=finding)


def _from_measurement(message: pb.Measurement) -> Measurement:
    finding = from_code(message.finding) if message.HasField("finding") else None
    return Measurement(message.quantity, message.value, message.unit, finding)


def _to_context(context: DraftingContext) -> pb.Context:
    return pb.Context(
        indication_codes=[pb.Code(value=c.value, scheme=c.scheme, meaning=c.meaning) for c in context.indication_codes],
        indication_text=context.indication_text,
        priors=[_to_prior(each) for each in context.priors],
        snippets=[_to_snippet(each) for each in context.snippets],
        problems=context.problems,
    )


def _from_context(message: pb.Context) -> DraftingContext:
    return DraftingContext(
        indication_codes=tuple(Code(c.value, c.scheme, c.meaning) for c in message.indication_codes),
        indication_text=message.indication_text,
        priors=tuple(_from_prior(each) for each in message.priors),
        snippets=tuple(_from_snippet(each) for each in message.snippets),
        problems=tuple(message.problems),
    )


def _to_prior(prior: PriorStudy) -> pb.PriorStudy:
    findings = [
        pb.PriorFinding(code=to_code(f.name), presence=to_presence(f.present), laterality=to_enum(SIDES, f.laterality))
        for f in prior.findings
    ]
    return pb.PriorStudy(source_id=prior.source_id, days_before=prior.days_before, findings=findings)


def _from_prior(message: pb.PriorStudy) -> PriorStudy:
    findings = tuple(
        PriorFinding(from_code(f.code), is_present(f.presence), from_enum(SIDES, f.laterality))
        for f in message.findings
    )
    return PriorStudy(message.source_id, message.days_before, findings)


def _to_snippet(snippet: Snippet) -> pb.Snippet:
    return pb.Snippet(
        source_id=snippet.source_id,
        kind=pb.RecordKind.Name(_KINDS[snippet.kind]),
        days_before=snippet.days_before,
        text=snippet.text,
        score=snippet.score,
        suspicion=snippet.suspicion,
    )


def _from_snippet(message: pb.Snippet) -> Snippet:
    return Snippet(
        message.source_id,
        from_enum(_KINDS, message.kind),
        message.days_before if message.HasField("days_before") else None,
        message.text,
        message.score,
        message.suspicion,
    )
