"""How much writing on films is found, and how many films without it are flagged, with n and 95 % Wilson intervals, and what a look costs.

    [WETREAD_SHARED=FOLDER] python benchmarks/text_in_image.py

Without WETREAD_SHARED only phantoms are looked at, with letters written by this repository.
"""

import argparse
import csv
import os
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.written_films import HEADER, MARKERS, TYPEFACES, Lettering, bare_film, written

from wetread.evaluation.proportions import wilson
from wetread.inference.text_in_image import find_writing

_HEIGHTS_PX = (8, 10, 12, 18, 28)
_CONTRASTS = (0.1, 0.2, 0.3, 1.0, -0.1, -0.15, -0.4)
_PLACES = 40
_FEWEST_PX = 300


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args()
    random = np.random.default_rng(2026)
    places = [(int(random.integers(8, 500)), int(random.integers(8, 900))) for _ in range(_PLACES)]
    print(f"four lines of letters on a phantom of 1024 x 832, {len(TYPEFACES)} typefaces, {_PLACES} places: found")
    for height in _HEIGHTS_PX:
        found = [seen(Lettering(height, face, 1.0, *at)) for face in TYPEFACES for at in places]
        print_share(f"  {height} px high, full contrast", found)
    for contrast in _CONTRASTS:
        found = [seen(Lettering(18, face, contrast, *at)) for face in TYPEFACES for at in places]
        print_share(f"  18 px high, contrast {contrast:+.2f} of the range", found)
    marked = [
        find_writing(written((marker,), Lettering(height, "bold", 1.0, *at))).beyond_markers
        for marker in MARKERS
        for height in (18, 28, 48)
        for at in places[:10]
    ]
    print_share("markers alone, flagged", marked)
    print_share(
        "phantoms without writing, flagged", [find_writing(bare_film(seed)).beyond_markers for seed in range(40)]
    )
    if "WETREAD_SHARED" in os.environ:
        films = list(collected(Path(os.environ["WETREAD_SHARED"]) / "data/cxr"))
        print_share(f"collected films of {_FEWEST_PX} px and more, flagged", [flagged for flagged, _ in films])
        print(f"CPU of one look at them: median {1000 * float(np.median([cost for _, cost in films])):.1f} ms")
    large = np.kron(bare_film(), np.ones((3, 3), np.uint16))
    cost = min(timed(lambda: find_writing(large)) for _ in range(9))
    print(f"CPU of one look at {large.shape[0]} x {large.shape[1]}: {1000 * cost:.1f} ms (best of 9)")


def seen(how: Lettering) -> bool:
    return find_writing(written(HEADER, how)).beyond_markers


def collected(folder: Path) -> Iterable[tuple[bool, float]]:
    """Each film of the manifest that is large enough for letters: whether it is flagged, and the CPU seconds."""
    from PIL import Image

    for row in csv.DictReader((folder / "manifest.csv").open()):
        with Image.open(folder / row["file"]) as image:
            if min(image.size) < _FEWEST_PX:
                continue
            grey: NDArray[np.uint8] = np.array(image.convert("L"))
        start = time.process_time()
        flagged = find_writing(grey).beyond_markers
        yield flagged, time.process_time() - start


def timed(call: Callable[[], object]) -> float:
    start = time.process_time()
    call()
    return time.process_time() - start


def print_share(name: str, hits: list[bool]) -> None:
    low, high = (100 * bound for bound in wilson(sum(hits), len(hits)))
    share = 100 * sum(hits) / len(hits)
    print(f"{name}: {sum(hits)} of {len(hits)} = {share:.1f} % ({low:.1f} to {high:.1f})", flush=True)


if __name__ == "__main__":
    main()
