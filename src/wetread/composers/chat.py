"""What a composer asks a language model, whichever runs it: one question, one text back, no tools, no history."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from wetread.domain.drafting_context import FilmPixels
from wetread.domain.errors import PermanentError, TransientError

__all__ = ["LONGEST_ANSWER_CHARS", "Chat", "Question", "bad_answer", "late"]

LONGEST_ANSWER_CHARS = 32_768
"""Twenty findings said twice need 4,000."""


@dataclass(frozen=True, slots=True)
class Question:
    """`example` is a question and its answer, said before the real one. `schema` is the JSON schema of the answer, for runtimes that can hold a model to one; `film` is for models that see."""

    system: str
    example: tuple[str, str]
    user: str
    schema: Mapping[str, Any]
    max_tokens: int
    film: FilmPixels | None = None

    def messages(self) -> list[dict[str, str]]:
        """As chat completions take them."""
        asked, answered = self.example
        turns = (("system", self.system), ("user", asked), ("assistant", answered), ("user", self.user))
        return [{"role": role, "content": content} for role, content in turns]


class Chat(Protocol):
    """A language model. `name` stands in the draft as its composer."""

    @property
    def name(self) -> str: ...

    def ask(self, question: Question, within_s: float) -> str:
        """The model's text, at most LONGEST_ANSWER_CHARS; raises TransientError or PermanentError, after `within_s` seconds at the latest. Same question, same answer."""
        ...


def late() -> TransientError:
    return TransientError("the language model did not answer in time", code="composer_late")


def bad_answer(why: str) -> PermanentError:
    """`why` is ours and quotes nothing."""
    return PermanentError(f"the language model's answer cannot be used: {why}", code="composer_bad_answer")
