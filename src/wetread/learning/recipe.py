"""The hyper-parameters of one training run, read from TOML (the shipped one is `recipe.toml`)."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

__all__ = ["DEFAULT_RECIPE", "Folds", "Loss", "Optimiser", "Recipe", "Stage", "read_recipe"]

DEFAULT_RECIPE = Path(__file__).with_name("recipe.toml")


@dataclass(frozen=True, slots=True)
class Optimiser:
    learning_rate_backbone: float
    learning_rate_head: float
    weight_decay: float
    warmup_steps: int
    dropout: float
    drop_path: float
    average_decay: float


@dataclass(frozen=True, slots=True)
class Loss:
    teacher_weight: float
    positive_weight_max: float
    focus_positive: float
    focus_negative: float
    margin: float
    mixup: float
    any_weight: float
    box_weight: float


@dataclass(frozen=True, slots=True)
class Folds:
    count: int
    seed: int
    epochs: int
    train_px: int
    average_decay: float


@dataclass(frozen=True, slots=True)
class Stage:
    epochs: int
    train_px: int


@dataclass(frozen=True, slots=True)
class Recipe:
    name: str
    version: str
    seed: int
    input_px: int
    work_px: tuple[int, ...]
    batch_films: int
    threads: int
    gate_films: int
    compile: bool
    accelerator: str
    devices: int | str
    precision: str
    pretrained: bool
    patience: int
    optimiser: Optimiser
    loss: Loss
    folds: Folds
    trunk_epochs: int
    branches: int
    stop_after: int
    stages: tuple[Stage, ...]

    @property
    def epochs(self) -> int:
        return sum(stage.epochs for stage in self.stages)

    @property
    def last_epoch(self) -> int:
        """How many epochs of the schedule are run: all of them where `stop_after` is 0."""
        return min(self.stop_after or self.epochs, self.epochs)

    def train_px(self, epoch: int) -> int:
        """The working size of an epoch (0 = first)."""
        for stage in self.stages:
            if epoch < stage.epochs:
                return stage.train_px
            epoch -= stage.epochs
        raise ValueError("The recipe has no such epoch; count from 0 below `epochs`.")


def read_recipe(path: Path = DEFAULT_RECIPE) -> Recipe:
    """Raises KeyError or TypeError when a field is missing or unknown."""
    fields = tomllib.loads(path.read_text())
    return Recipe(
        **{
            **fields,
            "work_px": tuple(fields["work_px"]),
            "optimiser": Optimiser(**fields["optimiser"]),
            "loss": Loss(**fields["loss"]),
            "folds": Folds(**fields["folds"]),
            "stages": tuple(Stage(**stage) for stage in fields["stages"]),
        }
    )
