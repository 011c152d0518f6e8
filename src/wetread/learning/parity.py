"""How far one ONNX graph's answers are from another's on the same labelled films, and what each costs: is a smaller graph worth shipping?"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from wetread.evaluation.calibration_error import smooth_ece
from wetread.evaluation.calibration_maps import calibration_from_document
from wetread.learning.training import mean_auroc

__all__ = ["Answers", "Parity", "answers", "as_input", "cpu_ms", "open_graph", "parity"]

_JUDGED = ("logits", "gate_logits", "ood_score")


@dataclass(frozen=True, slots=True)
class Answers:
    """logits (n, finding), gate_logits (n, class), ood_score (n,), float64."""

    logits: NDArray[np.float64]
    gate_logits: NDArray[np.float64]
    ood_score: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Parity:
    """The second graph against the first; calibration and operating points are the first's."""

    films: int
    logit_difference_max: float
    logit_difference_p99: float
    mean_auroc: tuple[float, float]
    mean_smooth_ece: tuple[float, float]
    decisions_changed: float
    """share of (film, finding) on the other side of the operating point"""
    gate_changed: int
    """films"""
    ood_changed: int
    """films"""
    cpu_ms: tuple[float, float]


def open_graph(model: Path) -> onnxruntime.InferenceSession:
    """One thread, as wetread runs it."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])


def answers(graph: onnxruntime.InferenceSession, films: NDArray[np.uint8]) -> Answers:
    """(n, row, column) uint8, one film at a time."""
    found = [graph.run(list(_JUDGED), {"image": as_input(film)}) for film in films]
    return Answers(*(np.concatenate(column).astype(np.float64) for column in zip(*found, strict=True)))


def parity(
    models: tuple[Path, Path], films: NDArray[np.uint8], truth: NDArray[np.float32], stated: Mapping[str, Any]
) -> Parity:
    """`truth` (n, finding) 1, 0 or NaN; `stated`: the first graph's bundle.json."""
    graphs = (open_graph(models[0]), open_graph(models[1]))
    first, second = (answers(graph, films) for graph in graphs)
    difference = np.abs(first.logits - second.logits)
    return Parity(
        films=len(films),
        logit_difference_max=float(difference.max()),
        logit_difference_p99=float(np.quantile(difference, 0.99)),
        mean_auroc=(mean_auroc(truth, first.logits), mean_auroc(truth, second.logits)),
        mean_smooth_ece=(_mean_smooth_ece(truth, first, stated), _mean_smooth_ece(truth, second, stated)),
        decisions_changed=float((_called(first, stated) != _called(second, stated)).mean()),
        gate_changed=int((_accepted(first, stated) != _accepted(second, stated)).sum()),
        ood_changed=int((_beyond(first, stated) != _beyond(second, stated)).sum()),
        cpu_ms=cpu_ms(graphs, films),
    )


def cpu_ms(
    graphs: tuple[onnxruntime.InferenceSession, onnxruntime.InferenceSession], films: NDArray[np.uint8]
) -> tuple[float, float]:
    """Median CPU milliseconds per film of both, film by film in turn."""
    taken: tuple[list[float], list[float]] = ([], [])
    for film in films:
        for graph, times in zip(graphs, taken, strict=True):
            began = time.process_time()
            graph.run(None, {"image": as_input(film)})
            times.append(1000 * (time.process_time() - began))
    return float(np.median(taken[0])), float(np.median(taken[1]))


def as_input(film: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(row, column) uint8 -> (1, 1, row, column) 0..1, what a graph takes."""
    return np.divide(film[None, None], 255, dtype=np.float32)


def _probabilities(found: Answers, stated: Mapping[str, Any]) -> NDArray[np.float64]:
    maps = [calibration_from_document(each["calibration"]) for each in stated["findings"]]
    return np.stack([each.apply(found.logits[:, column]) for column, each in enumerate(maps)], 1)


def _mean_smooth_ece(truth: NDArray[np.float32], found: Answers, stated: Mapping[str, Any]) -> float:
    probabilities, errors = _probabilities(found, stated), []
    for column in range(truth.shape[1]):
        known = ~np.isnan(truth[:, column])
        errors.append(smooth_ece(truth[known, column].astype(float), probabilities[known, column]))
    return float(np.mean(errors))


def _called(found: Answers, stated: Mapping[str, Any]) -> NDArray[np.bool_]:
    thresholds = [each["operating_point"]["threshold"] for each in stated["findings"]]
    called: NDArray[np.bool_] = _probabilities(found, stated) >= np.array(thresholds)
    return called


def _accepted(found: Answers, stated: Mapping[str, Any]) -> NDArray[np.bool_]:
    gate = stated["gate"]
    odds = np.exp(found.gate_logits - found.gate_logits.max(1, keepdims=True))
    share = (odds / odds.sum(1, keepdims=True))[:, gate["classes"].index(gate["accept_class"])]
    accepted: NDArray[np.bool_] = share >= gate["threshold"]
    return accepted


def _beyond(found: Answers, stated: Mapping[str, Any]) -> NDArray[np.bool_]:
    beyond: NDArray[np.bool_] = found.ood_score > stated["out_of_distribution"]["threshold"]
    return beyond
