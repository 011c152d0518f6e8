"""Collected films with and without writing; `benchmarks/text_in_image.py` prints the same with intervals. Needs WETREAD_SHARED."""

import json
import os
from pathlib import Path

from tests.in_process_decoder import InProcessDecoder

from wetread.inference.text_in_image import find_writing

SHARED = Path(os.environ["WETREAD_SHARED"])


def test_films_with_identity_in_their_pixels_are_told_from_those_with_markers() -> None:
    decoder, folder = InProcessDecoder(), SHARED / "corpora/phi"
    answers = [json.loads(line) for line in (folder / "pixel_answers.jsonl").read_text().splitlines()]
    found = [find_writing(decoder.decode(folder / each["file"]).stored).beyond_markers for each in answers]
    assert found == [each["kind"] == "phi" for each in answers]


def test_orders_written_on_films_are_found() -> None:
    films = sorted((SHARED / "corpora/crafted/07_prompt").glob("pixel*"))
    assert len(films) > 10
    assert all(find_writing(InProcessDecoder().decode(film).stored).beyond_markers for film in films)
