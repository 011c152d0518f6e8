"""Reads a checkpoint as tensors and nothing else: safetensors, or a pickle through torch's weights-only reader, which runs no code."""

import importlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from wetread.domain.errors import PermanentError
from wetread.learning.foreign_legacy import is_legacy, read_legacy

__all__ = ["import_beside_torch", "load_weights", "read_weights"]

_DECLARED: list[Any] = []
"""Kept alive: torch forgets what a library declared when the library goes."""
_NESTED = ("state_dict", "model_state_dict", "model")
_SAFER = "where you trust it: safetensors.torch.save_file(model.state_dict(), 'weights.safetensors')"


def read_weights(source: Path, known: Sequence[type] = ()) -> dict[str, Tensor]:
    """Name to tensor. `known` are classes that a pickled network may be made of. Raises PermanentError(code='bad_import')."""
    if source.suffix == ".safetensors":
        return _safetensors(source)
    try:
        if known and is_legacy(source):
            return read_legacy(source)
        with torch.serialization.safe_globals(list(known)):
            held = torch.load(source, map_location="cpu", weights_only=True)
    except Exception as error:  # pickle, zip and torch raise classes of their own
        raise _unreadable(error) from error
    return _tensors(held)


def load_weights(network: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Every tensor must have its place and every place its tensor. Raises PermanentError(code='bad_import')."""
    own = network.state_dict()
    problems = [
        *(f"it lacks {name}" for name in own if name not in weights and not name.endswith("num_batches_tracked")),
        *(f"it has {name}, which the network has not" for name in weights if name not in own),
        *(
            f"{name} is {tuple(weights[name].shape)}, the network's {tuple(own[name].shape)}"
            for name in own
            if name in weights and weights[name].shape != own[name].shape
        ),
    ]
    if problems:
        more = f"; and {len(problems) - 3} more" if len(problems) > 3 else ""
        advice = "check the architecture, the labels and the channels (mean) in the description"
        raise _bad(f"the checkpoint is of another network: {'; '.join(problems[:3])}{more}; {advice}")
    network.load_state_dict(dict(weights), strict=False)


def import_beside_torch(name: str) -> Any:
    """timm or torchxrayvision.

    Both import torchvision, whose compiled operators load only beside the torch they were built for. No classifier needs them: where they do not
    load, their names are declared. Raises PermanentError(code='no_package').
    """
    try:
        importlib.import_module("torchvision")
    except RuntimeError:
        library: Any = torch.library.Library  # untyped
        _DECLARED.append(library("torchvision", "DEF"))
        for operator in ("nms", "qnms"):
            _DECLARED[-1].define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    except ImportError:
        pass  # the next import says what is missing
    try:
        return importlib.import_module(name)
    except ImportError as error:
        missing = error.name or name
        raise PermanentError(
            f'importing needs the package {missing}: pip install "wetread[learning]"', code="no_package"
        ) from error


def _safetensors(source: Path) -> dict[str, Tensor]:
    reader = import_beside_torch("safetensors.torch")
    try:
        return dict(reader.load_file(source, device="cpu"))
    except Exception as error:  # safetensors raises its own untyped class
        raise _bad(f"this is no safetensors file: {str(error)[:200]}") from error


def _tensors(held: object) -> dict[str, Tensor]:
    if isinstance(held, nn.Module):
        return dict(held.state_dict())
    for name in _NESTED:
        if isinstance(held, dict) and isinstance(held.get(name), dict):
            held = held[name]
    if not isinstance(held, dict) or not held or not all(isinstance(each, Tensor) for each in held.values()):
        raise _bad("this holds no state_dict (names to tensors) that can be found; save one " + _SAFER)
    return {str(name).removeprefix("module."): each for name, each in held.items()}


def _unreadable(error: Exception) -> PermanentError:
    named = re.search(r"GLOBAL ([\w.]+)", str(error))
    if named:
        return _bad(
            f"the checkpoint holds code ({named[1]}) and not only tensors, so it is not read. Save its tensors {_SAFER}"
        )
    return _bad(f"torch reads no tensors in this file ({type(error).__name__}). Save them {_SAFER}")


def _bad(problem: str) -> PermanentError:
    return PermanentError(f"the network cannot be imported: {problem}", code="bad_import")
