"""Where every sentence of one study comes from and what became of it: a graph from what came in to what was delivered, of domain nouns alone.

Arrows follow the W3C PROV idea of derivation (https://www.w3.org/TR/prov-dm/), read from left to right. Sources keep the opaque ids
that the draft was given; what a person typed into a report is shown as typed, so whoever may see this must be one who may read the study.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from wetread.domain.analysis import Analysis, Finding, QualityFlag
from wetread.domain.delivery import Delivery
from wetread.domain.finding import concept
from wetread.domain.priority import TriageDecision
from wetread.domain.report import Draft, Evidence, Report, Sentence, content_hash
from wetread.domain.study import Study

__all__ = ["Arrow", "Column", "Node", "Provenance", "StudyRecord", "trace"]


class Column(IntEnum):
    """Where a node stands: from what came in to where it went."""

    SOURCE = 0
    READING = 1
    SENTENCE = 2
    REPORT = 3
    DELIVERY = 4


@dataclass(frozen=True, slots=True)
class Node:
    """A thing in the chain. `maker` is who made it: "record" (it came from outside), "ai", "rule" or "person"; `title` is its first line, `lines` the rest."""

    key: str
    column: Column
    maker: str
    title: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Arrow:
    """`target` was made from `source` (keys of nodes)."""

    source: str
    target: str


@dataclass(frozen=True, slots=True)
class Provenance:
    """`heading` says which study and how it was prioritised; `notice` what stands over the draft. Every arrow joins two nodes that are there."""

    heading: tuple[str, ...]
    notice: str
    nodes: tuple[Node, ...]
    arrows: tuple[Arrow, ...]


@dataclass(frozen=True, slots=True)
class StudyRecord:
    """What the working database holds of one study, as far as it has come."""

    study: Study
    analysis: Analysis | None = None
    decision: TriageDecision | None = None
    draft: Draft | None = None
    reports: tuple[Report, ...] = ()
    deliveries: tuple[Delivery, ...] = ()


def trace(record: StudyRecord) -> Provenance:
    """The graph of a study. A sentence that names no source is joined to a node that says so: a gap is shown, not hidden."""
    sentences = tuple((f"sentence:{n}", each) for n, each in enumerate(record.draft.sentences if record.draft else ()))
    cited = [each for _, sentence in sentences for each in sentence.evidence]
    nodes = (
        *_sources(record, sentences),
        *_reading(record, cited),
        *(_sentence_node(key, each, record.draft.composer) for key, each in sentences if record.draft),
        *(node for report in record.reports for node in _report_nodes(report, record.draft)),
        *(_delivery_node(each) for each in record.deliveries),
    )
    there = {each.key for each in nodes}
    arrows = dict.fromkeys((*_read_arrows(there), *_draft_arrows(sentences), *_report_arrows(record, sentences)))
    return Provenance(
        _heading(record),
        record.draft.notice if record.draft else "",
        nodes,
        tuple(each for each in arrows if {each.source, each.target} <= there),
    )


def _heading(record: StudyRecord) -> tuple[str, ...]:
    title = f"Study {record.study.study_key}, {record.study.state.value}"
    if record.decision is None:
        return (title,)
    decision = record.decision
    critical = ", critical" if decision.critical else ""
    rule = f"rule {decision.rule_id} of policy {decision.policy_version}: {decision.reason}"
    return (title, f"Priority {decision.priority.value}{critical}, {rule}")


def _sources(record: StudyRecord, sentences: tuple[tuple[str, Sentence], ...]) -> Iterable[Node]:
    if record.analysis:
        digest = record.analysis.input_sha256[:12]
        yield Node("film", Column.SOURCE, "record", "The film", (f"input sha256 {digest}…",))
    seen: dict[str, Evidence] = {}
    for key, sentence in sentences:
        for each in sentence.evidence or (_NO_EVIDENCE,):
            seen.setdefault(_key_of(each, key), each)
    yield from (_source_node(key, each) for key, each in seen.items() if not key.startswith(_OF_READING))


_NO_EVIDENCE = Evidence("")
_OF_READING = ("analysis", "finding:", "quality:")
_SOURCE_TITLES = {
    "header": "DICOM header",
    "archive": "Archive: studies on file",
    "prior": "Signed prior",
    "record": "Patient record",
    "measurement": "Measurement",
    "ai_unavailable": "No AI read",
}


def _key_of(evidence: Evidence, sentence: str) -> str:
    """The node a piece of evidence is drawn as."""
    if not evidence.source:
        return f"nothing:{sentence}"
    if evidence.source == "model":
        return f"finding:{evidence.finding.value}" if evidence.finding else "analysis"
    return evidence.source


def _source_node(key: str, evidence: Evidence) -> Node:
    kind, _, name = key.partition(":")
    if kind == "nothing":
        return Node(key, Column.SOURCE, "rule", "No source named", ("this sentence states no evidence",))
    days = evidence.days_before
    age = (f"{days} day{'' if days == 1 else 's'} before this study",) if days is not None else ()
    maker = {"prior": "person", "measurement": "ai"}.get(kind, "record")
    return Node(key, Column.SOURCE, maker, _SOURCE_TITLES.get(kind, kind), (*((name,) if name else ()), *age))


def _reading(record: StudyRecord, cited: list[Evidence]) -> Iterable[Node]:
    analysis = record.analysis
    if analysis is None:
        return
    model = analysis.model
    version = f"{model.name} {model.version}"
    yield Node("analysis", Column.READING, "ai", version, (f"model sha256 {model.sha256[:12]}…", _distance(analysis)))
    named = {each.finding for each in cited}
    for finding in sorted(analysis.findings, key=lambda f: (not f.called, -(f.probability or 0.0))):
        if finding.called or finding.name in named:
            yield _finding_node(finding)
    yield from (_quality_node(each) for each in analysis.quality)


def _distance(analysis: Analysis) -> str:
    if analysis.ood_score is None:
        return "distance to training films not measured"
    return "unlike its training films" if analysis.out_of_distribution else "like its training films"


def _finding_node(finding: Finding) -> Node:
    side = f"{finding.laterality} " if finding.laterality else ""
    probability = "not calibrated" if finding.probability is None else f"probability {finding.probability:.2f}"
    called = "called" if finding.called else "not called"
    point = f"operating point {finding.operating_point.threshold:.2f}, {called}"
    return Node(
        f"finding:{finding.name.value}",
        Column.READING,
        "ai",
        f"{side}{concept(finding.name).display}",
        (probability, point),
    )


def _quality_node(flag: QualityFlag) -> Node:
    return Node(f"quality:{flag.code}", Column.READING, "ai", f"Flag {flag.code}", (flag.message,))


def _sentence_node(key: str, sentence: Sentence, composer: str) -> Node:
    lines = [f"{sentence.section.value}, by {composer}"]
    if sentence.certainty.value:
        lines.append(f"says it is {sentence.certainty.value}")
    if sentence.hedge:
        lines.append(f"because {sentence.hedge}")
    if sentence.guarded:
        lines.append(f"the guard put this in place of a sentence with: {sentence.guarded}")
    return Node(key, Column.SENTENCE, "rule", sentence.text, tuple(lines))


def _report_nodes(report: Report, draft: Draft | None) -> Iterable[Node]:
    drafted = len(draft.sentences) if draft else 0
    words = f"{len(_kept(report, draft))} of {drafted} draft sentences kept word for word"
    title = f"Version {report.version}, {report.status.value}"
    yield Node(f"report:{report.version}", Column.REPORT, "person", title, (*_signed(report), words))
    for n, added in enumerate(report.addenda):
        facts = (f"by account {added.signature.signer_id}, {added.signature.signed_at:%Y-%m-%d %H:%M} UTC",)
        yield Node(f"addendum:{report.version}:{n}", Column.SENTENCE, "person", f"Addendum: {added.text}", facts)
    for n, line in enumerate(_own_words(report, draft)):
        yield Node(
            f"words:{report.version}:{n}",
            Column.SENTENCE,
            "person",
            line,
            (f"written by a person, version {report.version}",),
        )


def _signed(report: Report) -> tuple[str, ...]:
    signature = report.signature
    if signature is None:
        return ("not signed",)
    holds = signature.content_sha256 == content_hash(report.content)
    return (
        f"{signature.meaning.rstrip('.')}, {signature.signed_at:%Y-%m-%d %H:%M} UTC",
        f"by account {signature.signer_id}, {signature.role}",
        f"content sha256 {signature.content_sha256[:12]}…" if holds else "THE TEXT IS NOT WHAT WAS SIGNED",
    )


def _own_words(report: Report, draft: Draft | None) -> tuple[str, ...]:
    """What remains of each section when the draft's sentences are taken out: a person's words."""
    rest = []
    for section, text in report.content.sections:
        for sentence in draft.sentences if draft else ():
            if sentence.section is section:
                text = text.replace(sentence.text, " ", 1)
        if text.strip():
            rest.append(" ".join(text.split()))
    return tuple(rest)


def _kept(report: Report, draft: Draft | None) -> tuple[int, ...]:
    """Which of the draft's sentences stand in the report word for word."""
    texts = dict(report.content.sections)
    return tuple(
        n for n, each in enumerate(draft.sentences if draft else ()) if each.text in texts.get(each.section, "")
    )


