"""Predictions of several models on several datasets to the measures of a retrained model, finding by finding; both models on the same studies."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wetread.domain.errors import PermanentError
from wetread.governance.retraining import Cell, FindingMeasures, measure_finding
from wetread.scorecard.predictions import FindingRows, PredictionFile, open_predictions

__all__ = ["measured"]


def measured(
    data: Mapping[str, Path], models: Sequence[str], decay: float
) -> tuple[list[FindingMeasures], list[str], dict[str, str]]:
    """(measures by finding, what is not said and why, sha256 of each file). `data` and `models` oldest first.

    Raises PermanentError: what the files refuse, 'unknown_model', 'conflicting_labels'.
    """
    files = {name: open_predictions(path) for name, path in data.items()}
    asked = models[-2:]
    for file in files.values():
        if missing := [each for each in asked if each not in file.models]:
            raise PermanentError(f"{file.path.name} holds no model {missing[0]}", code="unknown_model")
    findings = sorted(set.intersection(*(set(each.findings) for each in files.values())))
    found, refused = [], []
    for finding in findings:
        cells = {}
        for name, file in files.items():
            for model, cell in zip(asked, _cells(file, finding, asked), strict=True):
                cells[model, name] = cell
        try:
            found.append(measure_finding(finding, cells, asked, list(files), decay=decay))
        except PermanentError as error:
            refused.append(f"{finding}: {error}")
    everywhere = {each for file in files.values() for each in file.findings}
    refused += [f"{each}: not in every dataset" for each in sorted(everywhere - set(findings))]
    return found, refused, {name: file.sha256 for name, file in files.items()}


def _cells(file: PredictionFile, finding: str, models: Sequence[str]) -> list[Cell]:
    """One cell per model, cut to the studies that all of them read."""
    rows = [file.rows_of(finding, each) for each in models]
    shared = rows[0].studies
    for each in rows[1:]:
        shared = np.intersect1d(shared, each.studies)
    cells = [_cut(each, shared) for each in rows]
    if any((each.truth != cells[0].truth).any() for each in cells):
        raise PermanentError(
            f"{file.path.name}, {finding}: one study has different labels under two models", code="conflicting_labels"
        )
    return cells


def _cut(rows: FindingRows, studies: NDArray[np.str_]) -> Cell:
    order = np.argsort(rows.studies)
    place = order[np.searchsorted(rows.studies[order], studies)]
    return Cell(rows.truth[place], rows.probability[place], rows.patients[place])
