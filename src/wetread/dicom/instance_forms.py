"""The other forms of a stored instance (`ports.instance_forms`), asked of the sandbox; what a child answers is measured and looked at before anybody gets it."""

import json
import os
import re
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from wetread.dicom.dictionary import keyword_of
from wetread.dicom.sandbox import Sandbox
from wetread.dicom.sandbox_answers import count_of, sealed_size
from wetread.dicom.transfer_syntax import DEFLATED, EXPLICIT, LOSSLESS_TARGETS
from wetread.ports.instance_forms import Rendering

__all__ = ["MemoryBytes", "SandboxedForms"]

_PIECE_BYTES = 1 << 20
_LARGEST_METADATA, _LARGEST_PICTURE = 16 << 20, 64 << 20
_MOST_NODES = 400_000
_STARTS = {"image/jpeg": b"\xff\xd8\xff", "image/png": b"\x89PNG\r\n\x1a\n"}
_TAG = re.compile(r"[0-9A-F]{8}")
_PLACE = re.compile(r"[0-9A-F]{8}(?:\.[1-9][0-9]{0,6}\.[0-9A-F]{8}){0,64}")
_MEMBERS = {"Value": list, "InlineBinary": str, "BulkDataURI": str}


class MemoryBytes:
    """`ports.instance_forms.HeldBytes` in a memory file of its own: outside this process's address space, gone when it is closed."""

    def __init__(self, descriptor: int, size: int) -> None:
        self.size = size
        self._descriptor = descriptor

    def pieces(self) -> Iterator[bytes]:
        at = 0
        while at < self.size:
            piece = os.pread(self._descriptor, _PIECE_BYTES, at)
            at += len(piece)
            yield piece

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __del__(self) -> None:
        self.close()


class SandboxedForms:
    """Shares the children of `sandbox`. Safe to use from many threads."""

    targets = (EXPLICIT, DEFLATED, *LOSSLESS_TARGETS)

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def metadata(self, path: Path) -> dict[str, Any]:
        return self._sandbox.ask(path, {"operation": "metadata"}, _metadata)

    def value(self, path: Path, place: str) -> MemoryBytes:
        return self._held(path, {"operation": "value", "place": place})

    def frame(self, path: Path, number: int, *, stored: bool) -> MemoryBytes:
        return self._held(path, {"operation": "frame", "frame": number, "stored": stored})

    def rendered(self, path: Path, rendering: Rendering) -> bytes:
        def read(answer: Any, memory: int) -> bytes:
            picture = _read(answer, memory, _LARGEST_PICTURE)
            if not picture.startswith(_STARTS[rendering.media_type]):
                raise ValueError("not a picture")
            return picture

        return self._sandbox.ask(path, {"operation": "rendered", "rendering": asdict(rendering)}, read)

    def transcoded(self, path: Path, syntax_uid: str) -> MemoryBytes:
        return self._held(path, {"operation": "transcoded", "syntax": syntax_uid})

    def keyword_of(self, tag: str) -> str:
        return keyword_of(tag)

    def _held(self, path: Path, request: dict[str, Any]) -> MemoryBytes:
        return self._sandbox.ask(path, request, _held)


def _held(answer: Any, memory: int) -> MemoryBytes:
    size = _size(answer, memory)
    return MemoryBytes(os.dup(memory), size)


def _size(answer: Any, memory: int) -> int:
    size = sealed_size(memory)
    if answer["bytes"] != size or (size and count_of(size) != size):
        raise ValueError("not as many bytes as it says")
    return size


def _read(answer: Any, memory: int, most: int) -> bytes:
    size = _size(answer, memory)
    if size > most:
        raise ValueError("too many bytes")
    return os.pread(memory, size, 0)


def _metadata(answer: Any, memory: int) -> dict[str, Any]:
    """Raises ValueError (RecursionError is one for the sandbox) for what is not DICOM JSON."""
    try:
        found = json.loads(_read(answer, memory, _LARGEST_METADATA))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    todo, seen = [found], 0
    while todo:
        data_set = todo.pop()
        if not isinstance(data_set, dict):
            raise ValueError("not a data set")
        for tag, element in data_set.items():
            seen += 1
            if seen > _MOST_NODES or not _TAG.fullmatch(tag):
                raise ValueError("not an attribute")
            todo += _items(element)
    checked: dict[str, Any] = found
    return checked


def _items(element: Any) -> list[Any]:
    """The data sets of a sequence, once the attribute is known to be one."""
    vr = element["vr"]
    if not (isinstance(vr, str) and len(vr) == 2 and vr.isalpha() and vr.isascii() and vr.isupper()):
        raise ValueError("not a VR")
    for name, member in element.items():
        if name != "vr" and not isinstance(member, _MEMBERS[name]):
            raise ValueError("not a member")
    if not _PLACE.fullmatch(element.get("BulkDataURI", "00000000")):
        raise ValueError("not a place")
    values: list[Any] = element.get("Value", [])
    return values if vr == "SQ" else []
