"""One run's folder and data: what every act (train, calibrate, evaluate, export) reads and leaves behind."""

import hashlib
import json
import subprocess
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from wetread.evaluation.calibration_maps import CalibrationMap, calibration_from_document
from wetread.evaluation.discrimination import auroc
from wetread.learning import evaluation
from wetread.learning.calibration import Lent, Promise, calibrate_finding, lend
from wetread.learning.contact_sheet import choose_cases, draw_sheet
from wetread.learning.distance import Distance, fit_distance
from wetread.learning.examples import TrainingSet, training_set
from wetread.learning.export import Deployed, export_onnx
from wetread.learning.film import load_films
from wetread.learning.folds import held_out_logits, patient_folds, train_fold
from wetread.learning.gate import Gate, acceptance, fit_gate, gate_rate, gate_set
from wetread.learning.gradient_maps import METHODS, gradient_maps
from wetread.learning.graph_reading import GraphReading, film_images, folder_images, kept_images, read_graph
from wetread.learning.manifest import (
    COMMON_PX,
    FINDINGS,
    Film,
    learnable,
    manifest_hash,
    read_manifest,
    read_teacher,
    targets,
)
from wetread.learning.network import Reader, Reading
from wetread.learning.novelty import compared_distances, conformal_reference
from wetread.learning.pointing import boxed, pointing_game
from wetread.learning.recipe import Recipe
from wetread.learning.refit import best_penalty, fit_row
from wetread.learning.training import load_reader, mean_auroc, train

__all__ = ["Run"]

_PROMISE = Promise("specificity", 0.90)
_OOD_QUANTILE = 0.99
_DISTANCE_FILMS = 3000  # train films behind the distance: 47 per direction
_GATE_TEST_FILMS = 400
_STRANGE_FILMS = 200  # val films from which strangers are made to compare distances
_PROBE_FILMS = 1500  # train films behind the probe for the source
Films = NDArray[np.uint8]


