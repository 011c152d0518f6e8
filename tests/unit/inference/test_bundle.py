import json
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest

from wetread.domain.errors import PermanentError
from wetread.inference.bundle import load_bundle


def write_bundle(folder: Path, **changes: object) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "model.onnx").write_bytes(b"not really a network")
    (folder / "card.md").write_text("# card")
    document = {
        "schema_version": 1,
        "name": "tiny",
        "version": "1.2.3",
        "intended_use": "tests",
        "modalities": ["DX"],
        "body_parts": ["CHEST"],
        "view_positions": ["PA"],
        "input": {"rows": 64, "columns": 64, "fit": "long_side_pad", "photometric_interpretation": "MONOCHROME2"},
        "findings": [
            {
                "name": "pneumothorax",
                "output_index": 0,
                "calibration": {"method": "platt", "slope": 1.0, "intercept": -1.0},
                "operating_point": {"threshold": 0.3, "rule": "by hand"},
            }
        ],
        "gate": {"classes": ["frontal_chest", "other"], "accept_class": "frontal_chest", "threshold": 0.5},
        "out_of_distribution": {"method": "mahalanobis", "threshold": 3.0},
        "licence": "Apache-2.0",
        "files": {
            name: {"sha256": sha256((folder / name).read_bytes()).hexdigest(), "bytes": (folder / name).stat().st_size}
            for name in ("model.onnx", "card.md")
        },
    }
    (folder / "bundle.json").write_text(json.dumps({**document, **changes}))
    return folder


def _refused(path: Path, told: str) -> None:
    with pytest.raises(PermanentError, match=told) as refusal:
        load_bundle(path)
    assert refusal.value.code == "bad_bundle"


def test_a_whole_bundle_loads_from_folder_and_zip(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "b")
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        for file in folder.iterdir():
            archive.write(file, file.name)
    assert load_bundle(folder) == load_bundle(tmp_path / "b.zip")
    assert load_bundle(folder).identity.version == "1.2.3"


def test_a_swapped_network_is_noticed(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "b")
    (folder / "model.onnx").write_bytes(b"another network with the same name")
    _refused(folder, "sha256 differs")


@pytest.mark.parametrize("name", ["extra.pkl", "model.pt", "run.py"])
def test_anything_but_json_onnx_and_a_card_is_refused(tmp_path: Path, name: str) -> None:
    folder = write_bundle(tmp_path / "b")
    (folder / name).write_bytes(b"x")
    _refused(folder, name)


def test_an_unlisted_network_is_refused(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "b")
    (folder / "second.onnx").write_bytes(b"x")
    _refused(folder, "without a hash")


def test_a_zip_with_paths_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "b.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../bundle.json", "{}")
    _refused(path, "top level")


@pytest.mark.parametrize(
    "changes",
    [
        {"schema_version": 2},
        {"name": "../../etc"},
        {"findings": []},
        {"gate": {"classes": ["a", "b"], "accept_class": "c", "threshold": 0.5}},
        {"files": {}},
        {"input": {"rows": 99999, "columns": 1, "fit": "long_side_pad", "photometric_interpretation": "MONOCHROME2"}},
    ],
)
def test_a_document_that_does_not_fit_the_schema_is_refused(tmp_path: Path, changes: dict[str, object]) -> None:
    _refused(write_bundle(tmp_path / "b", **changes), "bundle b")
