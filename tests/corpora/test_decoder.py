"""Collections of valid, malformed and crafted files from many projects, read by the real sandbox.

They are too large and too variously licensed to ship: the folder is named by WETREAD_SHARED, and a fresh clone runs `tests/hostile.py` instead.
"""

import json
import os
import resource
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tests.hostile import Fate

from wetread.dicom.sandbox import Sandbox
from wetread.domain.errors import HostileInput, PermanentError, UnsuitableImage

_CORPORA = Path(os.environ["WETREAD_SHARED"]) / "corpora"

_NOT_STORABLE = {
    # A DICOMDIR is a directory, not a composite instance.
    "fo-dicom/Tests/FO-DICOM.Benchmark/Data/DICOMDIR": "wrong_transfer_syntax",
    "pydicom-wheel/test_files/dicomdirtests/DICOMDIR": "wrong_transfer_syntax",
    "pydicom-wheel/test_files/dicomdirtests/DICOMDIR-implicit": "wrong_transfer_syntax",
    "pydicom-wheel/test_files/dicomdirtests/DICOMDIR-nooffset": "wrong_transfer_syntax",
    # Codec samples without Study and Series Instance UID (type 1): they cannot be filed.
    "pydicom-data/data_store/data/HTJ2KLossless_08_RGB.dcm": "missing_uid",
    "pydicom-data/data_store/data/JLSL_08_07_0_1F.dcm": "missing_uid",
    "pydicom-data/data_store/data/JLSL_16_15_1_1F.dcm": "missing_uid",
    "pydicom-wheel/test_files/JPEGLSNearLossless_08.dcm": "missing_uid",
    "pydicom-wheel/test_files/SC_rgb_jls_lossy_sample.dcm": "missing_uid",
    # SOP Instance UID 999.999.01.23.45.6789 has a leading zero, and the file meta information names another one.
    "fo-dicom/Tests/FO-DICOM.Tests/Test Data/CR-ModalitySequenceLUT.dcm": "bad_uid",
    # The file meta information names another instance: filed under which?
    "pynetdicom/pynetdicom/tests/dicom_files/RTImageStorage.dcm": "uid_mismatch",
    # Says JPEG Baseline, whose data sets are explicit VR, but is implicit VR.
    "pydicom-wheel/test_files/SC_rgb_jpeg.dcm": "wrong_transfer_syntax",
}

# What the crafted folders may end in; the manifest says the same in words.
_FATES = {
    "00_valid_control": {Fate.HARMLESS},
    "01_uid_path": {Fate.HARMLESS, Fate.REFUSED},
    "02_preamble": {Fate.HARMLESS},
    "03_bomb": {Fate.REFUSED, Fate.UNSUITABLE},
    "04_codec": {Fate.REFUSED, Fate.UNSUITABLE},
    "05_structure": {Fate.REFUSED},
    "06_text": {Fate.HARMLESS},
    "07_prompt": {Fate.HARMLESS},
}
# Written by a library that corrected the attack on the way, or an ordinary long text: these are harmless after all.
_HARMLESS_AFTER_ALL = {"SOPInstanceUID_space.dcm", "meta_dataset_uid_mismatch.dcm", "lt_8MiB.dcm"}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(children=2) as made:
        yield made


def files(folder: str) -> list[Path]:
    root = _CORPORA / folder
    return sorted(path for path in root.rglob("*") if path.is_file() and path.suffix not in (".json", ".jsonl"))


def fate_of(sandbox: Sandbox, path: Path) -> Fate:
    fate, code = Fate.HARMLESS, ""
    try:
        sandbox.inspect(path)
        sandbox.decode(path)
    except HostileInput as refused:
        fate, code = Fate.REFUSED, refused.code
    except UnsuitableImage as unsuitable:
        fate, code = Fate.UNSUITABLE, unsuitable.code
    assert code != "decoder_killed"
    return fate


def test_every_valid_instance_is_accepted(sandbox: Sandbox) -> None:
    refused = {}
    for path in files("valid"):
        try:
            sandbox.inspect(path)
        except HostileInput as error:
            refused[str(path.relative_to(_CORPORA / "valid"))] = error.code
    assert refused == _NOT_STORABLE


def test_every_header_with_planted_identity_is_accepted(sandbox: Sandbox) -> None:
    paths = [path for path in files("phi") if path.suffix == ".dcm"]
    assert len(paths) > 100
    for path in paths:
        assert sandbox.inspect(path).sop_instance_uid


@pytest.mark.parametrize("folder", sorted(_FATES))
def test_crafted_attacks_meet_their_fate(sandbox: Sandbox, folder: str) -> None:
    paths = files(f"crafted/{folder}")
    assert paths
    for path in paths:
        fate = fate_of(sandbox, path)
        if path.name not in _HARMLESS_AFTER_ALL:
            assert fate in _FATES[folder], path.name
        if path.name.startswith("PatientID_"):
            assert fate is Fate.HARMLESS
        elif folder == "01_uid_path" and path.name not in _HARMLESS_AFTER_ALL:
            assert fate is Fate.REFUSED, path.name


def test_no_collected_file_takes_long_or_makes_the_parent_grow(sandbox: Sandbox) -> None:
    paths = files("malformed") + files("crafted") + files("valid")
    fate_of(sandbox, paths[0])  # numpy loads here
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    slowest = 0.0
    for path in paths:
        start = time.monotonic()
        fate_of(sandbox, path)
        slowest = max(slowest, time.monotonic() - start)
    assert slowest < 5.0  # no speed test: beyond it a limit, not the parser, ended the request
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024  # KiB


def test_stored_values_are_pydicoms(sandbox: Sandbox) -> None:
    compared = 0
    for path in files("valid") + files("malformed") + files("phi"):
        reference = reference_pixels(path)
        if reference is None:
            continue
        try:
            image = sandbox.decode(path)
        except PermanentError:
            continue
        pixels, offset = reference
        assert np.array_equal(image.stored.astype(np.int64) - offset, pixels), path.name
        compared += 1
    assert compared > 250


def reference_pixels(path: Path) -> tuple[np.ndarray, int] | None:
    """The first frame of a greyscale image as pydicom's plug-ins decode it, and how far we shift it."""
    import pydicom
    from pydicom.pixels import pixel_array

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            data_set = pydicom.dcmread(path)
            if not data_set.PhotometricInterpretation.startswith("MONOCHROME"):
                return None
            pixels = pixel_array(data_set, index=0, raw=True).astype(np.int64)
            offset = 1 << (data_set.BitsStored - 1) if data_set.PixelRepresentation else 0
            fits = -offset <= pixels.min() and pixels.max() + offset < 1 << data_set.BitsStored
            return (pixels, offset) if fits else None
        except Exception:  # noqa: BLE001 - pydicom fails in many ways on these files, and then is no reference
            return None


def test_the_manifest_and_the_folders_agree() -> None:
    listed = [json.loads(line)["path"] for line in (_CORPORA / "MANIFEST.jsonl").read_text().splitlines()]
    assert {f"crafted/{folder}" for folder in _FATES} <= {str(Path(path).parent) for path in listed}
