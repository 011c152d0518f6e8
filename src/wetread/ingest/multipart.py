"""Takes a multipart/related body apart as it arrives (RFC 2046 §5.1, RFC 2387, PS3.18 §8.6): sans-IO, no copy of the parts, every size bounded.

The caller reads into `vacant()` and reports how much came; what comes back are events whose views live until the next call. Only a whole delimiter line ends a
part: the boundary's characters inside pixel data stay pixel data.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto

from wetread.domain.errors import PermanentError

__all__ = [
    "Event",
    "MultipartError",
    "MultipartParser",
    "PartBegin",
    "PartEnd",
    "parse_media_type",
    "related_boundary",
]

_PARAMETER = re.compile(r';[ \t]*([!#$%&\'*+.^_`|~0-9A-Za-z-]+)=(?:"((?:[^"\\\r\n]|\\.)*)"|([^;" \t\r\n]+))[ \t]*')
_MEDIA_TYPE = re.compile(r"[ \t]*([!#$%&'*+.^_`|~0-9A-Za-z-]+/[!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*")
_BOUNDARY = re.compile(r"[\x20-\x7e]{0,69}[\x21-\x7e]")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\x20-\x7e\x80-\xff\t]*)")
_LINE_END = re.compile(rb"(--)?[ \t]*\r\n")
_PERHAPS_LINE_END = re.compile(rb"(-|--)?[ \t]*\r?")
_CLOSED_AT_END = re.compile(rb"--[ \t]*\r?")
_LONGEST_PADDING = 64


class MultipartError(PermanentError):
    """The body breaks the format or a limit; `status` is the HTTP status that says so."""

    code = "bad_multipart"

    def __init__(self, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class PartBegin:
    """A part's header fields, names in lower case."""

    fields: Mapping[str, str]


class PartEnd:
    """The part is complete: its delimiter line was seen."""


Event = PartBegin | memoryview | PartEnd
_END = PartEnd()


class _Within(Enum):
    PREAMBLE = auto()
    FIELDS = auto()
    PART = auto()
    EPILOGUE = auto()


def parse_media_type(value: str) -> tuple[str, dict[str, str]]:
    """`type/subtype` in lower case and its parameters (RFC 9110 §8.3.1); raises MultipartError(415)."""
    match = _MEDIA_TYPE.match(value)
    if match is None:
        raise MultipartError("the Content-Type cannot be read", status=415)
    parameters: dict[str, str] = {}
    at = match.end()
    while at < len(value):
        parameter = _PARAMETER.match(value, at)
        if parameter is None or parameter[1].lower() in parameters:
            raise MultipartError("the Content-Type's parameters cannot be read", status=415)
        quoted, plain = parameter[2], parameter[3]
        parameters[parameter[1].lower()] = plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
        at = parameter.end()
    return match[1].lower(), parameters


def related_boundary(content_type: str, part_type: str) -> bytes:
    """The boundary of a `multipart/related; type=part_type` body; raises MultipartError (415 for another type, 400 without a boundary)."""
    media_type, parameters = parse_media_type(content_type)
    if media_type != "multipart/related" or parameters.get("type", "").lower() != part_type:
        raise MultipartError(f'expected Content-Type: multipart/related; type="{part_type}"', status=415)
    boundary = parameters.get("boundary", "")
    if not _BOUNDARY.fullmatch(boundary):
        raise MultipartError("the Content-Type needs a boundary of 1 to 70 characters")
    return boundary.encode("ascii")


