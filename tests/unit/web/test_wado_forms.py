"""WADO-RS metadata, frames, bulk data, rendered and thumbnail: which form is given for which Accept header and query, and what is refused."""

import xml.etree.ElementTree as ET

import pytest
from builders_dicomweb import STUDIES, add_second_film, parts_of, three_studies
from builders_web import Browser, World
from hypothesis import given
from hypothesis import strategies as st

from wetread.ports.film_pixels import Window
from wetread.ports.instance_forms import Rendering
from wetread.testing.builders import a_header, an_identity, image_traits
from wetread.web.problems import Refusal
from wetread.web.wado_rendered import read_rendering

ONE = f"{STUDIES}/2.25.1/series/2.25.1.1/instances/2.25.1.1.1"
JPEG_LS = "1.2.840.10008.1.2.4.80"


@pytest.fixture
def reader(world: World, door: Browser) -> Browser:
    return three_studies(world, door)


def compressed(world: World, frames: int = 3, *, pixels: bool = True) -> str:
    traits = image_traits(transfer_syntax_uid=JPEG_LS, number_of_frames=frames, has_pixel_data=pixels)
    header = a_header(
        study_instance_uid="2.25.9", series_instance_uid="2.25.9.1", sop_instance_uid="2.25.9.1.1", traits=traits, identity=an_identity(patient_id="C")
    )  # fmt: skip
    world.add_study(content=b"jls", film=header)
    return f"{STUDIES}/2.25.9/series/2.25.9.1/instances/2.25.9.1.1"


def test_metadata_name_what_is_left_behind_by_its_address(world: World, reader: Browser) -> None:
    add_second_film(world, 1)
    for path, count in ((f"{STUDIES}/2.25.1", 2), (f"{STUDIES}/2.25.1/series/2.25.1.1", 1), (ONE, 1)):
        answer = reader.get(f"{path}/metadata")
        assert (answer.status, answer.headers["content-type"], len(answer.json())) == (
            200,
            "application/dicom+json",
            count,
        )
    (found,) = reader.get(f"{ONE}/metadata").json()  # type: ignore[misc]
    addresses = [found["7FE00010"]["BulkDataURI"], found["00283010"]["Value"][0]["00283006"]["BulkDataURI"]]
    assert addresses == [
        f"http://127.0.0.1:{reader.port}{ONE}/bulkdata/{place}" for place in ("7FE00010", "00283010.1.00283006")
    ]
    for address, content in zip(addresses, (b"1 cells of film 1", b"00283010.1.00283006 of film 1"), strict=True):
        answer = reader.get(address.partition(str(reader.port))[2], {"Accept": "application/octet-stream"})
        assert (answer.body, answer.headers["content-type"]) == (content, "application/octet-stream")


def test_metadata_come_as_xml_where_that_is_asked_for(reader: Browser) -> None:
    answer = reader.get(f"{ONE}/metadata", {"Accept": 'multipart/related; type="application/dicom+xml"'})
    ((kind, document),) = parts_of(answer.headers["content-type"], answer.body)
    assert kind == "application/dicom+xml"
    root = ET.fromstring(document)
    comments, sequence, pixels = root
    assert (comments.attrib, comments[0].text) == (
        {"tag": "00204000", "vr": "LT", "keyword": "ImageComments"},
        "film 1",
    )
    assert sequence[0].tag.endswith("Item")
    assert pixels[0].attrib["uri"].endswith("/bulkdata/7FE00010")
    assert reader.get(f"{ONE}/metadata", {"Accept": "application/dicom"}).status == 406


@pytest.mark.parametrize(
    ("frames", "accept", "kind", "bodies"),
    [
        ("1", "*/*", "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1", ["1 cells"]), ("3,1", 'multipart/related; type="application/octet-stream"; transfer-syntax=*', "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1", ["3 cells", "1 cells"]),
        ("2", 'multipart/related; type="image/jls"', f"image/jls; transfer-syntax={JPEG_LS}", ["2 stored"]), ("1,2", f'multipart/related; type="image/jls"; transfer-syntax={JPEG_LS}', f"image/jls; transfer-syntax={JPEG_LS}", ["1 stored", "2 stored"]),
        ("1", 'multipart/related; type="image/*"', f"image/jls; transfer-syntax={JPEG_LS}", ["1 stored"]), ("2,2", "multipart/related", "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1", ["2 cells", "2 cells"]),
    ],
)  # fmt: skip
def test_frames_come_in_their_order_and_kind(
    world: World, reader: Browser, frames: str, accept: str, kind: str, bodies: list[str]
) -> None:
    answer = reader.get(f"{compressed(world)}/frames/{frames}", {"Accept": accept})
    assert parts_of(answer.headers["content-type"], answer.body) == [
        (kind, f"{body} of jls".encode()) for body in bodies
    ]


