"""Every control in docs/security.md names a place that is there and a test that is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TABLE = (ROOT / "docs" / "security.md").read_text("utf-8").partition("## Controls")[2]
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in TABLE.splitlines()
    if line.startswith("| ") and "`tests/" in line
]


def test_there_is_a_table() -> None:
    assert len(ROWS) > 35


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:40])
def test_a_control_is_proved(row: list[str]) -> None:
    _, where, proof = row
    file, _, test = proof.strip("`").partition("::")
    assert (ROOT / file).is_file(), file
    assert not test or f"def {test}(" in (ROOT / file).read_text("utf-8"), proof
    for place in re.findall(r"`([a-z_0-9]+/[a-z_0-9*/.]*|[a-z_]+\.py)`", where):
        assert list((ROOT / "src" / "wetread").glob(place.rstrip("/"))), place
