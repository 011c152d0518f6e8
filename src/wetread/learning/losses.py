"""What training minimises: label loss (cross entropy, focal or asymmetric), "any finding", and where a radiologist's box lies.

The source offset: where a label is more frequent among the films of one source, that is no sign of disease. Its log odds are
added to the logit in training only (logit adjustment, Menon et al., ICLR 2021), so that the reader need not learn the source.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from wetread.learning.recipe import Loss

__all__ = ["any_loss", "box_loss", "finding_weights", "label_losses", "mixed_label_loss", "source_offsets"]


def source_offsets(
    target: NDArray[np.float32], known: NDArray[np.float32], source: NDArray[np.int64], prior_films: float = 40.0
) -> NDArray[np.float32]:
    """(film, finding) log odds of a finding in the film's source over those in all films, shrunken by `prior_films` films."""
    overall = ((target * known).sum(0) + 0.5) / (known.sum(0) + 1)
    offsets = np.zeros_like(target)
    for value in np.unique(source):
        inside = source == value
        positives, films = (target * known)[inside].sum(0), known[inside].sum(0)
        here = (positives + prior_films * overall) / (films + prior_films)
        offsets[inside] = np.log(here / (1 - here)) - np.log(overall / (1 - overall))
    return offsets


def finding_weights(
    target: NDArray[np.float32], known: NDArray[np.float32], positive_max: float
) -> tuple[Tensor, Tensor]:
    """(positive weight, finding weight): sqrt(negatives / positives), capped; 1 / sqrt(share of films whose label is known)."""
    positives = (target * known).sum(0)
    ratio = (known.sum(0) - positives) / np.maximum(positives, 1)
    positive = np.clip(np.sqrt(ratio), 1, positive_max).astype(np.float32)
    finding = (1 / np.sqrt(np.maximum(known.mean(0), 0.01))).astype(np.float32)
    return torch.from_numpy(positive), torch.from_numpy(finding)


def label_losses(logits: Tensor, target: Tensor, positive_weight: Tensor, options: Loss) -> Tensor:
    """Asymmetric loss (Ridnik et al., ICCV 2021) for soft targets; focal where both focuses are equal, cross entropy where 0."""
    log_present, log_absent = functional.logsigmoid(logits), functional.logsigmoid(-logits)
    present = logits.sigmoid()
    doubtful = present
    if options.margin:
        doubtful = (present - options.margin).clamp_min(0)
        log_absent = torch.log1p(-doubtful)
    hit = positive_weight * target * log_present * (1 - present) ** options.focus_positive
    miss = (1 - target) * log_absent * doubtful**options.focus_negative
    return -(hit + miss)


def mixed_label_loss(losses_of: tuple[Tensor, Tensor], weight: Tensor, share: Tensor) -> Tensor:
    """Weighted mean of the losses (film, finding) against a film's own and its neighbour's labels, in their shares."""
    own, other = losses_of
    parts = weight * share[:, None], weight.roll(1, 0) * (1 - share[:, None])
    loss: Tensor = (own * parts[0] + other * parts[1]).sum() / (parts[0] + parts[1]).sum()
    return loss


def any_loss(any_logit: Tensor, abnormal: Tensor, share: Tensor) -> Tensor:
    """Cross entropy of "any finding" over the films that are hardly mixed and known."""
    use = ((share > 0.9) & ~abnormal.isnan()).to(any_logit.dtype)
    losses = functional.binary_cross_entropy_with_logits(any_logit, abnormal.nan_to_num(), reduction="none")
    loss: Tensor = (losses * use).sum() / use.sum().clamp_min(1)
    return loss


def box_loss(cams: Tensor, masks: Tensor) -> Tensor:
    """(case, row, column) maps, (case, 1, side, side) boxes -> (case,) -log of the map's softmax mass inside; 0 if not in view."""
    inside = functional.adaptive_avg_pool2d(masks, cams.shape[-1]).flatten(1)
    log_mass = functional.log_softmax(cams.flatten(1), dim=1)
    losses: Tensor = -torch.logsumexp(log_mass + torch.log(inside.clamp_min(1e-6)), dim=1)
    return losses * (inside.amax(1) > 0.1)
