r"""HL7 v2 messages from outside: bytes to segments, fields and texts (v2.5.1 chapter 2), with every limit checked before anything is believed.

Escapes are resolved in single texts only, after all splitting: \X0D\ is a space in a name, never the end of a segment. A line that is no segment makes the whole message
unreadable: what a raw carriage return tore out of a field is never taken for a second patient.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from wetread.domain.errors import PermanentError
from wetread.hl7.character_sets import CODECS, UTF_8, CharacterSet

__all__ = ["Header", "Message", "MessageRefused", "ParseLimits", "Segment", "parse_message", "read_header"]

_NAME = re.compile(r"[A-Z][A-Z0-9]{2}")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_TORN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_HEX = re.compile(r"X(?:[0-9A-Fa-f]{2})+")
_OTHER_NAMES = {
    "UTF-8": "UNICODE UTF-8",
    "UNICODE": "UNICODE UTF-8",
    "ISO-8859-1": "8859/1",
    "ISO IR6": "ASCII",
    "ISO IR100": "8859/1",
}


class MessageRefused(PermanentError):
    """Not a message that we take. `error_code` is of table 0357; `rejects`: wrong in its kind or framing (AR), else in its content (AE). Its words quote nothing."""

    def __init__(self, message: str, error_code: str, *, rejects: bool = False) -> None:
        super().__init__(message, code="hl7_refused")
        self.error_code = error_code
        self.rejects = rejects


@dataclass(frozen=True, slots=True)
class ParseLimits:
    """And the character set of a message that names none (MSH-18)."""

    character_set: CharacterSet = UTF_8
    message_bytes: int = 1024 * 1024
    segments: int = 1000
    fields: int = 200
    repetitions: int = 100


@dataclass(frozen=True, slots=True)
class Segment:
    """`fields[n]` is field n as sent, `fields[0]` the name; `marks` are the separators and the escape character of the message."""

    fields: tuple[str, ...]
    marks: str
    codec: str

    @property
    def name(self) -> str:
        return self.fields[0]

    def repetitions(self, field: int) -> list[str]:
        """Of a field as sent, none of them empty."""
        sent = self.fields[field] if field < len(self.fields) else ""
        return [each for each in sent.split(self.marks[2]) if each]

    def text(self, field: int, component: int = 1, *, of: str | None = None) -> str:
        """A component of a field's first repetition (or of the repetition `of`), its first subcomponent, unescaped, trimmed; "" for HL7's explicit null."""
        sent = of if of is not None else next(iter(self.repetitions(field)), "")
        parts = sent.split(self.marks[1])
        part = parts[component - 1] if component <= len(parts) else ""
        text = unescape(
            part.split(self.marks[4])[0] if len(self.marks) > 4 else part, self.marks[3], self.codec
        ).strip()
        return "" if text == '""' else text

    def whole(self, field: int) -> str:
        """All repetitions of a text field, a line each."""
        return "\n".join(filter(None, (self.text(field, of=each) for each in self.repetitions(field))))


@dataclass(frozen=True, slots=True)
class Header:
    """MSH, as far as an answer needs it. Every text is unescaped; `kind` is MSH-9 type and event ("ADT^A08"), `accept` MSH-15."""

    sending_application: str
    sending_facility: str
    receiving_application: str
    receiving_facility: str
    sent_at: str
    kind: str
    control_id: str
    processing_id: str
    version: str
    accept: str
    character_set: str

    @property
    def sender(self) -> str:
        return f"{self.sending_application}^{self.sending_facility}"[:80]


@dataclass(frozen=True, slots=True)
class Message:
    header: Header
    segments: tuple[Segment, ...]

    def all(self, name: str) -> tuple[Segment, ...]:
        return tuple(each for each in self.segments if each.name == name)


def read_header(body: bytes) -> Header | None:
    """What MSH says, however wrong the rest; None without a readable MSH."""
    msh = _msh(re.split(rb"[\r\n]", body[:4096].lstrip(b"\r\n"), maxsplit=1)[0].decode("latin-1"), "latin-1")
    if msh is None:
        return None
    return Header(
        sending_application=msh.text(3)[:200],
        sending_facility=msh.text(4)[:200],
        receiving_application=msh.text(5)[:200],
        receiving_facility=msh.text(6)[:200],
        sent_at=msh.text(7)[:40],
        kind="^".join(filter(None, (msh.text(9), msh.text(9, 2))))[:20],
        control_id=msh.text(10)[:199],
        processing_id=msh.text(11)[:3],
        version=msh.text(12)[:10],
        accept=msh.text(15)[:2],
        character_set=msh.text(18)[:40],
    )


def _msh(line: str, codec: str) -> Segment | None:
    if not line.startswith("MSH") or len(line) < 9:
        return None
    separator, marks = line[3], line[4:].split(line[3], 1)[0]
    used = separator + marks
    plain = all(each.isprintable() and not each.isalnum() and each != " " for each in used)
    if len(marks) not in (3, 4, 5) or len(set(used)) != len(used) or not plain:
        return None
    return Segment(("MSH", separator, marks, *line.split(separator)[2:]), separator + marks, codec)


def parse_message(body: bytes, limits: ParseLimits) -> Message:
    """Raises MessageRefused."""
    if len(body) > limits.message_bytes:
        raise MessageRefused("the message is too long", "207", rejects=True)
    header = read_header(body)
    if header is None:
        raise MessageRefused("the message does not begin with MSH and its separators", "100", rejects=True)
    named = header.character_set or limits.character_set
    codec = next((each for name, each in CODECS.items() if name == _OTHER_NAMES.get(named, named)), None)
    if codec is None:
        raise MessageRefused("the message's character set (MSH-18) is none that is read here", "102")
    try:
        text = body.decode(codec)
    except UnicodeDecodeError:
        raise MessageRefused("the message is not in the character set that MSH-18 names", "102") from None
    lines = [line for line in re.split(r"\r\n|\r|\n", text) if line]
    if len(lines) > limits.segments:
        raise MessageRefused("the message has too many segments", "207", rejects=True)
    msh = _msh(lines[0], codec)
    if msh is None:
        raise MessageRefused("the message does not begin with MSH and its separators", "100", rejects=True)
    return Message(header, (msh, *_segments(lines[1:], msh.marks, codec, limits)))


def _segments(lines: list[str], marks: str, codec: str, limits: ParseLimits) -> Iterator[Segment]:
    for line in lines:
        fields = tuple(line.split(marks[0]))
        if not _NAME.fullmatch(fields[0]) or fields[0] == "MSH" or _TORN.search(line):
            raise MessageRefused("a line of the message is no segment: is there a line end within a field?", "100")
        if len(fields) > limits.fields or any(each.count(marks[2]) > limits.repetitions for each in fields):
            raise MessageRefused("a segment of the message is too long", "207", rejects=True)
        yield Segment(fields, marks, codec)


def unescape(text: str, escape: str, codec: str) -> str:
    """§2.7; what is no escape of text (highlights, other sets, local ones) goes, control characters become spaces, line ends stay."""
    parts = text.split(escape)
    if len(parts) % 2 == 0:  # an escape that never ends: the sign stands for itself
        parts[-2:] = [f"{parts[-2]}{escape}{parts[-1]}"]
    said = (_escaped(part, escape, codec) if number % 2 else part for number, part in enumerate(parts))
    return _CONTROL.sub(" ", "".join(said).replace("\r\n", "\n").replace("\r", " "))


def _escaped(name: str, escape: str, codec: str) -> str:
    named = {"F": "|", "S": "^", "T": "&", "R": "~", "E": escape, ".br": "\n", ".sp": "\n"}
    if _HEX.fullmatch(name):
        return _CONTROL.sub(" ", bytes.fromhex(name[1:]).decode(codec, "replace").replace("\n", " ").replace("\r", " "))
    return named.get(name, "")
