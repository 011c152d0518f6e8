"""The reader of letters on films, weights and all: on the film, in this process."""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from wetread.inference.burned_in import cover_writing
from wetread.runtimes.film_text import RapidReader


def test_a_name_is_covered_and_a_marker_stays() -> None:
    mask = Image.new("L", (320, 288))
    for place, text in (((16, 12), "DOE, JANE 4471"), ((270, 200), "L"), ((180, 240), "AP SUPINE")):
        ImageDraw.Draw(mask).text(place, text, 255, ImageFont.load_default(20))
    rows, columns = np.mgrid[:288, :320]
    film = (600 + rows + columns + 9 * np.asarray(mask, np.int64)).clip(0, 4095).astype(np.uint16)
    covered, covers = cover_writing(film, RapidReader(), inverted=False)
    assert covers
    assert np.ptp(covered[12:34, 16:170]) == 0
    assert np.array_equal(covered[190:], film[190:])
