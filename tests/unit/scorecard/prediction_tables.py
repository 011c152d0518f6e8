"""Tables of predictions with a known truth behind them."""

import csv
from pathlib import Path

import numpy as np

COLUMNS = ("study", "patient", "finding", "probability", "label", "threshold", "site", "sex", "age", "date")
Row = dict[str, object]


def rows(
    cases: int = 400, seed: int = 1, sharpness: float = 1.8, findings: tuple[str, ...] = ("effusion",)
) -> list[Row]:
    """Two studies a patient; one site, sex and age per patient; sharper scores rank better."""
    random = np.random.default_rng(seed)
    table = []
    for n in range(cases):
        patient = n // 2
        for finding in findings:
            sick = patient % 5 == 0
            logit = random.normal() + sharpness * sick - 1.5
            table.append(
                {
                    "study": f"s{n}", "patient": f"p{patient}", "finding": finding, "probability": round(float(1 / (1 + np.exp(-logit))), 4),
                    "label": "positive" if sick else "negative", "threshold": 0.4, "site": "north" if patient % 3 else "south",
                    "sex": "F" if patient % 2 else "M", "age": 30 + patient % 60, "date": f"2026-{1 + n * 12 // cases:02d}-01",
                }
            )  # fmt: skip
    return table


def write(path: Path, table: list[Row], columns: tuple[str, ...] = COLUMNS) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(table)
    return path
