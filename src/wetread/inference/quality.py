"""Pixels second, because headers lie: is this picture worth a model's while? Pure checks on the decoded and normalised film."""

from typing import TYPE_CHECKING

from wetread.domain.errors import UnsuitableImage
from wetread.inference.bundle import GateSpec

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray

__all__ = ["MINIMUM_SIDE_PX", "refuse_by_gate", "refuse_by_pixels"]

MINIMUM_SIDE_PX = 128
"""Below this the film shows less than the model was trained on."""

_MINIMUM_SPREAD = 0.05
"""Difference of the 95th and 5th percentile of display values (0..1) below which a picture is blank."""

_ADVICE = {
    "inverted": "black and white look swapped: check PhotometricInterpretation at the modality and send the film again",
    "rotated_90": "the film lies on its side: rotate it at the modality and send it again",
    "rotated_180": "the film stands on its head: rotate it at the modality and send it again",
    "rotated_270": "the film lies on its side: rotate it at the modality and send it again",
    "not_frontal_chest": "it does not look like a frontal chest film: check body part and view; a person must read it",
}


def refuse_by_pixels(image: "NDArray[float32]", rows: int, columns: int) -> None:
    """Raise UnsuitableImage for a tiny or blank film. `image` float32 (row, column) 0..1, rows/columns those of the stored film."""
    import numpy as np

    if min(rows, columns) < MINIMUM_SIDE_PX:
        raise UnsuitableImage(
            f"the film is {rows} x {columns} px, smaller than {MINIMUM_SIDE_PX} px: send the original, not a thumbnail",
            code="too_small",
        )
    low, high = np.percentile(image, (5, 95))
    if high - low < _MINIMUM_SPREAD:
        raise UnsuitableImage(
            "the film is blank (one grey): check the exposure and the window, then send it again", code="blank"
        )


def refuse_by_gate(gate: GateSpec, gate_logits: "NDArray[float32]") -> None:
    """Raise UnsuitableImage when the learned gate does not take the film for an upright frontal chest."""
    import numpy as np

    exponent = np.exp(gate_logits - gate_logits.max())
    share = exponent / exponent.sum()
    if float(share[gate.classes.index(gate.accept_class)]) >= gate.threshold:
        return
    others = [(float(p), name) for p, name in zip(share, gate.classes, strict=True) if name != gate.accept_class]
    likeliest = max(others)[1]
    raise UnsuitableImage(
        f"{_ADVICE.get(likeliest, 'the image gate refuses it: a person must read it')} (gate: {likeliest})",
        code=likeliest,
    )
