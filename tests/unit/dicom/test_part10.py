"""The walker keeps what it is asked for, whatever the layout, and refuses within its limits."""

import zlib
from contextlib import suppress
from struct import pack

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.hostile import (
    BIG,
    DEFLATED,
    IMPLICIT,
    INSTANCE,
    JPEG,
    Fate,
    data_set,
    element,
    encapsulated,
    film,
    hostile_files,
    part10,
    tags_of_a_film,
)

from wetread.dicom.byte_source import BytesSource
from wetread.dicom.header import HEADER_TAGS
from wetread.dicom.limits import Limits
from wetread.dicom.part10 import PIXEL_DATA, Part10File, read_part10
from wetread.domain.errors import HostileInput

_PATIENT_ID, _ROWS, _VOI, _LUT_DATA = 0x00100020, 0x00280010, 0x00283010, 0x00283006
_TAGS = tags_of_a_film()
_PIXELS = _TAGS[PIXEL_DATA][1]


def read(content: bytes, limits: Limits | None = None) -> Part10File:
    return read_part10(BytesSource(content), HEADER_TAGS, frozenset({_VOI}), limits or Limits())


def refusal(content: bytes, limits: Limits | None = None) -> str:
    with pytest.raises(HostileInput) as caught:
        read(content, limits)
    return caught.value.code


def implicit_body(order: str = "<") -> bytes:
    return b"".join(
        pack(order + "HHI", tag >> 16, tag & 0xFFFF, len(value) + len(value) % 2) + value + b" " * (len(value) % 2)
        for tag, (_, value) in sorted(_TAGS.items())
    )


def big_endian_body() -> bytes:
    body = b""
    for tag, (vr, value) in sorted(_TAGS.items()):
        words = value + b"\0" * (len(value) % 2)
        if vr in ("US", "OW"):
            words = b"".join(words[i : i + 2][::-1] for i in range(0, len(words), 2))
        head = pack(">HH", tag >> 16, tag & 0xFFFF) + vr.encode()
        body += head + (pack(">HI", 0, len(words)) if vr == "OW" else pack(">H", len(words))) + words
    return body


def deflated(body: bytes) -> bytes:
    engine = zlib.compressobj(9, zlib.DEFLATED, -15)
    return engine.compress(body) + engine.flush()


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        (film(), b"\x40\0"),
        (part10(implicit_body(), syntax=IMPLICIT), b"\x40\0"),
        (part10(big_endian_body(), syntax=BIG), b"\0\x40"),
        (part10(deflated(data_set(_TAGS)), syntax=DEFLATED), b"\x40\0"),
    ],
    ids=["explicit", "implicit", "big endian", "deflated"],
)
def test_values_and_pixels_are_found_in_every_layout(content: bytes, rows: bytes) -> None:
    file = read(content)
    values = file.data_set.values
    assert (values[_PATIENT_ID].value, values[_ROWS].value) == (b"HOSTILE1", rows)
    assert file.sop_instance_uid == INSTANCE
    assert file.data_set.pixels is not None
    ((start, length),) = file.data_set.pixels.spans
    assert length == len(_PIXELS)
    found = file.source.read(start, length)
    assert found == (
        _PIXELS
        if not file.syntax.big_endian
        else bytes(b for i in range(0, length, 2) for b in _PIXELS[i : i + 2][::-1])
    )


def test_fragments_are_located_without_their_offset_table() -> None:
    stream = b"".join(pack("<HHI", 0xFFFE, 0xE000, len(item)) + item for item in (bytes(4), b"\xff\xd8ab", b"cd"))
    file = read(encapsulated(stream + pack("<HHI", 0xFFFE, 0xE0DD, 0), JPEG))
    assert file.data_set.pixels is not None
    assert [file.source.read(*span) for span in file.data_set.pixels.spans] == [b"\xff\xd8ab", b"cd"]
    assert file.data_set.pixels.offset_table is not None


@pytest.mark.parametrize("defined", [True, False])
def test_the_first_item_of_a_kept_sequence_is_kept(defined: bool) -> None:
    inside = element(_LUT_DATA, "OW", b"\1\2") + element(0x00283010, "SQ", b"")
    after = element(_LUT_DATA, "OW", b"\3\4")
    items = b""
    for body in (inside, after):
        items += pack("<HHI", 0xFFFE, 0xE000, len(body) if defined else 0xFFFFFFFF) + body
        items += b"" if defined else pack("<HHI", 0xFFFE, 0xE00D, 0)
    items += b"" if defined else pack("<HHI", 0xFFFE, 0xE0DD, 0)
    sequence = element(_VOI, "SQ", items, length=len(items) if defined else 0xFFFFFFFF)
    tags = dict(_TAGS)
    pixels = data_set({PIXEL_DATA: tags.pop(PIXEL_DATA)})
    file = read(part10(data_set(tags) + sequence + pixels))
    assert file.data_set.first_items[_VOI][_LUT_DATA].value == b"\1\2"
    assert file.data_set.pixels is not None


