"""The bill of materials is CycloneDX by its own schema, and holds what runs."""

import json
from functools import cache
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from release import sbom


@cache
def made() -> dict[str, Any]:
    return sbom.bill()


def test_it_is_valid_and_the_same_every_time() -> None:
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(made())) is None
    assert sbom.bill() == made()


@pytest.mark.parametrize(
    ("name", "scope"),
    [
        ("pydicom", "required"),
        ("onnxruntime", "required"),
        ("mako", "required"),
        ("psycopg", "optional"),
        ("vite", "excluded"),
    ],
)
def test_what_runs_is_in_it_with_version_and_licence(name: str, scope: str) -> None:
    (found,) = (each for each in made()["components"] if each["name"] == name)
    assert found["scope"] == scope
    assert found["version"] in found["purl"]
    assert found["licenses"]


def test_what_only_tests_need_is_not() -> None:
    assert {"pytest", "bandit", "hypothesis"} & {each["name"] for each in made()["components"]} == set()


def test_every_relation_is_between_what_is_in_it() -> None:
    here = {made()["metadata"]["component"]["bom-ref"], *(each["bom-ref"] for each in made()["components"])}
    assert {ref for each in made()["dependencies"] for ref in (each["ref"], *each["dependsOn"])} <= here
