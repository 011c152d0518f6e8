"""Translates a Part 10 file into the few values we need, within limits and without recursion (PS3.10 §7, PS3.5 §7).

Nothing here trusts a length: every element must end inside its container and the file before a byte of it is read, pixel data is only located, never read,
and nesting lives on an explicit stack. pydicom is not used: it recurses, inflates without bound and costs 0.45 s to import.
"""

from collections.abc import Container
from dataclasses import dataclass, field
from struct import Struct
from typing import Any

from wetread.dicom.byte_source import ByteSource, BytesSource, inflate
from wetread.dicom.limits import Limits
from wetread.dicom.transfer_syntax import TRANSFER_SYNTAXES, TransferSyntax
from wetread.domain.errors import HostileInput
from wetread.domain.value_representation import EVERY_VR, LONG_VRS, SHORT_VRS

__all__ = [
    "PIXEL_DATA",
    "DataSet",
    "Element",
    "Level",
    "Part10File",
    "PixelData",
    "Walk",
    "read_elements",
    "read_part10",
]

PIXEL_DATA = 0x7FE00010
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_UNDEFINED = 0xFFFFFFFF
_PIXEL_VRS = frozenset({"OB", "OW"})
_META_CLASS, _META_INSTANCE, _META_SYNTAX = 0x00020002, 0x00020003, 0x00020010
_LITTLE, _BIG = Struct("<HHI"), Struct(">HHI")
_LITTLE_SHORT, _BIG_SHORT = Struct("<H"), Struct(">H")
_LITTLE_LONG, _BIG_LONG = Struct("<I"), Struct(">I")


@dataclass(frozen=True, slots=True)
class Element:
    """A kept value: its VR ("" in implicit VR), its bytes (cut at the limit), and the byte order they are in."""

    vr: str
    value: bytes
    big_endian: bool = False


@dataclass(frozen=True, slots=True)
class PixelData:
    """Where the pixels lie in the source: one span when native, one per fragment when encapsulated (the offset table apart)."""

    vr: str
    spans: tuple[tuple[int, int], ...]
    offset_table: tuple[int, int] | None = None


@dataclass(slots=True)
class DataSet:
    """Kept values of the top level, and of the first item of kept sequences; `tree` is for `data_set_tree`."""

    values: dict[int, Element] = field(default_factory=dict)
    first_items: dict[int, dict[int, Element]] = field(default_factory=dict)
    pixels: PixelData | None = None
    tree: list[Any] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Part10File:
    """A file whose structure holds from preamble to last byte. `source` is where spans point: the file, or its inflated data set."""

    syntax: TransferSyntax
    sop_class_uid: str
    sop_instance_uid: str
    data_set: DataSet
    source: ByteSource


def read_part10(
    source: ByteSource,
    keep: frozenset[int],
    keep_items: frozenset[int],
    limits: Limits,
    walk_by: "type[Walk] | None" = None,
) -> Part10File:
    """Walk the whole file, keeping the values of `keep` and the first items of `keep_items`; raises HostileInput with a stable code."""
    meta, start = _read_meta(source, limits)
    syntax = TRANSFER_SYNTAXES.get(_uid(meta.get(_META_SYNTAX)))
    if syntax is None:
        raise _refuse("unknown_transfer_syntax", "The file's transfer syntax is not one we know")
    if syntax.deflated:
        source, start = BytesSource(inflate(source, start, limits)), 0
    _check_layout(source, start, syntax)
    walk = (walk_by or Walk)(source, start, syntax, keep, keep_items, limits)
    walk.run()
    return Part10File(syntax, _uid(meta.get(_META_CLASS)), _uid(meta.get(_META_INSTANCE)), walk.data_set, source)


def read_elements(
    data: bytes, syntax: TransferSyntax, keep: Container[int], keep_items: Container[int], limits: Limits
) -> DataSet:
    """A bare data set, as it comes by DIMSE; raises HostileInput as `read_part10`."""
    walk = Walk(BytesSource(data), 0, syntax, keep, keep_items, limits)
    walk.run()
    return walk.data_set


def _refuse(code: str, what: str) -> HostileInput:
    return HostileInput(f"{what}; nothing was stored.", code=code)


def _uid(element: Element | None) -> str:
    return "" if element is None else element.value.rstrip(b"\0 ").decode("latin-1")


def _read_meta(source: ByteSource, limits: Limits) -> tuple[dict[int, Element], int]:
    """File meta information (PS3.10 §7.1): always explicit VR little endian, group 0002 only."""
    if source.size < 132 or source.read(128, 4) != b"DICM":
        raise _refuse("not_part10", "Not a DICOM Part 10 file (no DICM at byte 128)")
    values: dict[int, Element] = {}
    position = 132
    while position + 8 <= source.size:
        group, number, _ = _LITTLE.unpack(source.read(position, 8))
        if group != 2:
            break
        vr, length, header = _explicit_header(source, position, _LITTLE_SHORT, _LITTLE_LONG)
        position += header
        if length > min(limits.value_bytes, source.size - position):
            raise _refuse("bad_file_meta", "A file meta element is longer than it may be")
        _keep_once(values, group << 16 | number, Element(vr, source.read(position, length)))
        position += length
    _check_meta_length(values, position)
    return values, position


