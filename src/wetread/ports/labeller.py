"""Report text to statements about findings."""

from typing import Protocol

from wetread.domain.statement import Presence, Statement

__all__ = ["Labeller", "Presence", "Statement"]


class Labeller(Protocol):
    @property
    def version(self) -> str:
        """Of the lexicon and the rules: a label without it cannot be compared with another."""
        ...

    def statements(self, text: str) -> tuple[Statement, ...]:
        """Everything the text says of findings, in order of appearance; a sentence may make several statements. Never raises for any text."""
        ...
