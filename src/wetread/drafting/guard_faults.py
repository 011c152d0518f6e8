"""What the guard can find wrong with a composer's sentence: the words that `Sentence.guarded` carries. They never quote the sentence, which may hold anything."""

from enum import StrEnum

__all__ = ["Fault"]


class Fault(StrEnum):
    """In the order in which they are looked for."""

    EMPTY = "empty"
    TOO_LONG = "too long"
    CHARACTERS = "characters"
    """Not printable ASCII, typographic hyphens and dashes apart: control, bidirectional, zero-width, tag or look-alike characters, another script."""
    MARKUP = "markup or link"
    IDENTIFIER = "identifier"
    """A date, a long number, a UID, letters run into digits: nothing that a composer was given."""
    VERBATIM = "not verbatim"
    """A sentence that may only be repeated (technique, quotation, measurement, negative statement, ...) was reworded."""
    WORDS = "words outside the vocabulary"
    AMBIGUOUS = "ambiguous"
    REPEATED = "repeated"
    """It names a finding twice, or one that an earlier sentence has stated."""
    FINDING = "unsupported finding"
    SIDE = "wrong side"
    CERTAINTY = "wrong certainty"
    COMPARISON = "wrong comparison"
    NOT_PARSED_BACK = "not parsed back"
    """The labeller reads something else in the sentence than the grammar meant."""
    DROPPED = "dropped"
    """No sentence of the composer states it."""