@dataclass(frozen=True)
class Run:
    """`manifest` lies beside the films; `cache` keeps decoded films; `out` is the run's folder."""

    recipe: Recipe
    manifest: Path
    out: Path
    cache: Path

    @cached_property
    def films(self) -> dict[str, list[Film]]:
        parts: dict[str, list[Film]] = {}
        for film in read_manifest(self.manifest):
            parts.setdefault(film.split, []).append(film)
        return parts

    def pixels(self, split: str) -> Films:
        return load_films(self.films[split], self.manifest.parent, self.recipe.input_px, self.cache)

    def teacher(self, split: str) -> NDArray[np.float32]:
        """The reference CheXNet's probabilities; all NaN where its file is absent."""
        path = self.manifest.parent / "chexnet_reference.csv"
        if not path.exists():
            return np.full((len(self.films[split]), len(FINDINGS)), np.nan, np.float32)
        return read_teacher(path, self.films[split])

    @cached_property
    def reader(self) -> Reader:
        torch.set_num_threads(self.recipe.threads)
        return load_reader(self.recipe, self.out)

    def provenance(self) -> dict[str, str]:
        return {"manifest_sha256": manifest_hash(self.manifest), "code_version": _code_version()}

    def train(self, only: int | None = None, fold: int | None = None) -> None:
        """The networks of all folds (or of one: `fold`), then trunk and branches (or `only` one of them)."""
        if only is None:
            for number in range(self.recipe.folds.count) if fold is None else [fold]:
                self._train_fold(number)
        if fold is None:
            data = self._training_set(np.arange(len(self.films["train"])))
            train(self.recipe, data, self.out, self.provenance(), only)

    def _training_set(self, chosen: NDArray[np.int64]) -> TrainingSet:
        films, pixels, teacher = self.films["train"], self.pixels("train"), self.teacher("train")
        val = (self.films["val"], self.pixels("val"))
        learned = ([films[at] for at in chosen], pixels[chosen])
        return training_set(learned, val, teacher[chosen], self.recipe.loss.teacher_weight)

    @cached_property
    def folds(self) -> NDArray[np.int64]:
        """(train film,) fold of its patient."""
        return patient_folds(self.films["train"], self.recipe.folds.count, self.recipe.folds.seed)

    @cached_property
    def held_out(self) -> NDArray[np.float64] | None:
        """(train film, finding) standardised logits of the networks that had not seen the film; None without them."""
        return held_out_logits(self.folds, self._fold_folders()) if self.recipe.folds.count else None

    def _fold_folders(self) -> list[Path]:
        return [self.out / f"fold-{number}" for number in range(self.recipe.folds.count)]

    def _train_fold(self, number: int) -> None:
        out = self._fold_folders()[number]
        if not (out / "held_out.npy").exists():
            data = self._training_set(np.flatnonzero(self.folds != number))
            held = self.pixels("train")[self.folds == number]
            train_fold(self.recipe, data, held, number, out, self.provenance())

    @cached_property
    def graph(self) -> Path:
        """This run's network, gate and distance as `model.onnx`, which every reading goes through; gate and distance are fitted when they are older."""
        parts, graph, checkpoint = (self.out / name for name in ("parts.pt", "model.onnx", "checkpoint.pt"))
        if _older(parts, checkpoint):
            self._fit_parts()
        if _older(graph, parts):
            export_onnx(Deployed(self.reader, *self.parts()), self.recipe.input_px, graph)
        return graph

    def reading(self, split: str) -> GraphReading:
        """The split's films as the product reads them; kept in the run's folder under the graph's hash, so that a film is read once."""
        path = self.out / f"reading-{split}-{_short_hash(self.graph)}.npz"
        if not path.exists():
            films = film_images(self.films[split], self.manifest.parent, self.recipe.input_px)
            np.savez(path, **read_graph(self.graph, films)._asdict())
        with np.load(path, allow_pickle=False) as kept:
            return GraphReading(**kept)

    def calibrate(self, promise: Promise = _PROMISE, others: Path | None = None) -> dict[str, Any]:
        """Fits gate and distance (where older than the checkpoint), calibration, thresholds and limits; `others` as in `evaluate`."""
        reading = self.reading("val")
        limit = float(np.quantile(reading.ood_score, _OOD_QUANTILE))
        lowest = float(np.quantile(acceptance(reading.gate_logits), 0.005))
        report: dict[str, Any] = {
            "val_mean_auroc": mean_auroc(targets(self.films["val"]), reading.logits),
            "val_films": len(reading.logits),
            "promise": asdict(promise),
            "gate_threshold": round(min(0.5, lowest), 4),
            "ood_quantile": _OOD_QUANTILE,
            "ood_threshold": round(limit, 4),
            "ood_reference": conformal_reference(reading.ood_score, self.recipe.seed),
            "ood_compared": self._compared_distances(reading, others),
            "findings": {name: self._calibrate_finding(at, reading, promise) for at, name in enumerate(FINDINGS)},
        }
        _write(self.out / "calibration.json", report)
        return report

    def _compared_distances(self, reading: GraphReading, others: Path | None) -> dict[str, Any]:
        val, random = self.pixels("val"), np.random.default_rng(self.recipe.seed + 2)
        made = gate_set(val[random.permutation(len(val))[:_STRANGE_FILMS]], random)
        sets = {kind: read_graph(self.graph, kept_images(films)) for kind, films in list(made.items())[1:]}
        sets |= self._others(others)
        strangers = {
            kind: (each.ood_score, each.features, float((acceptance(each.gate_logits) >= 0.5).mean()))
            for kind, each in sets.items()
        }
        order = np.random.default_rng(self.recipe.seed).permutation(len(self.films["train"]))[:_PROBE_FILMS]
        train = read_all(self.reader, self.pixels("train")[order]).features.numpy()
        return compared_distances((reading.ood_score, reading.features), strangers, train)

    def _fit_parts(self) -> None:
        films = self.pixels("train")
        order = np.random.default_rng(self.recipe.seed).permutation(len(films))
        distance = fit_distance(read_all(self.reader, films[order[:_DISTANCE_FILMS]]).features)
        gate = fit_gate(self.reader, films[order[: self.recipe.gate_films]], self.recipe.seed)
        torch.save({"gate": gate.state_dict(), "distance": distance.state_dict()}, self.out / "parts.pt")

    def refit(self, name: str) -> dict[float, float]:
        """Fits a finding's row of the head again where its label is known; the AUROC on val of each penalty tried."""
        column, tables = FINDINGS.index(name), {}
        for split in ("train", "val"):
            truth = learnable(self.films[split])[:, column]
            known = ~np.isnan(truth)
            tables[split] = (read_all(self.reader, self.pixels(split)[known]).features.clone(), truth[known])
        train = (tables["train"][0], torch.from_numpy(tables["train"][1]))
        penalty, scores = best_penalty(train, (tables["val"][0], tables["val"][1].astype(np.float64)))
        weights, bias = fit_row(*train, penalty)
        state = torch.load(self.out / "checkpoint.pt", weights_only=True)
        state["average"]["head.weight"][column], state["average"]["head.bias"][column] = weights, bias
        torch.save(state, self.out / "checkpoint.pt")
        return scores

    def _calibrate_finding(self, column: int, reading: GraphReading, promise: Promise) -> dict[str, Any]:
        truth = targets(self.films["val"])[:, column].astype(float)
        known = ~np.isnan(truth)
        patients = np.array([film.patient_id for film in self.films["val"]])[known]
        seen = truth[known], reading.logits[known, column], patients
        return calibrate_finding(*seen, promise, self.recipe.seed, self._lent(column))

    def _lent(self, column: int) -> Lent | None:
        if self.held_out is None:
            return None
        truth = targets(self.films["train"])[:, column].astype(float)
        known = ~np.isnan(truth)
        return lend(truth[known], self.held_out[known, column])

    def calibration(self) -> dict[str, Any]:
        """What `calibrate` left."""
        found: dict[str, Any] = json.loads((self.out / "calibration.json").read_text())
        return found

    def parts(self) -> tuple[Gate, Distance]:
        """The fitted gate and distance."""
        state = torch.load(self.out / "parts.pt", weights_only=True)
        rank = state["distance"]["directions"].shape[1]
        gate, distance = Gate(), Distance(len(state["distance"]["mean"]), rank)
        gate.load_state_dict(state["gate"])
        distance.load_state_dict(state["distance"])
        return gate.eval(), distance.eval()

    def evaluate(self, others: Path | None) -> dict[str, Any]:
        """Reads `test` and the external sets once; `others` holds one folder of images per kind the gate should judge."""
        test, outside = self.films["test"], self.films["external"]
        reading, foreign = self.reading("test"), self.reading("external")
        kinds = self._kinds(reading, foreign, others)
        threshold, limit = (self.calibration()[name] for name in ("gate_threshold", "ood_threshold"))
        report: dict[str, Any] = {
            "provenance": self.provenance() | {"graph_sha256_start": _short_hash(self.graph)},
            "test": evaluation.discrimination(test, reading.logits),
            "test_operating": evaluation.operating(test, reading.logits, *self._decisions()),
            "rsna": evaluation.lung_opacity_against_normal(test, reading.logits),
            "chexnet": evaluation.paired_with_teacher(test, reading.logits, self.teacher("test")),
            "kermany": evaluation.external(outside, foreign.logits),
            "source_probe": self._source_probe(reading),
            "pointing_game": pointing_game(test, reading.cam),
            "pointing_by_gradients": self._pointing_by_gradients(test),
            "gate": [asdict(gate_rate(kind, each.gate_logits, threshold)) for kind, each in self._gated(kinds).items()],
            "out_of_distribution": {
                kind: {"beyond_limit": float((each.ood_score > limit).mean()), "n": len(each.ood_score)}
                for kind, each in kinds.items()
            },
        }
        _write(self.out / "evaluation.json", report)
        return report

    def contact_sheet(self) -> Path:
        """Draws the best and worst cases of the reading that `evaluate` kept; test is not read again."""
        test, kept = self.films["test"], self.reading("test")
        path = self.out / "contact_sheet.png"
        cases = choose_cases(test, kept.logits, *self._decisions())
        draw_sheet(test, self.pixels("test"), kept.cam, cases, path)
        return path

    def _pointing_by_gradients(self, films: list[Film]) -> dict[str, Any]:
        """Per method of `gradient_maps` what `pointing_game` says; through torch, for a graph has no gradients."""
        chosen = [films[place] for place in boxed(films)]
        maps = gradient_maps(self.reader, film_images(chosen, self.manifest.parent, self.recipe.input_px))
        return {method: pointing_game(chosen, maps[method]) for method in METHODS}

    def _source_probe(self, reading: GraphReading) -> dict[str, float]:
        """How well a linear probe of the features tells picked films from common ones; fitted on train, penalty chosen on val."""
        order = np.random.default_rng(self.recipe.seed).permutation(len(self.films["train"]))[:_PROBE_FILMS]
        train = read_all(self.reader, self.pixels("train")[order]).features
        truth = {split: _picked(self.films[split]) for split in ("train", "val", "test")}
        held = (torch.from_numpy(self.reading("val").features), truth["val"])
        fitted = (train.clone(), torch.from_numpy(truth["train"][order]).float())
        penalty, scores = best_penalty(fitted, held)
        weights, bias = fit_row(*fitted, penalty)
        found = auroc(truth["test"], (torch.from_numpy(reading.features) @ weights + bias).double().numpy())
        return {"penalty": penalty, "val": scores[penalty], "test": found, "test_picked": float(truth["test"].sum())}

    def _decisions(self) -> tuple[list[CalibrationMap], list[float]]:
        heads = self.calibration()["findings"]
        calibrations = [calibration_from_document(heads[name]["calibration"]) for name in FINDINGS]
        return calibrations, [heads[name]["operating_point"]["threshold"] for name in FINDINGS]

    def _others(self, folder: Path | None) -> dict[str, GraphReading]:
        kinds = sorted(each for each in folder.iterdir() if each.is_dir()) if folder else []
        return {each.name: read_graph(self.graph, folder_images(each, self.recipe.input_px)) for each in kinds}

    def _kinds(self, reading: GraphReading, foreign: GraphReading, others: Path | None) -> dict[str, GraphReading]:
        kermany = np.array([film.dataset.startswith("Kermany") for film in self.films["external"]])
        frontal = {"kermany (children)": foreign.only(kermany), "hannover": foreign.only(~kermany)}
        return {"test": reading} | frontal | self._others(others)

    def _gated(self, kinds: dict[str, GraphReading]) -> dict[str, GraphReading]:
        """All kinds, and what is made of some test films: turned, inverted, not a chest."""
        test, random = self.pixels("test"), np.random.default_rng(self.recipe.seed + 1)
        made = gate_set(test[random.permutation(len(test))[:_GATE_TEST_FILMS]], random)
        read = {kind: read_graph(self.graph, kept_images(films)) for kind, films in list(made.items())[1:]}
        return read | {f"{kind}, as they are" if kind == "test" else kind: each for kind, each in kinds.items()}


@torch.inference_mode()
def read_all(reader: Reader, films: Films, batch: int = 64) -> Reading:
    """(n, row, column) uint8 -> one Reading over all films."""
    parts = []
    for start in range(0, len(films), batch):
        parts.append(reader(torch.from_numpy(films[start : start + batch]).unsqueeze(1).float() / 255))
    return Reading(*(torch.cat(column) for column in zip(*parts, strict=True)))


def _picked(films: list[Film]) -> NDArray[np.float64]:
    """(film,) 1 for films that others picked and that exist larger, 0 for the common ones."""
    return np.array([film.source_pixels > COMMON_PX for film in films], float)


def _older(made: Path, source: Path) -> bool:
    return not made.exists() or made.stat().st_mtime < source.stat().st_mtime


def _short_hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def _write(path: Path, report: dict[str, Any]) -> None:
    path.write_text(json.dumps(report, indent=1) + "\n")


def _code_version() -> str:
    try:
        return subprocess.run(
            ["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True, cwd=Path(__file__).parent
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "not in a git checkout"
