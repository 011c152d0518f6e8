"""Fits one finding's row of the linear head again on frozen features: for a label that turned out to tell the source."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from wetread.evaluation.discrimination import auroc

__all__ = ["best_penalty", "fit_row"]

_PENALTIES = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)


def fit_row(features: Tensor, truth: Tensor, penalty: float) -> tuple[Tensor, Tensor]:
    """Ridge logistic regression of (film,) 0/1 truth on (film, d) features: (d,) weights and bias in the features' own units.

    `penalty` weighs the squared weights of the standardised features against the mean log loss.
    """
    mean, scale = features.mean(0), features.std(0) + 1e-3
    standard = (features - mean) / scale
    weights = torch.zeros(features.shape[1], requires_grad=True)
    bias = torch.zeros((), requires_grad=True)
    optimiser = torch.optim.LBFGS([weights, bias], max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimiser.zero_grad()
        value = functional.binary_cross_entropy_with_logits(standard @ weights + bias, truth)
        value = value + penalty * weights.square().sum()
        value.backward()  # type: ignore[no-untyped-call]
        return value

    optimiser.step(loss)  # type: ignore[no-untyped-call]
    own = weights.detach() / scale
    return own, bias.detach() - own @ mean


def best_penalty(
    train: tuple[Tensor, Tensor], held: tuple[Tensor, NDArray[np.float64]]
) -> tuple[float, dict[float, float]]:
    """The penalty with the best AUROC on `held` (features, truth), and the AUROC of each."""
    scores = {}
    for penalty in _PENALTIES:
        weights, bias = fit_row(*train, penalty)
        scores[penalty] = auroc(held[1], (held[0] @ weights + bias).double().numpy())
    return max(scores, key=lambda penalty: scores[penalty]), scores
