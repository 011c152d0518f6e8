"""WADO-RS: the stored bytes exactly, and no way past the index."""

import pytest
from builders_dicomweb import STUDIES, add_second_film, parts_of, three_studies
from builders_web import Browser, World
from hypothesis import given
from hypothesis import strategies as st

from wetread.web.problems import Refusal
from wetread.web.wado import accepted_as

IMPLICIT, JPEG_LS = "1.2.840.10008.1.2", "1.2.840.10008.1.2.4.80"


@pytest.fixture
def reader(world: World, door: Browser) -> Browser:
    return three_studies(world, door)


def test_a_study_comes_back_byte_for_byte(world: World, reader: Browser) -> None:
    world.add_study(content=bytes(range(256)) * 9000)
    answer = reader.get(
        f"{STUDIES}/2.25.4", {"Accept": 'multipart/related; type="application/dicom"; transfer-syntax=*'}
    )
    boundary = answer.headers["content-type"].partition("boundary=")[2].encode()
    head, _, rest = answer.body.partition(b"\r\n\r\n")
    assert head == b"--" + boundary + b"\r\nContent-Type: application/dicom; transfer-syntax=1.2.840.10008.1.2.1"
    assert rest == bytes(range(256)) * 9000 + b"\r\n--" + boundary + b"--\r\n"
    assert int(answer.headers["content-length"]) == len(answer.body)


def test_all_films_of_a_study_or_series_come_as_parts(world: World, reader: Browser) -> None:
    add_second_film(world, 1)
    answer = reader.get(f"{STUDIES}/2.25.1")
    assert sorted(payload for _, payload in parts_of(answer.headers["content-type"], answer.body)) == [
        b"film 1",
        b"second film",
    ]
    series = reader.get(f"{STUDIES}/2.25.1/series/2.25.1.2")
    assert [payload for _, payload in parts_of(series.headers["content-type"], series.body)] == [b"second film"]
    assert reader.get(f"{STUDIES}/2.25.1/series/2.25.9").status == 404


def test_an_instance_comes_alone_when_asked_so(reader: Browser) -> None:
    path = f"{STUDIES}/2.25.1/series/2.25.1.1/instances/2.25.1.1.1"
    single = reader.get(path, {"Accept": "application/dicom"})
    assert (single.body, single.headers["content-type"]) == (
        b"film 1",
        "application/dicom; transfer-syntax=1.2.840.10008.1.2.1",
    )
    assert reader.get(path).headers["content-type"].startswith("multipart/related")
    assert reader.get(f"{STUDIES}/2.25.1/series/2.25.1.1/instances/2.25.2.1.1").status == 404
    assert reader.get(f"{STUDIES}/2.25.2/series/2.25.1.1/instances/2.25.1.1.1").status == 404


@pytest.mark.parametrize(
    ("accept", "single", "as_what"),
    [
        ("*/*", True, "multipart/related"), ("application/dicom", True, "application/dicom"), ('multipart/related; type="application/dicom"', True, "multipart/related"),
        ("multipart/related; type=application/dicom; transfer-syntax=*", False, "multipart/related"), (f"application/dicom; transfer-syntax={IMPLICIT}", True, "application/dicom"),
        (f"application/dicom; transfer-syntax={JPEG_LS}, */*", True, "multipart/related"), ("text/html, application/dicom", True, "application/dicom"),
    ],
)  # fmt: skip
def test_what_is_held_is_acceptable(accept: str, single: bool, as_what: str) -> None:
    assert accepted_as(accept, {IMPLICIT}, single=single) == as_what


@pytest.mark.parametrize(
    ("accept", "single"),
    [("text/html", True), ("application/dicom", False), (f"application/dicom; transfer-syntax={JPEG_LS}", True), ('multipart/related; type="image/jls"', True),
     ('multipart/related; type="application/octet-stream"', False), ("", True), (";;;=,,", True)],
)  # fmt: skip
def test_what_is_not_held_is_406(accept: str, single: bool) -> None:
    with pytest.raises(Refusal) as refused:
        accepted_as(accept, {IMPLICIT}, single=single)
    assert refused.value.status == 406


@given(st.text(max_size=60))
def test_any_accept_header_is_answered_or_refused(accept: str) -> None:
    try:
        answered = accepted_as(accept, {IMPLICIT}, single=True)
    except Refusal as refused:
        answered = str(refused.status)
    assert answered in ("multipart/related", "application/dicom", "406")


HOSTILE = [
    "..%2f..%2fetc",
    "%00",
    "1.2%2f3",
    "1.2;rm",
    "x",
    "1..2",
    "01.2",
    "1." + "2" * 70,
    "-",
    "1.2.3%0d%0a",
    "~",
    "*",
    "1,2",
]


@pytest.mark.parametrize("uid", HOSTILE)
@pytest.mark.parametrize(
    "path",
    [
        "{}",
        "{}/series",
        "{}/instances",
        "{}/series/1.2",
        "1.2/series/{}",
        "1.2/series/{}/instances",
        "1.2/series/1.3/instances/{}",
    ],
)
def test_no_handler_takes_what_is_no_uid(reader: Browser, uid: str, path: str) -> None:
    answer = reader.get(f"{STUDIES}/{path.format(uid)}")
    assert answer.status == 400


def test_damaged_bytes_break_the_answer_off(world: World, reader: Browser) -> None:
    import http.client

    instance = world.services.vault.find_instance("2.25.1", "2.25.1.1", "2.25.1.1.1")
    assert instance is not None
    path = world.services.file_store.path_of(instance.content_sha256)
    path.chmod(0o600)
    path.write_bytes(b"film X")
    with pytest.raises(http.client.IncompleteRead):
        reader.get(f"{STUDIES}/2.25.1")
    assert reader.get("/healthz").status == 200


def test_missing_bytes_are_an_error(world: World, reader: Browser) -> None:
    instance = world.services.vault.find_instance("2.25.1", "2.25.1.1", "2.25.1.1.1")
    assert instance is not None
    world.services.file_store.path_of(instance.content_sha256).unlink()
    assert reader.get(f"{STUDIES}/2.25.1").status == 422


def test_retrievals_are_audited(world: World, reader: Browser) -> None:
    reader.get(f"{STUDIES}/2.25.1")
    event = [each.event for each in world.services.database.audit_records()][-1]
    assert (event.action, event.actor_id, dict(event.detail)) == (
        "dicomweb.retrieve",
        "radiologist",
        {"instances": "1"},
    )
    assert event.study_key is not None
