"""What a page says of a critical finding: a site's words with named holes. The holes are a closed list; no format language is run."""

from collections.abc import Mapping
from string import Formatter

__all__ = ["DEFAULT_MESSAGE", "PLACEHOLDERS", "fill", "problem_of"]

PLACEHOLDERS = ("finding", "laterality", "probability", "threshold", "site", "priority")
DEFAULT_MESSAGE = "{priority}: {laterality} {finding} {probability} (operating point {threshold}), {site}"


def problem_of(template: str) -> str:
    """What is wrong with a template; empty when it may be used."""
    try:
        parts = list(Formatter().parse(template))
    except ValueError as error:
        return f"{error}: write a literal brace twice"
    for _, name, specification, conversion in parts:
        if name is not None and (name not in PLACEHOLDERS or specification or conversion):
            return f"{{{name}}} is not allowed: only {', '.join(f'{{{each}}}' for each in PLACEHOLDERS)}"
    return "" if template.isprintable() else "only printable characters, on one line"


def fill(template: str, values: Mapping[str, str]) -> str:
    """The words with every hole filled and runs of blanks made one. `template` has no problem, `values` names every placeholder."""
    parts = Formatter().parse(template)
    return " ".join("".join(text + (values[name] if name else "") for text, name, _, _ in parts).split())
