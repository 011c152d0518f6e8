"""The pointing game on hand-made boxes and maps."""

import numpy as np
import pytest
from tests.unit.learning.test_evaluation import MASS, _film

from wetread.learning.manifest import FINDINGS
from wetread.learning.pointing import boxed, pointing_game

BOX = '[["Mass", 768, 0, 255, 255]]'


def test_pointing_game_knows_rows_from_columns() -> None:
    """The box is in the upper right; the map of one film points there, of the other to the lower left."""
    films = [_film(0, "Mass", nih_boxes=BOX), _film(1, "Mass", nih_boxes=BOX)]
    cams = np.zeros((2, len(FINDINGS), 4, 4), np.float32)
    cams[0, MASS, 0, 3] = 1
    cams[1, MASS, 3, 0] = 1
    game = pointing_game(films, cams)
    assert game is not None
    assert game["all"]["cases"] == 2
    assert game["all"]["hit_rate"]["value"] == 0.5
    assert game["all"]["random_place"] == pytest.approx(1 / 16, abs=0.01)


def test_each_finding_plays_with_its_own_boxes_alone() -> None:
    films = [_film(0, "Mass", nih_boxes=BOX), _film(1, "Nodule", nih_boxes=BOX.replace("Mass", "Nodule")), _film(2, "")]
    cams = np.zeros((3, len(FINDINGS), 4, 4), np.float32)
    cams[0, MASS, 0, 3] = 1
    game = pointing_game(films, cams)
    assert game is not None
    assert {name: row["hit_rate"]["value"] for name, row in game["per_finding"].items()} == {"mass": 1, "nodule": 0}
    assert (game["all"]["hit_rate"]["value"], boxed(films)) == (0.5, [0, 1])
    assert pointing_game(films[2:], cams[2:]) is None
