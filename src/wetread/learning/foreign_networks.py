"""Opens foreign torch networks, and finds the class activation map of those that end in average pooling and one linear layer (Zhou et al., CVPR 2016).

Whether a network ends so is measured, not looked up: the map's mean plus the bias must be the network's own answer.
"""

import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from wetread.domain.errors import PermanentError
from wetread.learning.foreign_checkpoint import import_beside_torch, load_weights, read_weights
from wetread.learning.foreign_torch import Request

__all__ = ["Mapped", "export", "open_network"]

_MAP_LIMIT = 1e-4
_FILE_OPERATORS = re.compile(
    rb"\b(?:save|from_file|load_tensor)\b|\btorch\s*\.\s*classes\b|\bops\s*\.\s*(?!prim\b|aten\b)\w+"
)


class Mapped(nn.Module):
    """(1, channel, row, column) -> logits (1, label), features (1, d), cam (1, label, row, column)."""

    def __init__(self, body: Callable[[Tensor], Tensor], network: nn.Module, head: nn.Linear) -> None:
        super().__init__()
        self.body, self.network, self.head = body, network, head

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        places = self.body(image)
        features = places.mean((2, 3))
        return self.head(features), features, torch.einsum("bchw,fc->bfhw", places, self.head.weight)


def open_network(request: Request, images: Tensor) -> tuple[nn.Module, dict[str, Tensor]]:
    """The network and its answers to the images (image, channel, row, column): `logits` in its own terms, then `features` and `cam` if it has them.

    Raises PermanentError that says what is wrong with the file and what to do next.
    """
    open_it = {"torchscript": _torchscript, "timm": _timm, "torchxrayvision": _torchxrayvision}[request.format]
    network, mapped = open_it(request)
    network.eval()
    plain = _answers(network, images)
    if mapped is None:
        return network, {"logits": plain}
    try:
        answers = mapped.eval()(images)
    except (RuntimeError, ValueError, IndexError, TypeError, AttributeError):  # its last layer takes no such map
        return network, {"logits": plain}
    limit = _MAP_LIMIT * plain.abs().max().clamp(min=1)
    if answers[0].shape != plain.shape or not bool(((answers[0] - plain).abs() <= limit).all()):
        return network, {"logits": plain}
    return mapped, dict(zip(("logits", "features", "cam"), (plain, *answers[1:]), strict=True))


def export(network: nn.Module, image: Tensor, outputs: list[str], path: Path) -> None:
    """Writes the graph for one image (opset 17)."""
    try:
        torch.onnx.export(
            network, (image,), str(path), input_names=["x"], output_names=outputs, opset_version=17, dynamo=False
        )
    except Exception as error:  # the exporter raises its own untyped classes
        raise _bad(
            f"torch does not write it as ONNX ({_last_line(error)}); export it where it was trained, with --format onnx"
        ) from error


def _answers(network: nn.Module, images: Tensor) -> Tensor:
    """Image by image, because that is how the bundle will read."""
    try:
        answers = [network(image[None]) for image in images]
    except Exception as error:  # a foreign network may raise anything
        raise _bad(
            f"it does not take an image of shape {(1, *images.shape[1:])} ({_last_line(error)}); check side_px and mean"
        ) from error
    if not all(isinstance(answer, Tensor) for answer in answers):
        raise _bad(f"it answers with a {type(answers[0]).__name__}; it must answer with one tensor (1, label)")
    return torch.cat(answers).float()


def _torchscript(request: Request) -> tuple[nn.Module, None]:
    source = Path(request.source)
    _refuse_file_operators(source)
    try:
        network: nn.Module = torch.jit.load(str(source), map_location="cpu")  # type: ignore[no-untyped-call]
        return network, None
    except Exception as error:  # torch raises its own untyped classes
        raise _bad(f"torch cannot load this TorchScript file: {_last_line(error)}") from error


def _refuse_file_operators(source: Path) -> None:
    """TorchScript runs no Python, but a few operators of it read and write files; part of its code runs on load, so look before."""
    with source.open("rb") as file:
        is_zip = file.read(4) == b"PK\x03\x04" and zipfile.is_zipfile(source)
    if not is_zip:
        raise _bad("this is no TorchScript file (torch.jit.save makes one); for a checkpoint use --format timm")
    with zipfile.ZipFile(source) as archive:
        code = [archive.read(entry) for entry in archive.infolist() if entry.filename.endswith(".py")]
    if not code:
        raise _bad("this holds no TorchScript code: it is a checkpoint; use --format timm or torchxrayvision")
    found = next((match for text in code if (match := _FILE_OPERATORS.search(text))), None)
    if found:
        raise _bad(
            f"its code names {found[0].decode()!r}, which can reach files or foreign operators, so it is not run. "
            "Export it to ONNX where you trust it, then --format onnx"
        )


def _timm(request: Request) -> tuple[nn.Module, Mapped | None]:
    timm = import_beside_torch("timm")
    if not timm.is_model(request.architecture):
        near = ", ".join(timm.list_models(f"{request.architecture[:6]}*")[:5])
        hint = f"; near it: {near}" if near else ""
        raise _bad(f"timm {timm.__version__} has no model {request.architecture!r}{hint}")
    network = timm.create_model(
        request.architecture, pretrained=False, num_classes=request.labels, in_chans=request.channels
    )
    load_weights(network, read_weights(Path(request.source)))
    head = network.get_classifier()
    return network, Mapped(network.forward_features, network, head) if isinstance(head, nn.Linear) else None


def _torchxrayvision(request: Request) -> tuple[nn.Module, Mapped]:
    """Made without op_threshs and sigmoid, so that it answers with logits."""
    library = import_beside_torch("torchxrayvision").models
    network = library.DenseNet(num_classes=request.labels, in_channels=request.channels)
    weights = read_weights(Path(request.source), known=sorted({type(each) for each in network.modules()}, key=str))
    weights.pop("op_threshs", None)
    load_weights(network, weights)
    return network, Mapped(lambda image: nn.functional.relu(network.features(image)), network, network.classifier)


def _last_line(error: Exception) -> str:
    """TorchScript puts what happened last, after its own call stack."""
    return (str(error).strip().splitlines() or [type(error).__name__])[-1][:200]


def _bad(problem: str) -> PermanentError:
    return PermanentError(f"the network cannot be imported: {problem}", code="bad_import")
