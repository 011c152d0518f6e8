"""Reads the tensors of a whole network that torch pickled before its version 1.6, without building the network: torchxrayvision's released files are such.

The layout is torch.serialization._legacy_save's: magic number, protocol, system, the object, storage keys, storages. torch's weights-only reader refuses
these files because classes lie in them. Here every class of a network becomes an inert record, tensors become tensors, and any other name is refused, so
nothing of the file runs.
"""

import pickle
import struct
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import torch
from torch import Tensor

__all__ = ["is_legacy", "read_legacy"]

_HEAD = pickle.dumps(0x1950A86A20F9469CFC6C, protocol=2)
_NETWORKS = ("torch.nn.", "torchvision.models.", "torchxrayvision.")
_STORAGES = {
    "FloatStorage": torch.float32,
    "DoubleStorage": torch.float64,
    "HalfStorage": torch.float16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
}


class _Record:
    """Stands for a module: takes any arguments, keeps its state, does nothing."""

    def __init__(self, *_: object) -> None:
        self.state: dict[str, Any] = {}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.state = state


@dataclass(frozen=True, slots=True)
class _Storage:
    key: str
    dtype: torch.dtype
    count: int


@dataclass(frozen=True, slots=True)
class _View:
    """A tensor whose numbers come later in the file."""

    storage: _Storage
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]


def _view(storage: _Storage, offset: int, size: tuple[int, ...], stride: tuple[int, ...], *_: object) -> _View:
    return _View(storage, offset, tuple(size), tuple(stride))


def _parameter(view: _View, *_: object) -> _View:
    return view


_SAFE: dict[str, Any] = {
    "collections.OrderedDict": OrderedDict,
    "__builtin__.set": set,
    "builtins.set": set,
    "torch._utils._rebuild_tensor": _view,
    "torch._utils._rebuild_tensor_v2": _view,
    "torch._utils._rebuild_parameter": _parameter,
}


class _Reader(pickle.Unpickler):
    def __init__(self, file: IO[bytes]) -> None:
        super().__init__(file)
        self.storages: dict[str, _Storage] = {}

    def find_class(self, module: str, name: str) -> Any:
        if module == "torch" and name in _STORAGES:
            return _STORAGES[name]
        if f"{module}.{name}" in _SAFE:
            return _SAFE[f"{module}.{name}"]
        if f"{module}.".startswith(_NETWORKS):
            return type(name, (_Record,), {})
        raise pickle.UnpicklingError(f"GLOBAL {module}.{name}")

    def persistent_load(self, saved: Any) -> Any:
        if saved[0] == "module":  # (kind, class, file, source text): the text is not looked at
            return saved[1]
        _, dtype, key, _, count, *view = saved
        if any(view) or not isinstance(dtype, torch.dtype):
            raise pickle.UnpicklingError("a storage of an unknown kind")
        return self.storages.setdefault(str(key), _Storage(str(key), dtype, int(count)))


def is_legacy(source: Path) -> bool:
    with source.open("rb") as file:
        return file.read(len(_HEAD)) == _HEAD


def read_legacy(source: Path) -> dict[str, Tensor]:
    """Name to tensor, as the network's state_dict would say. Raises pickle.UnpicklingError('GLOBAL name') for a class that is not a network's."""
    with source.open("rb") as file:
        for _ in ("magic number", "protocol", "system"):
            _Reader(file).load()
        reader = _Reader(file)
        network = reader.load()
        if not isinstance(network, _Record):
            raise pickle.UnpicklingError("no network")
        views = dict(_views(network, ""))
        numbers = {key: _numbers(file, reader.storages[key]) for key in _Reader(file).load()}
    return {
        name: torch.as_strided(numbers[view.storage.key], view.size, view.stride, view.offset)
        for name, view in views.items()
    }


def _numbers(file: IO[bytes], storage: _Storage) -> Tensor:
    """One storage: its length, then its numbers."""
    (count,) = struct.unpack("<q", file.read(8))
    if count != storage.count:
        raise pickle.UnpicklingError("a storage of another length")
    content = bytearray(file.read(count * storage.dtype.itemsize))
    return torch.frombuffer(content, dtype=storage.dtype, count=count)


def _views(record: _Record, prefix: str) -> "list[tuple[str, _View]]":
    held = {**record.state.get("_parameters", {}), **record.state.get("_buffers", {})}
    own = [(f"{prefix}{name}", view) for name, view in held.items() if isinstance(view, _View)]
    parts = record.state.get("_modules", {}).items()
    return own + [
        each for name, part in parts if isinstance(part, _Record) for each in _views(part, f"{prefix}{name}.")
    ]
