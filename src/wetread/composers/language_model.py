"""The composer over a language model: the grammar decides what is said, the model may say it in other words. Its drafts must pass the guard before anybody sees them."""

import time
from dataclasses import dataclass, replace

from wetread.composers.answer import composed, woven
from wetread.composers.bounded import within
from wetread.composers.chat import Chat
from wetread.composers.spotlight import new_mark
from wetread.composers.wording import offer, question
from wetread.domain.report import Draft
from wetread.ports.deadline import answer_by
from wetread.ports.drafter import Drafter, DraftingRequest

__all__ = ["LanguageModelComposer"]

_FOR_THE_REST_S = 0.25
"""Kept of the caller's time for the guard, the grammar and the wire."""


@dataclass(frozen=True, slots=True)
class LanguageModelComposer:
    """Implements the Drafter port. Raises TransientError and PermanentError with a `composer_...` code, after `within_s` or before the caller's time is up.

    `shows_record` lets the model see indication and record, spotlighted; otherwise no text from outside reaches it. `sees_film` passes on the film, where there is one. `one_each` asks for one sentence per statement, in order.
    A draft without a statement to word, or in another language than English, is the grammar's and no model is asked.
    """

    chat: Chat
    grammar: Drafter
    within_s: float
    shows_record: bool = False
    sees_film: bool = False
    one_each: bool = False

    def draft(self, request: DraftingRequest) -> Draft:
        base = self.grammar.draft(request)
        offered = offer(base)
        if not offered.places:
            return base
        if request.language.lower()[:2] != "en":
            return replace(base, composer=self.chat.name)
        film = request.film if self.sees_film else None
        context, mark = (request.context, new_mark()) if self.shows_record else (None, "")
        asked = question(offered, one_each=self.one_each, film=film, context=context, mark=mark)
        limit_s = min(self.within_s, answer_by() - time.monotonic() - _FOR_THE_REST_S)
        text = within(limit_s, lambda: self.chat.ask(asked, limit_s))
        return woven(offered, composed(text, offered), self.chat.name)
