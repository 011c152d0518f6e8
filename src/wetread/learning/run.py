"""One run's folder and data: what every act (train, calibrate, evaluate, export) reads and leaves behind."""

import json
import subprocess
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from wetread.learning import evaluation
from wetread.learning.calibration import Platt, fit_platt, out_of_fold, sensitive_point, specific_point
from wetread.learning.contact_sheet import choose_cases, draw_sheet
from wetread.learning.distance import Distance, fit_distance
from wetread.learning.examples import training_set
from wetread.learning.film import load_films, read_image_folder
from wetread.learning.gate import Gate, acceptance, fit_gate, gate_rates, gate_set
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
from wetread.learning.metrics import auroc, ece
from wetread.learning.network import Reader, Reading
from wetread.learning.recipe import Recipe
from wetread.learning.refit import best_penalty, fit_row
from wetread.learning.training import load_reader, mean_auroc, train

__all__ = ["SPECIFICITY_FLOOR", "Run"]

SPECIFICITY_FLOOR = 0.90
_SENSITIVITY_FLOOR = 0.80
_OOD_QUANTILE = 0.99
_DISTANCE_FILMS = 3000  # train films behind the distance: 47 per direction
_GATE_TEST_FILMS = 400
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

    def train(self, only: int | None = None) -> None:
        train_films, val_films = ((self.films[split], self.pixels(split)) for split in ("train", "val"))
        data = training_set(train_films, val_films, self.teacher("train"), self.recipe.loss.teacher_weight)
        train(self.recipe, data, self.out, self.provenance(), only)

    def calibrate(self) -> dict[str, object]:
        """Fits gate and distance (unless newer than the checkpoint), calibration and operating points."""
        val = self.pixels("val")
        reading = read_all(self.reader, val)
        parts, checkpoint = self.out / "parts.pt", self.out / "checkpoint.pt"
        if not parts.exists() or parts.stat().st_mtime < checkpoint.stat().st_mtime:
            self._fit_parts()
        gate, distance = self.parts()
        limit = float(np.quantile(distance(reading.features).numpy(), _OOD_QUANTILE))
        lowest = float(np.quantile(acceptance(self.reader, gate, val), 0.005))
        logits = reading.logits.double().numpy()
        report: dict[str, object] = {
            "val_mean_auroc": mean_auroc(targets(self.films["val"]), logits),
            "val_films": len(val),
            "gate_threshold": round(min(0.5, lowest), 4),
            "ood_quantile": _OOD_QUANTILE,
            "ood_threshold": round(limit, 4),
            "findings": {name: self._calibrate_finding(column, logits) for column, name in enumerate(FINDINGS)},
        }
        _write(self.out / "calibration.json", report)
        return report

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

    def _calibrate_finding(self, column: int, logits: NDArray[np.float64]) -> dict[str, object]:
        truth = targets(self.films["val"])[:, column].astype(float)
        known = ~np.isnan(truth)
        truth, logit = truth[known], logits[known, column]
        patients = np.array([film.patient_id for film in self.films["val"]])[known]
        platt = fit_platt(truth, logit)
        probability = platt.probability(logit)
        sensitive = sensitive_point(truth, probability, patients, _SENSITIVITY_FLOOR)
        return {
            "platt": asdict(platt),
            "operating_point": asdict(specific_point(truth, probability, patients, SPECIFICITY_FLOOR)),
            "sensitive_operating_point": asdict(sensitive) if sensitive else None,
            "val": {
                "n": len(truth),
                "n_positive": int(truth.sum()),
                "patients_positive": len(set(patients[truth == 1])),
                "ece_out_of_fold": ece(truth, out_of_fold(truth, logit, patients)),
            },
        }

    def calibration(self) -> dict[str, object]:
        """What `calibrate` left."""
        found: dict[str, object] = json.loads((self.out / "calibration.json").read_text())
        return found

    def parts(self) -> tuple[Gate, Distance]:
        """The fitted gate and distance."""
        state = torch.load(self.out / "parts.pt", weights_only=True)
        rank = state["distance"]["directions"].shape[1]
        gate, distance = Gate(), Distance(len(state["distance"]["mean"]), rank)
        gate.load_state_dict(state["gate"])
        distance.load_state_dict(state["distance"])
        return gate.eval(), distance.eval()

    def evaluate(self, others: Path | None) -> dict[str, object]:
        """Reads `test` and the external sets once; `others` holds one folder of images per kind the gate should judge."""
        test, outside = self.films["test"], self.films["external"]
        gate, distance = self.parts()
        reading, foreign = read_all(self.reader, self.pixels("test")), read_all(self.reader, self.pixels("external"))
        logits = reading.logits.double().numpy()
        np.savez(self.out / "test_reading.npz", logits=logits, cam=reading.cam.numpy())
        limit, threshold = self._limits()
        report: dict[str, object] = {
            "provenance": self.provenance(),
            "test": evaluation.discrimination(test, logits),
            "test_operating": evaluation.operating(test, logits, *self._decisions()),
            "rsna": evaluation.lung_opacity_against_normal(test, logits),
            "chexnet": evaluation.paired_with_teacher(test, logits, self.teacher("test")),
            "kermany": {k: asdict(v) for k, v in evaluation.external(outside, foreign.logits.double().numpy()).items()},
            "source_probe": self._source_probe(reading),
            "pointing_game": evaluation.pointing_game(test, reading.cam.numpy()),
            "gate": [asdict(rate) for rate in gate_rates(self.reader, gate, self._gate_sets(others), threshold)],
            "out_of_distribution": {
                kind: {"beyond_limit": float((distance(features).numpy() > limit).mean()), "n": len(features)}
                for kind, features in self._feature_sets(reading, foreign, others).items()
            },
        }
        _write(self.out / "evaluation.json", report)
        return report

    def contact_sheet(self) -> Path:
        """Draws the best and worst cases of the reading that `evaluate` kept; test is not read again."""
        test, kept = self.films["test"], np.load(self.out / "test_reading.npz")
        path = self.out / "contact_sheet.png"
        cases = choose_cases(test, kept["logits"], *self._decisions())
        draw_sheet(test, self.pixels("test"), kept["cam"], cases, path)
        return path

    def _source_probe(self, reading: Reading) -> dict[str, float]:
        """How well a linear probe of the features tells picked films from common ones; fitted on train, penalty chosen on val."""
        order = np.random.default_rng(self.recipe.seed).permutation(len(self.films["train"]))[:_PROBE_FILMS]
        train = read_all(self.reader, self.pixels("train")[order]).features
        truth = {split: _picked(self.films[split]) for split in ("train", "val", "test")}
        held = (read_all(self.reader, self.pixels("val")).features, truth["val"])
        fitted = (train.clone(), torch.from_numpy(truth["train"][order]).float())
        penalty, scores = best_penalty(fitted, held)
        weights, bias = fit_row(*fitted, penalty)
        found = auroc(truth["test"], (reading.features @ weights + bias).double().numpy())
        return {"penalty": penalty, "val": scores[penalty], "test": found, "test_picked": float(truth["test"].sum())}

    def _limits(self) -> tuple[float, float]:
        found = json.loads((self.out / "calibration.json").read_text())
        return found["ood_threshold"], found["gate_threshold"]

    def _decisions(self) -> tuple[list[Platt], list[float]]:
        heads = json.loads((self.out / "calibration.json").read_text())["findings"]
        calibrations = [Platt(**heads[name]["platt"]) for name in FINDINGS]
        return calibrations, [heads[name]["operating_point"]["threshold"] for name in FINDINGS]

    def _others(self, folder: Path | None) -> dict[str, Films]:
        if folder is None:
            return {}
        kinds = sorted(each for each in folder.iterdir() if each.is_dir())
        return {each.name: read_image_folder(each, self.recipe.input_px) for each in kinds}

    def _gate_sets(self, others: Path | None) -> dict[str, Films]:
        test, outside = self.pixels("test"), self.pixels("external")
        random = np.random.default_rng(self.recipe.seed + 1)
        made = gate_set(test[random.permutation(len(test))[:_GATE_TEST_FILMS]], random)
        kermany = np.array([film.dataset.startswith("Kermany") for film in self.films["external"]])
        made |= {"kermany (children, frontal)": outside[kermany], "hannover (frontal)": outside[~kermany]}
        return made | self._others(others)

    def _feature_sets(self, reading: Reading, foreign: Reading, others: Path | None) -> dict[str, torch.Tensor]:
        kermany = torch.tensor([film.dataset.startswith("Kermany") for film in self.films["external"]])
        sets = {"test": reading.features, "kermany": foreign.features[kermany], "hannover": foreign.features[~kermany]}
        return sets | {kind: read_all(self.reader, films).features for kind, films in self._others(others).items()}


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


def _write(path: Path, report: dict[str, object]) -> None:
    path.write_text(json.dumps(report, indent=1) + "\n")


def _code_version() -> str:
    try:
        return subprocess.run(
            ["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True, cwd=Path(__file__).parent
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "not in a git checkout"
