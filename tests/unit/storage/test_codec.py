"""The codec: whatever goes in comes out the same, as valid JSON, also between releases."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wetread.domain.alarm import Alarm
from wetread.domain.analysis import Analysis, Finding, HeatMaps, QualityFlag
from wetread.domain.critical import Acknowledgement, Closure, Communication, CriticalResult
from wetread.domain.identifiers import InstanceKey, StudyKey
from wetread.domain.page import Page
from wetread.domain.priority import Priority, TriageDecision
from wetread.domain.report import Draft, ReportContent, Signature
from wetread.domain.roster import RosterOverride
from wetread.domain.study import ImageTraits, InstanceHeader, PatientIdentity
from wetread.storage.codec import decode, encode
from wetread.testing.builders import NOON, an_analysis

TIMES = st.datetimes(timezones=st.just(UTC)).map(lambda time: time.replace(fold=0))
ANALYSES = st.builds(
    Analysis,
    instance_key=st.text().map(InstanceKey),
    findings=st.lists(st.from_type(Finding), max_size=3).map(tuple),
    quality=st.lists(st.from_type(QualityFlag), max_size=2).map(tuple),
    analysed_at=TIMES,
    heat=st.none() | st.from_type(HeatMaps),
)
ENDS = {
    "acknowledgement": st.none() | st.builds(Acknowledgement, acknowledged_at=TIMES),
    "communication": st.none() | st.builds(Communication, communicated_at=TIMES),
    "closure": st.none() | st.builds(Closure, closed_at=TIMES),
}
VALUES = st.one_of(
    ANALYSES,
    *(
        st.builds(cls, **dict.fromkeys(always, TIMES), **{name: st.none() | TIMES for name in perhaps}, **more)
        for cls, always, perhaps, more in (
            (CriticalResult, ("opened_at", "acknowledge_by", "communicate_by"), ("next_due_at",), ENDS),
            (Page, ("queued_at", "due_at"), ("sent_at",), {"study_key": st.none() | st.text().map(StudyKey)}),
            (Alarm, ("raised_at", "last_seen_at"), ("next_page_at", "acknowledged_at", "cleared_at"), {}),
            (RosterOverride, ("starts_at", "ends_at"), (), {}),
        )
    ),
    st.builds(Signature, signed_at=TIMES),
    *map(st.from_type, (TriageDecision, Draft, ReportContent, ImageTraits, PatientIdentity, InstanceHeader)),
)


@given(VALUES)
def test_what_goes_in_comes_out(value: object) -> None:
    """Compared by repr, so that a NaN equals itself and 1 is not 1.0."""
    text = encode(value)
    assert repr(decode(type(value), text)) == repr(value)
    assert text.isascii()
    json.loads(text, parse_constant=pytest.fail)


@dataclass(frozen=True)
class Old:
    name: str
    sizes: tuple[int, ...] = (1, 2)


@dataclass(frozen=True)
class New:
    name: str
    sizes: tuple[int, ...] = (1, 2)
    added: float | None = None


def test_the_next_release_can_read_what_this_one_wrote_and_the_other_way_round() -> None:
    assert decode(New, encode(Old("a", ()))) == New("a", ())
    assert decode(Old, encode(New("a", (), 1.5))) == Old("a", ())


def test_a_decision_of_the_first_release_is_still_read() -> None:
    text = '{"priority":"stat","critical":true,"rule_id":"r","reason":"why","policy_version":"1"}'
    decision = decode(TriageDecision, text)
    assert decision == TriageDecision(Priority.STAT, True, "r", "why", "1")
    assert (decision.finding, decision.escalation_path, decision.message, decision.read_within_min) == (None, "", "", 0)


def test_what_lacks_a_value_is_refused() -> None:
    with pytest.raises(TypeError, match="name"):
        decode(Old, "{}")


def test_a_time_keeps_its_moment_and_comes_back_in_utc() -> None:
    zoned = an_analysis(analysed_at=datetime(2026, 3, 2, 13, 0, 0, 7, timezone(timedelta(hours=1))))
    assert decode(Analysis, encode(zoned)).analysed_at.isoformat() == "2026-03-02T12:00:00.000007+00:00"
    with pytest.raises(ValueError, match="zone"):
        encode(an_analysis(analysed_at=NOON.replace(tzinfo=None)))


@dataclass(frozen=True)
class Unknown:
    value: object


@dataclass(frozen=True)
class Ambiguous:
    value: int | str


@pytest.mark.parametrize("value", [Unknown(1), Ambiguous(1), {1, 2}])
def test_a_type_that_the_codec_does_not_know_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        encode(value)
