"""The input gate: is this an upright frontal chest film, the right way round? A small net on the reader's middle features."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from wetread.evaluation.proportions import wilson
from wetread.learning.augment import augment
from wetread.learning.negatives import GATE_CLASSES, not_frontal_chest, turned
from wetread.learning.network import GATE_FEATURES, Reader, resized

__all__ = ["Gate", "GateRate", "acceptance", "fit_gate", "gate_rate", "gate_set"]

Films = NDArray[np.uint8]


class Gate(nn.Module):
    """(batch, GATE_FEATURES) -> (batch, class) logits; standardisation inside."""

    mean: Tensor
    scale: Tensor

    def __init__(self, hidden: int = 64) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(GATE_FEATURES))
        self.register_buffer("scale", torch.ones(GATE_FEATURES))
        self.hidden = nn.Linear(GATE_FEATURES, hidden)
        self.out = nn.Linear(hidden, len(GATE_CLASSES))

    def forward(self, layout: Tensor) -> Tensor:
        logits: Tensor = self.out(functional.relu(self.hidden((layout - self.mean) * self.scale)))
        return logits


@dataclass(frozen=True, slots=True)
class GateRate:
    """Share of images of one kind that were accepted as frontal chest, Wilson 95 % interval."""

    kind: str
    accepted: int
    n: int
    low: float
    high: float


def gate_set(films: Films, random: np.random.Generator) -> dict[str, Films]:
    """One set of images per gate class, all from the same films."""
    sets = {name: turned(films, name) for name in GATE_CLASSES[:-1]}
    return {**sets, GATE_CLASSES[-1]: not_frontal_chest(films, random)}


@torch.inference_mode()
def _layout(reader: Reader, films: Films, random: torch.Generator | None) -> Tensor:
    parts = []
    for start in range(0, len(films), 64):
        image = torch.from_numpy(films[start : start + 64]).unsqueeze(1).float() / 255
        if random is not None:
            image, _ = augment(image, reader.work_px[-1], random)
        parts.append(reader.layout(resized(image, reader.work_px[-1])))
    return torch.cat(parts)


def fit_gate(reader: Reader, films: Films, seed: int, epochs: int = 30) -> Gate:
    """Trains the gate on varied copies of `films` (train split) in every class; frontal and not-chest count double."""
    numpy_random, random = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
    features, labels = [], []
    for _ in range(2):
        for index, name in enumerate(GATE_CLASSES):
            again = name in (GATE_CLASSES[0], GATE_CLASSES[-1])
            chosen = films if again else films[numpy_random.permutation(len(films))[: len(films) // 2]]
            images = not_frontal_chest(chosen, numpy_random) if index == len(GATE_CLASSES) - 1 else turned(chosen, name)
            features.append(_layout(reader, images, random))
            labels.append(torch.full((len(images),), index))
    return _fit(torch.cat(features).clone(), torch.cat(labels), seed, epochs)


def _fit(features: Tensor, labels: Tensor, seed: int, epochs: int) -> Gate:
    torch.manual_seed(seed)
    gate = Gate()
    gate.mean.copy_(features.mean(0))
    gate.scale.copy_(1 / (features.std(0) + 1e-3))
    optimiser = torch.optim.AdamW(gate.parameters(), lr=1e-3, weight_decay=0.05)
    for _ in range(epochs):
        for chosen in torch.split(torch.randperm(len(features)), 256):
            loss = functional.cross_entropy(gate(features[chosen]), labels[chosen], label_smoothing=0.02)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
    return gate.eval()


def acceptance(gate_logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, class) -> (n,) probability of `frontal_chest`."""
    odds = np.exp(gate_logits - gate_logits.max(1, keepdims=True))
    share: NDArray[np.float64] = odds[:, 0] / odds.sum(1)
    return share


def gate_rate(kind: str, gate_logits: NDArray[np.float64], threshold: float) -> GateRate:
    """How many images of one kind pass at the threshold."""
    accepted = int((acceptance(gate_logits) >= threshold).sum())
    return GateRate(kind, accepted, len(gate_logits), *wilson(accepted, len(gate_logits)))
