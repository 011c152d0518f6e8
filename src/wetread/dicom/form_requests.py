"""Answers the decoding child's requests for other forms of an instance (`ports.instance_forms`): each is written to the memory file, and only its size goes back."""

import json
import os
from collections.abc import Iterable
from typing import Any

from wetread.dicom.byte_source import FileSource
from wetread.dicom.data_set_tree import little_endian, node_at, read_tree
from wetread.dicom.frame import FRAME_ITEMS, FRAME_TAGS, frame_cells, frame_stream, read_frame
from wetread.dicom.limits import Limits
from wetread.dicom.metadata_json import data_set_json
from wetread.dicom.part10 import read_part10
from wetread.dicom.rendered import picture
from wetread.dicom.rewrite import rewritten
from wetread.domain.errors import UnsuitableImage
from wetread.ports.film_pixels import Window
from wetread.ports.instance_forms import Rendering

__all__ = ["answer_form"]


def answer_form(request: dict[str, Any], descriptors: list[int], limits: Limits) -> dict[str, int]:
    """`bytes`: how many were written. Raises HostileInput and UnsuitableImage."""
    source = FileSource(descriptors[0])
    end = 0
    for piece in _pieces(request, source, limits):
        view, done = memoryview(piece).cast("B"), 0
        while done < len(view):
            done += os.pwrite(descriptors[1], view[done:], end + done)
        end += done
    return {"bytes": end}


def _pieces(request: dict[str, Any], source: FileSource, limits: Limits) -> Iterable[bytes | memoryview]:
    operation = request["operation"]
    if operation in ("frame", "rendered"):
        file = read_part10(source, FRAME_TAGS, FRAME_ITEMS, limits)
        if operation == "rendered":
            wanted = _rendering(request["rendering"])
            frame = read_frame(file, limits, number=wanted.frame, chosen=wanted.window)
            return [picture(frame, wanted)]
        if request["stored"]:
            return [frame_stream(file, limits, request["frame"])]
        return [frame_cells(file, limits, request["frame"])[0].data]
    file, nodes = read_tree(source, FRAME_TAGS, FRAME_ITEMS, limits)
    if operation == "metadata":
        return [json.dumps(data_set_json(file, nodes), separators=(",", ":")).encode()]
    if operation == "transcoded":
        return rewritten(file, nodes, limits, request["syntax"])
    node = node_at(nodes, request["place"])
    if node.items is not None or node.pixels:
        raise UnsuitableImage("A sequence has no value, and pixels come as frames.", code="no_such_value")
    return [little_endian(file, node)]


def _rendering(given: dict[str, Any]) -> Rendering:
    window = given.pop("window")
    pairs = {name: None if given[name] is None else tuple(given[name]) for name in ("viewport", "region", "mirrored")}
    return Rendering(**{**given, **pairs, "window": None if window is None else Window(**window)})
