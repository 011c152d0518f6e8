"""Drafts to messages of the drafting contract and back, whole or sentence by sentence. Exact both ways; refusals as in `translate`."""

from collections.abc import Iterable, Iterator

from wetread.domain.report import Certainty, Draft, Evidence, ReportFinding, Section, Sentence
from wetread.rpc import drafting_pb2 as pb
from wetread.rpc.vocabulary import SIDES, from_code, from_enum, is_present, refused, to_code, to_enum, to_presence

__all__ = ["from_parts", "from_response", "to_parts", "to_response"]

_SECTIONS: dict[Section, int] = {section: pb.Section.Value(f"SECTION_{section.name}") for section in Section}
_CERTAINTIES: dict[Certainty, int] = {
    each: pb.Certainty.Value(f"CERTAINTY_{each.name}") if each else pb.CERTAINTY_UNSPECIFIED for each in Certainty
}


def to_response(draft: Draft) -> pb.DraftResponse:
    return pb.DraftResponse(sentences=[_to_sentence(each) for each in draft.sentences], summary=_to_summary(draft))


def from_response(message: pb.DraftResponse) -> Draft:
    return _draft(message.sentences, message.summary)


def to_parts(draft: Draft) -> Iterator[pb.DraftStreamResponse]:
    for sentence in draft.sentences:
        yield pb.DraftStreamResponse(sentence=_to_sentence(sentence))
    yield pb.DraftStreamResponse(summary=_to_summary(draft))


def from_parts(parts: Iterable[pb.DraftStreamResponse]) -> Draft:
    """Raises PermanentError 'incomplete_draft' when the stream ends without its summary."""
    sentences: list[pb.Sentence] = []
    for part in parts:
        if part.WhichOneof("part") == "summary":
            return _draft(sentences, part.summary)
        sentences.append(part.sentence)
    raise refused("the stream ended without its summary", "incomplete_draft")


def _draft(sentences: Iterable[pb.Sentence], summary: pb.Summary) -> Draft:
    if not summary.composer:
        raise refused("the draft does not say who wrote it", "incomplete_draft")
    return Draft(
        tuple(_from_sentence(each) for each in sentences),
        tuple(_from_finding(each) for each in summary.findings),
        summary.composer,
        summary.notice,
    )


def _to_summary(draft: Draft) -> pb.Summary:
    findings = [_to_finding(each) for each in draft.findings]
    return pb.Summary(findings=findings, composer=draft.composer, notice=draft.notice)


def _to_finding(finding: ReportFinding) -> pb.ReportFinding:
    return pb.ReportFinding(
        code=to_code(finding.name),
        presence=to_presence(finding.present),
        laterality=to_enum(SIDES, finding.laterality),
        probability=finding.probability,
    )


def _from_finding(message: pb.ReportFinding) -> ReportFinding:
    return ReportFinding(
        from_code(message.code),
        is_present(message.presence),
        from_enum(SIDES, message.laterality),
        message.probability if message.HasField("probability") else None,
    )


def _to_sentence(sentence: Sentence) -> pb.Sentence:
    return pb.Sentence(
        section=pb.Section.Name(_SECTIONS[sentence.section]),
        text=sentence.text,
        evidence=[_to_evidence(each) for each in sentence.evidence],
        hedge=sentence.hedge,
        certainty=pb.Certainty.Name(_CERTAINTIES[sentence.certainty]),
        guarded=sentence.guarded,
    )


def _from_sentence(message: pb.Sentence) -> Sentence:
    return Sentence(
        from_enum(_SECTIONS, message.section),
        message.text,
        tuple(_from_evidence(each) for each in message.evidence),
        message.hedge,
        from_enum(_CERTAINTIES, message.certainty),
        message.guarded,
    )


def _to_evidence(evidence: Evidence) -> pb.Evidence:
    return pb.Evidence(
        source=evidence.source,
        finding=None if evidence.finding is None else to_code(evidence.finding),
        probability=evidence.probability,
        threshold=evidence.threshold,
        days_before=evidence.days_before,
    )


def _from_evidence(message: pb.Evidence) -> Evidence:
    return Evidence(
        message.source,
        from_code(message.finding) if message.HasField("finding") else None,
        message.probability if message.HasField("probability") else None,
        message.threshold if message.HasField("threshold") else None,
        message.days_before if message.HasField("days_before") else None,
    )