def test_a_single_frame_may_come_alone(world: World, reader: Browser) -> None:
    path = compressed(world)
    for accept, body in (("application/octet-stream", b"2 cells of jls"), ("image/jls", b"2 stored of jls")):
        answer = reader.get(f"{path}/frames/2", {"Accept": accept})
        assert (answer.body, answer.headers["content-type"].partition(";")[0]) == (body, accept)
        assert int(answer.headers["content-length"]) == len(body)
        assert reader.get(f"{path}/frames/1,2", {"Accept": accept}).status == 406


@pytest.mark.parametrize(("frames", "status"), [("0", 400), ("-1", 400), ("x", 400), ("1,", 400), ("1,,2", 400), ("1;2", 400), ("4", 404), ("1,99", 404), ("9" * 30, 400), ("1," * 300 + "1", 400)])  # fmt: skip
def test_no_frame_is_guessed(world: World, reader: Browser, frames: str, status: int) -> None:
    path = compressed(world)
    assert reader.get(f"{path}/frames/{frames}").status == status
    if status == 400:
        assert reader.get(f"{path}/frames/{frames}/rendered").status == 400


@pytest.mark.parametrize(
    "accept",
    [
        'multipart/related; type="image/jp2"',
        "text/html",
        'multipart/related; type="image/jls"; transfer-syntax=1.2.840.10008.1.2.4.81',
    ],
)
def test_a_frame_is_not_given_in_a_form_it_is_not_kept_in(world: World, reader: Browser, accept: str) -> None:
    assert reader.get(f"{compressed(world)}/frames/1", {"Accept": accept}).status == 406


def test_bulk_data_are_the_value_or_all_the_pixels(world: World, reader: Browser) -> None:
    path = compressed(world)
    answer = reader.get(f"{path}/bulkdata/7fe00010")
    assert parts_of(answer.headers["content-type"], answer.body) == [
        ("application/octet-stream", b"1 cells of jls2 cells of jls3 cells of jls")
    ]
    for place, status in (
        ("00990010", 404),
        ("7FE0", 400),
        ("..", 400),
        ("00283010.0.00283006", 400),
        ("7FE00010.1", 400),
    ):
        assert reader.get(f"{path}/bulkdata/{place}").status == status, place


@pytest.mark.parametrize(
    ("query", "drawn"),
    [
        ("", Rendering()), ("?quality=1", Rendering(quality=1)), ("?window=40,400,linear", Rendering(window=Window(40.0, 400.0, "LINEAR", ""))),
        ("?window=-1.5e2,.5,SIGMOID", Rendering(window=Window(-150.0, 0.5, "SIGMOID", ""))), ("?window=1,0.5,linear-exact", Rendering(window=Window(1.0, 0.5, "LINEAR_EXACT", ""))),
        ("?viewport=512,256", Rendering(viewport=(512, 256))), ("?viewport=9,9,1,2,30,-40", Rendering(viewport=(9, 9), region=(1, 2, 30, 40), mirrored=(False, True))),
        ("?viewport=9,9,,,,", Rendering(viewport=(9, 9), region=(0, 0, 1 << 20, 1 << 20))), ("?iccprofile=no&accept=image/jpeg", Rendering()),
    ],
)  # fmt: skip
def test_a_picture_is_drawn_as_asked(reader: Browser, query: str, drawn: Rendering) -> None:
    answer = reader.get(f"{ONE}/rendered{query}")
    assert (answer.status, answer.headers["content-type"], answer.body) == (
        200,
        "image/jpeg",
        repr(drawn).encode() + b"film 1",
    )


@pytest.mark.parametrize(
    "query",
    ["window=40,400", "window=40,0,linear", "window=40,0.5,linear", "window=40,400,cubic", "window=nan,400,linear", "window=1e999,4,linear", "window=4,inf,sigmoid", "viewport=0,5", "viewport=5", "viewport=9999,9",
     "viewport=5,5,-1,0,3,3", "viewport=5,5,1", "viewport=1.5,5", "quality=0", "quality=101", "quality=x", "annotation=patient", "annotation=", "iccprofile=srgb", "presentationUID=1.2", "quality=1&quality=2"],
)  # fmt: skip
def test_nothing_is_left_out_of_a_picture_without_a_word(reader: Browser, query: str) -> None:
    for form in ("rendered", "thumbnail", "frames/1/rendered"):
        answer = reader.get(f"{ONE}/{form}?{query}")
        assert (answer.status, answer.json()["code"]) == (400, "query_misfit")


