"""The contact sheet shows the surest cases of each kind, and no film twice for the same reason."""

import numpy as np
from tests.unit.learning.test_evaluation import _film

from wetread.evaluation.calibration_maps import PlattCalibration
from wetread.learning.contact_sheet import choose_cases
from wetread.learning.manifest import FINDINGS

MASS, NODULE = FINDINGS.index("mass"), FINDINGS.index("nodule")


def test_surest_of_each_kind_come_first_and_two_per_finding_at_most() -> None:
    films = [_film(i, "Mass" if i < 4 else "No Finding") for i in range(8)]
    films[7] = _film(7, "Nodule")
    logits = np.full((8, len(FINDINGS)), -3.0)
    logits[:3, MASS] = [1.0, 3.0, 2.0]
    logits[4:7, NODULE] = [1.0, 2.0, 0.5]
    cases = choose_cases(films, logits, [PlattCalibration(1.0, 0.0)] * len(FINDINGS), [0.5] * len(FINDINGS))
    found = {kind: [(c.film, c.finding) for c in cases if c.kind == kind] for kind in ("right", "false alarm", "miss")}
    assert found["right"] == [(1, MASS), (2, MASS)]
    assert found["false alarm"] == [(5, NODULE), (4, NODULE)]
    assert (3, MASS) in found["miss"]
    assert (7, NODULE) in found["miss"]
