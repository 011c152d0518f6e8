"""Requests and drafts survive the wire exactly; what the contract has no word for is refused without being repeated."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

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
from wetread.domain.errors import PermanentError
from wetread.domain.finding import Code, FindingName
from wetread.domain.report import Certainty, Draft, Evidence, ReportFinding, Section, Sentence
from wetread.ports.drafter import DraftingRequest
from wetread.rpc import drafting_pb2 as pb
from wetread.rpc.rehearsal import example_request
from wetread.rpc.translate import from_request, to_request
from wetread.rpc.translate_draft import from_parts, from_response, to_parts, to_response

NAMES, SIDES = st.sampled_from(FindingName), st.sampled_from(["", "left", "right", "bilateral"])
TEXT, UNIT = st.text(st.characters(codec="utf-8"), max_size=8), st.floats(0, 1)
NUMBER, DAYS, PIXEL = st.floats(allow_nan=False), st.integers(0, 40_000), st.integers(0, 20_000)
RATES = st.none() | st.builds(Rate, UNIT, UNIT, UNIT, st.integers(0, 2**40))
FINDINGS = st.builds(
    Finding,
    NAMES,
    NUMBER,
    st.none() | UNIT,
    st.builds(OperatingPoint, UNIT, TEXT, RATES, RATES),
    SIDES,
    st.none() | st.builds(Region, PIXEL, PIXEL, PIXEL, PIXEL),
)


def _some(each: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(each, max_size=3).map(tuple)


CONTEXTS = st.builds(
    DraftingContext,
    _some(st.builds(Code, TEXT, TEXT, TEXT)),
    TEXT,
    _some(st.builds(PriorStudy, TEXT, DAYS, _some(st.builds(PriorFinding, NAMES, st.booleans(), SIDES)))),
    _some(st.builds(Snippet, TEXT, st.sampled_from(RecordKind), st.none() | DAYS, TEXT, UNIT, UNIT)),
    _some(TEXT),
)
REQUESTS = st.builds(
    DraftingRequest,
    _some(FINDINGS),
    _some(st.builds(QualityFlag, TEXT, TEXT)),
    st.sampled_from(["", "AP", "PA", "LL", "RL"]),
    st.booleans(),
    st.booleans(),
    TEXT,
    _some(st.builds(Measurement, TEXT, NUMBER, TEXT, st.none() | NAMES)),
    CONTEXTS,
    st.sampled_from(["en", "de"]),
    st.none() | st.builds(lambda grey: FilmPixels(1, len(grey), grey), st.binary(min_size=1, max_size=9)),
)
EVIDENCE = st.builds(Evidence, TEXT, st.none() | NAMES, st.none() | UNIT, st.none() | UNIT, st.none() | DAYS)
DRAFTS = st.builds(
    Draft,
    _some(st.builds(Sentence, st.sampled_from(Section), TEXT, _some(EVIDENCE), TEXT, st.sampled_from(Certainty), TEXT)),
    _some(st.builds(ReportFinding, NAMES, st.booleans(), SIDES, st.none() | UNIT)),
    st.just("grammar/1"),
    TEXT,
)


@settings(
    max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)  # a request is large; a busy machine is no fault
@given(REQUESTS)
def test_a_request_survives_the_wire(request: DraftingRequest) -> None:
    assert from_request(pb.DraftRequest.FromString(to_request(request).SerializeToString())) == request


@settings(max_examples=60)
@given(DRAFTS)
def test_a_draft_survives_the_wire_whole_and_streamed(draft: Draft) -> None:
    assert from_response(pb.DraftResponse.FromString(to_response(draft).SerializeToString())) == draft
    assert from_parts(to_parts(draft)) == draft


def test_a_stream_without_its_end_is_no_draft() -> None:
    with pytest.raises(PermanentError, match="without its summary"):
        from_parts([pb.DraftStreamResponse(sentence=pb.Sentence(section=pb.SECTION_FINDINGS, text="x"))])


def test_the_headers_own_words_for_the_view_do_not_cross() -> None:
    message = to_request(replace(example_request(), view_position="DOE^JANE"))
    assert b"DOE" not in message.SerializeToString()
    assert from_request(message).view_position == ""


def test_refusals_name_their_reason_and_repeat_nothing() -> None:
    message = to_request(example_request())
    message.findings[0].code.value = "DOE^JANE"
    with pytest.raises(PermanentError) as refusal:
        from_request(message)
    assert refusal.value.code == "unknown_code"
    assert "DOE" not in str(refusal.value)


def test_a_presence_that_contradicts_the_probability_is_refused() -> None:
    message = to_request(example_request())
    message.findings[0].presence = pb.PRESENCE_ABSENT
    with pytest.raises(PermanentError) as refusal:
        from_request(message)
    assert refusal.value.code == "contradiction"
