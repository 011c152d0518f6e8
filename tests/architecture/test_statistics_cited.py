"""Every public name of the statistics says where it comes from and, where it takes or gives arrays, of what shape: `__all__` of each module of `evaluation/`.

A source is the last sentence of the docstring: "Source: Brier (1950), ..."; a WHO or DICOM document with its year; or "definition" where the house itself sets what a name holds.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOM = Path(__file__).parents[2] / "src" / "wetread" / "evaluation"
_ARRAYS = {"ArrayLike", "Flags", "Floats", "Labels", "NDArray", "Places"}
_SIDE = r"[A-Za-z]\w*(?: [-+] \w+)?"
_SHAPE = re.compile(rf"\({_SIDE},(?: {_SIDE})?(?:, {_SIDE})*\)")
_SOURCE = re.compile(r"Source: (?:definition\b|.*\((?:18|19|20)\d\d\)).*\.$", re.DOTALL)

Public = ast.FunctionDef | ast.ClassDef


def public_names(source: str) -> Iterator[Public]:
    nodes = ast.parse(source).body
    listed = {
        name
        for node in nodes
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
        for name in ast.literal_eval(node.value)
    }
    return (node for node in nodes if isinstance(node, Public) and node.name in listed)


def lacks(node: Public) -> list[str]:
    said = ast.get_docstring(node) or ""
    missing = [] if _SOURCE.search(said) else ["a source"]
    return missing + (
        ["the shape of its arrays"] if _arrays(node) and not _SHAPE.search(said.split("Source: ")[0]) else []
    )


def _arrays(node: Public) -> bool:
    typed = (
        [node.args, node.returns]
        if isinstance(node, ast.FunctionDef)
        else [each.annotation for each in node.body if isinstance(each, ast.AnnAssign)]
    )
    return any(isinstance(part, ast.Name) and part.id in _ARRAYS for each in typed if each for part in ast.walk(each))


@pytest.mark.parametrize("file", sorted(ROOM.glob("*.py")), ids=lambda file: file.stem)
def test_each_public_name_gives_its_source_and_its_shapes(file: Path) -> None:
    assert {node.name: lacks(node) for node in public_names(file.read_text("utf-8")) if lacks(node)} == {}


def test_the_room_is_not_empty() -> None:
    assert sum(1 for file in ROOM.glob("*.py") for _ in public_names(file.read_text("utf-8"))) > 150


@pytest.mark.parametrize(
    ("docstring", "missing"),
    [
        ("Mean of (n,) values. Source: Brier (1950), Mon Weather Rev 78:1.", []),
        ("Mean of (k, n) values. Source: definition.", []),
        ("Mean of values. Source: Brier (1950), Mon Weather Rev 78:1.", ["the shape of its arrays"]),
        ("Mean of (n,) values.", ["a source"]),
        ("Mean of (n,) values. Source: Brier.", ["a source"]),
        ("Mean (see below). Source: Brier (1950, 1951).", ["a source", "the shape of its arrays"]),
    ],
)
def test_what_is_missing_is_seen(docstring: str, missing: list[str]) -> None:
    (node,) = public_names(f'__all__ = ["mean"]\ndef mean(values: ArrayLike) -> float:\n    """{docstring}"""')
    assert lacks(node) == missing