@given(
    st.text(max_size=30) | st.text("0123456789.,-+eE", max_size=30), st.sampled_from(["window", "viewport", "quality"])
)
def test_any_rendering_query_is_drawn_or_refused(value: str, name: str) -> None:
    try:
        fine = isinstance(read_rendering(((name, value),)), Rendering)
    except Refusal as refused:
        fine = refused.status == 400
    assert fine


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("image/png", "image/png"),
        ("image/*;q=0.3, image/png", "image/png"),
        ("*/*", "image/jpeg"),
        ('multipart/related; type="image/png"', "multipart/related"),
    ],
)
def test_a_picture_has_the_type_most_wanted(reader: Browser, accept: str, kind: str) -> None:
    assert reader.get(f"{ONE}/rendered", {"Accept": accept}).headers["content-type"].startswith(kind)
    assert reader.get(f"{ONE}/rendered", {"Accept": "image/gif"}).status == 406


def test_a_study_is_rendered_image_by_image_and_frames_frame_by_frame(world: World, reader: Browser) -> None:
    add_second_film(world, 1)
    for path, kinds in (
        (f"{STUDIES}/2.25.1/rendered", [b"film 1", b"second film"]),
        (f"{STUDIES}/2.25.1/series/2.25.1.2/rendered?accept=multipart/related", [b"second film"]),
    ):
        answer = reader.get(path)
        parts = parts_of(answer.headers["content-type"], answer.body)
        assert [body.partition(b")")[2].rpartition(b")")[2] for _, body in parts] == kinds
        assert {kind for kind, _ in parts} == {"image/jpeg"}
    answer = reader.get(f"{compressed(world)}/frames/3,1/rendered")
    assert [
        f"frame={number}" in body.decode()
        for number, (_, body) in zip((3, 1), parts_of(answer.headers["content-type"], answer.body), strict=True)
    ] == [True, True]


def test_a_thumbnail_is_one_small_picture(world: World, reader: Browser) -> None:
    add_second_film(world, 1)
    for path in (f"{STUDIES}/2.25.1", f"{STUDIES}/2.25.1/series/2.25.1.1", ONE):
        answer = reader.get(f"{path}/thumbnail")
        assert (answer.headers["content-type"], answer.body) == (
            "image/jpeg",
            repr(Rendering(viewport=(128, 128))).encode() + b"film 1",
        )
    assert b"viewport=(64, 32)" in reader.get(f"{ONE}/thumbnail?viewport=64,32").body
    assert b"frame=2" in reader.get(f"{compressed(world)}/frames/2/thumbnail").body


def test_what_has_no_pixels_has_no_picture(world: World, reader: Browser) -> None:
    path = compressed(world, pixels=False)
    for form in ("rendered", "thumbnail"):
        assert (reader.get(f"{path}/{form}").status, reader.get(f"{STUDIES}/2.25.9/{form}").status) == (406, 406)


def test_every_form_is_audited_as_what_it_is(world: World, reader: Browser) -> None:
    for form, told in (
        ("metadata", "metadata"),
        ("frames/1", "frames"),
        ("bulkdata/7FE00010", "bulkdata"),
        ("rendered", "rendered"),
        ("thumbnail", "thumbnail"),
    ):
        assert reader.get(f"{ONE}/{form}").status == 200
        event = [each.event for each in world.services.database.audit_records()][-1]
        facts = {"instances": "1", "form": told, "address": "127.0.0.1"}
        assert (event.action, dict(event.detail)) == ("dicomweb.retrieve", facts)
        assert event.study_key is not None


@pytest.mark.parametrize(
    "form", ["metadata", "frames/1", "bulkdata/7FE00010", "rendered", "thumbnail", "frames/1/rendered"]
)
def test_no_form_of_what_is_not_there(reader: Browser, form: str) -> None:
    assert reader.get(f"{STUDIES}/2.25.1/series/2.25.1.1/instances/2.25.2.1.1/{form}").status == 404
    assert reader.get(f"{STUDIES}/1..2/series/2.25.1.1/instances/2.25.1.1.1/{form}").status == 400


def test_the_service_says_what_it_can_do(reader: Browser) -> None:
    told = reader.send("OPTIONS", "/dicom-web").json()
    paths = {each["path"]: {method["method"] for method in each["methods"]} for each in told["resources"]}  # type: ignore[attr-defined, index]
    assert told["base"] == f"http://127.0.0.1:{reader.port}/dicom-web"
    assert paths["/studies"] == {"GET", "POST"}
    assert {"/instances", "/studies/{study}/series/{series}/instances/{instance}/frames/{frames}"} <= paths.keys()
    wadl = reader.send("OPTIONS", "/dicom-web", headers={"Accept": "application/vnd.sun.wadl+xml"})
    space = "{http://wadl.dev.java.net/2009/02}"
    resources = ET.fromstring(wadl.body).findall(f"{space}resources/{space}resource")
    assert {f"/{each.attrib['path']}" for each in resources} == paths.keys()
    assert reader.send("OPTIONS", "/dicom-web", headers={"Accept": "text/html"}).status == 406
