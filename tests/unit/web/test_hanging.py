"""Hanging protocols: a site's file is taken whole or not at all, and never keeps a film from being read."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from builders_web import Browser, World

from wetread.web.hanging_file import read_hanging

ONE: dict[str, Any] = {"name": "One film", "when": {}, "panes": [{"show": "current"}]}


def written(folder: Path, document: object) -> Path:
    path = folder / "hanging.json"
    path.write_text(json.dumps(document))
    return path


def test_a_sites_file_is_used(tmp_path: Path) -> None:
    document = {"protocols": [{**ONE, "name": "Ours", "when": {"views": ["PA"], "findings": ["nodule"]}}, ONE]}
    assert read_hanging(written(tmp_path, document)) == (document, "")


@pytest.mark.parametrize(
    ("protocols", "says"),
    [
        ([{**ONE, "when": {"views": ["PA"]}}], "none fits every study"),
        ([ONE, ONE], "same name"),
        ([{**ONE, "panes": []}, {**ONE, "name": "other"}], "hangs no film"),
        ([{**ONE, "panes": [{"show": "current"}] * 3}], "too many items"),
        ([{**ONE, "when": {"findings": ["gout"]}}, ONE], "not one of the allowed values"),
        ([{**ONE, "colour": "red"}], "does not know"),
        ([{**ONE, "compare": "blink"}], "not one of the allowed values"),
    ],
)
def test_a_wrong_file_is_said_to_be_and_the_shipped_ones_hang(tmp_path: Path, protocols: object, says: str) -> None:
    document, problem = read_hanging(written(tmp_path, {"protocols": protocols}))
    assert says in problem
    assert document == read_hanging(None)[0]


def test_a_file_that_is_not_there_is_said_to_be(tmp_path: Path) -> None:
    document, problem = read_hanging(tmp_path / "none.json")
    assert "cannot be read" in problem
    assert document == read_hanging(None)[0]


def test_readers_are_given_them(world: World, door: Browser) -> None:
    answer = door.as_("radiologist").get("/api/hanging-protocols")
    assert answer.status == 200
    assert answer.json()["problem"] == ""
    assert answer.json()["protocols"][0]["name"] == "Frontal beside its prior"


def test_the_example_of_the_docs_is_taken(tmp_path: Path) -> None:
    page = (Path(__file__).parents[3] / "docs" / "reading-room.md").read_text("utf-8")
    (example,) = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    assert read_hanging(written(tmp_path, json.loads(example)))[1] == ""
