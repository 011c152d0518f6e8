"""The reader: EfficientNet-Lite0, global average pooling and one linear layer, so that the class activation map is exact.

For finding f, cam[f] is the linear layer applied at every place of the last feature map; its mean plus the bias *is* the
logit (Zhou et al., CVPR 2016). The input has 128 px, because five films in six of the training set have no more detail; the
graph itself looks at it in the sizes `work_px` (ascending) and averages, so every film passes the same bottleneck whatever its
source. Maps of several sizes are averaged on their common grid, by repetition, which keeps their means exact.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from wetread.learning.backbone import FEATURE_CHANNELS, MIDDLE_CHANNELS, EfficientNetLite0

__all__ = ["GATE_FEATURES", "GATE_GRID", "STRIDE", "Reader", "Reading", "fold_norms", "resized"]

STRIDE = 32
GATE_GRID = 3  # the gate sees where things are: the middle map pooled to 3 x 3 places
GATE_FEATURES = MIDDLE_CHANNELS * GATE_GRID**2


class Reading(NamedTuple):
    """logits (batch, finding), features (batch, 1280), cam (batch, finding, row, column), layout (batch, GATE_FEATURES)."""

    logits: Tensor
    features: Tensor
    cam: Tensor
    layout: Tensor


class Reader(nn.Module):
    """(batch, 1, row, column) intensities 0..1, MONOCHROME2 -> Reading."""

    def __init__(self, findings: int, work_px: tuple[int, ...], dropout: float = 0.0, drop_path: float = 0.0) -> None:
        super().__init__()
        self.work_px = work_px
        self.backbone = EfficientNetLite0(drop_path)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(FEATURE_CHANNELS, findings)
        nn.init.normal_(self.head.weight, std=0.01)
        nn.init.constant_(self.head.bias, -2.0)

    def forward(self, image: Tensor) -> Reading:
        maps = [self.backbone(resized(image, side)) for side in self.work_px[:-1]]
        middle, last = self.backbone.stages(resized(image, self.work_px[-1]))
        maps.append(last)
        features = torch.stack([places.mean(dim=(2, 3)) for places in maps]).mean(0)
        cams = [torch.einsum("bchw,fc->bfhw", places, self.head.weight) for places in maps]
        side = math.lcm(*(side // STRIDE for side in self.work_px))
        cam = torch.stack([_repeated(each, side) for each in cams]).mean(0)
        return Reading(self.head(features), features, cam, _layout(middle))

    def layout(self, image: Tensor) -> Tensor:
        """(batch, GATE_FEATURES) of films already at the largest working size."""
        return _layout(self.backbone.stages(image)[0])

    def train_maps(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """(batch, 1, size, size) as it comes -> (logits, class activation maps): what the losses need."""
        places = self.backbone(image)
        logits: Tensor = self.head(self.dropout(places.mean(dim=(2, 3))))
        return logits, torch.einsum("bchw,fc->bfhw", places, self.head.weight)


def resized(image: Tensor, side: int) -> Tensor:
    if image.shape[-1] == side:
        return image
    return functional.interpolate(image, size=(side, side), mode="bilinear", align_corners=False)


def _repeated(cam: Tensor, side: int) -> Tensor:
    """Every place repeated to (side, side): the mean of the map stays what it was."""
    return functional.interpolate(cam, size=(side, side), mode="nearest")


def _layout(middle: Tensor) -> Tensor:
    """(batch, channel, size, size) -> (batch, GATE_FEATURES): means of 3 x 3 windows that cover the map to its edges."""
    step = int(middle.shape[-1]) // GATE_GRID
    return functional.avg_pool2d(middle, int(middle.shape[-1]) - (GATE_GRID - 1) * step, step).flatten(1)


def fold_norms(module: nn.Module) -> None:
    """Folds every batch norm into the convolution before it; attributes pair up by their order in the module. Evaluation only."""
    pending: nn.Conv2d | None = None
    for name, child in list(module.named_children()):
        if isinstance(child, nn.Conv2d):
            pending = child
        elif isinstance(child, nn.BatchNorm2d) and pending is not None:
            _fold(pending, child)
            setattr(module, name, nn.Identity())
        else:
            fold_norms(child)


def _fold(conv: nn.Conv2d, norm: nn.BatchNorm2d) -> None:
    if norm.running_mean is None or norm.running_var is None:
        raise ValueError("A batch norm without running statistics cannot be folded.")
    scale = norm.weight.detach() / torch.sqrt(norm.running_var + norm.eps)
    conv.weight = nn.Parameter(conv.weight.detach() * scale.view(-1, 1, 1, 1))
    conv.bias = nn.Parameter(norm.bias.detach() - norm.running_mean * scale)
