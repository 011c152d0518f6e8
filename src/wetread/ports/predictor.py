"""One normalised film in, the network's numbers out."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray

__all__ = ["Prediction", "Predictor"]


@dataclass(frozen=True, slots=True)
class Prediction:
    """`logits` float32 (finding,), `cam` float32 (finding, row, column), `gate_logits` float32 (gate class,), `ood_score` >= 0,
    `features` float32 (feature,): the pooled last feature map.

    All but `logits` are None where the network has no such output.
    """

    logits: "NDArray[float32]"
    cam: "NDArray[float32] | None"
    gate_logits: "NDArray[float32] | None"
    ood_score: float | None
    features: "NDArray[float32] | None" = None


class Predictor(Protocol):
    def predict(self, image: "NDArray[float32]") -> Prediction:
        """`image` float32 (row, column), 0..1, 0 = black, of the bundle's input size. Raises PermanentError(code='model_failed') on NaN output."""
        ...