def _delivery_node(delivery: Delivery) -> Node:
    key = f"delivery:{delivery.report_version}:{delivery.sink}"
    lines = (f"{delivery.state.value}, {delivery.updated_at:%Y-%m-%d %H:%M} UTC", delivery.receipt)
    return Node(key, Column.DELIVERY, "record", delivery.sink, tuple(each for each in lines if each))


def _read_arrows(there: set[str]) -> Iterable[Arrow]:
    yield Arrow("film", "analysis")
    yield from (Arrow("analysis", key) for key in sorted(there) if key.startswith(_OF_READING[1:]))


def _draft_arrows(sentences: tuple[tuple[str, Sentence], ...]) -> Iterable[Arrow]:
    for key, sentence in sentences:
        yield from (Arrow(_key_of(each, key), key) for each in sentence.evidence or (_NO_EVIDENCE,))


def _report_arrows(record: StudyRecord, sentences: tuple[tuple[str, Sentence], ...]) -> Iterable[Arrow]:
    for report in record.reports:
        target = f"report:{report.version}"
        yield from (Arrow(sentences[n][0], target) for n in _kept(report, record.draft))
        yield from (Arrow(f"addendum:{report.version}:{n}", target) for n, _ in enumerate(report.addenda))
        yield from (
            Arrow(f"words:{report.version}:{n}", target) for n, _ in enumerate(_own_words(report, record.draft))
        )
    yield from (
        Arrow(f"report:{each.report_version}", f"delivery:{each.report_version}:{each.sink}")
        for each in record.deliveries
    )
