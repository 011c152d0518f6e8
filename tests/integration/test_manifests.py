"""deploy/kubernetes by Kubernetes' own schemas (PyPI kubernetes-validate), which know every field: a misspelt one would be dropped in silence by a cluster."""

from typing import Any

import kubernetes_validate
import pytest
from deployments import BASE, OVERLAYS, documents, patches

OLDEST = "1.30"
VERSIONS = (OLDEST, kubernetes_validate.latest_version())
OBJECTS = [
    pytest.param(each, id=f"{file.parent.name}/{file.name} {each['kind']} {each['metadata']['name']}")
    for folder in (BASE, *OVERLAYS)
    for file, each in documents(folder)
]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("found", OBJECTS)
def test_every_object_is_as_kubernetes_has_it(found: dict[str, Any], version: str) -> None:
    kubernetes_validate.validate(found, version, strict=True)


def test_a_misspelt_field_is_found() -> None:
    broken = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "x"}, "spec": {"selectors": {}}}
    with pytest.raises(kubernetes_validate.ValidationError, match="selectors"):
        kubernetes_validate.validate(broken, OLDEST, strict=True)


def test_a_patch_changes_what_is_there() -> None:
    named = {(each["kind"], each["metadata"]["name"]) for _, each in documents(BASE)}
    assert {(each["kind"], each["metadata"]["name"]) for folder in OVERLAYS for _, each in patches(folder)} <= named
