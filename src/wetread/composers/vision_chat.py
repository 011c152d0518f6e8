"""A vision-language model in this process, from a local folder: any architecture that transformers itself knows as image-text-to-text (LLaVA, Gemma 3 and MedGemma, ...).

Nothing is fetched and no code of a checkpoint is run: safetensors and JSON only. The model sees the film beside the statements, but like every composer it may only say these
in other words: what it thinks to see on the film has no statement to stand on, and the guard drops it.
"""

import importlib
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

from wetread.composers.chat import LONGEST_ANSWER_CHARS, Question, bad_answer, late
from wetread.domain.drafting_context import FilmPixels
from wetread.domain.errors import PermanentError

__all__ = ["VisionChat", "import_vision", "load_vision"]

_FORBIDDEN_FILES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl", "*.py", "adapter_config.json")
"""Pickles, code, and adapters that name another checkpoint."""


@dataclass(frozen=True, slots=True)
class VisionChat:
    """Implements Chat. One question at a time; the limit is kept between tokens, not while the film and the question are first looked at."""

    name: str
    _model: Any = field(repr=False)
    _processor: Any = field(repr=False)
    _device: str = "cpu"
    _lock: Lock = field(default_factory=Lock, repr=False)

    def ask(self, question: Question, within_s: float) -> str:
        until = time.monotonic() + within_s
        if not self._lock.acquire(timeout=within_s):
            raise late()
        try:
            return self._generated(question, until)
        finally:
            self._lock.release()

    def _generated(self, question: Question, until: float) -> str:
        images = [_picture(question.film)] if question.film else None
        turn = [{"type": "image"}] * bool(images) + [{"type": "text", "text": _prompt(question)}]
        conversation = [{"role": "user", "content": turn}]
        text = self._processor.apply_chat_template(conversation, add_generation_prompt=True, tokenize=False)
        inputs = self._processor(images=images, text=[text], return_tensors="pt").to(self._device)
        tokens = self._model.generate(
            **inputs,
            do_sample=False,
            num_beams=1,
            max_new_tokens=question.max_tokens,
            max_time=max(until - time.monotonic(), 0.001),
        )[0, inputs["input_ids"].shape[1] :].tolist()
        if tokens[-1:] and tokens[-1] in _endings(self._model):
            return str(self._processor.tokenizer.decode(tokens[:-1]))[: LONGEST_ANSWER_CHARS + 1]
        if time.monotonic() >= until:
            raise late()
        raise bad_answer("it did not come to its end")


def _prompt(question: Question) -> str:
    """One turn: many templates of models that see know no system role and no earlier turns."""
    asked, answered = question.example
    return f"{question.system}\n\nFor example:\n{asked}\n{answered}\n\nNow:\n{question.user}"


def _picture(film: FilmPixels) -> Any:
    """A tensor of uint8 (3, row, column): the same grey in each channel."""
    torch = importlib.import_module("torch")
    grey = torch.frombuffer(bytearray(film.grey), dtype=torch.uint8)
    return grey.reshape(1, film.rows, film.columns).expand(3, -1, -1)


def _endings(model: Any) -> tuple[int, ...]:
    ending = model.generation_config.eos_token_id
    return tuple(ending) if isinstance(ending, list) else (ending,)


def import_vision() -> tuple[Any, Any]:
    """transformers and torch; raises PermanentError 'missing_extra'."""
    try:
        with _offline():
            transformers, torch = importlib.import_module("transformers"), importlib.import_module("torch")
            for name in ("AutoProcessor", "AutoModelForImageTextToText"):
                getattr(transformers, name)  # imported when it is named
    except ModuleNotFoundError as error:
        raise PermanentError(
            f"{error.name} is missing: pip install 'wetread[composers]'", code="missing_extra"
        ) from None
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    return transformers, torch


def load_vision(folder: Path, *, device: str = "cpu") -> VisionChat:
    """Raises PermanentError 'bad_model' for a folder with pickles or code, an architecture that transformers does not know, or no chat template."""
    _check(folder)
    transformers, torch = import_vision()
    here = {"local_files_only": True, "trust_remote_code": False}
    dtype = torch.float32 if device == "cpu" else torch.bfloat16
    try:
        with _offline():
            processor = transformers.AutoProcessor.from_pretrained(folder, **here)
            model = transformers.AutoModelForImageTextToText.from_pretrained(
                folder, use_safetensors=True, dtype=dtype, **here
            )
    except (ImportError, OSError, ValueError, KeyError, RuntimeError) as error:
        raise _unusable(folder, f"transformers cannot load it ({type(error).__name__})") from None
    if not getattr(processor, "chat_template", None):
        raise _unusable(folder, "it has no chat template, so it cannot be asked")
    return VisionChat(f"vlm/{folder.name}", model.to(device).eval(), processor, device)


def _check(folder: Path) -> None:
    if not (folder / "config.json").is_file():
        raise _unusable(folder, "there is no config.json in it")
    found = [path.name for pattern in _FORBIDDEN_FILES for path in folder.rglob(pattern)]
    if found:
        raise _unusable(folder, f"it holds {found[0]}: only safetensors and JSON are read, and no code is run")


def _unusable(folder: Path, why: str) -> PermanentError:
    return PermanentError(f"the vision-language model {folder.name} cannot be used: {why}", code="bad_model")


@contextmanager
def _offline() -> Iterator[None]:
    """No hub, and no torchvision: where it was built for another torch, importing it breaks transformers, which does without it."""
    os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1")
    hidden = {name: sys.modules.pop(name) for name in tuple(sys.modules) if name.partition(".")[0] == "torchvision"}
    sys.modules["torchvision"] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules["torchvision"]
        sys.modules.update(hidden)
