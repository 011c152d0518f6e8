"""The header is typed, trimmed and capped; what identifies is refused rather than repaired."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.hostile import INSTANCE, Fate, Tags, data_set, film, hostile_files

from wetread.dicom.byte_source import BytesSource
from wetread.dicom.header import HEADER_ITEMS, HEADER_TAGS, header_of
from wetread.dicom.header_json import header_from_json, header_to_json
from wetread.dicom.limits import Limits
from wetread.dicom.part10 import read_part10
from wetread.domain.errors import HostileInput
from wetread.domain.finding import Code
from wetread.domain.study import Indication, InstanceHeader, Sex

_NAME, _ID, _BIRTH, _SEX, _AGE, _STUDY_DATE = 0x00100010, 0x00100020, 0x00100030, 0x00100040, 0x00101010, 0x00080020

_REASON, _VISIT, _DIAGNOSES, _HISTORY, _REQUESTS = 0x00401002, 0x00321066, 0x00081080, 0x001021B0, 0x00400275
_REASON_CODES, _DIAGNOSIS_CODES = 0x0040100A, 0x00081084


def header(content: bytes) -> InstanceHeader:
    return header_of(read_part10(BytesSource(content), HEADER_TAGS, HEADER_ITEMS, Limits()))


def test_a_film_reads_as_it_was_written() -> None:
    found = header(film({0x00280030: ("DS", b"0.168\\0.169"), 0x00080008: ("CS", b"ORIGINAL\\PRIMARY")}))
    assert found.sop_instance_uid == INSTANCE
    assert found.identity.patient_name == "CANARY^CAROL"
    assert (found.identity.patient_id, found.identity.patient_birth_date) == ("HOSTILE1", "19600101")
    assert (found.traits.rows, found.traits.bits_stored, found.traits.modality) == (64, 12, "CR")
    assert found.traits.pixel_spacing_mm == (0.168, 0.169)
    assert found.traits.image_type == ("ORIGINAL", "PRIMARY")
    assert found.traits.has_pixel_data
    assert found.specific_character_set == ("ISO_IR 192",)


@pytest.mark.parametrize(
    ("changes", "age"),
    [
        ({_AGE: ("AS", b"064Y")}, 64),
        ({_AGE: ("AS", b"018M")}, 1),
        ({_AGE: ("AS", b"012W")}, 0),
        ({_AGE: ("AS", b"junk")}, 65),
        ({}, 65),
        ({_BIRTH: ("DA", b"19600103")}, 64),
        ({_BIRTH: ("DA", b"20250103")}, None),
        ({_BIRTH: ("DA", b"")}, None),
    ],
)
def test_age_comes_from_patient_age_or_from_the_dates(changes: Tags, age: int | None) -> None:
    assert header(film(changes)).patient_age_years == age


@pytest.mark.parametrize(
    ("raw", "sex"), [(b"F", Sex.FEMALE), (b"m ", Sex.MALE), (b"O", Sex.OTHER), (b"", Sex.UNKNOWN), (b"X", Sex.UNKNOWN)]
)
def test_sex_is_one_of_four(raw: bytes, sex: Sex) -> None:
    assert header(film({_SEX: ("CS", raw)})).identity.patient_sex is sex


def test_dates_and_times_are_dates_and_times_or_empty() -> None:
    odd = header(film({_STUDY_DATE: ("DA", b"2025.01.02"), _BIRTH: ("DA", b"20251399"), 0x00080030: ("TM", b"<b>")}))
    assert (odd.identity.study_date, odd.identity.patient_birth_date, odd.identity.study_time) == ("20250102", "", "")


def test_no_control_or_direction_character_leaves_a_text() -> None:
    found = header(film({0x00081030: ("LO", "A\r\nB\x1b[2J\0C\u202eD\u2028E".encode())}))
    assert found.identity.study_description == "A B [2J CD E"


def test_texts_are_capped() -> None:
    found = header(film({_NAME: ("PN", b"A" * 60_000), 0x00081030: ("LO", b"B" * 60_000)}))
    assert len(found.identity.patient_name) == len(found.identity.study_description) == 256


@pytest.mark.parametrize("raw", [b"A\nB", b"A" * 65, b"A\x1bB", "A\u202eB".encode()])
def test_a_patient_id_that_would_have_to_be_changed_is_refused(raw: bytes) -> None:
    with pytest.raises(HostileInput) as caught:
        header(film({_ID: ("LO", raw)}))
    assert caught.value.code == "bad_identifier"


def test_a_missing_patient_id_is_empty() -> None:
    assert header(film(without=(_ID,))).identity.patient_id == ""


@pytest.mark.parametrize(
    "case", [case for case in hostile_files() if case.category == "identifier"], ids=lambda case: case.name
)
def test_identifier_attacks(case) -> None:  # type: ignore[no-untyped-def]
    if case.fate is Fate.REFUSED:
        with pytest.raises(HostileInput) as caught:
            header(case.content)
        assert "canary" not in str(caught.value).lower()
        assert caught.value.code in {"bad_uid", "missing_uid", "uid_mismatch", "bad_identifier"}
    else:
        assert header(case.content).identity.patient_id


def test_json_and_back_changes_nothing() -> None:
    indicated = {_HISTORY: ("LT", b"x" * 2000), _REASON_CODES: a_code("386661006", "SCT", "Fever")}
    found = header(film({_AGE: ("AS", b"064Y"), 0x00280030: ("DS", b"0.1\\0.2"), **indicated}))
    assert header_from_json(json.loads(json.dumps(header_to_json(found)))) == found


@settings(deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=5), inner),
    )
)
def test_an_answer_that_is_no_header_is_recognised(answer: object) -> None:
    with pytest.raises(ValueError, match="header"):
        header_from_json(answer)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("sop_instance_uid",), "../../x"),
        (("identity", "patient_name"), 5),
        (("identity", "patient_name"), "A" * 5000),
        (("identity", "patient_sex"), "Q"),
        (("traits", "rows"), True),
        (("traits", "extra"), "x"),
        (("traits", "image_type"), [1]),
        (("indication", "text"), "A" * 5000),
        (("indication", "codes"), [{"value": 1, "scheme": "SCT", "meaning": ""}]),
    ],
)
def test_a_bent_header_is_recognised(path: tuple[str, ...], value: object) -> None:
    answer = json.loads(json.dumps(header_to_json(header(film()))))
    inner = answer
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    with pytest.raises(ValueError):  # noqa: PT011
        header_from_json(answer)


def one_item(tags: Tags) -> tuple[str, bytes]:
    content = data_set(tags)
    return "SQ", b"\xfe\xff\x00\xe0" + len(content).to_bytes(4, "little") + content


def a_code(value: str, scheme: str, meaning: str) -> tuple[str, bytes]:
    return one_item(
        {0x00080100: ("SH", value.encode()), 0x00080102: ("SH", scheme.encode()), 0x00080104: ("LO", meaning.encode())}
    )


def test_the_indication_is_gathered_from_where_senders_put_it() -> None:
    found = header(
        film(
            {
                _REQUESTS: one_item({_REASON: ("LO", b"? pneumonia ")}),
                _VISIT: ("LO", b"cough"),
                _DIAGNOSES: ("LO", b"COPD\\heart failure"),
                _HISTORY: ("LT", b"Fever\r\nsince Monday"),
                _REASON_CODES: a_code("386661006", "SCT", "Fever"),
                _DIAGNOSIS_CODES: a_code("13645005", "SCT", "COPD"),
            }
        )
    ).indication
    assert found.text == "? pneumonia; cough; COPD\\heart failure; Fever since Monday"
    assert found.codes == (Code("386661006", "SCT", "Fever"), Code("13645005", "SCT", "COPD"))


def test_a_reason_said_twice_is_kept_once() -> None:
    same = {_REASON: ("LO", b"? pneumonia"), _REQUESTS: one_item({_REASON: ("LO", b"? pneumonia")})}
    assert header(film(same)).indication == Indication("? pneumonia")


def test_only_the_first_request_and_the_first_code_count() -> None:
    vr, first = one_item({_REASON: ("LO", b"first")})
    assert header(film({_REQUESTS: (vr, first + one_item({_REASON: ("LO", b"second")})[1])})).indication.text == "first"


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {_HISTORY: ("US", b"\1\0")},
        {_REASON_CODES: ("LO", b"no sequence")},
        {_REASON_CODES: a_code("", "SCT", "Fever")},
        {_REASON_CODES: a_code("1", "", "Fever")},
        {_REQUESTS: one_item({_REASON: ("OB", b"\1\2")})},
        {_REQUESTS: ("SQ", b"")},
    ],
)
def test_a_film_does_not_need_an_indication(changes: Tags) -> None:
    assert header(film(changes)).indication == Indication()


def test_an_indication_is_capped_and_cleaned() -> None:
    found = header(film({_HISTORY: ("LT", b"A\x1b[2J" + "\u202e".encode() + b"B" * 60_000)})).indication
    assert found.text == "A [2J" + "B" * 1019
