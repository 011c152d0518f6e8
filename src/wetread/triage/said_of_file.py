"""What is wrong at a place of a roster or policy file, in words of somebody who writes one, not of the library that read it."""

__all__ = ["in_words"]

_PREFIXES = ("Value error, ", "Assertion failed, ")
_PLAIN = {
    "extra_forbidden": "there is no such key here: is it misspelt, or a level too deep?",
    "missing": "it is missing",
    "model_type": "keys with values are to stand here: is it empty?",
}


def in_words(kind: str, message: str) -> str:
    """`kind` and `message` are the type and msg of one of pydantic's errors."""
    for prefix in _PREFIXES:
        message = message.removeprefix(prefix)
    return _PLAIN.get(kind, message)
