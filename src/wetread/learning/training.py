"""Trains the reader: progressive resizing, averaged weights, soft targets; every epoch can be resumed and is recorded."""

import copy
import json
import math
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from wetread.learning.augment import augment
from wetread.learning.backbone import load_imagenet_weights
from wetread.learning.manifest import FINDINGS
from wetread.learning.metrics import auroc
from wetread.learning.network import Reader, fold_norms
from wetread.learning.recipe import Loss, Recipe

__all__ = ["TrainingSet", "load_reader", "mean_auroc", "read_logits", "soft_targets", "train"]


class TrainingSet(NamedTuple):
    """Films (n, row, column) uint8; target and known (n, finding) float32; the val films with their hard truth (NaN unknown)."""

    films: NDArray[np.uint8]
    target: NDArray[np.float32]
    known: NDArray[np.float32]
    val_films: NDArray[np.uint8]
    val_truth: NDArray[np.float32]


def soft_targets(truth: NDArray[np.float32], teacher: NDArray[np.float32], share: float) -> NDArray[np.float32]:
    """Label, mixed with the teacher's probability where it read the film. Unknown stays NaN."""
    mixed: NDArray[np.float32] = np.where(np.isnan(teacher), truth, (1 - share) * truth + share * teacher)
    return mixed


def _to_batch(films: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(films).unsqueeze(1).float().div_(255)


@torch.inference_mode()
def read_logits(reader: Reader, films: NDArray[np.uint8], batch: int = 64) -> NDArray[np.float64]:
    """(n, row, column) uint8 -> (n, finding) logits."""
    reader.eval()
    return np.concatenate(
        [reader(_to_batch(films[i : i + batch])).logits.double().numpy() for i in range(0, len(films), batch)]
    )


def mean_auroc(truth: NDArray[np.float32], logits: NDArray[np.float64], min_positives: int = 5) -> float:
    """Mean AUROC over the findings with at least `min_positives` positives and negatives."""
    values = []
    for column in range(truth.shape[1]):
        known = ~np.isnan(truth[:, column])
        labels = truth[known, column].astype(float)
        if min(labels.sum(), (1 - labels).sum()) >= min_positives:
            values.append(auroc(labels, logits[known, column]))
    return float(np.mean(values))


def _loss_weights(target: NDArray[np.float32], known: NDArray[np.float32], loss: Loss) -> tuple[Tensor, Tensor]:
    """(positive weight, finding weight): sqrt(negatives / positives), capped; the RSNA head as configured."""
    positives = (target * known).sum(0)
    ratio = (known.sum(0) - positives) / np.maximum(positives, 1)
    positive = np.clip(np.sqrt(ratio), 1, loss.positive_weight_max)
    finding = np.ones(len(FINDINGS), np.float32)
    finding[-1] = loss.lung_opacity_weight
    return torch.from_numpy(positive.astype(np.float32)), torch.from_numpy(finding)


def _rate(step: int, steps: int, warmup: int) -> float:
    if step < warmup:
        return (step + 1) / warmup
    return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup)))


@torch.no_grad()
def _average(average: Reader, reader: Reader, decay: float) -> None:
    for kept, new in zip(average.state_dict().values(), reader.state_dict().values(), strict=True):
        if kept.dtype.is_floating_point:
            kept.lerp_(new, 1 - decay)
        else:
            kept.copy_(new)


