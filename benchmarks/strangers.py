"""Pictures that are no frontal chest film of a person, one folder per kind, to measure a bundle's gate and distance with.

    python benchmarks/strangers.py PICTURES
    wetread model calibrate ... --others PICTURES; wetread model evaluate ... (docs/train.md)

phantoms: 24 drawn chests (the gate should take them for chests, the distance for strange). pydicom_images: one of each different picture
among the test files of pydicom and pydicom-data that is not a chest film: CT, MR, ultrasound, nuclear medicine, a hand. photos: a cat, faces,
things, textures of scikit-image. Nothing is copied into the repository; packages that are not installed are named and left out.
"""

import argparse
import importlib.util
import warnings
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pydicom
from numpy.typing import NDArray
from PIL import Image
from pydicom.errors import InvalidDicomError

from wetread.testing.phantom import PhantomPatient, PhantomSpec, render

_PHANTOMS, _SMALLEST_PX, _SAME = 24, 32, 0.98
_PHOTOS = (
    "astronaut.png", "brick.png", "camera.png", "cell.png", "chelsea.png", "coffee.png", "coins.png", "grass.png", "gravel.png", "horse.png",
    "hubble_deep_field.jpg", "ihc.png", "logo.png", "moon.png", "motorcycle_left.png", "page.png", "phantom.png", "retina.jpg", "rocket.jpg", "text.png",
)  # fmt: skip
Picture = NDArray[np.uint8]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where the folders are made")
    args = parser.parse_args()
    for kind, pictures in (("phantoms", phantoms()), ("pydicom_images", dicom_pictures()), ("photos", photos())):
        place = args.folder / kind
        place.mkdir(parents=True)  # a new folder: nothing of an older run is counted
        for name, picture in pictures:
            Image.fromarray(picture).save(place / f"{name}.png")
        print(f"{place}: {len(list(place.iterdir()))} pictures")


def phantoms() -> Iterator[tuple[str, Picture]]:
    for seed in range(_PHANTOMS):
        sex = ("F", "M")[seed % 2]
        person = PhantomPatient(
            "Phantom^Stranger", f"PHANTOM-{seed:04}", date(1960, 1, 1), sex, 30 + 2 * seed, 20 + seed / 2
        )
        spec = PhantomSpec(person, ("PA", "AP")[seed // 2 % 2], rows=512, columns=512, bits_stored=8, seed=seed)
        yield f"phantom-{seed:02}", render(spec)[0].astype(np.uint8)


def _package(name: str, pip_name: str) -> Path | None:
    found = importlib.util.find_spec(name)
    if found is None or found.origin is None:
        print(f"{pip_name} is not installed: its pictures are left out (pip install {pip_name})")
        return None
    return Path(found.origin).parent


def dicom_pictures() -> Iterator[tuple[str, Picture]]:
    packages = (_package("pydicom", "pydicom"), _package("data_store", "pydicom-data"))
    files = [path for place in packages if place for path in sorted(place.rglob("*.dcm"))]
    kept: list[NDArray[np.float64]] = []
    for path in files:
        picture = _first_frame(path)
        if picture is not None and not any(_alike(_small(picture), other) for other in kept):
            kept.append(_small(picture))
            yield path.stem, picture


def _first_frame(path: Path) -> Picture | None:
    """The first frame as an 8-bit picture; None for what is no picture, too small, damaged on purpose or a chest film."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            dataset = pydicom.dcmread(path, force=True)
            if (
                dataset.get("BodyPartExamined") == "CHEST"
                or min(dataset.get("Rows", 0), dataset.get("Columns", 0)) < _SMALLEST_PX
            ):
                return None
            pixels = dataset.pixel_array
        except (
            InvalidDicomError,
            AttributeError,
            ValueError,
            RuntimeError,
            NotImplementedError,
            OSError,
            KeyError,
            TypeError,
        ):
            return None  # test files are broken on purpose; how many pictures were found is printed
    if dataset.get("NumberOfFrames", 1) not in (None, 1):
        pixels = pixels[0]
    grey = pixels.astype(float).mean(axis=2) if pixels.ndim == 3 else pixels.astype(float)
    low, high = np.percentile(grey, (0.5, 99.5))
    if high <= low:
        return None
    shown = np.clip((grey - low) / (high - low), 0, 1)
    if dataset.get("PhotometricInterpretation") == "MONOCHROME1":
        shown = 1 - shown
    return np.rint(255 * shown).astype(np.uint8)


def _small(picture: Picture) -> NDArray[np.float64]:
    return np.asarray(Image.fromarray(picture).resize((32, 32)), float).ravel()


def _alike(one: NDArray[np.float64], other: NDArray[np.float64]) -> bool:
    return bool(np.corrcoef(one, other)[0, 1] > _SAME)


def photos() -> Iterator[tuple[str, Picture]]:
    place = _package("skimage", "scikit-image")
    for path in [place / "data" / name for name in _PHOTOS] if place else []:
        if path.exists():
            with Image.open(path) as photo:
                yield path.stem, np.asarray(photo.convert("L"))


if __name__ == "__main__":
    main()
