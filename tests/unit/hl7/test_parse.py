"""What comes from outside is split by its own marks, unescaped only in single texts, bounded, and refused where it could be two things."""

import pytest
from hl7_messages import adt, message, msh, orm, pid
from hypothesis import given
from hypothesis import strategies as st

from wetread.hl7.encode import components, escape
from wetread.hl7.parse import Message, MessageRefused, ParseLimits, parse_message, read_header

LIMITS = ParseLimits()


def parsed(body: bytes, limits: ParseLimits = LIMITS) -> Message:
    return parse_message(body, limits)


def refused(body: bytes, limits: ParseLimits = LIMITS) -> MessageRefused:
    with pytest.raises(MessageRefused) as caught:
        parse_message(body, limits)
    assert not any(each in str(caught.value) for each in ("Doe", "Jane", "PAT001", "ACC001"))
    return caught.value


def test_a_message_is_its_segments_fields_and_components() -> None:
    said = parsed(orm())
    assert [each.name for each in said.segments] == ["MSH", "PID", "PV1", "ORC", "OBR", "NTE"]
    assert (said.header.kind, said.header.control_id, said.header.sender) == ("ORM^O01", "C1", "RIS^HOSP")
    person = said.all("PID")[0]
    assert (person.text(3), person.text(3, 4), person.text(5), person.text(5, 2), person.text(99)) == (
        "PAT001",
        "HOSPITAL",
        "Doe",
        "Jane",
        "",
    )


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\u2028\u2029"), max_size=60))
def test_what_we_escape_we_read(text: str) -> None:
    said = parsed(message(msh("ADT^A08", "1"), f"NTE|1|{components('a', text, 'b')}|{escape(text)}"))
    expected = "" if text.strip() == '""' else text.strip()
    assert [said.all("NTE")[0].text(2, number) for number in (1, 2, 3)] == ["a", expected, "b"]
    assert said.all("NTE")[0].text(3) == expected


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("a\\X0D\\PID|x", "a PID"),
        ("a\\X0A0D1C0B\\b", "a    b"),
        ("\\X7C5E\\", "|^"),
        ("\\XC3A9\\", "é"),
        ("one\\.br\\two", "one\ntwo"),
        ("\\H\\bold\\N\\ text", "bold text"),
        ("\\Zlocal\\x\\C2842\\", "x"),
        ("lone \\ sign", "lone \\ sign"),
        ('""', ""),
        ("a&b", "a"),
    ],
)
def test_escapes_stay_within_their_text(sent: str, read: str) -> None:
    said = parsed(message(msh("ADT^A08", "1"), f"NTE|1||{sent}"))
    assert [each.name for each in said.segments] == ["MSH", "NTE"]
    assert said.all("NTE")[0].text(3) == read


def test_a_sender_may_choose_its_marks_and_line_ends() -> None:
    said = parsed(b"MSH#*+?@#RIS#H#W#M#20260101##ADT*A08#7#P#2.3\r\nNTE#1##a*b@c+d\r\n\r\n")
    assert said.header.kind == "ADT^A08"
    assert (said.all("NTE")[0].text(3), said.all("NTE")[0].whole(3)) == ("a", "a\nd")


@pytest.mark.parametrize("charset", ["8859/1", "UNICODE UTF-8", "ISO-8859-1"])
def test_a_message_is_read_in_the_character_set_it_names(charset: str) -> None:
    body = adt(name="Müller^Änne", header={"charset": charset})
    codec = "utf-8" if "UTF" in charset else "latin-1"
    assert parsed(body.decode().encode(codec)).all("PID")[0].text(5) == "Müller"


def test_a_message_that_names_none_is_read_in_the_one_of_the_settings() -> None:
    body = adt(name="Müller", header={"charset": ""}).decode().encode("latin-1")
    assert refused(body).error_code == "102"
    assert parsed(body, ParseLimits("8859/1")).all("PID")[0].text(5) == "Müller"


@pytest.mark.parametrize(
    ("body", "code", "rejects"),
    [
        (b"", "100", True),
        (b"PID|1||X\r", "100", True),
        (b"MSH", "100", True),
        (b"MSH|||||||||", "100", True),
        (b"MSH|^^\\&|A|B\r", "100", True),
        (b"MSH|^~^&|A|B\r", "100", True),
        (b"MSHA^~\\&A\r", "100", True),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "100", True),
        (adt(header={"charset": "UTF-7"}), "102", False),
        (adt(header={"charset": "rot13"}), "102", False),
        (adt(header={"charset": "UNICODE UTF-16"}), "102", False),
        (
            adt(name="\udcff".encode("utf-8", "surrogateescape").decode("latin-1")).replace("ÿ".encode(), b"\xff"),
            "102",
            False,
        ),
        (adt(name="Doe\rJane"), "100", False),
        (adt(name="Doe\nnot a segment"), "100", False),
        (adt(name="Doe\x0b"), "100", False),
        (adt(name="Doe\x00"), "100", False),
        (message(msh("ADT^A08", "1"), msh("ADT^A08", "2")), "100", False),
        (message(msh("ADT^A08", "1"), "pid|1"), "100", False),
        (message(msh("ADT^A08", "1"), *["NTE|1"] * 1000), "207", True),
        (message(msh("ADT^A08", "1"), "NTE" + "|" * 300), "207", True),
        (message(msh("ADT^A08", "1"), "NTE|1||" + "~" * 200), "207", True),
        (message(msh("ADT^A08", "1"), "NTE|1||" + "x" * 2**20), "207", True),
    ],
)
def test_what_is_no_message_is_refused_without_quoting_it(body: bytes, code: str, rejects: bool) -> None:
    error = refused(body)
    assert (error.error_code, error.rejects) == (code, rejects)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    for sent in (body, msh("ADT^A08", "1").encode() + b"\r" + body):
        read_header(sent)
        try:
            parse_message(sent, LIMITS)
        except MessageRefused:
            continue


def test_the_header_of_a_broken_message_can_still_be_answered() -> None:
    body = message(msh("ADT^A08", "77"), pid(name="Doe\x00"))
    header = read_header(body)
    assert header is not None
    assert header.control_id == "77"
