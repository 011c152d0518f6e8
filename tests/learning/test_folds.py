"""Networks that leave a fold of patients out: nobody on both sides, kept once read, and nothing said before all have read."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.learning.test_training import SIDE, small_data, small_recipe

from wetread.learning.folds import held_out_logits, patient_folds, train_fold
from wetread.learning.manifest import FINDINGS, Film
from wetread.learning.recipe import Folds, read_recipe
from wetread.learning.run import Run


def _films(seed: int) -> list[Film]:
    random = np.random.default_rng(seed)
    return [
        Film(f"{patient}-{number}.jpg", "NIH", f"{patient}_{number}", f"NIH:{patient}", "PA", frozenset(), "train", 128, "", "", "")
        for patient in range(200)
        for number in range(int(random.geometric(0.4)))
    ]  # fmt: skip


def test_a_patient_lies_in_one_fold_and_folds_are_alike_in_size() -> None:
    films = _films(1)
    folds = patient_folds(films, 4, 7)
    assert len({(film.patient_id, fold) for film, fold in zip(films, folds, strict=True)}) == 200
    assert np.ptp(np.bincount(folds)) <= 1
    assert np.array_equal(folds, patient_folds(films, 4, 7))
    assert not np.array_equal(folds, patient_folds(films, 4, 8))


def test_nothing_is_said_until_every_fold_was_read(tmp_path: Path) -> None:
    folders, folds = [tmp_path / "fold-0", tmp_path / "fold-1"], np.array([0, 1, 0, 1])
    for folder in folders:
        folder.mkdir()
    np.save(folders[0] / "held_out.npy", np.array([[1.0], [3.0]]))
    assert held_out_logits(folds, folders) is None
    np.save(folders[1] / "held_out.npy", np.array([[40.0], [20.0]]))
    joined = held_out_logits(folds, folders)
    assert joined is not None
    assert joined[:, 0].tolist() == [-1, 1, 1, -1], "each network in its own standard deviations"
    assert held_out_logits(folds, []) is None


def test_one_fold_is_trained_without_its_patients_and_only_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    films = _films(2)
    recipe = read_recipe()
    run = Run(
        replace(recipe, folds=replace(recipe.folds, count=2)), tmp_path / "manifest.csv", tmp_path / "run", tmp_path
    )
    pixels = np.zeros((len(films), 8, 8), np.uint8)
    run.__dict__["films"] = {"train": films, "val": films[:2]}
    monkeypatch.setattr(Run, "pixels", lambda _, split: pixels[: len(run.films[split])])
    monkeypatch.setattr(Run, "provenance", lambda _: {})
    seen = []

    def trained(recipe: object, data: object, held: np.ndarray, fold: int, out: Path, provenance: object) -> None:
        seen.append((fold, len(data.films), len(held)))  # type: ignore[attr-defined]
        out.mkdir(parents=True)
        np.save(out / "held_out.npy", np.zeros((len(held), 15)))

    monkeypatch.setattr("wetread.learning.run.train_fold", trained)
    run.train(fold=1)
    run.train(fold=1)
    inside = int((run.folds == 1).sum())
    assert seen == [(1, len(films) - inside, inside)]
    assert run.held_out is None


def test_a_fold_network_reads_the_films_it_has_not_seen(tmp_path: Path) -> None:
    recipe = replace(small_recipe(), folds=Folds(count=2, seed=1, epochs=1, train_px=SIDE, average_decay=0.9))
    held = small_data().films[:3]
    train_fold(recipe, small_data(), held, 1, tmp_path, {"manifest_sha256": "0"})
    logits = np.load(tmp_path / "held_out.npy")
    assert logits.shape == (3, len(FINDINGS))
    assert np.isfinite(logits).all()
    (tmp_path / "held_out.npy").unlink()
    train_fold(recipe, small_data(), held, 1, tmp_path, {"manifest_sha256": "0"})
    assert np.array_equal(np.load(tmp_path / "held_out.npy"), logits), "the checkpoint was read, not trained on"
