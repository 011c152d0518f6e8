"""CPU milliseconds per film: file to stored values and display table, and from there to the network's input, against pydicom.

    python benchmarks/decode.py [--rounds 7]

One thread, a synthetic 3056 x 2500 film of 12 bits (smooth shapes plus noise; entropy coders depend on the noise, so compare rows, not absolute numbers).
"ours" is parser and codec in this process, "sandbox" what a caller waits for, the process wall included, "pydicom" its own decoder chain with the plug-ins installed.
"""

import argparse
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import imagecodecs
import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.pixels import apply_voi_lut, pixel_array
from pydicom.pixels.encoders.base import RLELosslessEncoder
from pydicom.uid import UID, ComputedRadiographyImageStorage

from wetread.dicom.byte_source import FileSource
from wetread.dicom.frame import FRAME_ITEMS, FRAME_TAGS, Frame, read_frame
from wetread.dicom.header import HEADER_TAGS, header_of
from wetread.dicom.limits import Limits
from wetread.dicom.part10 import read_part10
from wetread.dicom.sandbox import Sandbox
from wetread.inference.resample import area_average, average_with_numpy

_ROWS, _COLUMNS, _BITS = 3056, 2500, 12
_SYNTAXES = {"uncompressed": ".1", "RLE": ".5", "JPEG lossless SV1": ".4.70", "JPEG-LS": ".4.80"}
_SYNTAXES |= {"JPEG 2000": ".4.90", "HTJ2K": ".4.201"}


def film() -> NDArray[np.uint16]:
    """Soft gradients, ribs and quantum noise."""
    rows, columns = np.mgrid[0 : 1 : _ROWS * 1j, 0 : 1 : _COLUMNS * 1j]
    smooth = 1800 + 900 * np.sin(3 * rows) * np.cos(4 * columns) + 150 * np.sin(90 * rows + 6 * columns)
    noise = np.random.default_rng(0).normal(0, 12, smooth.shape)
    return np.clip(smooth + noise, 0, 4095).astype(np.uint16)


def stream(name: str, image: NDArray[np.uint16]) -> bytes:
    if name == "RLE":
        described = {"rows": _ROWS, "columns": _COLUMNS, "samples_per_pixel": 1, "bits_allocated": 16}
        described |= {"bits_stored": _BITS, "pixel_representation": 0, "number_of_frames": 1}
        return RLELosslessEncoder.encode(
            image.tobytes(), photometric_interpretation="MONOCHROME2", encoding_plugin="pydicom", **described
        )
    encoders: dict[str, Callable[[], object]] = {
        "JPEG lossless SV1": lambda: imagecodecs.jpeg8_encode(image, lossless=True, bitspersample=_BITS, predictor=1),
        "JPEG-LS": lambda: imagecodecs.jpegls_encode(image),
        "JPEG 2000": lambda: imagecodecs.jpeg2k_encode(
            image, codecformat="J2K", reversible=True, level=0, bitspersample=_BITS
        ),
        "HTJ2K": lambda: imagecodecs.htj2k_encode(image, reversible=True),
    }
    return bytes(encoders[name]())  # type: ignore[call-overload]


def write(path: Path, name: str, image: NDArray[np.uint16]) -> None:
    data = pydicom.Dataset()
    data.SOPClassUID, data.SOPInstanceUID = ComputedRadiographyImageStorage, "2.25.1"
    data.StudyInstanceUID, data.SeriesInstanceUID, data.Modality = "2.25.2", "2.25.3", "CR"
    data.Rows, data.Columns, data.SamplesPerPixel = _ROWS, _COLUMNS, 1
    data.PhotometricInterpretation, data.PixelRepresentation = "MONOCHROME2", 0
    data.BitsAllocated, data.BitsStored, data.HighBit = 16, _BITS, _BITS - 1
    data.WindowCenter, data.WindowWidth = 1800, 2400
    data.PixelData = image.tobytes() if name == "uncompressed" else encapsulate([stream(name, image)])
    data["PixelData"].VR = "OW" if name == "uncompressed" else "OB"
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = UID("1.2.840.10008.1.2" + _SYNTAXES[name])
    data.save_as(path, enforce_file_format=True)


def ours(path: Path) -> Frame:
    with path.open("rb") as file:
        return read_frame(read_part10(FileSource(file.fileno()), FRAME_TAGS, FRAME_ITEMS, Limits()), Limits())


def inspected(path: Path) -> object:
    with path.open("rb") as file:
        return header_of(read_part10(FileSource(file.fileno()), HEADER_TAGS, frozenset(), Limits()))


def cost_ms(act: Callable[[], object], rounds: int, clock: Callable[[], float] = time.process_time) -> float:
    """Median of `rounds`, after one to warm up."""
    act()
    spent = []
    for _ in range(rounds):
        start = clock()
        act()
        spent.append(clock() - start)
    return 1000 * statistics.median(spent)


def decoding(paths: dict[str, Path], image: NDArray[np.uint16], rounds: int) -> None:
    print(f"{'decode, ms per film':22}{'ours, CPU':>12}{'sandbox, wall':>15}{'pydicom, CPU':>14}{'MB':>7}")
    with Sandbox(children=1) as sandbox:
        for name, path in paths.items():
            assert np.array_equal(ours(path).stored, image)
            assert np.array_equal(sandbox.decode(path).stored, image)
            mine = cost_ms(lambda path=path: ours(path), rounds)
            walled = cost_ms(lambda path=path: sandbox.decode(path), rounds, time.perf_counter)
            theirs = pydicom_ms(path, rounds)
            print(f"{name:22}{mine:12.1f}{walled:15.1f}{theirs:>14}{path.stat().st_size / 1e6:7.1f}")
        path = paths["uncompressed"]
        header = cost_ms(lambda: inspected(path), rounds * 20)
        walled = cost_ms(lambda: sandbox.inspect(path), rounds * 20, time.perf_counter)
        theirs = cost_ms(lambda: pydicom.dcmread(path, stop_before_pixels=True), rounds * 20)
        print(f"{'header only':22}{header:12.2f}{walled:15.2f}{theirs:14.2f}")


def pydicom_ms(path: Path, rounds: int) -> str:
    try:
        return f"{cost_ms(lambda: pixel_array(pydicom.dcmread(path)), max(3, rounds // 2)):.1f}"
    except (RuntimeError, NotImplementedError):
        return "no plug-in"


def preprocessing(path: Path, rounds: int) -> None:
    frame = ours(path)
    data = pydicom.dcmread(path)
    pixels = pixel_array(data)
    print(f"\n{'to 224 x 183, CPU ms':32}{'ms':>8}")
    for name, act in {
        "area_average": lambda: area_average(frame.stored, frame.display, 224, 183),
        "average_with_numpy": lambda: average_with_numpy(frame.stored, frame.display, 224, 183),
        "pydicom apply_voi_lut alone": lambda: apply_voi_lut(pixels, data),
    }.items():
        print(f"{name:32}{cost_ms(act, rounds):8.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    warnings.simplefilter("ignore")
    image = film()
    with tempfile.TemporaryDirectory() as folder:
        paths = {name: Path(folder) / f"{number}.dcm" for number, name in enumerate(_SYNTAXES)}
        for name, path in paths.items():
            write(path, name, image)
        decoding(paths, image, rounds)
        preprocessing(paths["uncompressed"], rounds)


if __name__ == "__main__":
    main()
