"""Bodies come out of the parser as they went in, however they arrive and whatever they contain."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wetread.ingest.multipart import (
    MultipartError,
    MultipartParser,
    PartBegin,
    PartEnd,
    parse_media_type,
    related_boundary,
)

Part = tuple[dict[str, str], bytes]
DICOM = "application/dicom"


def body_of(
    parts: Sequence[bytes], boundary: bytes = b"b", fields: bytes = b"Content-Type: application/dicom\r\n"
) -> bytes:
    inside = b"".join(b"--" + boundary + b"\r\n" + fields + b"\r\n" + part + b"\r\n" for part in parts)
    return inside + b"--" + boundary + b"--\r\n"


def parse(body: bytes, boundary: bytes = b"b", *, chunk: int = 1 << 20, **limits: int) -> list[Part]:
    parser = MultipartParser(boundary, **limits)
    parts: list[tuple[dict[str, str], bytearray]] = []
    closed: list[Part] = []

    def take(events: object) -> None:
        for event in events:  # type: ignore[attr-defined]
            match event:
                case PartBegin(fields):
                    parts.append((dict(fields), bytearray()))
                case memoryview():
                    parts[-1][1].extend(event)
                case PartEnd():
                    closed.append((parts[-1][0], bytes(parts[-1][1])))

    while body:
        room = parser.vacant()
        size = min(chunk, len(room), len(body))
        room[:size], body = body[:size], body[size:]
        take(parser.advance(size))
    take(parser.finish())
    assert len(closed) == len(parts)
    return closed


nasty = st.lists(
    st.sampled_from([b"\r\n", b"--", b"\r\n--b", b"\r\n--bb", b"\r\n--b-", b"--b--", b"\r", b"\n", b"\0" * 700, b"x"])
).map(b"".join)
contents = st.one_of(st.binary(max_size=300), nasty).filter(lambda each: parse_is_safe(b"\r\n" + each + b"\r\n"))


def parse_is_safe(text: bytes) -> bool:
    """RFC 2046 §5.1.1 forbids content that holds a whole delimiter line; nobody can tell that from a delimiter."""
    lines = text.split(b"\r\n")
    return not any(line.rstrip(b" \t") in (b"--b", b"--b--") for line in lines)


@settings(deadline=None)
@given(st.lists(contents, min_size=1, max_size=4), st.sampled_from([1, 2, 3, 5, 7, 64, 1000, 1 << 20]))
def test_parts_come_out_as_they_went_in_however_they_arrive(parts: list[bytes], chunk: int) -> None:
    fields = {"content-type": DICOM}
    assert parse(body_of(parts), chunk=chunk, buffer_bytes=1024, max_fields_bytes=256) == [(fields, p) for p in parts]


@settings(deadline=None)
@given(st.binary(max_size=400), st.sampled_from([1, 3, 64]))
def test_any_bytes_are_an_answer_or_an_error_and_never_more_content_than_was_sent(body: bytes, chunk: int) -> None:
    for each in (body, b"--b\r\n" + body, body_of([body])):
        try:
            parts = parse(each, chunk=chunk, buffer_bytes=1024, max_fields_bytes=256)
        except MultipartError:
            continue
        assert sum(len(content) for _, content in parts) < len(each)


@settings(deadline=None)
@given(st.integers(min_value=0, max_value=200))
def test_a_body_cut_short_is_never_whole(cut: int) -> None:
    body = body_of([b"first" * 20, b"second"])[:-2]
    if cut < len(body):
        with pytest.raises(MultipartError):
            parse(body[:cut])


def test_a_boundary_in_the_data_stays_data() -> None:
    content = b"a\r\n--boundary--b\r\n--bc\r\n--b -\r\nz--b--\r\n--b"
    assert parse(body_of([content + b"!"])) == [({"content-type": DICOM}, content + b"!")]


def test_text_before_and_after_the_parts_is_ignored() -> None:
    assert [c for _, c in parse(b"preamble\r\n" + body_of([b"x"]) + b"--b\r\nepilogue")] == [b"x"]


def test_a_closing_delimiter_may_lack_its_line_end_and_carry_padding() -> None:
    assert [c for _, c in parse(body_of([b"x"])[:-2])] == [b"x"]
    assert [c for _, c in parse(b"--b \t\r\n\r\nx\r\n--b--  ")] == [b"x"]


@pytest.mark.parametrize("body", [b"--b\r\nA: 1\r\n\r\n--b--", b"--b\r\nA: 1\r\n\r\n\r\n--b--", b"--b\r\n\r\n--b--"])
@pytest.mark.parametrize("chunk", [1, 100])
def test_a_part_may_be_empty(body: bytes, chunk: int) -> None:
    assert [content for _, content in parse(body, chunk=chunk)] == [b""]


def test_an_empty_part_does_not_swallow_the_next_one() -> None:
    body = b"--b\r\nA: 1\r\n\r\n--b\r\nA: 2\r\n\r\ntwo\r\n--b--"
    assert parse(body) == [({"a": "1"}, b""), ({"a": "2"}, b"two")]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, b""),
        (400, b"no boundary at all"),
        (400, b"--b\r\nContent-Type: application/dicom\r\n\r\nno end"),
        (400, b"--b\r\nno colon\r\n\r\nx\r\n--b--"),
        (400, b"--b\r\nA: 1\r\n folded\r\n\r\nx\r\n--b--"),
        (400, b"--b\r\nA: 1\r\nA: 2\r\n\r\nx\r\n--b--"),
        (400, b"--b\r\nA: \x00\r\n\r\nx\r\n--b--"),
        (413, b"--b\r\nA: " + b"x" * (1 << 20) + b"\r\n\r\nx\r\n--b--"),
        (413, body_of([b""] * 20_000)),
    ],
)
def test_a_malformed_or_monstrous_body_is_refused(status: int, body: bytes) -> None:
    with pytest.raises(MultipartError) as refusal:
        parse(body)
    assert refusal.value.status == status


@pytest.mark.parametrize(
    "content_type",
    [
        'multipart/related; type="application/dicom"; boundary=abc',
        "Multipart/Related;boundary=abc;type=application/dicom",
        'multipart/related; type="application/DICOM"; boundary="abc"; start="<1>"',
    ],
)
def test_the_boundary_of_a_store_request_is_found(content_type: str) -> None:
    assert related_boundary(content_type, DICOM) == b"abc"


@pytest.mark.parametrize(
    ("status", "content_type"),
    [
        (415, ""),
        (415, "application/dicom"),
        (415, "multipart/form-data; boundary=abc"),
        (415, "multipart/related; boundary=abc"),
        (415, 'multipart/related; type="application/dicom+json"; boundary=abc'),
        (415, 'multipart/related; type="text/html"; type="application/dicom"; boundary=abc'),
        (415, "multipart/related; type=application/dicom; boundary=a b"),
        (400, 'multipart/related; type="application/dicom"'),
        (400, 'multipart/related; type="application/dicom"; boundary=""'),
        (400, 'multipart/related; type="application/dicom"; boundary="' + "a" * 71 + '"'),
        (400, 'multipart/related; type="application/dicom"; boundary="a "'),
        (400, 'multipart/related; type="application/dicom"; boundary="ä"'),
    ],
)
def test_any_other_content_type_is_refused(status: int, content_type: str) -> None:
    with pytest.raises(MultipartError) as refusal:
        related_boundary(content_type, DICOM)
    assert refusal.value.status == status


def test_quoted_parameters_are_unescaped() -> None:
    assert parse_media_type('a/b; c="d\\"e;f"; g=h') == ("a/b", {"c": 'd"e;f', "g": "h"})
