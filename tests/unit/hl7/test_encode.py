"""Whatever a text holds, it stays in its component."""

from hypothesis import given
from hypothesis import strategies as st

from wetread.hl7.encode import components, escape, formatted, message, segment

HOSTILE = st.text(st.sampled_from("|^~\\&\r\n\x0b\x1c\x00aé.EFSTR🫁\ud800\u2028"), max_size=40)


def unescape(text: str) -> str:
    """Left to right, as a receiver reads (chapter 2 §2.7.1)."""
    parts = text.split("\\")
    named = {"F": "|", "S": "^", "T": "&", "R": "~", "E": "\\", ".br": "\n"}
    return "".join(named[part] if number % 2 else part for number, part in enumerate(parts))


@given(st.lists(HOSTILE, min_size=1, max_size=5))
def test_texts_come_back_from_their_fields(texts: list[str]) -> None:
    line = message([segment("OBX", *map(escape, texts), "end")]).decode()
    name, *fields, end = line.removesuffix("\r").split("|")
    assert (name, end) == ("OBX", "end")
    seen = [" ".join(unescape(field).split()) for field in fields]
    assert seen == [
        " ".join("".join(" " if c in "\r\n\x0b\x1c\x00\ud800\u2028" else c for c in t).split()) for t in texts
    ]


@given(HOSTILE, HOSTILE)
def test_components_and_lines_are_as_many_as_were_given(first: str, second: str) -> None:
    assert components(first, second, "x").count("^") == 2
    assert not set("|^~&\r\n\x0b\x1c") & set(formatted(first))


def test_line_ends_are_formatting_commands() -> None:
    assert formatted("a\r\nb\nc\rd") == "a\\.br\\b\\.br\\c\\.br\\d"
