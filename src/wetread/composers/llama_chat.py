"""A small model in this process: a GGUF file through llama.cpp (xllamacpp), held to the answer's JSON schema token by token.

GGUF holds weights and tables, nothing that is executed on loading; it is read from a local path and nothing is ever fetched. The library always opens an HTTP door:
here it is a Unix socket in a folder of our own that is removed before anybody could find it, behind a key that nobody has.
"""

import importlib
import os
import secrets
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

from wetread.composers.chat import LONGEST_ANSWER_CHARS, Question, bad_answer, late
from wetread.domain.errors import PermanentError

__all__ = ["LlamaChat", "import_llama", "load_llama"]

_CONTEXT_TOKENS = 4096
_SEED = 7


@dataclass(frozen=True, slots=True)
class LlamaChat:
    """Implements Chat. One question at a time; a token is the grain at which the limit is kept."""

    name: str
    _server: Any = field(repr=False)
    _lock: Lock = field(default_factory=Lock, repr=False)

    def ask(self, question: Question, within_s: float) -> str:
        until = time.monotonic() + within_s
        if not self._lock.acquire(timeout=within_s):
            raise late()
        try:
            answer = _Answer(until)
            refused = self._server.handle_chat_completions(_asked(question), answer.take)
        finally:
            self._lock.release()
        if refused is not None:
            raise PermanentError("the language model takes no question of this length", code="composer_refused")
        return answer.text()


@dataclass(slots=True)
class _Answer:
    """What has come so far."""

    until: float
    parts: list[str] = field(default_factory=list)
    length: int = 0
    ending: str = ""

    def take(self, piece: Mapping[str, Any]) -> bool:
        """True stops the model."""
        if "error" in piece:
            self.ending = "error"
            return True
        for choice in piece["choices"]:
            part = choice["delta"].get("content") or ""
            self.parts.append(part)
            self.length += len(part)
            self.ending = choice["finish_reason"] or self.ending
        return self.length > LONGEST_ANSWER_CHARS or time.monotonic() >= self.until

    def text(self) -> str:
        if not self.ending and time.monotonic() >= self.until:
            raise late()
        if self.ending != "stop":
            raise bad_answer("it did not come to its end")
        return "".join(self.parts)


def _asked(question: Question) -> dict[str, Any]:
    schema = {"name": "sentences", "strict": True, "schema": question.schema}
    return {
        "messages": question.messages(),
        "temperature": 0,
        "seed": _SEED,
        "max_tokens": question.max_tokens,
        "stream": True,
        "response_format": {"type": "json_schema", "json_schema": schema},
    }


def import_llama() -> Any:
    """xllamacpp; raises PermanentError 'missing_extra'."""
    try:
        return importlib.import_module("xllamacpp")
    except ModuleNotFoundError:
        raise PermanentError("xllamacpp is missing: pip install 'wetread[composers]'", code="missing_extra") from None


def load_llama(path: Path, *, threads: int = 0) -> LlamaChat:
    """`threads` 0 takes one for two cores: its threads wait for each other by spinning, and one core too few makes an answer ten times slower. Raises PermanentError 'bad_model' for a file that is no GGUF or cannot be loaded."""
    xllamacpp = import_llama()
    with tempfile.TemporaryDirectory() as folder:
        door = Path(folder) / "door.sock"  # the ending makes it a Unix socket
        settings = xllamacpp.CommonParams()
        settings.model.path = str(_checked(path))
        settings.hostnames, settings.api_keys = [str(door)], [secrets.token_urlsafe(32)]
        settings.ui = settings.endpoint_slots = settings.endpoint_props = settings.endpoint_metrics = False
        settings.offline, settings.verbosity, settings.n_threads_http = True, 0, 1
        settings.n_ctx, settings.n_parallel, settings.cache_ram_mib = _CONTEXT_TOKENS, 1, 0
        for pool in (settings.cpuparams, settings.cpuparams_batch):
            pool.n_threads = threads or max(1, (os.cpu_count() or 1) // 2)
        try:
            server = xllamacpp.Server(settings)
        except RuntimeError:
            raise _unusable(path, "llama.cpp cannot load it") from None
    return LlamaChat(f"llama/{path.stem}", server)


def _checked(path: Path) -> Path:
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise _unusable(path, f"it cannot be read ({type(error).__name__})") from None
    if magic != b"GGUF":
        raise _unusable(path, "it is no GGUF file")
    return path


def _unusable(path: Path, why: str) -> PermanentError:
    return PermanentError(f"the language model {path.name} cannot be used: {why}", code="bad_model")
