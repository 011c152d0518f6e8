"""Maps from gradients beside the class activation map, on the same net: do they point better?

Grad-CAM (Selvaraju et al., ICCV 2017) and HiResCAM (Draelos & Carin 2020). With global average pooling and one linear layer the gradient at the
last feature map is the head's weight everywhere, so both equal the positive part of the class activation map there; they differ one stage earlier.
"""

from collections.abc import Iterable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from wetread.learning.network import Reader, resized

__all__ = ["METHODS", "gradient_maps"]

METHODS = ("grad_cam_last", "grad_cam_middle", "hires_cam_middle")


def gradient_maps(reader: Reader, images: Iterable[NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
    """Per method (film, finding, row, column) maps >= 0 of (row, column) images; "middle" is the last map at 1/16 of the input."""
    found = [_of_one(reader, torch.from_numpy(image)[None, None]) for image in images]
    return {name: np.stack([each[name] for each in found]) for name in METHODS}


def _of_one(reader: Reader, image: Tensor) -> dict[str, NDArray[np.float32]]:
    if len(reader.work_px) > 1:
        raise ValueError("maps from gradients are made for a reader with one working size")
    middle, last = reader.backbone.stages(resized(image, reader.work_px[0]))
    logits = reader.head(last.mean(dim=(2, 3)))[0]
    slopes = [torch.autograd.grad(logit, (middle, last), retain_graph=True) for logit in logits]
    maps = {
        "grad_cam_last": [_weighed(last, slope.mean(dim=(2, 3), keepdim=True)) for _, slope in slopes],
        "grad_cam_middle": [_weighed(middle, slope.mean(dim=(2, 3), keepdim=True)) for slope, _ in slopes],
        "hires_cam_middle": [_weighed(middle, slope) for slope, _ in slopes],
    }
    return {name: torch.stack(each).numpy() for name, each in maps.items()}


def _weighed(places: Tensor, weights: Tensor) -> Tensor:
    return functional.relu((places * weights).sum(1)[0]).detach()
