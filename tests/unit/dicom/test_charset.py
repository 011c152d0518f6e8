"""Text is decoded as pydicom decodes it, from a closed list of codecs, and never loses what it cannot hold."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.charset import convert_encodings, decode_bytes

from wetread.dicom.charset import codecs_of, decode_text

_NAMES = [
    (("ISO_IR 100",), "Buc^Jérôme".encode("latin-1")),
    (("ISO_IR 144",), "Люкceмбypг".encode("iso8859_5")),
    (("ISO_IR 126",), "Διονυσιος".encode("iso8859_7")),
    (("ISO_IR 127",), "قباني^لنزار".encode("iso8859_6")),
    (("ISO_IR 138",), "שרון^דבורה".encode("iso8859_8")),
    (("ISO_IR 166",), "นามสกุล".encode("iso8859_11")),
    (("ISO_IR 192",), "Wang^XiaoDong=王^小東=".encode()),
    (("GB18030",), "Wang^XiaoDong=王^小东=".encode("gb18030")),
    (("", "ISO 2022 IR 87"), b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B"),
    (
        ("ISO 2022 IR 13", "ISO 2022 IR 87"),
        b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J=\x1b$B$d$^$@\x1b(J^\x1b$B$?$m$&\x1b(J",
    ),
    (
        ("", "ISO 2022 IR 149"),
        b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7=\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf",
    ),
    (("ISO 2022 IR 100", "ISO 2022 IR 144"), b"\x1b-ADionysi\xf6s^\x1b-L\xbb\xee\xda"),
]


@pytest.mark.parametrize(("terms", "raw"), _NAMES, ids=["/".join(terms) for terms, _ in _NAMES])
def test_names_read_as_pydicom_reads_them(terms: tuple[str, ...], raw: bytes) -> None:
    expected = decode_bytes(raw, convert_encodings(list(terms)), {"^", "="})
    assert "\\x" not in expected
    assert decode_text(raw, codecs_of(terms), b"\\^=") == expected


def test_chinese_escapes_are_understood() -> None:
    raw = b"Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab="
    assert decode_text(raw, codecs_of(("", "ISO 2022 IR 58")), b"\\^=") == "Zhang^XiaoDong=张^小东="


def test_a_delimiters_code_inside_a_two_byte_character_is_no_delimiter() -> None:
    raw = "予=予".encode("iso2022_jp")
    assert raw.count(b"=") == 3
    assert decode_text(raw, codecs_of(("", "ISO 2022 IR 87")), b"\\^=") == "予=予"


@pytest.mark.parametrize(
    "term", ["rot13", "UTF-7", "zlib_codec", "punycode", "idna", "unicode_escape", "ISO_IR 999", "../x"]
)
def test_a_codec_is_never_looked_up_by_the_files_own_name(term: str) -> None:
    assert codecs_of((term,)) == ("iso8859_1",)


def test_an_absent_character_set_holds_every_byte() -> None:
    assert decode_text(b"M\xfcller", codecs_of(())) == "Müller"


def test_common_misspellings_are_understood() -> None:
    assert codecs_of(("ISO-IR 192",)) == codecs_of(("iso_ir_192",)) == codecs_of(("ISO_IR 192 ",)) == ("utf_8",)


def test_five_hundred_character_sets_are_cut() -> None:
    assert len(codecs_of(("ISO 2022 IR 87",) * 500)) == 16


@settings(deadline=None)
@given(st.binary(max_size=40), st.binary(max_size=40))
def test_two_identifiers_never_become_one(left: bytes, right: bytes) -> None:
    codecs = codecs_of(("ISO_IR 192",))
    if left != right and b"\\" not in left + right:
        assert decode_text(left, codecs) != decode_text(right, codecs)


@settings(deadline=None)
@given(
    st.binary(max_size=200),
    st.lists(st.sampled_from(["ISO_IR 192", "GB18030", "ISO 2022 IR 87", "ISO 2022 IR 149", "x"])),
)
def test_decoding_never_fails(raw: bytes, terms: list[str]) -> None:
    decode_text(b"\x1b$B" + raw, codecs_of(tuple(terms)), b"\\^=")
