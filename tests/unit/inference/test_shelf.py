"""Registered bundles: what is loaded is what was registered, or nothing."""

import zipfile
from pathlib import Path

import pytest
from tests.unit.inference.test_bundle import write_bundle

from wetread.domain.errors import PermanentError
from wetread.inference.shelf import ModelShelf


@pytest.fixture
def shelf(tmp_path: Path) -> ModelShelf:
    return ModelShelf(tmp_path / "data" / "models")


def names(shelf: ModelShelf) -> list[str]:
    return sorted(each.name for each in shelf.folder.iterdir())


def test_what_was_kept_is_loaded_whatever_became_of_the_original(shelf: ModelShelf, tmp_path: Path) -> None:
    original = write_bundle(tmp_path / "given", version="2.0.0")
    kept, digest = shelf.keep(original)
    (original / "model.onnx").write_bytes(b"something else")
    assert shelf.load(digest) == kept
    assert kept.identity.version == "2.0.0"
    assert names(shelf) == [digest]
    assert len(digest) == 64


def test_a_zip_and_a_folder_are_one_bundle_and_keeping_twice_is_keeping_once(shelf: ModelShelf, tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "given")
    packed = tmp_path / "given.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for each in folder.iterdir():
            archive.write(each, each.name)
    assert shelf.keep(folder) == shelf.keep(packed) == shelf.keep(folder)
    assert len(names(shelf)) == 1


def test_other_numbers_around_the_same_network_are_another_bundle(shelf: ModelShelf, tmp_path: Path) -> None:
    first = shelf.keep(write_bundle(tmp_path / "a", version="1.0.0"))[1]
    second = shelf.keep(write_bundle(tmp_path / "b", version="1.0.1"))[1]
    assert names(shelf) == sorted([first, second])


@pytest.mark.parametrize("name", ["model.onnx", "card.md", "bundle.json"])
def test_a_file_that_changed_on_the_shelf_is_refused(shelf: ModelShelf, tmp_path: Path, name: str) -> None:
    _, digest = shelf.keep(write_bundle(tmp_path / "given"))
    kept = shelf.folder / digest / name
    kept.write_bytes(kept.read_bytes() + b" ")
    with pytest.raises(PermanentError) as refusal:
        shelf.load(digest)
    assert refusal.value.code == "bad_bundle"


def test_a_bundle_that_is_gone_is_refused(shelf: ModelShelf) -> None:
    with pytest.raises(PermanentError) as refusal:
        shelf.load("0" * 64)
    assert refusal.value.code == "bad_bundle"


def test_a_bad_bundle_is_not_kept_and_leaves_nothing(shelf: ModelShelf, tmp_path: Path) -> None:
    given = write_bundle(tmp_path / "given")
    (given / "model.onnx").write_bytes(b"another network")
    with pytest.raises(PermanentError):
        shelf.keep(given)
    assert not shelf.folder.exists() or names(shelf) == []


def test_the_sites_rule_on_signatures_holds_at_every_load(shelf: ModelShelf, tmp_path: Path) -> None:
    _, digest = shelf.keep(write_bundle(tmp_path / "given"))
    strict = ModelShelf(shelf.folder, require_signature=True)
    for act in (lambda: strict.load(digest), lambda: strict.keep(tmp_path / "given")):
        with pytest.raises(PermanentError, match="trusted key"):
            act()
