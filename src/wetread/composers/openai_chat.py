"""Any server that speaks OpenAI's chat completions (vLLM, llama.cpp, Ollama, LM Studio): one completion, held to a JSON schema as far as the server can.

A server that knows no `json_schema` is asked for `json_object`, one that knows neither for plain text; the answer is parsed as strictly in every case.
"""

import json
import time
from dataclasses import dataclass, field
from typing import Any

from wetread.composers.chat import LONGEST_ANSWER_CHARS, Question, bad_answer
from wetread.composers.endpoint import Endpoint
from wetread.composers.exchange import HttpAnswer, exchange
from wetread.composers.relay import Dial
from wetread.domain.errors import PermanentError, TransientError

__all__ = ["OpenAiChat"]

_PAUSES_S = (0.2, 0.8)
_TRY_AGAIN = (408, 429, 500, 502, 503, 504, 529)
_FORMAT_UNKNOWN = (400, 415, 422, 501)
_SEED = 7
_ADVICE = {
    401: "check its key file",
    403: "check its key file",
    404: "check its URL and the model's name",
    413: "it takes only shorter questions",
}


@dataclass(slots=True)
class OpenAiChat:
    """Implements Chat. The first form of answer that the server took is remembered."""

    endpoint: Endpoint
    dial: Dial = field(repr=False)
    model: str
    _form: int = field(default=0, init=False)

    @property
    def name(self) -> str:
        return f"openai/{self.model}"

    def ask(self, question: Question, within_s: float) -> str:
        until, form, pauses = time.monotonic() + within_s, self._form, list(_PAUSES_S)
        while True:
            try:
                answer = exchange(self.endpoint, self.dial, self._body(question, form), until)
            except TransientError as failure:
                _pause(pauses, 0, until, failure)
                continue
            if answer.status == 200:
                self._form = form
                return _content(answer.body)
            if answer.status in _FORMAT_UNKNOWN and form + 1 < len(_forms(question)):
                form += 1
            elif answer.status in _TRY_AGAIN:
                _pause(pauses, answer.retry_after_s, until, _busy(answer))
            else:
                raise _refused(answer)

    def _body(self, question: Question, form: int) -> bytes:
        asked: dict[str, Any] = {
            "model": self.model,
            "messages": question.messages(),
            "temperature": 0,
            "seed": _SEED,
            "max_tokens": question.max_tokens,
            "n": 1,
            "stream": False,
            **_forms(question)[form],
        }
        return json.dumps(asked).encode()


def _forms(question: Question) -> tuple[dict[str, Any], ...]:
    schema = {"name": "sentences", "strict": True, "schema": question.schema}
    return (
        {"response_format": {"type": "json_schema", "json_schema": schema}},
        {"response_format": {"type": "json_object"}},
        {},
    )


def _pause(pauses: list[float], asked_s: int, until: float, failure: TransientError) -> None:
    """Wait before the next try, or raise `failure` when there is none or it would come too late."""
    if not pauses or time.monotonic() + max(pauses[0], asked_s) >= until:
        raise failure
    time.sleep(max(pauses.pop(0), asked_s))


def _busy(answer: HttpAnswer) -> TransientError:
    return TransientError(f"the language model server is busy (HTTP {answer.status})", code="composer_busy")


def _refused(answer: HttpAnswer) -> PermanentError:
    advice = "a redirect is not followed: give its final URL" if 300 <= answer.status < 400 else "look into its log"
    return PermanentError(
        f"the language model server refuses (HTTP {answer.status}): {_ADVICE.get(answer.status, advice)}",
        code="composer_refused",
    )


def _content(body: bytes) -> str:
    """The text of a completion that ended by itself and called no tool; raises PermanentError 'composer_bad_answer'."""
    try:
        choice = json.loads(body)["choices"][0]
        message, ending = choice["message"], choice["finish_reason"]
        text, tools = message["content"], message.get("tool_calls") or message.get("function_call")
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise bad_answer("it is no chat completion") from None
    if tools:
        raise bad_answer("it calls a tool, and there is none")
    if ending != "stop":
        raise bad_answer("it did not come to its end")
    if not isinstance(text, str) or len(text) > LONGEST_ANSWER_CHARS:
        raise bad_answer("it holds no text, or too much")
    return text
