"""WADO-RS: the stored bytes exactly, and no way past the index."""

import pytest
from builders_dicomweb import STUDIES, add_second_film, parts_of, three_studies
from builders_web import Browser, World

from wetread.testing.builders import a_header, a_vault_instance, an_identity, image_traits
from wetread.web.accept import DICOM, RELATED, choose
from wetread.web.problems import Refusal
from wetread.web.wado import file_offers

IMPLICIT, EXPLICIT, JPEG_LS, RLE = (
    "1.2.840.10008.1.2",
    "1.2.840.10008.1.2.1",
    "1.2.840.10008.1.2.4.80",
    "1.2.840.10008.1.2.5",
)


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


def offered(accept: str, *stored: str) -> tuple[str, str]:
    """Media type and transfer syntax that would be given of instances stored so."""
    instances = [a_vault_instance(header=a_header(traits=image_traits(transfer_syntax_uid=each))) for each in stored]
    offer = choose(accept, (), file_offers(instances, (EXPLICIT, JPEG_LS)))
    return offer.media_type, offer.transfer_syntax


@pytest.mark.parametrize(
    ("accept", "single", "given"),
    [
        ("*/*", True, (RELATED, "default")), (DICOM, True, (DICOM, "default")), ('multipart/related; type="application/dicom"', True, (RELATED, "default")),
        ("multipart/related; type=application/dicom; transfer-syntax=*", False, (RELATED, "as stored")), (f"application/dicom; transfer-syntax={IMPLICIT}", True, (DICOM, IMPLICIT)),
        (f"application/dicom; transfer-syntax={RLE}, */*", True, (RELATED, "default")), ("text/html, application/dicom", True, (DICOM, "default")), ("application/dicom;transfer-syntax=*", True, (DICOM, "as stored")),
        (f"application/dicom; transfer-syntax={JPEG_LS}", True, (DICOM, JPEG_LS)), (f'multipart/related; type="application/dicom"; transfer-syntax={EXPLICIT};q=0.5, */*;q=0.4', False, (RELATED, EXPLICIT)),
    ],
)  # fmt: skip
def test_what_is_held_or_can_be_made_is_acceptable(accept: str, single: bool, given: tuple[str, str]) -> None:
    assert offered(accept, *([IMPLICIT] if single else [IMPLICIT, IMPLICIT])) == given


@pytest.mark.parametrize(
    ("accept", "single"),
    [("text/html", True), (DICOM, False), (f"application/dicom; transfer-syntax={RLE}", True), ('multipart/related; type="image/jls"', True),
     ('multipart/related; type="application/octet-stream"', False), ("", True), (";;;=,,", True)],
)  # fmt: skip
def test_what_can_be_neither_given_nor_made_is_406(accept: str, single: bool) -> None:
    with pytest.raises(Refusal) as refused:
        offered(accept, *([IMPLICIT] if single else [IMPLICIT, EXPLICIT]))
    assert refused.value.status == 406


def stored_as(world: World, number: int, syntax: str, content: bytes) -> str:
    """The path of an instance kept in `syntax`."""
    uid = f"2.25.{number}"
    header = a_header(
        study_instance_uid=uid, series_instance_uid=f"{uid}.1", sop_instance_uid=f"{uid}.1.1", traits=image_traits(transfer_syntax_uid=syntax), identity=an_identity(patient_id=uid)
    )  # fmt: skip
    world.add_study(content=content, film=header)
    return f"{STUDIES}/{uid}/series/{uid}.1/instances/{uid}.1.1"


@pytest.mark.parametrize(
    ("syntax", "content", "accept", "status", "body"),
    [
        (RLE, b"rle", "application/dicom", 200, f"{EXPLICIT} of rle"), (RLE, b"rle", "application/dicom; transfer-syntax=*", 200, "rle"),
        (RLE, b"rle", f"application/dicom; transfer-syntax={RLE}", 200, "rle"), (RLE, b"rle", f"application/dicom; transfer-syntax={JPEG_LS}", 200, f"{JPEG_LS} of rle"),
        (EXPLICIT, b"raw", "application/dicom", 200, "raw"), (RLE, b"cannot be decoded", "application/dicom", 200, "cannot be decoded"),
        (RLE, b"cannot be decoded", f"application/dicom; transfer-syntax={EXPLICIT}", 406, ""),
    ],
)  # fmt: skip
def test_a_file_comes_in_the_syntax_asked_for(world: World, reader: Browser, syntax: str, content: bytes, accept: str, status: int, body: str) -> None:  # fmt: skip
    answer = reader.get(stored_as(world, 9, syntax, content), {"Accept": accept})
    assert answer.status == status
    if status == 200:
        assert answer.body.decode() == body
        told = answer.headers["content-type"].rpartition("=")[2]
        assert body.startswith(f"{told} of") or told == syntax


def test_a_transcoded_study_comes_in_parts_that_say_their_syntax(world: World, reader: Browser) -> None:
    stored_as(world, 9, RLE, b"rle")
    answer = reader.get(
        f"{STUDIES}/2.25.9", {"Accept": f'multipart/related; type="application/dicom"; transfer-syntax={JPEG_LS}'}
    )
    assert parts_of(answer.headers["content-type"], answer.body) == [
        (f"application/dicom; transfer-syntax={JPEG_LS}", f"{JPEG_LS} of rle".encode())
    ]


def test_a_damaged_file_is_never_transcoded(world: World, reader: Browser) -> None:
    path = stored_as(world, 9, RLE, b"rle")
    instance = world.services.vault.unnamed.find_instance("2.25.9", "2.25.9.1", "2.25.9.1.1")
    assert instance is not None
    kept = world.services.file_store.path_of(instance.content_sha256)
    kept.chmod(0o600)
    kept.write_bytes(b"RLE")
    for form in ("", "/metadata", "/frames/1", "/rendered", "/thumbnail", "/bulkdata/7FE00010"):
        answer = reader.get(path + form)
        assert (answer.status, answer.json()["code"]) == (500, "bytes_damaged"), form


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

    instance = world.services.vault.unnamed.find_instance("2.25.1", "2.25.1.1", "2.25.1.1.1")
    assert instance is not None
    path = world.services.file_store.path_of(instance.content_sha256)
    path.chmod(0o600)
    path.write_bytes(b"film X")
    with pytest.raises(http.client.IncompleteRead):
        reader.get(f"{STUDIES}/2.25.1")
    assert reader.get("/healthz").status == 200


def test_missing_bytes_are_an_error(world: World, reader: Browser) -> None:
    instance = world.services.vault.unnamed.find_instance("2.25.1", "2.25.1.1", "2.25.1.1.1")
    assert instance is not None
    world.services.file_store.path_of(instance.content_sha256).unlink()
    answer = reader.get(f"{STUDIES}/2.25.1")
    assert (answer.status, answer.json()["code"]) == (500, "bytes_missing")


def test_retrievals_are_audited(world: World, reader: Browser) -> None:
    reader.get(f"{STUDIES}/2.25.1")
    event = [each.event for each in world.services.database.audit_records()][-1]
    assert (event.action, event.actor_id, dict(event.detail)) == (
        "dicomweb.retrieve",
        "radiologist",
        {"instances": "1", "address": "127.0.0.1"},
    )
    assert event.study_key is not None