class Trainer:
    """State of one run: the reader, its average, the optimiser, where it stands."""

    def __init__(self, recipe: Recipe, data: TrainingSet, out: Path) -> None:
        self.recipe, self.data, self.out = recipe, data, out
        torch.manual_seed(recipe.seed)
        options = recipe.optimiser
        self.reader = Reader(len(FINDINGS), recipe.work_px, options.dropout, options.drop_path)
        load_imagenet_weights(self.reader.backbone)
        self.reader.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = copy.deepcopy(self.reader)
        self.optimiser = torch.optim.AdamW(
            [
                {"params": list(self.reader.backbone.parameters()), "lr": options.learning_rate_backbone},
                {"params": list(self.reader.head.parameters()), "lr": options.learning_rate_head},
            ],
            weight_decay=options.weight_decay,
        )
        self.rates = [group["lr"] for group in self.optimiser.param_groups]
        self.positive_weight, self.finding_weight = _loss_weights(data.target, data.known, recipe.loss)
        self.forward = torch.compile(self.reader.train_logits) if recipe.compile else self.reader.train_logits
        self.steps_per_epoch = len(data.films) // recipe.batch_films
        self.curve: list[dict[str, float]] = []

    def resume(self) -> None:
        path = self.out / "checkpoint.pt"
        if path.exists():
            state = torch.load(path, weights_only=True)
            self.reader.load_state_dict(state["reader"])
            self.average.load_state_dict(state["average"])
            self.optimiser.load_state_dict(state["optimiser"])
            self.curve = state["curve"]

    def save(self) -> None:
        state = {
            "reader": self.reader.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "curve": self.curve,
        }
        part = self.out / "checkpoint.pt.part"
        torch.save(state, part)
        part.rename(self.out / "checkpoint.pt")

    def step(self, chosen: NDArray[np.int64], number: int, size_px: int, random: torch.Generator) -> float:
        options = self.recipe.optimiser
        rate = _rate(number, self.steps_per_epoch * self.recipe.epochs, options.warmup_steps)
        for group, peak in zip(self.optimiser.param_groups, self.rates, strict=True):
            group["lr"] = peak * rate
        image = augment(_to_batch(self.data.films[chosen]), size_px, random).contiguous(
            memory_format=torch.channels_last
        )
        target, known = (torch.from_numpy(table[chosen]) for table in (self.data.target, self.data.known))
        losses = functional.binary_cross_entropy_with_logits(
            self.forward(image), target, reduction="none", pos_weight=self.positive_weight
        )
        loss = (losses * known * self.finding_weight).sum() / known.sum()
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.reader.parameters(), 5.0)
        self.optimiser.step()
        _average(self.average, self.reader, min(options.average_decay, (1 + number) / (10 + number)))
        return float(loss.detach())

    def epoch(self, epoch: int) -> None:
        random = torch.Generator().manual_seed(self.recipe.seed + epoch)
        order = np.random.default_rng(self.recipe.seed + epoch).permutation(len(self.data.films))
        size_px, batch, began = self.recipe.train_px(epoch), self.recipe.batch_films, time.perf_counter()
        self.reader.train()
        losses: list[float] = []
        for index in range(self.steps_per_epoch):
            chosen = order[index * batch : (index + 1) * batch]
            losses.append(self.step(chosen, epoch * self.steps_per_epoch + index, size_px, random))
            if index % 40 == 39:
                _say(f"epoch {epoch + 1} step {index + 1}/{self.steps_per_epoch} loss {np.mean(losses[-40:]):.4f}")
        score = mean_auroc(self.data.val_truth, read_logits(self.average, self.data.val_films))
        wall_s = time.perf_counter() - began
        self.curve.append(
            {
                "epoch": epoch + 1,
                "train_px": size_px,
                "loss": float(np.mean(losses)),
                "val_auroc": score,
                "wall_s": wall_s,
            }
        )
        _say(
            f"epoch {epoch + 1}/{self.recipe.epochs}: loss {np.mean(losses):.4f}, val mean AUROC {score:.4f}, {wall_s:.0f} s"
        )


def _say(message: str) -> None:
    sys.stderr.write(message + "\n")
    sys.stderr.flush()


def train(recipe: Recipe, data: TrainingSet, out: Path, provenance: dict[str, str]) -> list[dict[str, float]]:
    """Runs (or resumes) a training in `out`; leaves checkpoint.pt, record.json and curves.png. Returns the curve."""
    out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(recipe.threads)
    trainer = Trainer(recipe, data, out)
    trainer.resume()
    for epoch in range(len(trainer.curve), recipe.epochs):
        trainer.epoch(epoch)
        trainer.save()
        record = {"provenance": provenance, "recipe": asdict(recipe), "curve": trainer.curve}
        (out / "record.json").write_text(json.dumps(record, indent=1))
        _plot(trainer.curve, out / "curves.png")
    return trainer.curve


def _plot(curve: list[dict[str, float]], path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, left = pyplot.subplots(figsize=(6, 3.5))
    left.plot([row["epoch"] for row in curve], [row["loss"] for row in curve], "k.-")
    left.set_xlabel("epoch")
    left.set_ylabel("training loss (black)")
    right = left.twinx()
    right.plot([row["epoch"] for row in curve], [row["val_auroc"] for row in curve], "b.-")
    right.set_ylabel("mean AUROC on val (blue)")
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def load_reader(recipe: Recipe, out: Path) -> Reader:
    """The averaged reader of a run's last checkpoint, in evaluation mode at the recipe's working size."""
    reader = Reader(len(FINDINGS), recipe.work_px)
    state = torch.load(out / "checkpoint.pt", weights_only=True, map_location="cpu")
    reader.load_state_dict(state["average"])
    fold_norms(reader.eval())
    reader.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # depthwise layers are several times faster so
    return reader
