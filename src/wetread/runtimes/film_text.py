"""Reads letters on a film with PP-OCR, as the package rapidocr brings it, weights included: in this process, from an array, without network (extra "deidentify")."""

import logging
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from wetread.domain.errors import PermanentError
from wetread.ports.film_text import ReadText

if TYPE_CHECKING:
    from numpy import uint8
    from numpy.typing import NDArray

__all__ = ["RapidReader"]

_LEAST_SCORE = 0.5
_THREADS = 2


class RapidReader:
    """Raises PermanentError('no_text_reader') where the package is not installed."""

    def __init__(self) -> None:
        if find_spec("rapidocr") is None:
            raise PermanentError(
                "Writing on films is read with the package rapidocr; install wetread[deidentify].",
                code="no_text_reader",
            )
        from rapidocr import RapidOCR

        logging.getLogger("RapidOCR").setLevel(logging.ERROR)
        threads = {"EngineConfig.onnxruntime.intra_op_num_threads": _THREADS}
        self._engine: Any = RapidOCR(params={"Global.log_level": "error", "Global.text_score": _LEAST_SCORE, **threads})

    def read(self, grey: "NDArray[uint8]") -> tuple[ReadText, ...]:
        found = self._engine(grey, use_cls=False)
        if found.boxes is None:
            return ()
        return tuple(
            ReadText(
                text, int(box[:, 1].min()), int(box[:, 1].max()) + 1, int(box[:, 0].min()), int(box[:, 0].max()) + 1
            )
            for box, text in zip(found.boxes, found.txts, strict=True)
        )
