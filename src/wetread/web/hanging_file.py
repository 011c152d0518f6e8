"""Hanging protocols as data: which films hang where, by views, priors and findings. The page chooses the first that fits; here they are read and checked."""

from importlib.resources import files
from pathlib import Path
from typing import cast

from wetread.domain.finding import FindingName
from wetread.domain.strict_json import StrictJsonError, read_strict_json
from wetread.web.problems import Refusal
from wetread.web.schema import Schema, array, check, choice, integer, record, text

__all__ = ["HANGING_SCHEMA", "read_hanging"]

_VIEWS = array(text(16, min_length=1, pattern=r"[A-Z0-9 _]+"), 8)
_PANE = record(
    {"show": choice("current", "prior")}, {"views": _VIEWS, "prior": integer(1, 20), "preset": integer(1, 5)}
)
_WHEN = record(
    {},
    {
        "views": _VIEWS,
        "least_priors": integer(0, 20),
        "least_width_px": integer(0, 20_000),
        "findings": array(choice(*FindingName), 20),
    },
)
HANGING_SCHEMA: Schema = record(
    {
        "protocols": array(
            record(
                {"name": text(60, min_length=1), "when": _WHEN, "panes": array(_PANE, 2)},
                {"compare": choice("side", "swipe", "fade")},
            ),
            50,
        )
    }
)
_MAX_BYTES = 256 * 1024


def read_hanging(path: Path | None) -> tuple[object, str]:
    """The protocols of the file, else the shipped ones; and what is wrong with the file, "" where nothing is. A layout never keeps a film from being read."""
    shipped = _checked(files("wetread.web").joinpath("hanging.json").read_bytes())
    if path is None:
        return shipped, ""
    try:
        with path.open("rb") as file:
            return _checked(file.read(_MAX_BYTES + 1)), ""
    except OSError as error:
        return shipped, f"The file of hanging protocols cannot be read ({error.strerror}): the shipped ones are used."
    except (Refusal, StrictJsonError, ValueError) as error:
        return shipped, f"The file of hanging protocols is wrong ({error}): the shipped ones are used."


def _checked(content: bytes) -> object:
    if len(content) > _MAX_BYTES:
        raise ValueError("it is larger than 256 KiB")
    document = read_strict_json(content, max_depth=8)
    check(HANGING_SCHEMA, document, "hanging protocols")
    protocols = cast(list[dict[str, object]], cast(dict[str, object], document)["protocols"])
    names = [each["name"] for each in protocols]
    if len(set(names)) != len(names):
        raise ValueError("two protocols have the same name")
    if not all(each["panes"] for each in protocols):
        raise ValueError("a protocol hangs no film")
    if not any(each["when"] == {} for each in protocols):
        raise ValueError('none fits every study: one needs "when": {}')
    return document
