"""A Predictor twin that answers what the test says, so that calibration, gates and places can be tested without a network."""

from dataclasses import dataclass, field

import numpy as np
from numpy import float32
from numpy.typing import NDArray

from wetread.ports.predictor import Prediction

__all__ = ["ScriptedPredictor"]


@dataclass(slots=True)
class ScriptedPredictor:
    """Returns `prediction` for every film, or raises `failure`, and keeps what it was shown in `seen`."""

    prediction: Prediction
    failure: Exception | None = None
    seen: list[NDArray[float32]] = field(default_factory=list)

    def predict(self, image: NDArray[float32]) -> Prediction:
        self.seen.append(np.array(image))
        if self.failure is not None:
            raise self.failure
        return self.prediction
