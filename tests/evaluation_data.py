"""A deterministic data set for the statistics' oracle cases: a congruential generator, so that any language can make the same rows."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["D1", "OracleSet", "oracle_set"]


@dataclass(frozen=True)
class OracleSet:
    """`score` and `other` are probabilities with three decimals; two consecutive cases share a patient, every third a site."""

    truth: NDArray[np.float64]
    score: NDArray[np.float64]
    other: NDArray[np.float64]
    patients: NDArray[np.str_]
    sites: NDArray[np.str_]


def _squeezed(logit: float) -> float:
    return min(max(round(1 / (1 + math.exp(-logit)), 3), 0.001), 0.999)


def oracle_set(seed: int, cases: int) -> OracleSet:
    """x <- (1103515245 x + 12345) mod 2^31; six uniform numbers a case."""
    state = seed
    rows: list[tuple[int, float, float]] = []
    for _ in range(cases):
        draws = []
        for _ in range(6):
            state = (1103515245 * state + 12345) % 2**31
            draws.append(state / 2**31)
        latent = draws[0] + draws[1] + draws[2] - 1.5
        truth = int(draws[3] < 1 / (1 + math.exp(-(4 * latent - 1.5))))
        score = _squeezed(5.2 * latent - 1.0 + 2 * (draws[4] - 0.5))
        rows.append((truth, score, _squeezed(3.0 * latent - 1.2 + 4 * (draws[5] - 0.5))))
    table = np.array(rows, dtype=np.float64)
    index = np.arange(cases)
    return OracleSet(table[:, 0], table[:, 1], table[:, 2], (index // 2).astype(str), (index % 3).astype(str))


D1 = oracle_set(1, 500)
