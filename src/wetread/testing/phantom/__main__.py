"""`python -m wetread.testing.phantom --out DIR --count N --seed S [--contact-sheet PNG]`: writes films and truth.json."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from wetread.testing.phantom.cohort import REFERENCE_DAY, demo_cohort
from wetread.testing.phantom.dicom import encode_dicom, to_dataset, uids_from_seed
from wetread.testing.phantom.film import render
from wetread.testing.phantom.spec import GroundTruth, PhantomSpec

__all__ = ["contact_sheet", "main"]

_THUMB = 384
_ACROSS = 4


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m wetread.testing.phantom", description="Write synthetic chest radiographs as DICOM."
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for the films and truth.json")
    parser.add_argument("--count", type=int, default=12)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--contact-sheet", type=Path, default=None, help="also write all films as one PNG")
    return parser.parse_args(argv)


def _thumbnail(spec: PhantomSpec, pixels: NDArray[np.uint16]) -> NDArray[np.uint8]:
    shown = pixels.astype(np.float32) / (2**spec.bits_stored - 1)
    shown = 1 - shown if spec.photometric_interpretation == "MONOCHROME1" else shown
    small = ndimage.zoom(
        ndimage.uniform_filter(shown, max(1, max(shown.shape) // _THUMB)), _THUMB / max(shown.shape), order=1
    )
    tile = np.zeros((_THUMB, _THUMB), np.uint8)
    top, left = (_THUMB - small.shape[0]) // 2, (_THUMB - small.shape[1]) // 2
    tile[top : top + small.shape[0], left : left + small.shape[1]] = np.round(255 * np.clip(small, 0, 1))
    return tile


def contact_sheet(tiles: Sequence[NDArray[np.uint8]]) -> bytes:
    """PNG of equal tiles (rows, columns) uint8, four across."""
    blank = np.zeros_like(tiles[0])
    padded = list(tiles) + [blank] * (-len(tiles) % _ACROSS)
    lines = [np.hstack(padded[start : start + _ACROSS]) for start in range(0, len(padded), _ACROSS)]
    return bytes(imagecodecs.png_encode(np.vstack(lines)))


def _truth_entry(
    name: str, spec: PhantomSpec, sop_instance_uid: str, truth: tuple[GroundTruth, ...]
) -> dict[str, object]:
    about = {
        "patient_id": spec.patient.patient_id,
        "view_position": spec.view_position,
        "institution_name": spec.institution_name,
        "manufacturer": spec.manufacturer,
        "seed": spec.seed,
    }
    return {"file": name, "sop_instance_uid": sop_instance_uid, **about, "truth": [asdict(each) for each in truth]}


def main(argv: Sequence[str] | None = None) -> int:
    """Writes the cohort; returns the process exit status."""
    options = _arguments(argv)
    options.out.mkdir(parents=True, exist_ok=True)
    start = datetime(REFERENCE_DAY.year, REFERENCE_DAY.month, REFERENCE_DAY.day, 7, tzinfo=UTC)
    entries: list[dict[str, object]] = []
    tiles: list[NDArray[np.uint8]] = []
    for index, spec in enumerate(demo_cohort(options.count, options.seed)):
        pixels, truth = render(spec)
        uids = uids_from_seed(spec.seed)
        name = f"phantom-{index + 1:04d}.dcm"
        dataset = to_dataset(spec, pixels, truth, uids, start + timedelta(minutes=7 * index))
        (options.out / name).write_bytes(encode_dicom(dataset))
        entries.append(_truth_entry(name, spec, uids.sop_instance_uid, truth))
        tiles.append(_thumbnail(spec, pixels))
        print(f"\r{index + 1}/{options.count} films", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    (options.out / "truth.json").write_text(json.dumps(entries, indent=1))
    if options.contact_sheet is not None and tiles:
        options.contact_sheet.write_bytes(contact_sheet(tiles))
    return 0


if __name__ == "__main__":
    sys.exit(main())
