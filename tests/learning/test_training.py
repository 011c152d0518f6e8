"""Training can be interrupted, and its losses are what their papers say; needs the optional extra `learning`."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from lightning_fabric import Fabric
from torch.nn import functional

from wetread.learning.augment import degrade, mix
from wetread.learning.examples import TrainingSet, box_masks, draw_batch
from wetread.learning.losses import box_loss, finding_weights, label_losses, mixed_label_loss, source_offsets
from wetread.learning.manifest import FINDINGS
from wetread.learning.recipe import Recipe, Stage, read_recipe
from wetread.learning.training import Trainer, follow, learning_rate, load_reader, mean_state, stale, train

COUNT, SIDE = 12, 64


def small_recipe(**changes: object) -> Recipe:
    small = {
        "batch_films": 4, "threads": 1, "compile": False, "pretrained": False, "work_px": (SIDE,),
        "trunk_epochs": 1, "branches": 2, "stop_after": 0, "stages": (Stage(2, SIDE),),
    }  # fmt: skip
    return replace(read_recipe(), **(small | changes))  # type: ignore[arg-type]


def small_data() -> TrainingSet:
    random = np.random.default_rng(5)
    shape = (COUNT, len(FINDINGS))
    films = random.integers(0, 256, (COUNT, SIDE, SIDE), dtype=np.uint8)
    truth = (random.random(shape) < 0.4).astype(np.float32)
    boxes = [{7: [(0.1, 0.1, 0.4, 0.4)]} if i % 3 == 0 else {} for i in range(COUNT)]
    flags = random.random(COUNT) < 0.5
    known, offset = np.ones(shape, np.float32), np.zeros(shape, np.float32)
    val_truth = np.tile(np.arange(COUNT)[:, None] % 2, (1, len(FINDINGS))).astype(np.float32)
    return TrainingSet(films, truth, known, offset, flags.astype(np.float32), flags, boxes, films, val_truth)


def _fabric() -> Fabric:
    torch.set_num_threads(1)  # threads that wait for each other on a busy machine take minutes
    return Fabric(accelerator="cpu", devices=1)


def _weights(out: Path) -> dict[str, torch.Tensor]:
    return torch.load(out / "checkpoint.pt", weights_only=True)["average"]  # type: ignore[no-any-return]


def test_a_resumed_training_ends_as_an_uninterrupted_one(tmp_path: Path) -> None:
    recipe, data = small_recipe(), small_data()
    Trainer(recipe, data, tmp_path / "whole", _fabric()).run(2, {})
    Trainer(recipe, data, tmp_path / "halves", _fabric()).run(1, {})
    Trainer(recipe, data, tmp_path / "halves", _fabric()).run(2, {})
    whole, halves = _weights(tmp_path / "whole"), _weights(tmp_path / "halves")
    assert all(torch.equal(whole[name], halves[name]) for name in whole)


def test_one_command_leaves_the_mean_of_the_branches_and_a_record(tmp_path: Path) -> None:
    recipe = small_recipe()
    train(recipe, small_data(), tmp_path, {"manifest_sha256": "0"})
    branches = [_weights(tmp_path / f"branch-{branch}")["head.weight"] for branch in (0, 1)]
    assert not torch.equal(*branches)
    assert torch.allclose(_weights(tmp_path)["head.weight"], (branches[0] + branches[1]) / 2)
    assert (tmp_path / "record.json").stat().st_size > 0
    assert (tmp_path / "curves.png").stat().st_size > 0
    assert load_reader(recipe, tmp_path)(torch.rand(1, 1, SIDE, SIDE)).logits.shape == (1, len(FINDINGS))


def test_branches_trained_apart_give_the_same_mean(tmp_path: Path) -> None:
    recipe, data = small_recipe(), small_data()
    train(recipe, data, tmp_path / "together", {})
    for only in (-1, 1, 0):
        train(recipe, data, tmp_path / "apart", {}, only)
    together, apart = _weights(tmp_path / "together"), _weights(tmp_path / "apart")
    assert all(torch.equal(together[name], apart[name]) for name in together)


def test_training_stops_when_val_no_longer_improves() -> None:
    curve = [{"val_auroc": score} for score in (0.6, 0.7, 0.69, 0.68)]
    assert stale(curve, 2)
    assert not stale(curve, 3)
    assert not stale(curve, 0)
    assert not stale([], 2)


def test_a_stopped_training_ships_its_best_epoch(tmp_path: Path) -> None:
    recipe = small_recipe(patience=1, trunk_epochs=0, branches=1, stages=(Stage(6, SIDE),))
    curve = train(recipe, small_data(), tmp_path, {})
    scores = [row["val_auroc"] for row in curve]
    state = torch.load(tmp_path / "branch-0" / "checkpoint.pt", weights_only=True)
    assert len(curve) < 6
    assert max(scores) == scores[-2]
    assert torch.equal(_weights(tmp_path)["head.weight"], state["best"]["head.weight"])
    assert not torch.equal(state["average"]["head.weight"], state["best"]["head.weight"])


def test_the_average_follows_exponentially() -> None:
    average, reader = torch.nn.Linear(1, 1), torch.nn.Linear(1, 1)
    torch.nn.init.constant_(average.weight, 0.0)
    torch.nn.init.constant_(reader.weight, 1.0)
    for _ in range(10):
        follow(average, reader, 0.9)
    assert average.weight.item() == pytest.approx(1 - 0.9**10, rel=1e-5)


def test_the_mean_of_states_keeps_counters() -> None:
    mean = mean_state(
        [{"w": torch.tensor([1.0]), "n": torch.tensor(7)}, {"w": torch.tensor([4.0]), "n": torch.tensor(9)}]
    )
    assert mean == {"w": torch.tensor([2.5]), "n": torch.tensor(7)}


def test_the_rate_warms_up_and_falls_to_a_hundredth() -> None:
    assert learning_rate(0, 100, 10) == pytest.approx(0.1)
    assert learning_rate(10, 100, 10) == pytest.approx(1.0)
    assert learning_rate(100, 100, 10) == pytest.approx(0.01)


def test_mixing_never_moves_or_mirrors_a_film() -> None:
    left = torch.zeros(2, 1, 8, 8)
    left[:, :, 1:3, :3] = 1
    mixed = mix(left, torch.tensor([0.7, 0.6]))
    assert torch.allclose(mixed, left)


def test_variation_never_changes_sides() -> None:
    """Films bright on their left half stay so in every mixture of a batch, and their boxes with them."""
    data = small_data()
    data.films[:] = 0
    data.films[:, :, : SIDE // 2] = 200
    data.boxes[:] = [{7: [(0.0, 0.1, 0.3, 0.8)]}] * COUNT
    for seed in range(8):
        batch = draw_batch(data, np.arange(COUNT), SIDE, 0.4, torch.Generator().manual_seed(seed))
        for images in (batch.image, batch.box_mask):
            half = images.shape[-1] // 2
            left, right = images[..., :half].mean((1, 2, 3)), images[..., half:].mean((1, 2, 3))
            assert bool((left > right).all())


def test_a_degraded_film_is_still_that_film() -> None:
    slope = np.tile(np.linspace(0, 255, SIDE), (SIDE, 1)).astype(np.uint8)
    for seed in range(20):
        other = degrade(slope, seed % 2 == 0, np.random.default_rng(seed))
        assert other.shape == slope.shape
        assert np.abs(other.astype(int) - slope).mean() < 6


def test_cross_entropy_is_the_asymmetric_loss_without_focus() -> None:
    logits, target = torch.randn(6, 3), torch.rand(6, 3)
    weight = torch.tensor([1.0, 2.0, 5.0])
    plain = functional.binary_cross_entropy_with_logits(logits, target, reduction="none", pos_weight=weight)
    assert torch.allclose(label_losses(logits, target, weight, read_recipe().loss), plain, atol=1e-6)


def test_focal_and_margin_agree_with_their_closed_forms() -> None:
    logit, present = torch.tensor([[0.4]]), 1 / (1 + np.exp(-0.4))
    focal = replace(read_recipe().loss, focus_positive=2.0, focus_negative=2.0)
    one = torch.ones(1)
    hit = label_losses(logit, torch.ones(1, 1), one, focal).item()
    assert hit == pytest.approx(-((1 - present) ** 2) * np.log(present), rel=1e-5)
    shifted = present - 0.05
    margin = replace(read_recipe().loss, focus_negative=4.0, margin=0.05)
    miss = label_losses(logit, torch.zeros(1, 1), one, margin).item()
    assert miss == pytest.approx(-(shifted**4) * np.log(1 - shifted), rel=1e-5)


def test_unknown_labels_weigh_nothing_and_shares_weigh_in_proportion() -> None:
    own, other = torch.tensor([[2.0], [9.0]]), torch.tensor([[9.0], [4.0]])
    weight = torch.tensor([[1.0], [0.0]])
    share = torch.tensor([1.0, 0.5])
    assert mixed_label_loss((own, other), weight, share).item() == pytest.approx((2.0 * 1 + 4.0 * 0.5) / 1.5)


def test_source_offsets_are_the_log_odds_of_the_source() -> None:
    target = np.array([[1], [1], [0], [1], [0], [0], [0], [0]], np.float32)
    source = np.array([1, 1, 1, 1, 0, 0, 0, 0])
    offsets = source_offsets(target, np.ones_like(target), source, prior_films=0.001)
    overall = 3.5 / 9
    assert offsets[0, 0] == pytest.approx(np.log(3) - np.log(overall / (1 - overall)), abs=1e-2)
    even = source_offsets(np.tile([[1], [0]], (4, 1)).astype(np.float32), np.ones((8, 1), np.float32), source)
    assert np.abs(even).max() < 1e-6


def test_rare_labels_weigh_more() -> None:
    target, known = np.zeros((100, 2), np.float32), np.ones((100, 2), np.float32)
    target[:10, 0] = 1
    known[25:, 1] = 0
    positive, finding = finding_weights(target, known, 5.0)
    assert positive.tolist() == pytest.approx([3.0, 5.0])
    assert finding.tolist() == pytest.approx([1.0, 2.0])


def test_a_map_inside_the_box_costs_nothing_and_an_even_map_its_share() -> None:
    mask = box_masks([[(0.0, 0.0, 0.5, 0.5)]])
    sure = torch.zeros(1, 4, 4)
    sure[0, 0, 0] = 50
    assert box_loss(sure, mask).item() == pytest.approx(0, abs=1e-4)
    assert box_loss(torch.zeros(1, 4, 4), mask).item() == pytest.approx(np.log(4), abs=1e-4)
    assert box_loss(torch.zeros(1, 4, 4), torch.zeros(1, 1, 64, 64)).item() == 0
