"""Turns a TorchScript file or a checkpoint into an ONNX graph in a child process: the file is untrusted, so time, memory and output are limited there.

The child answers the random images with torch itself, so that the finished bundle is compared with the network and not with its export.
"""

import importlib.util
import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from wetread.domain.errors import PermanentError
from wetread.learning.description import Description
from wetread.learning.foreign_onnx import random_images

__all__ = ["OUTPUT", "Converted", "Limits", "Request", "convert", "require_torch"]

OUTPUT = "out"
"""The label output of a converted graph."""

_ENVIRONMENT = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH")


@dataclass(frozen=True, slots=True)
class Limits:
    """What the child may use; a DenseNet-121 at 224 px takes about 1 GiB and 15 s."""

    wall_s: int = 600
    cpu_s: int = 1200
    data_bytes: int = 8 << 30
    file_bytes: int = 1 << 30


@dataclass(frozen=True, slots=True)
class Request:
    """What the child is asked for, as JSON. `source` lies in its folder; `architecture` is timm's."""

    format: str
    source: str
    labels: int
    channels: int
    side_px: int
    architecture: str


@dataclass(frozen=True, slots=True)
class Converted:
    """An ONNX graph, torch's own answers to the random images, and the names of the outputs beside the labels (`features`, `cam`, or none)."""

    onnx: bytes
    answers: dict[str, NDArray[np.float32]]
    maps: tuple[str, ...]


def convert(kind: str, foreign: bytes, suffix: str, described: Description, limits: Limits = Limits()) -> Converted:
    """`suffix` is that of the file that held `foreign`. Raises PermanentError with the child's own code, or code='bad_import' when it came to no answer."""
    require_torch()
    request = Request(
        format=kind,
        source=f"given{suffix}",
        labels=len(described.labels),
        channels=len(described.mean),
        side_px=described.side_px,
        architecture=described.architecture,
    )
    with TemporaryDirectory(prefix="wetread-import-") as kept:
        folder = Path(kept)
        (folder / request.source).write_bytes(foreign)
        np.save(folder / "images.npy", random_images(described)[1], allow_pickle=False)
        ended = _run(request, limits, folder)
        answer = _answer(folder, ended)
        with np.load(folder / "answers.npz", allow_pickle=False) as found:
            answers = {name: found[name] for name in ("logits", *answer)}
        return Converted((folder / "network.onnx").read_bytes(), answers, answer)


def require_torch() -> None:
    """Raises PermanentError(code='no_package')."""
    if importlib.util.find_spec("torch") is None:
        raise PermanentError(
            'importing this needs the package torch: pip install "wetread[learning]"', code="no_package"
        )


def _run(request: Request, limits: Limits, folder: Path) -> "subprocess.CompletedProcess[str] | None":
    """None when it had to be ended."""
    environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    words = [json.dumps(asdict(each)) for each in (request, limits)]
    try:
        return subprocess.run(
            [sys.executable, "-P", "-m", "wetread.learning.foreign_child", *words],
            cwd=folder,
            env=environment | {"HOME": str(folder), "HF_HUB_OFFLINE": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            timeout=limits.wall_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return None


def _answer(folder: Path, ended: "subprocess.CompletedProcess[str] | None") -> tuple[str, ...]:
    """The maps the network has."""
    if ended is None:
        raise _bad("reading it took too long and was ended")
    if ended.returncode < 0:
        raise _bad(
            f"reading it was ended by signal {-ended.returncode}: it takes more time or memory than an import may"
        )
    if ended.returncode or not (folder / "answer.json").is_file():
        raise _bad(f"reading it failed: {(ended.stderr.strip().splitlines() or ['no reason given'])[-1][:300]}")
    answer = json.loads((folder / "answer.json").read_text("utf-8"))
    if "refused" in answer:
        raise PermanentError(str(answer["refused"]), code=str(answer["code"]))
    return tuple(name for name in ("features", "cam") if name in answer["maps"])


def _bad(problem: str) -> PermanentError:
    return PermanentError(f"the network cannot be imported: {problem}", code="bad_import")
