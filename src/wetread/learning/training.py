"""Trains the reader on CPU, one or many GPUs (Lightning Fabric): a trunk, branches that differ by seed, and their mean.

Progressive resizing, averaged weights, soft targets. Every epoch can be resumed and is recorded. Averaging branches that left a
common trunk is a model soup (Wortsman et al., ICML 2022); on few cores it also is the way to use each of them fully.
"""

import copy
import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import numpy as np
import torch
from lightning_fabric import Fabric
from numpy.typing import NDArray
from torch import Tensor, nn

from wetread.evaluation.discrimination import auroc
from wetread.learning.backbone import load_imagenet_weights
from wetread.learning.examples import Batch, TrainingSet, draw_batch, to_batch
from wetread.learning.journal import Curve, Progress, write_record
from wetread.learning.losses import any_loss, box_loss, finding_weights, label_losses, mixed_label_loss
from wetread.learning.manifest import FINDINGS, NIH_LABELS
from wetread.learning.network import Reader, fold_norms
from wetread.learning.recipe import Recipe

__all__ = [
    "Trainer",
    "follow",
    "launched",
    "learning_rate",
    "load_reader",
    "mean_auroc",
    "mean_state",
    "read_logits",
    "stale",
    "train",
]

# "no pneumonia" is not learned on films of the common source (manifest.learnable), so neither is it here
_ANY_COLUMNS = [column for column, label in enumerate(NIH_LABELS) if label != "Pneumonia"]
State = dict[str, Tensor]


@torch.inference_mode()
def read_logits(reader: Reader, films: NDArray[np.uint8], batch: int = 64) -> NDArray[np.float64]:
    """(n, row, column) uint8 -> (n, finding) logits."""
    reader.eval()
    device = reader.head.weight.device
    parts = [reader(to_batch(films[i : i + batch]).to(device)).logits for i in range(0, len(films), batch)]
    return torch.cat(parts).double().cpu().numpy()


def mean_auroc(truth: NDArray[np.float32], logits: NDArray[np.float64], min_positives: int = 5) -> float:
    """Mean AUROC over the findings with at least `min_positives` positives and negatives."""
    values = []
    for column in range(truth.shape[1]):
        known = ~np.isnan(truth[:, column])
        labels = truth[known, column].astype(float)
        if min(labels.sum(), (1 - labels).sum()) >= min_positives:
            values.append(auroc(labels, logits[known, column]))
    return float(np.mean(values))


def learning_rate(step: int, steps: int, warmup: int) -> float:
    """Share of the peak rate: linear warm-up, then half a cosine down to 1 %."""
    if step < warmup:
        return (step + 1) / warmup
    return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup)))


@torch.no_grad()
def follow(average: nn.Module, reader: nn.Module, decay: float) -> None:
    """One step of the exponential moving average, statistics of the batch norms included."""
    for kept, new in zip(average.state_dict().values(), reader.state_dict().values(), strict=True):
        if kept.dtype.is_floating_point:
            kept.lerp_(new, 1 - decay)
        else:
            kept.copy_(new)


def mean_state(states: list[State]) -> State:
    """The mean of the weights of readers that left a common trunk."""
    return {
        name: torch.stack([state[name] for state in states]).mean(0) if first.dtype.is_floating_point else first
        for name, first in states[0].items()
    }


def stale(curve: Curve, patience: int) -> bool:
    """No better val AUROC for `patience` epochs (0: never)."""
    scores = [row["val_auroc"] for row in curve]
    return patience > 0 and len(scores) - 1 - int(np.argmax(scores or [0.0])) >= patience


class Learner(nn.Module):
    """What one step differentiates: the reader and the affine map of its smooth maximum to "any finding"."""

    def __init__(self, reader: Reader) -> None:
        super().__init__()
        self.reader = reader
        self.any_scale = nn.Parameter(torch.tensor([1.0, 0.0]))

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        logits, cams = self.reader.train_maps(image)
        highest = torch.logsumexp(logits[:, [c for c in _ANY_COLUMNS if c < logits.shape[1]]], dim=1)
        return logits, cams, highest * self.any_scale[0] + self.any_scale[1]


