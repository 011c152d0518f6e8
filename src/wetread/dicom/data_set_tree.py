"""A whole data set as a tree of places: every attribute with its VR and where its value lies, nothing of it read yet. Runs only inside the sandbox child."""

from dataclasses import dataclass, field

from wetread.dicom.byte_source import ByteSource
from wetread.dicom.dictionary import vr_of
from wetread.dicom.limits import Limits
from wetread.dicom.part10 import PIXEL_DATA, Level, Part10File, Walk, read_part10
from wetread.domain.errors import UnsuitableImage

__all__ = ["Node", "little_endian", "node_at", "read_tree"]

_REPRESENTATION = 0x00280103
_WIDTHS = {
    "US": 2,
    "SS": 2,
    "OW": 2,
    "AT": 2,
    "UL": 4,
    "SL": 4,
    "FL": 4,
    "OF": 4,
    "OL": 4,
    "FD": 8,
    "OD": 8,
    "OV": 8,
    "SV": 8,
    "UV": 8,
}


@dataclass(slots=True)
class Node:
    """`items` of a sequence, else None. Pixel data has the place of its first span only."""

    tag: int
    vr: str
    position: int = 0
    length: int = 0
    items: "list[list[Node]] | None" = None
    pixels: bool = field(default=False)


def read_tree(
    source: ByteSource, keep: frozenset[int], keep_items: frozenset[int], limits: Limits
) -> tuple[Part10File, list[Node]]:
    """The walked file and its top level, in the order of the file. Raises HostileInput as `read_part10`."""
    file = read_part10(source, keep | {_REPRESENTATION}, keep_items, limits, _TreeWalk)
    nodes: list[Node] = file.data_set.tree
    signed = _signed(file)
    todo = [nodes]
    while todo:
        for node in todo.pop():
            if node.items is not None:
                node.vr = "SQ"
                todo.extend(node.items)
            elif not node.vr:
                node.vr = vr_of(node.tag, signed=signed)
    if file.data_set.pixels is not None:
        nodes.append(Node(PIXEL_DATA, file.data_set.pixels.vr or "OW", pixels=True))
        nodes.sort(key=lambda each: each.tag)
    return file, nodes


def little_endian(file: Part10File, node: Node) -> bytes:
    """The value's bytes as little endian has them."""
    value = file.source.read(node.position, node.length)
    width = _WIDTHS.get(node.vr, 1)
    if not file.syntax.big_endian or width == 1 or len(value) % width:
        return value
    swapped = bytearray(len(value))
    for byte in range(width):
        swapped[byte::width] = value[width - 1 - byte :: width]
    return bytes(swapped)


def node_at(nodes: list[Node], path: str) -> Node:
    """The attribute at "ggggeeee" or "ggggeeee.item.ggggeeee", items from 1. Raises UnsuitableImage('no_such_value')."""
    steps = path.split(".")
    here = nodes
    for at in range(0, len(steps), 2):
        found = next((each for each in here if each.tag == int(steps[at], 16)), None)
        if found is None:
            break
        if at + 1 == len(steps):
            return found
        number = int(steps[at + 1])
        if found.items is None or not 1 <= number <= len(found.items):
            break
        here = found.items[number - 1]
    raise UnsuitableImage("The instance has no such value.", code="no_such_value")


def _signed(file: Part10File) -> bool:
    element = file.data_set.values.get(_REPRESENTATION)
    return element is not None and any(element.value[:2])


class _TreeWalk(Walk):
    def run(self) -> None:
        self._levels[0].holder = self.data_set.tree
        self._begun: Node | None = None
        super().run()

    def found(self, tag: int, vr: str, length: int, item: Level) -> None:
        if item.holder is not None:
            item.holder.append(Node(tag, vr, self._position, length))

    def begun(self, tag: int, item: Level) -> None:
        self._begun = Node(tag, "SQ", items=[])
        if item.holder is not None:
            item.holder.append(self._begun)

    def entered(self, level: Level, parent: Level) -> None:
        if not level.is_item:
            level.holder = self._begun.items if self._begun else None
        elif parent.holder is not None:
            level.holder = []
            parent.holder.append(level.holder)
