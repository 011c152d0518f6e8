"""A composer sees the film small and grey, and never one with writing on it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.analysis_builders import an_analysis

from wetread.domain.analysis import QualityFlag
from wetread.domain.errors import PermanentError, TransientError, UnsuitableImage
from wetread.inference.draft_film import TEXT_IN_IMAGE, DraftFilms
from wetread.ports.decoder import DecodedImage
from wetread.testing.builders import an_instance

ANALYSIS = an_analysis()
READ, OTHER = an_instance(instance_key=ANALYSIS.instance_key), an_instance(instance_key="j" * 24)


class Files:
    def path_of(self, sha256: str) -> Path:
        return Path(sha256)


class Decoder:
    """A film of 3000 x 2000 whose pixels are twice as high as wide, black above and white below; or a failure."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.failure, self.asked = failure, 0

    def decode(self, path: Path, *, needed_side_px: int = 0) -> DecodedImage:
        self.asked += 1
        if self.failure:
            raise self.failure
        stored = np.zeros((3000, 2000), np.uint16)
        stored[1500:] = 4095
        display = np.linspace(0, 1, 4096, dtype=np.float32)
        return DecodedImage(stored, display, 2.0, 1.0, 3000, 2000)


def _films(decoder: Decoder) -> DraftFilms:
    return DraftFilms(Files(), decoder)


def test_the_film_that_was_read_goes_small_in_its_proportions() -> None:
    film = _films(Decoder()).of(ANALYSIS, (OTHER, READ))
    assert film is not None
    assert (film.rows, film.columns) == (1024, 341)
    grey = np.frombuffer(film.grey, np.uint8).reshape(film.rows, film.columns)
    assert (grey[:512] == 0).all()
    assert (grey[512:] == 255).all()


def test_a_film_with_writing_on_it_is_not_even_decoded() -> None:
    decoder = Decoder()
    marked = an_analysis(quality=(QualityFlag("rotated", "x"), QualityFlag(TEXT_IN_IMAGE, "x")))
    assert _films(decoder).of(marked, (READ,)) is None
    said = replace(READ, traits=replace(READ.traits, burned_in_annotation="YES"))
    assert _films(decoder).of(ANALYSIS, (said,)) is None
    assert decoder.asked == 0


@pytest.mark.parametrize("error", [TransientError("x"), PermanentError("x"), UnsuitableImage("x")])
def test_a_draft_does_not_wait_for_a_picture(error: Exception) -> None:
    assert _films(Decoder(error)).of(ANALYSIS, (READ,)) is None
    assert _films(Decoder()).of(ANALYSIS, (OTHER,)) is None