def test_unknown_vr_of_undefined_length_is_an_implicit_sequence() -> None:
    inner = pack("<HHI", 0x0040, 0x0275, 2) + b"ab"
    item = pack("<HHI", 0xFFFE, 0xE000, len(inner)) + inner + pack("<HHI", 0xFFFE, 0xE0DD, 0)
    tags = dict(_TAGS)
    pixels = data_set({PIXEL_DATA: tags.pop(PIXEL_DATA)})
    body = data_set(tags) + element(0x00400275, "UN", item, length=0xFFFFFFFF) + pixels
    assert read(part10(body)).data_set.pixels is not None


def test_a_long_value_is_cut_not_refused() -> None:
    content = film({0x00100010: ("PN", b"A" * 65_000)})
    assert len(read(content, Limits(value_bytes=100)).data_set.values[0x00100010].value) == 100


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        (Limits(elements=20), "too_many_elements"),
        (Limits(top_elements=20), "too_many_elements"),
        (Limits(header_bytes=200), "header_too_long"),
    ],
)
def test_an_ordinary_film_beyond_a_limit_is_refused(limits: Limits, code: str) -> None:
    assert refusal(film(), limits) == code


def test_elements_within_a_sequence_are_not_counted_as_the_film_s_own() -> None:
    within = b"".join(element(0x00400001 + n, "LO", b"") for n in range(100))
    item = pack("<HHI", 0xFFFE, 0xE000, len(within)) + within
    tags = dict(_TAGS)
    pixels = data_set({PIXEL_DATA: tags.pop(PIXEL_DATA)})
    content = part10(data_set(tags) + element(0x00400275, "SQ", item) + pixels)
    own = len(tags) + 2
    assert read(content, Limits(top_elements=own)).data_set.pixels is not None
    assert refusal(content, Limits(top_elements=own - 1)) == "too_many_elements"


def test_nesting_is_allowed_up_to_the_limit_and_no_deeper() -> None:
    def nested(depth: int) -> bytes:
        opened = element(0x00400275, "SQ", b"", length=0xFFFFFFFF) + pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF)
        closed = pack("<HHI", 0xFFFE, 0xE00D, 0) + pack("<HHI", 0xFFFE, 0xE0DD, 0)
        return opened * depth + closed * depth

    tags = dict(_TAGS)
    pixels = data_set({PIXEL_DATA: tags.pop(PIXEL_DATA)})
    assert read(part10(data_set(tags) + nested(64) + pixels)).data_set.pixels is not None
    assert refusal(part10(data_set(tags) + nested(65) + pixels)) == "too_deep"


def test_inflating_stops_at_the_limit() -> None:
    body = data_set(_TAGS) + element(0x7FE10010, "OB", bytes(3 << 20))
    content = part10(deflated(body), syntax=DEFLATED)
    assert refusal(content, Limits(inflated_bytes=2 << 20)) == "deflate_bomb"
    assert refusal(content) == "deflate_bomb"
    assert read(content, Limits(inflate_ratio=10_000)).data_set.pixels is not None


def test_a_damaged_deflated_stream_is_refused() -> None:
    packed = deflated(data_set(_TAGS))
    assert refusal(part10(packed[:-30], syntax=DEFLATED)) == "truncated"
    assert refusal(part10(b"\xff" * 300, syntax=DEFLATED)) == "bad_deflate"
    assert refusal(part10(packed + b"MZ" * 50, syntax=DEFLATED)) == "trailing_bytes"


@pytest.mark.parametrize(
    "case",
    [case for case in hostile_files() if case.category in ("structure", "syntax", "bomb")],
    ids=lambda case: case.name,
)
def test_structural_attacks_are_refused(case) -> None:  # type: ignore[no-untyped-def]
    if case.fate is Fate.REFUSED:
        refusal(case.content)
    else:
        read(case.content)


_FILM = film()


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(_FILM) - 1), st.integers(0, 255)), min_size=1, max_size=12))
def test_any_damage_is_read_or_refused(damage: list[tuple[int, int]]) -> None:
    """Nothing but HostileInput ever leaves the walker."""
    content = bytearray(_FILM)
    for position, value in damage:
        content[position % 800 if position % 3 else position] = value  # most of it where the structure is
    with suppress(HostileInput):
        read(bytes(content), Limits(elements=2_000))


@settings(deadline=None)
@given(st.binary(max_size=600))
def test_any_bytes_behind_a_valid_start_are_read_or_refused(tail: bytes) -> None:
    """Nothing but HostileInput ever leaves the walker."""
    tags = {tag: value for tag, value in _TAGS.items() if tag < 0x00080060}
    for syntax in (IMPLICIT, "1.2.840.10008.1.2.1", BIG, DEFLATED):
        with suppress(HostileInput):
            read(part10(data_set(tags) + tail, syntax=syntax))
