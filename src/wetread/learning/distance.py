"""Out-of-distribution distance: Mahalanobis under probabilistic PCA (Tipping & Bishop 1999) of the training films' features.

Low rank plus one variance for all other directions is a shrunk covariance that needs k vectors, not 1280 x 1280 numbers, so the
score is part of the network's graph.
"""

import torch
from torch import Tensor, nn

__all__ = ["Distance", "fit_distance"]


class Distance(nn.Module):
    """(batch, d) features -> (batch,) root mean squared Mahalanobis distance: about 1 for a typical training film."""

    mean: Tensor
    directions: Tensor
    variances: Tensor
    rest: Tensor

    def __init__(self, features: int, rank: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("directions", torch.zeros(features, rank))
        self.register_buffer("variances", torch.ones(rank))
        self.register_buffer("rest", torch.ones(1))

    def forward(self, features: Tensor) -> Tensor:
        away = features - self.mean
        squares = (away @ self.directions) ** 2
        outside = ((away**2).sum(1) - squares.sum(1)).clamp(min=0)
        return (((squares / self.variances).sum(1) + outside / self.rest) / features.shape[1]).sqrt()


def fit_distance(features: Tensor, rank: int = 64) -> Distance:
    """Fits on (film, d) features of in-distribution films."""
    count, width = features.shape
    mean = features.double().mean(0)
    _, spread, rows = torch.linalg.svd(features.double() - mean, full_matrices=False)
    variances = spread**2 / (count - 1)
    distance = Distance(width, rank)
    distance.mean.copy_(mean)
    distance.directions.copy_(rows[:rank].T)
    distance.variances.copy_(variances[:rank])
    distance.rest.copy_(variances[rank:].sum() / (width - rank))
    return distance
