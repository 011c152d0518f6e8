"""ONNX Runtime behind the Predictor port: one single-threaded session per worker, batch 1 (batching gains nothing on a CPU)."""

from typing import TYPE_CHECKING, Any

from wetread.domain.errors import PermanentError
from wetread.ports.predictor import Prediction

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray

__all__ = ["OnnxPredictor"]

_OUTPUTS = ("logits", "cam", "gate_logits", "ood_score", "features")


class OnnxPredictor:
    """Runs a bundle's network. The session is made from bytes, so an ONNX file cannot pull in other files (external data)."""

    def __init__(self, onnx: bytes, *, threads: int = 1) -> None:
        import onnxruntime as ort

        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.enable_cpu_mem_arena = False
        try:
            self._session: Any = ort.InferenceSession(onnx, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime raises its own untyped classes for every kind of bad graph
            raise PermanentError(f"the network cannot be loaded: {type(error).__name__}", code="bad_bundle") from error
        there = {output.name for output in self._session.get_outputs()}
        if "logits" not in there:
            raise PermanentError("the network has no output named logits", code="bad_bundle")
        self._outputs = [name for name in _OUTPUTS if name in there]

    def predict(self, image: "NDArray[float32]") -> Prediction:
        import numpy as np

        values = self._session.run(self._outputs, {"image": image[None, None]})
        if not all(np.isfinite(value).all() for value in values):
            raise PermanentError("the network answered with numbers that are not finite", code="model_failed")
        said = {name: value[0] for name, value in zip(self._outputs, values, strict=True)}
        score = said.get("ood_score")
        return Prediction(
            said["logits"],
            said.get("cam"),
            said.get("gate_logits"),
            None if score is None else float(np.ravel(score)[0]),
            said.get("features"),
        )
