"""Whether films that the shipped model sees alike show the same: synthetic films, the five nearest of all others by the cosine of the features, against chance.

Run: `python benchmarks/similar_films.py [--films 120]`. Right is what a film was drawn with (Jaccard overlap of pathologies), over the films drawn with any; intervals are 95 %, normal.
"""

import argparse
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from wetread.inference.bundle import BUNDLED, load_bundle
from wetread.inference.resample import fit_long_side
from wetread.ports.decoder import DecodedImage
from wetread.runtimes.onnx import OnnxPredictor
from wetread.testing.phantom.cohort import demo_cohort
from wetread.testing.phantom.film import render
from wetread.testing.phantom.spec import PhantomSpec

SIDE_PX = 512


def features(specs: list[PhantomSpec]) -> NDArray[np.float32]:
    bundle = load_bundle(BUNDLED)
    predictor = OnnxPredictor(bundle.onnx)
    shown = (fit_long_side(decoded(spec), bundle.input_side_px)[0] for spec in specs)
    return np.stack([predictor.predict(image).features for image in shown])


def decoded(spec: PhantomSpec) -> DecodedImage:
    pixels, _ = render(replace(spec, rows=SIDE_PX, columns=SIDE_PX, photometric_interpretation="MONOCHROME2"))
    spread = (pixels - pixels.min()) / (int(pixels.max()) - int(pixels.min()))
    table = np.arange(256, dtype=np.float32) / 255
    return DecodedImage(np.rint(spread * 255).astype(np.uint8), table, 1.0, 1.0, SIDE_PX, SIDE_PX)


def agreement(vectors: NDArray[np.float32], drawn: list[frozenset[str]]) -> str:
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    alike = unit @ unit.T
    np.fill_diagonal(alike, -np.inf)
    shared = [
        float(np.mean([len(mine & drawn[other]) / len(mine | drawn[other]) for other in np.argsort(-row)[:5]]))
        for mine, row in zip(drawn, alike, strict=True)
        if mine
    ]
    return f"{np.mean(shared):.3f} ± {1.96 * np.std(shared) / len(shared) ** 0.5:.3f}   n={len(shared)} films"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--films", type=int, default=120)
    specs = demo_cohort(parser.parse_args().films, 3)
    drawn = [frozenset(each.finding.value for each in spec.pathologies) for spec in specs]
    seen = features(specs)
    print(f"features of the shipped model   Jaccard@5 {agreement(seen, drawn)}", flush=True)
    chance = np.random.default_rng(0).standard_normal(seen.shape).astype(np.float32)
    print(f"chance                          Jaccard@5 {agreement(chance, drawn)}")


if __name__ == "__main__":
    main()
