"""Accept: weights, wildcards, parameters, the query parameter; any text is answered or refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wetread.web.accept import DICOM, RELATED, MediaRange, Offer, choose, ranges_of
from wetread.web.problems import Refusal

EXPLICIT, JPEG_LS = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.4.80"
OFFERS = (
    Offer("image/jpeg"),
    Offer("image/png"),
    Offer(RELATED, DICOM, EXPLICIT),
    Offer(RELATED, DICOM, JPEG_LS, stored=True, default=False),
    Offer(DICOM, "", EXPLICIT),
)


@pytest.mark.parametrize(
    ("header", "at"),
    [
        ("image/png", 1), ("IMAGE/PNG", 1), ("image/*", 0), ("*/*", 0), ("image/jpeg;q=0.1, image/png;q=0.2", 1), ("image/png;q=0.2,image/jpeg;q=0.2", 1), ("image/jpeg;q=0, */*;q=0.1", 0),
        ("text/html, image/png;q=0.001", 1), ('multipart/related; type="application/dicom"', 2), ("multipart/related;type=application/dicom;transfer-syntax=*", 3),
        (f'multipart/related; type="application/dicom"; transfer-syntax={JPEG_LS}', 3), (f"application/dicom; transfer-syntax={EXPLICIT}", 4), ("application/dicom", 4),
        ('multipart/related; type="*/*"', 2), ("multipart/*", 2), (f'multipart/related; type="application/dicom"; transfer-syntax="{JPEG_LS}";q=0.5, image/png;q=0.4', 3),
        ('text/x;a="b, image/png"; c="\\"", image/png', 1), ("image/png;level=1", 1),
    ],
)  # fmt: skip
def test_the_most_wanted_is_given(header: str, at: int) -> None:
    assert choose(header, (), OFFERS) == OFFERS[at]


@pytest.mark.parametrize(
    "header",
    ["", "text/html", "*/png", "image/png;q=0", "image/png;q=2", "image/png;q=x", "image", ";;;=,,", "application/dicom; transfer-syntax=1.2.3", 'multipart/related; type="image/jls"',
     f"application/dicom; transfer-syntax={JPEG_LS}"],
)  # fmt: skip
def test_what_nobody_offers_is_refused_with_what_there_is(header: str) -> None:
    with pytest.raises(Refusal, match="image/jpeg; image/png; multipart/related") as refused:
        choose(header, (), OFFERS)
    assert refused.value.status == 406


def test_the_query_parameter_stands_in_for_the_header() -> None:
    assert choose("text/html", (("limit", "1"), ("accept", "image/png")), OFFERS) == OFFERS[1]
    assert choose("text/html", (("accept", "text/x"), ("accept", "image/jpeg;q=0.5")), OFFERS) == OFFERS[0]
    with pytest.raises(Refusal):
        choose("image/png", (("accept", ""),), OFFERS)


def test_a_range_is_read_with_its_parameters() -> None:
    (first, second) = ranges_of('a/b;q=0.5;X="y;z", c/*')
    assert (first, second) == (MediaRange("c/*"), MediaRange("a/b", {"x": "y;z"}, 0.5))


@given(st.text(max_size=80) | st.text('abimgepn/*;,=q.01" \\', max_size=200))
def test_any_header_is_answered_or_refused(header: str) -> None:
    try:
        answered = choose(header, (), OFFERS) in OFFERS
    except Refusal as refused:
        answered = refused.status == 406
    assert answered