class Trainer:
    """State of one trunk or branch: the reader, its average, the optimiser, where it stands."""

    def __init__(self, recipe: Recipe, data: TrainingSet, out: Path, fabric: Fabric, branch: int = 0) -> None:
        self.recipe, self.data, self.out, self.fabric = recipe, data, out, fabric
        self.seed = recipe.seed + 1000 * branch
        torch.manual_seed(self.seed)
        options = recipe.optimiser
        self.reader = Reader(len(FINDINGS), recipe.work_px, options.dropout, options.drop_path)
        if recipe.pretrained:
            load_imagenet_weights(self.reader.backbone)
        self.reader.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = copy.deepcopy(self.reader).to(fabric.device)
        self.learner = Learner(self.reader)
        groups = [
            {"params": list(self.reader.backbone.parameters()), "lr": options.learning_rate_backbone},
            {"params": list(self.reader.head.parameters()), "lr": options.learning_rate_head},
            {"params": [self.learner.any_scale], "lr": options.learning_rate_head, "weight_decay": 0.0},
        ]
        self.rates = [options.learning_rate_backbone, options.learning_rate_head, options.learning_rate_head]
        forward: nn.Module = self.learner
        if recipe.compile:
            forward = cast(nn.Module, torch.compile(self.learner, dynamic=False))
        optimiser = torch.optim.AdamW(groups, weight_decay=options.weight_decay)
        self.forward, self.optimiser = fabric.setup(forward, optimiser)
        positive, finding = finding_weights(data.target, data.known, recipe.loss.positive_weight_max)
        self.positive_weight, self.finding_weight = positive.to(fabric.device), finding.to(fabric.device)
        self.steps_per_epoch = len(data.films) // recipe.batch_films
        self.curve: Curve = []
        self.best: State = {}

    def resume(self, *origins: Path) -> None:
        """Goes on from the first of these checkpoints that exists, this run's own before all."""
        for path in (self.out / "checkpoint.pt", *origins):
            if path.exists():
                state = torch.load(path, weights_only=True, map_location=self.fabric.device)
                self.reader.load_state_dict(state["reader"])
                self.average.load_state_dict(state["average"])
                self.optimiser.load_state_dict(state["optimiser"])
                self.learner.any_scale.data.copy_(state["any_scale"])
                self.curve, self.best = state["curve"], state.get("best", {})
                return

    def save(self) -> None:
        state = {
            "reader": self.reader.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "any_scale": self.learner.any_scale.data,
            "curve": self.curve,
            "best": self.best,
        }
        _save(state, self.out / "checkpoint.pt")

    def loss(self, batch: Batch) -> Tensor:
        options = self.recipe.loss
        logits, cams, any_logit = self.forward(batch.image.contiguous(memory_format=torch.channels_last))
        logits, cams, any_logit = logits.float(), cams.float(), any_logit.float()
        weight, whole = batch.known * self.finding_weight, batch.share
        own = label_losses(logits + batch.offset, batch.target, self.positive_weight, options)
        shifted = logits + batch.offset.roll(1, 0)
        other = label_losses(shifted, batch.target.roll(1, 0), self.positive_weight, options)
        boxed = box_loss(cams[batch.box_place, batch.box_finding], batch.box_mask) * whole[batch.box_place]
        labels = mixed_label_loss((own, other), weight, whole)
        seen = any_loss(any_logit, batch.abnormal, whole)
        return labels + options.any_weight * seen + options.box_weight * boxed.sum() / len(whole)

    def step(self, batch: Batch, number: int) -> float:
        options = self.recipe.optimiser
        rate = learning_rate(number, self.steps_per_epoch * self.recipe.epochs, options.warmup_steps)
        for group, peak in zip(self.optimiser.param_groups, self.rates, strict=True):
            group["lr"] = peak * rate
        loss = self.loss(batch)
        self.optimiser.zero_grad(set_to_none=True)
        self.fabric.backward(loss)
        self.fabric.clip_gradients(self.forward, self.optimiser, max_norm=5.0)
        self.optimiser.step()
        follow(self.average, self.reader, min(options.average_decay, (1 + number) / (10 + number)))
        return float(loss.detach())

    def batches(self, epoch: int, size_px: int) -> Iterator[Batch]:
        """This process's share of every batch of an epoch; the same films whatever the number of processes."""
        rank, world = self.fabric.global_rank, self.fabric.world_size
        random = torch.Generator().manual_seed(self.seed + epoch + 7919 * rank)
        order = np.random.default_rng(self.seed + epoch).permutation(len(self.data.films))
        for index in range(self.steps_per_epoch):
            chosen = order[index * self.recipe.batch_films : (index + 1) * self.recipe.batch_films][rank::world]
            batch = draw_batch(self.data, chosen, size_px, self.recipe.loss.mixup, random)
            yield Batch(*(tensor.to(self.fabric.device) for tensor in batch))

    def epoch(self, epoch: int, progress: Progress) -> None:
        torch.manual_seed(self.seed + epoch)  # dropout, so that a resumed run goes on as an uninterrupted one
        size_px, began, losses = self.recipe.train_px(epoch), time.perf_counter(), []
        self.learner.train()
        for index, batch in enumerate(self.batches(epoch, size_px)):
            losses.append(self.step(batch, epoch * self.steps_per_epoch + index))
            progress.step(epoch, index, losses)
        self.average.work_px = (size_px,)
        score = mean_auroc(self.data.val_truth, read_logits(self.average, self.data.val_films))
        if self.recipe.patience and score > max([row["val_auroc"] for row in self.curve], default=0.0):
            self.best = copy.deepcopy(self.average.state_dict())
        row = {"epoch": epoch + 1, "train_px": size_px, "loss": float(np.mean(losses)), "val_auroc": score}
        self.curve.append(row | {"wall_s": time.perf_counter() - began})
        progress.epoch(self.curve[-1])

    def run(self, last: int, provenance: dict[str, str], *origins: Path) -> None:
        """Epochs up to `last`, or until val has not improved for `patience` epochs; then the best average is kept."""
        self.out.mkdir(parents=True, exist_ok=True)
        self.resume(*origins)
        progress = Progress(self.recipe, self.steps_per_epoch, last, quiet=not self.fabric.is_global_zero)
        for epoch in range(len(self.curve), last):
            if stale(self.curve, self.recipe.patience):
                break
            self.epoch(epoch, progress)
            if self.fabric.is_global_zero:
                self.save()
                write_record(self.out, self.recipe, provenance, self.curve)
            self.fabric.barrier()