def _check_meta_length(values: dict[int, Element], end: int) -> None:
    declared = values.get(0x00020000)
    if declared is not None and (len(declared.value) != 4 or _LITTLE_LONG.unpack(declared.value)[0] != end - 144):
        raise _refuse("bad_file_meta", "The file meta information is not as long as it says")


def _explicit_header(source: ByteSource, position: int, short: Struct, long: Struct) -> tuple[str, int, int]:
    """VR, value length and header length of the explicit VR element at `position` (PS3.5 §7.1.2)."""
    head = source.read(position + 4, 4)
    vr = head[:2].decode("latin-1")
    if vr in SHORT_VRS:
        return vr, short.unpack_from(head, 2)[0], 8
    if vr in LONG_VRS:
        return vr, long.unpack(source.read(position + 8, 4))[0], 12
    raise _refuse("bad_vr", "An element's value representation does not exist")


def _keep_once(values: dict[int, Element], tag: int, element: Element) -> None:
    if tag in values:
        raise _refuse("duplicate_element", "An element that must be unique comes twice")
    values[tag] = element


def _check_layout(source: ByteSource, start: int, syntax: TransferSyntax) -> None:
    """The first element must be in group 0008 and in the declared layout: never guess another one."""
    if start + 8 > source.size:
        raise _refuse("truncated", "The file has no data set")
    head = source.read(start, 8)
    group = (_BIG if syntax.big_endian else _LITTLE).unpack(head)[0]
    if group != 8 or (head[4:6].decode("latin-1") in EVERY_VR) != syntax.explicit:
        raise _refuse("wrong_transfer_syntax", "The data set is not in the transfer syntax that the file declares")


@dataclass(slots=True)
class Level:
    """An open sequence or item. `end` is None for undefined length; `limit` is where the nearest defined container ends."""

    is_item: bool
    end: int | None
    limit: int
    explicit: bool
    into: dict[int, Element] | None = None
    holder: list[Any] | None = None
    items_into: dict[int, Element] | None = None


