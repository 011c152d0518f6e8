"""A folder as a sink: whole files, PHI-free names, for the owner only."""

from pathlib import Path

import pytest
from builders_delivery import a_package

from wetread.delivery.folder import FolderSink
from wetread.domain.errors import TransientError
from wetread.testing.builders import STUDY_KEY

ENCODERS = {"sr.dcm": lambda _: b"an SR", "fhir.json": lambda _: b"{}", "sc.dcm": lambda _: None}


def test_each_document_is_one_file_named_by_key_and_version(tmp_path: Path) -> None:
    assert FolderSink(tmp_path / "out", ENCODERS).deliver(a_package()) == "2 files"
    contents = {each.name: each.read_bytes() for each in (tmp_path / "out").iterdir()}
    assert contents == {f"{STUDY_KEY}-v1.sr.dcm": b"an SR", f"{STUDY_KEY}-v1.fhir.json": b"{}"}


def test_only_the_owner_may_read(tmp_path: Path) -> None:
    FolderSink(tmp_path / "out", ENCODERS).deliver(a_package())
    modes = {each.stat().st_mode & 0o777 for each in (tmp_path / "out").iterdir()}
    assert (modes, (tmp_path / "out").stat().st_mode & 0o777) == ({0o600}, 0o700)


def test_a_folder_that_cannot_be_written_is_transient_and_leaves_nothing_half_done(tmp_path: Path) -> None:
    (tmp_path / f"{STUDY_KEY}-v1.sr.dcm").mkdir()
    with pytest.raises(TransientError) as caught:
        FolderSink(tmp_path, ENCODERS).deliver(a_package())
    assert caught.value.code == "folder_unwritable"
    assert [each.name for each in tmp_path.iterdir()] == [f"{STUDY_KEY}-v1.sr.dcm"]
    assert str(tmp_path) not in str(caught.value)
