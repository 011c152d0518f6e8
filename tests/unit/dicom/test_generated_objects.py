"""Whatever a report says, of whomever: every object that leaves is valid (`python benchmarks/dicom_objects.py` tries two hundred reports)."""

from pathlib import Path

import pytest
from dicom_objects import errors_in, objects_of
from generated_packages import a_generated_package


@pytest.mark.parametrize("seed", range(8))
def test_dciodvfy_finds_no_error_in_any_object(seed: int, tmp_path: Path) -> None:
    objects = dict(objects_of(a_generated_package(seed)))
    assert "sr.dcm" in objects
    for name, document in objects.items():
        assert errors_in(document, tmp_path / name) == [], name
