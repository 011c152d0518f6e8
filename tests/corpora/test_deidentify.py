"""The collected headers and films with planted identity; `benchmarks/deidentify.py` prints the same with intervals. Needs WETREAD_SHARED."""

import json
import os
import sys
from pathlib import Path

import numpy as np
from pydicom import dcmread
from tests.in_process_decoder import InProcessDecoder

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
from deidentify import header_films, is_done, is_telling, values

from wetread.inference.burned_in import cover_writing
from wetread.runtimes.film_text import RapidReader

PHI = Path(os.environ["WETREAD_SHARED"]) / "corpora/phi"


def test_every_required_action_is_done_and_the_keep_list_kept(tmp_path: Path) -> None:
    answers = [json.loads(line) for line in (PHI / "header_answers.jsonl").read_text().splitlines()]
    header_films(PHI, answers, tmp_path)
    for answer in answers:
        path = tmp_path / Path(answer["file"]).name
        dataset, raw = dcmread(path), path.read_bytes()
        everything = list(values(dataset))
        assert all(is_done(dataset, everything, planted) for planted in answer["planted"]), answer["file"]
        assert not any(is_telling(each["value"]) and each["value"].encode() in raw for each in answer["planted"])
        assert all(str(dataset[int(each["tag"], 16)].value) == each["value"] for each in answer["retain"])


def test_identity_in_pixels_is_covered_and_markers_stay() -> None:
    reader = RapidReader()
    for line in (PHI / "pixel_answers.jsonl").read_text().splitlines():
        answer = json.loads(line)
        stored = InProcessDecoder().decode(PHI / answer["file"]).stored
        film, _ = cover_writing(stored, reader, inverted=answer["photometric"] == "MONOCHROME1")
        for each in answer["boxes"]:
            left, top, right, bottom = each["box"]
            box = film[top:bottom, left:right]
            assert int(np.ptp(box)) == 0 if each["phi"] else np.array_equal(box, stored[top:bottom, left:right])
