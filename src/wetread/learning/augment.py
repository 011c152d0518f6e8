"""Training-time variation of a film: geometry within how patients really stand, exposure, sharpness, letterbox.

No horizontal flip: the side of a finding and of the heart is information. Sharpness varies on purpose, because the films
came through different scalers and the network must not tell sources apart by it.
"""

import io
import math

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn import functional

__all__ = ["augment", "degrade", "mix"]


def _jpeg(film: Image.Image, quality: int) -> Image.Image:
    stream = io.BytesIO()
    film.save(stream, "JPEG", quality=quality)
    return Image.open(io.BytesIO(stream.getvalue()))


def degrade(film: NDArray[np.uint8], picked: bool, random: np.random.Generator) -> NDArray[np.uint8]:
    """A film (row, column) with other scaler and JPEG traces; a picked film first gets the JPEG the common ones already have."""
    filters = (Image.Resampling.BOX, Image.Resampling.BILINEAR, Image.Resampling.BICUBIC, Image.Resampling.LANCZOS)
    image, shape = Image.fromarray(film), film.shape[::-1]
    if picked:
        image = _jpeg(image, int(random.integers(86, 95)))
    if random.random() < 0.5:
        side = random.uniform(0.7, 1.0)
        small = (round(shape[0] * side), round(shape[1] * side))
        image = image.resize(small, filters[random.integers(4)]).resize(shape, filters[random.integers(1, 4)])
    if random.random() < 0.5:
        image = _jpeg(image, int(random.integers(55, 96)))
    return np.asarray(image, np.uint8)


def mix(image: Tensor, share: Tensor) -> Tensor:
    """Every film with `share` (batch,) of itself and the rest of its neighbour in the batch: no film is turned or mirrored."""
    own = share.view(-1, 1, 1, 1).to(image.dtype)
    return own * image + (1 - own) * image.roll(1, 0)


def _uniform(count: int, low: float, high: float, random: torch.Generator) -> Tensor:
    return torch.rand(count, generator=random) * (high - low) + low


def _affine_grid(count: int, size_px: int, random: torch.Generator) -> Tensor:
    """(count, size_px, size_px, 2) sampling grid: rotation up to 8 degrees, scale 0.87..1.15, shift up to 6 %."""
    angle = _uniform(count, -8, 8, random) * (math.pi / 180)
    scale = torch.exp(_uniform(count, -0.14, 0.14, random))
    aspect = torch.exp(_uniform(count, -0.06, 0.06, random))
    theta = torch.stack(
        [
            torch.stack([scale * aspect * angle.cos(), -scale * angle.sin(), _uniform(count, -0.12, 0.12, random)], 1),
            torch.stack([scale * angle.sin(), scale / aspect * angle.cos(), _uniform(count, -0.12, 0.12, random)], 1),
        ],
        1,
    )
    return functional.affine_grid(theta, [count, 1, size_px, size_px], align_corners=False)


def _exposure(image: Tensor, random: torch.Generator) -> Tensor:
    count = len(image)
    low = _uniform(count, -0.10, 0.10, random).view(-1, 1, 1, 1)
    high = _uniform(count, 0.85, 1.15, random).view(-1, 1, 1, 1)
    gamma = torch.exp(_uniform(count, -0.35, 0.35, random)).view(-1, 1, 1, 1)
    return ((image - low) / (high - low)).clamp(0, 1).add(1e-6).pow(gamma)


def _sharpness(image: Tensor, random: torch.Generator) -> Tensor:
    blurred = functional.avg_pool2d(functional.pad(image, (1, 1, 1, 1), mode="replicate"), 3, 1)
    amount = _uniform(len(image), -0.6, 0.8, random).view(-1, 1, 1, 1)
    noise = torch.randn(image.shape, generator=random) * _uniform(len(image), 0, 0.02, random).view(-1, 1, 1, 1)
    return image + amount * (image - blurred) + noise


def _letterbox(image: Tensor, random: torch.Generator) -> Tensor:
    """Black bands on two opposite sides in 30 % of the films, as the padding of a film that is not square."""
    size = image.shape[-1]
    band = _uniform(len(image), 0, 0.16, random) * (torch.rand(len(image), generator=random) < 0.3) * size
    place = torch.arange(size) + 0.5
    inside = ((place >= band[:, None]) & (place <= size - band[:, None])).to(image.dtype)
    by_row = torch.rand(len(image), generator=random) < 0.5
    mask = torch.where(by_row[:, None, None], inside[:, :, None], inside[:, None, :])
    return image * mask[:, None]


def _erase(image: Tensor, random: torch.Generator) -> Tensor:
    """One rectangle per film set to its mean in 25 % of the films."""
    size = image.shape[-1]
    place = (torch.arange(size) + 0.5) / size
    hit = torch.rand(len(image), generator=random) < 0.25
    spans = []
    for _ in range(2):
        start, width = _uniform(len(image), 0, 0.8, random), _uniform(len(image), 0.08, 0.25, random)
        spans.append((place >= start[:, None]) & (place <= (start + width)[:, None]))
    hole = (spans[0][:, :, None] & spans[1][:, None, :] & hit[:, None, None])[:, None]
    return torch.where(hole, image.mean(dim=(2, 3), keepdim=True), image)


def augment(image: Tensor, size_px: int, random: torch.Generator) -> tuple[Tensor, Tensor]:
    """(batch, 1, row, column) 0..1 -> the films at (size_px, size_px), enlarged and moved in one bilinear step, and its grid."""
    image = _letterbox(_exposure(_sharpness(image, random).clamp(0, 1), random), random)
    grid = _affine_grid(len(image), size_px, random)
    moved = functional.grid_sample(image, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    return _erase(moved, random), grid
