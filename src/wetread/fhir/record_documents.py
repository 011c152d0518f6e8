"""The text of a document or report: plain text, or XHTML without its tags. Any other format, a document type or an entity of its own is not read."""

import binascii
import re
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass
from xml.parsers import expat

from wetread.fhir.datatypes import Json, clean
from wetread.fhir.record_values import objects, text_of

__all__ = ["Attachment", "attachments", "binary", "plain_text"]

_PLAIN = ("text/plain",)
_MARKED_UP = ("application/xhtml+xml", "text/html")
_CHARSETS = {"": "utf-8", "utf-8": "utf-8", "us-ascii": "ascii", "iso-8859-1": "latin-1", "windows-1252": "cp1252"}
_DEEPEST = 64
_SILENT = frozenset(["head", "script", "style", "title", "template"])
_INLINE = frozenset(["a", "b", "em", "i", "s", "small", "span", "strong", "sub", "sup", "u"])
_CONTENT_TYPE = re.compile(r"\s*([a-z0-9.+/-]+)\s*(?:;\s*charset\s*=\s*\"?([a-z0-9-]+)\"?\s*)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Attachment:
    """R4 Attachment in a format that we read: its bytes, or a reference to them."""

    content_type: str
    data: bytes | None
    reference: str


def attachments(resource: Json, longest_bytes: int) -> tuple[Attachment, ...]:
    """Of a DocumentReference or a DiagnosticReport, those that may be readable and are not longer than `longest_bytes` as they stand."""
    contents = [each.get("attachment") for each in objects(resource.get("content"))]
    found = [_attachment(each, longest_bytes) for each in objects([*contents, *objects(resource.get("presentedForm"))])]
    return tuple(each for each in found if each is not None)


def _attachment(said: Json, longest_bytes: int) -> Attachment | None:
    content_type, data = text_of(said.get("contentType"), 100), said.get("data")
    if not _kind(content_type)[0]:
        return None
    if data is None:
        reference = text_of(said.get("url"), 500)
        return Attachment(content_type, None, reference) if reference else None
    content = _decoded(data, longest_bytes)
    return Attachment(content_type, content, "") if content is not None else None


def binary(resource: Json, longest_bytes: int) -> Attachment | None:
    """A Binary resource as an attachment with data; None for anything else."""
    content = _decoded(resource.get("data"), longest_bytes) if resource.get("resourceType") == "Binary" else None
    return Attachment(text_of(resource.get("contentType"), 100), content, "") if content is not None else None


def _decoded(data: object, longest_bytes: int) -> bytes | None:
    if not isinstance(data, str) or len(data) > 2 * longest_bytes:
        return None
    try:
        content = b64decode("".join(data.split()), validate=True)
    except (binascii.Error, ValueError):
        return None
    return content if len(content) <= longest_bytes else None


def _kind(content_type: str) -> tuple[str, str]:
    """ "plain" or "markup" with Python's name of the charset; "" for what is not read."""
    found = _CONTENT_TYPE.fullmatch(content_type)
    media, charset = (found[1].lower(), _CHARSETS.get((found[2] or "").lower(), "")) if found else ("", "")
    kind = "plain" if media in _PLAIN else "markup" if media in _MARKED_UP else ""
    return (kind, charset) if charset else ("", "")


def plain_text(attachment: Attachment) -> str | None:
    """The words of an attachment with data; None when it is not what it says or not in a format that we read."""
    kind, charset = _kind(attachment.content_type)
    if not kind or attachment.data is None:
        return None
    try:
        text = attachment.data.decode(charset)
    except UnicodeDecodeError:
        return None
    return _tidy(text) if kind == "plain" else _without_tags(text)


def _tidy(text: str) -> str:
    return clean(text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n"))


class _RefusedMarkup(Exception):
    """Raised inside the parser: a document type, an entity or too much nesting."""


def _without_tags(text: str) -> str | None:
    """None for what is not well-formed XML, or declares anything (CWE-611, CWE-776)."""
    words = _Words()
    parser = expat.ParserCreate(encoding="utf-8")
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = words.start, words.end
    parser.CharacterDataHandler = words.characters
    refuse: Callable[..., None] = words.refuse
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = parser.UnparsedEntityDeclHandler = refuse
    parser.ExternalEntityRefHandler = parser.SkippedEntityHandler = refuse  # type: ignore[assignment]
    try:
        parser.Parse(text.removeprefix("\ufeff").encode("utf-8"), True)
    except (expat.ExpatError, _RefusedMarkup, ValueError):
        return None
    lines = (" ".join(line.split()) for line in "".join(words.parts).splitlines())
    return clean("\n".join(filter(None, lines)))


class _Words:
    def __init__(self) -> None:
        self.parts: list[str] = []
        self._open: list[str] = []
        self._silent = 0

    def start(self, name: str, _: object) -> None:
        tag = name.rpartition(":")[2].lower()
        self._open.append(tag)
        if len(self._open) > _DEEPEST:
            raise _RefusedMarkup
        self._silent += tag in _SILENT
        self._break(tag)

    def end(self, _: str) -> None:
        tag = self._open.pop()
        self._silent -= tag in _SILENT
        self._break(tag)

    def _break(self, tag: str) -> None:
        if tag not in _INLINE:
            self.parts.append("\t" if tag in ("td", "th") else "\n")

    def characters(self, text: str) -> None:
        if not self._silent:
            self.parts.append(text.replace("\n", " "))

    def refuse(self, *_: object) -> None:
        raise _RefusedMarkup