class Walk:
    """One pass over the data set; `entered`, `found` and `begun` are there for who keeps more than values."""

    def __init__(
        self,
        source: ByteSource,
        start: int,
        syntax: TransferSyntax,
        keep: Container[int],
        keep_items: Container[int],
        limits: Limits,
    ) -> None:
        self.data_set = DataSet()
        self._source, self._position, self._syntax, self._limits = source, start, syntax, limits
        self._keep, self._keep_items = keep, keep_items
        big = syntax.big_endian
        self._head, self._short, self._long = (
            (_BIG, _BIG_SHORT, _BIG_LONG) if big else (_LITTLE, _LITTLE_SHORT, _LITTLE_LONG)
        )
        self._levels = [Level(True, source.size, source.size, syntax.explicit, self.data_set.values)]
        self._count = self._top_count = self._header_bytes = self._last_tag = 0

    def run(self) -> None:
        """Walk to the last byte."""
        levels = self._levels
        while True:
            level = levels[-1]
            if self._position == level.end:
                levels.pop()
                if not levels:
                    return
                continue
            if self._position + 8 > level.limit:
                raise _refuse("truncated", "An element reaches beyond what contains it")
            self._count += 1
            if self._count > self._limits.elements:
                raise _refuse("too_many_elements", "The data set has too many elements")
            if level.is_item:
                self._element(level)
            else:
                self._item(level)

    def entered(self, level: Level, parent: Level) -> None:
        """A sequence or an item was opened inside `parent`."""

    def found(self, tag: int, vr: str, length: int, item: Level) -> None:
        """A value begins at `self._position`; its length is within its container."""

    def begun(self, tag: int, item: Level) -> None:
        """A sequence begins, and is entered next."""

    def _item(self, sequence: Level) -> None:
        group, number, length = self._head.unpack(self._source.read(self._position, 8))
        tag = group << 16 | number
        self._position += 8
        if tag == _SEQUENCE_END and sequence.end is None and length == 0:
            self._levels.pop()
        elif tag == _ITEM:
            into, sequence.items_into = sequence.items_into, None
            self._open(True, length, sequence, sequence.explicit, into)
        else:
            raise _refuse("bad_sequence", "A sequence holds something that is no item")

    def _open(self, is_item: bool, length: int, parent: Level, explicit: bool, into: dict[int, Element] | None) -> None:
        end = None if length == _UNDEFINED else self._position + length
        if end is not None and end > parent.limit:
            raise _refuse("length_beyond_end", "A sequence is longer than what contains it")
        if len(self._levels) > 2 * self._limits.nesting_depth:
            raise _refuse("too_deep", "Sequences are nested too deeply")
        level = Level(is_item, end, parent.limit if end is None else end, explicit)
        if is_item:
            level.into = into
        else:
            level.items_into = into
        self.entered(level, parent)
        self._levels.append(level)

    def _element(self, item: Level) -> None:
        group, number, length = self._head.unpack(self._source.read(self._position, 8))
        tag, vr = group << 16 | number, ""
        if group == 0xFFFE:
            self._end_item(item, tag, length)
            return
        if item.explicit:
            vr, length, header = _explicit_header(self._source, self._position, self._short, self._long)
            self._position += header
        else:
            self._position += 8
        top = len(self._levels) == 1
        if group in (0, 2) or (top and tag < self._last_tag and tag in self._keep):
            raise _refuse("out_of_order", "An element is where it must not be")
        if top:
            self._last_tag = max(self._last_tag, tag)
            self._top_count += 1
            if self._top_count > self._limits.top_elements:
                raise _refuse("too_many_elements", "The data set has too many elements")
        if top and tag == PIXEL_DATA:
            self._pixels(vr, length, item.limit)
        elif self._is_sequence(tag, vr, length, item.limit):
            self._sequence(tag, vr, length, item, top)
        else:
            self._value(tag, vr, length, item)

    def _end_item(self, item: Level, tag: int, length: int) -> None:
        if tag != _ITEM_END or item.end is not None or length:
            raise _refuse("bad_sequence", "A delimiter stands where none belongs")
        self._position += 8
        self._levels.pop()

    def _is_sequence(self, tag: int, vr: str, length: int, limit: int) -> bool:
        """SQ; UN or implicit VR of undefined length (PS3.5 §6.2.2); and what implicit VR hides: a standard element that starts with an item."""
        if vr == "SQ" or (length == _UNDEFINED and vr in ("", "UN")):
            return True
        if vr not in ("", "UN") or tag & 0x10000 or not 8 <= length <= limit - self._position:
            return False
        group, number, _ = self._head.unpack(self._source.read(self._position, 8))
        return bool(group << 16 | number == _ITEM)

    def _sequence(self, tag: int, vr: str, length: int, item: Level, top: bool) -> None:
        self.begun(tag, item)
        into: dict[int, Element] | None = None
        if top and tag in self._keep_items:
            if tag in self.data_set.first_items:
                raise _refuse("duplicate_element", "An element that must be unique comes twice")
            into = self.data_set.first_items[tag] = {}
        if vr == "UN" and self._syntax.big_endian:
            raise _refuse("bad_sequence", "A sequence of unknown VR is not readable in big endian")
        self._open(False, length, item, item.explicit and vr != "UN", into)

    def _value(self, tag: int, vr: str, length: int, item: Level) -> None:
        if length > item.limit - self._position:
            raise _refuse("length_beyond_end", "An element says it is longer than the file")
        self.found(tag, vr, length, item)
        self._header_bytes += length
        if self._header_bytes > self._limits.header_bytes:
            raise _refuse("header_too_long", "The elements before the pixels are too long")
        if item.into is not None and (tag in self._keep or len(self._levels) > 1):
            cut = min(length, self._limits.value_bytes if len(self._levels) == 1 else 1 << 18)
            element = Element(vr, self._source.read(self._position, cut), self._syntax.big_endian)
            _keep_once(item.into, tag, element)
        self._position += length

    def _pixels(self, vr: str, length: int, limit: int) -> None:
        if self.data_set.pixels is not None:
            raise _refuse("duplicate_element", "Pixel data comes twice")
        if vr and vr not in _PIXEL_VRS and not (vr == "UN" and length != _UNDEFINED):
            raise _refuse("bad_vr", "Pixel data has a value representation it cannot have")
        if (length == _UNDEFINED) != self._syntax.encapsulated:
            raise _refuse(
                "wrong_transfer_syntax", "The pixel data is not in the transfer syntax that the file declares"
            )
        if length == _UNDEFINED:
            self._fragments(vr, limit)
        elif length > limit - self._position:
            raise _refuse("truncated", "The file ends inside its pixel data")
        else:
            self.data_set.pixels = PixelData(vr, ((self._position, length),))
            self._position += length

    def _fragments(self, vr: str, limit: int) -> None:
        """PS3.5 §A.4: an offset table item, then fragments, then the delimiter."""
        spans: list[tuple[int, int]] = []
        while True:
            if self._position + 8 > limit:
                raise _refuse("truncated", "The file ends inside its pixel data")
            group, number, length = _LITTLE.unpack(self._source.read(self._position, 8))
            tag = group << 16 | number
            self._position += 8
            if tag == _SEQUENCE_END and length == 0:
                break
            if tag != _ITEM or length == _UNDEFINED:
                raise _refuse("bad_fragment", "The pixel data's fragments are damaged")
            if length > limit - self._position:
                raise _refuse("truncated", "The file ends inside its pixel data")
            self._count += 1
            if self._count > self._limits.elements:
                raise _refuse("too_many_elements", "The pixel data has too many fragments")
            spans.append((self._position, length))
            self._position += length
        table = spans[0] if spans and spans[0][1] else None
        self.data_set.pixels = PixelData(vr, tuple(spans[1:]), table)