def _save(state: dict[str, object], path: Path) -> None:
    part = path.with_name(path.name + ".part")
    torch.save(state, part)
    part.rename(path)


def launched(recipe: Recipe) -> Fabric:
    """The recipe's machine, ready to train on."""
    fabric = Fabric(accelerator=recipe.accelerator, devices=recipe.devices, precision=recipe.precision)  # type: ignore[arg-type]
    fabric.launch()
    torch.set_num_threads(recipe.threads)
    return fabric


def train(recipe: Recipe, data: TrainingSet, out: Path, provenance: dict[str, str], only: int | None = None) -> Curve:
    """Runs (or resumes) trunk and branches in folders of `out`, then leaves their mean there; returns the last curve.

    `only`: just the trunk (-1) or one branch, so that branches can run side by side; the mean is made when all are there.
    """
    fabric = launched(recipe)
    trunk = out / "trunk" / "checkpoint.pt"
    if only in (None, -1):
        Trainer(recipe, data, trunk.parent, fabric).run(recipe.trunk_epochs, provenance)
    for branch in range(recipe.branches):
        if only in (None, branch):
            Trainer(recipe, data, out / f"branch-{branch}", fabric, branch).run(recipe.last_epoch, provenance, trunk)
    checkpoints = [out / f"branch-{branch}" / "checkpoint.pt" for branch in range(recipe.branches)]
    if fabric.is_global_zero and all(path.exists() for path in checkpoints):
        return _merge(recipe, checkpoints, out, provenance)
    return []


def _merge(recipe: Recipe, checkpoints: list[Path], out: Path, provenance: dict[str, str]) -> Curve:
    states = [torch.load(path, weights_only=True, map_location="cpu") for path in checkpoints]
    curve = _joined([state["curve"] for state in states], recipe.trunk_epochs)
    finished = all(len(state["curve"]) == recipe.last_epoch or recipe.patience for state in states)
    if finished:
        average = mean_state([state.get("best") or state["average"] for state in states])
        _save({"average": average, "curve": curve}, out / "checkpoint.pt")
        write_record(out, recipe, provenance, curve)
    return curve


def _joined(curves: list[Curve], trunk_epochs: int) -> Curve:
    """The trunk's epochs once (branch -1), then each branch's own."""
    rows = [row | {"branch": -1} for row in curves[0][:trunk_epochs]]
    return rows + [row | {"branch": branch} for branch, curve in enumerate(curves) for row in curve[trunk_epochs:]]


def load_reader(recipe: Recipe, out: Path) -> Reader:
    """The averaged reader of a run, in evaluation mode at the recipe's working size, batch norms folded."""
    reader = Reader(len(FINDINGS), recipe.work_px)
    state = torch.load(out / "checkpoint.pt", weights_only=True, map_location="cpu")
    reader.load_state_dict(state["average"])
    fold_norms(reader.eval())
    reader.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # depthwise layers are several times faster so
    return reader