class MultipartParser:
    """One body. `vacant` and `advance` in turn, then `finish` once the body has ended."""

    def __init__(
        self, boundary: bytes, *, max_parts: int = 4096, max_fields_bytes: int = 8192, buffer_bytes: int = 1 << 19
    ) -> None:
        self._delimiter = b"\r\n--" + boundary
        self._max_parts = max_parts
        self._max_fields_bytes = max_fields_bytes
        self._buffer = bytearray(buffer_bytes)
        self._view = memoryview(self._buffer)
        self._buffer[:2] = b"\r\n"  # the first delimiter may stand at the very start, where no line ends before it
        self._start, self._end = 0, 2
        self._within = _Within.PREAMBLE
        self._empty_line = 0
        self._parts = 0

    def vacant(self) -> memoryview:
        """Where the next bytes of the body belong; never empty."""
        if self._start:
            rest = self._buffer[self._start : self._end]
            self._buffer[: len(rest)] = rest
            self._start, self._end = 0, len(rest)
        return self._view[self._end :]

    def advance(self, received_bytes: int) -> Iterator[Event]:
        """The events in what was read so far; use each view before taking the next event. Raises MultipartError."""
        self._end += received_bytes
        while True:
            before = (self._start, self._within)
            if self._within is _Within.FIELDS:
                yield from self._fields()
            elif self._within is _Within.EPILOGUE:
                self._start = self._end
            else:
                yield from self._content()
            if (self._start, self._within) == before:
                return

    def finish(self) -> Iterator[Event]:
        """The body has ended: raises MultipartError when its closing delimiter is missing."""
        rest = self._buffer[self._start : self._end]
        closed = rest.startswith(self._delimiter) and _CLOSED_AT_END.fullmatch(rest, len(self._delimiter))
        if closed and self._within is _Within.PART:
            self._within = _Within.EPILOGUE
            yield _END
        if self._within is not _Within.EPILOGUE:
            raise MultipartError("the body ends without its closing boundary: it was cut short, send it again")

    def _content(self) -> Iterator[Event]:
        """Up to the next delimiter line, or as far as it is certain that none begins."""
        found = self._buffer.find(self._delimiter, self._start, self._end)
        if found < 0:
            yield from self._emit(max(self._start, self._end - len(self._delimiter) + 1))
            return
        yield from self._emit(found)
        after = found + len(self._delimiter)
        line_end = _LINE_END.match(self._buffer, after, self._end)
        if line_end:
            yield from self._end_part(closing=line_end[1] is not None, at=line_end.end())
        elif self._end - after > _LONGEST_PADDING or not _PERHAPS_LINE_END.fullmatch(self._buffer, after, self._end):
            yield from self._emit(found + 2)

    def _emit(self, stop: int) -> Iterator[Event]:
        """Everything before `stop` is content, but for the empty line after the fields (where `stop` stands on it, the content is empty)."""
        if stop < self._start + self._empty_line:
            return
        start, self._start, self._empty_line = self._start + self._empty_line, stop, 0
        if self._within is _Within.PART and stop > start:
            yield self._view[start:stop]

    def _end_part(self, *, closing: bool, at: int) -> Iterator[Event]:
        was_part = self._within is _Within.PART
        self._within = _Within.EPILOGUE if closing else _Within.FIELDS
        self._start = at - 2  # fields end with an empty line; where there are none, this line's end is its beginning
        self._empty_line = 0
        if was_part:
            yield _END

    def _fields(self) -> Iterator[Event]:
        found = self._buffer.find(b"\r\n\r\n", self._start, self._end)
        if (found if found >= 0 else self._end) - self._start > self._max_fields_bytes:
            raise MultipartError("a part's header is too long", status=413)
        if found < 0:
            return
        self._parts += 1
        if self._parts > self._max_parts:
            raise MultipartError(f"more than {self._max_parts} parts: send them in several requests", status=413)
        fields = _parse_fields(bytes(self._view[self._start + 2 : found + 2]))
        # The empty line stays: where the content is empty, it may at the same time begin the delimiter.
        self._start, self._empty_line, self._within = found + 2, 2, _Within.PART
        yield PartBegin(fields)


def _parse_fields(block: bytes) -> dict[str, str]:
    fields: dict[str, str] = {}
    for line in block.split(b"\r\n")[:-1]:
        field = _FIELD.fullmatch(line)
        if field is None or field[1].lower().decode() in fields:
            raise MultipartError("a part's header cannot be read")
        fields[field[1].lower().decode()] = field[2].decode("latin-1").strip()
    return fields
