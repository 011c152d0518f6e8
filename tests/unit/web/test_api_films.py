"""Films and heat maps: the right picture or an error, never another picture; memory bounded; the read written down."""

import json
import struct
from dataclasses import replace
from pathlib import Path

import pytest
from builders_web import Browser, GreyDecoder, World, a_world, film_key_of, grey_pixels, open_door
from hypothesis import given
from hypothesis import strategies as st

from wetread.domain.analysis import HeatMaps, Region
from wetread.domain.errors import TransientError, UnsuitableImage
from wetread.domain.finding import FindingName
from wetread.testing.builders import a_finding, an_analysis, an_instance, image_traits
from wetread.testing.memory_files import MemoryFileStore
from wetread.web.films import FilmCache, choose_instance
from wetread.web.problems import Refusal


def test_a_film_is_a_png_rendered_once(world: World, door: Browser) -> None:
    key = world.add_study()
    reader = door.as_("radiologist")
    answers = [reader.get(f"/api/studies/{key}/film.png?max_side_px=1024") for _ in range(3)]
    assert {(each.status, each.headers["content-type"], each.headers["cache-control"]) for each in answers} == {
        (200, "image/png", "no-store")
    }
    assert answers[0].body.startswith(b"\x89PNG")
    assert world.services.decoder.rendered == 1  # type: ignore[attr-defined]
    assert world.audited().count(("film.read", "radiologist", "success")) == 1


@pytest.mark.parametrize("query", ["max_side_px=100000", "max_side_px=-1", "max_side_px=1e3", "max_side_px="])
def test_only_a_few_sizes_are_made(world: World, door: Browser, query: str) -> None:
    assert door.as_("radiologist").get(f"/api/studies/{world.add_study()}/film.png?{query}").status == 400


def test_a_film_of_another_study_is_not_given(world: World, door: Browser) -> None:
    mine, other = world.add_study(), world.add_study()
    answer = door.as_("radiologist").get(f"/api/studies/{mine}/film.png?instance={film_key_of(world, other)}")
    assert (answer.status, answer.json()["code"]) == (404, "no_film")


def test_damaged_bytes_are_an_error_and_no_picture(world: World, door: Browser) -> None:
    key = world.add_study()
    with world.services.database.begin(write=False) as unit:
        path = world.services.file_store.path_of(unit.instances(key)[0].content_sha256)
    path.chmod(0o600)
    path.write_bytes(b"film 2")
    answer = door.as_("radiologist").get(f"/api/studies/{key}/film.png")
    assert (answer.status, answer.json()["code"]) == (500, "bytes_damaged")


class FailingDecoder(GreyDecoder):
    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def render_png(self, path: Path, *, max_side_px: int) -> bytes:
        raise self.error


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (TransientError("the decoder was killed"), 503),
        (UnsuitableImage("no pixels"), 422),
        (ValueError("Doe^Jane in a message"), 500),
    ],
)
def test_a_decoder_that_fails_is_a_plain_answer(
    error: Exception, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    world = a_world(decoder=FailingDecoder(error))  # type: ignore[arg-type]
    key = world.add_study()
    with open_door(world) as door:
        answer = door.as_("radiologist").get(f"/api/studies/{key}/film.png")
        assert answer.status == status
        assert b"Doe" not in answer.body
        assert door.get("/healthz").status == 200
    assert "Doe" not in caplog.text


def test_the_film_the_model_read_comes_first() -> None:
    lateral, frontal = (an_instance(instance_key=name * 24, traits=image_traits()) for name in "ab")
    report = an_instance(instance_key="c" * 24, traits=image_traits(has_pixel_data=False))
    analysis = an_analysis(instance_key="b" * 24)
    assert choose_instance((report, lateral, frontal), analysis, "") is frontal
    assert choose_instance((report, lateral, frontal), None, "") is lateral
    assert choose_instance((report, lateral, frontal), analysis, "a" * 24) is lateral
    for wanted in ("c" * 24, "z" * 24):
        with pytest.raises(Refusal):
            choose_instance((report, lateral, frontal), analysis, wanted)


class BigDecoder(GreyDecoder):
    def render_png(self, path: Path, *, max_side_px: int) -> bytes:
        self.rendered += 1
        return bytes(10 * 2**20)


def test_films_in_memory_are_bounded() -> None:
    store, decoder = MemoryFileStore(), BigDecoder()
    cache = FilmCache(decoder, store)  # type: ignore[arg-type]
    names = []
    for number in range(6):
        incoming = store.receive()
        incoming.write(str(number).encode())
        names.append(incoming.keep().sha256)
    for name in names:
        cache.png(name, 2048)
    assert sum(map(len, cache._films.values())) <= 24 * 2**20
    cache.png(names[-1], 2048)
    assert decoder.rendered == 6
    cache.png(names[0], 2048)
    assert decoder.rendered == 7


@given(st.lists(st.lists(st.floats(-60000, 60000, width=16), min_size=6, max_size=6), min_size=1, max_size=3))
def test_heat_maps_arrive_as_they_were_computed(maps: list[list[float]]) -> None:
    from wetread.web.films import _maps

    values = b"".join(struct.pack("<6e", *each) for each in maps)
    found = _maps(HeatMaps(2, 3, values, Region(0, 1, 0, 1)))
    assert found == [[round(value, 3) for value in each] for each in maps]


def test_heat_maps_are_named_by_finding_and_placed_on_the_film(world: World, door: Browser) -> None:
    heat = HeatMaps(1, 2, struct.pack("<4e", 0.5, 1.0, -1.0, 2.0), Region(-10, 110, 0, 100))
    findings = (a_finding(), a_finding(FindingName.EFFUSION))
    key = world.add_study(analysis=an_analysis(findings=findings, heat=heat))
    answer = door.as_("radiologist").get(f"/api/studies/{key}/heatmap").json()
    assert answer["maps"] == {"pneumothorax": [0.5, 1.0], "effusion": [-1.0, 2.0]}
    assert answer["extent"] == {"row_start": -10, "row_stop": 110, "column_start": 0, "column_stop": 100}
    assert (answer["rows"], answer["columns"], answer["instance_key"]) == (1, 2, film_key_of(world, key))


def test_without_heat_maps_there_are_none(world: World, door: Browser) -> None:
    key = world.add_study(analysis=replace(an_analysis(), heat=None))
    assert door.as_("radiologist").get(f"/api/studies/{key}/heatmap").status == 404


def test_pixels_come_with_a_head_that_says_where_each_block_lies(world: World, door: Browser) -> None:
    answer = door.as_("radiologist").get(f"/api/studies/{world.add_study()}/pixels")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/vnd.wetread.film")
    assert answer.headers["cache-control"] == "no-store"
    head = json.loads(answer.body[4 : 4 + struct.unpack("<I", answer.body[:4])[0]])
    film, place = grey_pixels(), head["blocks"]["stored"]
    assert place["bytes_per_value"] == 2
    assert answer.body[place["offset"] : place["offset"] + place["bytes"]] == film.stored.astype("<u2").tobytes()
    assert head["windows"] == [{"center": 2047.5, "width": 4095.0, "function": "LINEAR_EXACT", "explanation": ""}]
    assert all(each["offset"] % 64 == 0 for each in head["blocks"].values())
    assert ("film.read", "radiologist", "success") in world.audited()


def test_what_is_sent_ahead_is_called_prepared_and_read_only_once_it_is_shown(world: World, door: Browser) -> None:
    key = world.add_study()
    reader = door.as_("radiologist")
    ahead = reader.get(f"/api/studies/{key}/pixels?ahead=1")
    assert (ahead.status, ahead.headers["cache-control"]) == (200, "no-store")
    assert ("film.prepared", "radiologist", "success") in world.audited()
    assert ("film.read", "radiologist", "success") not in world.audited()
    tag = ahead.headers["etag"]
    for known in (tag, "*"):
        shown = reader.get(f"/api/studies/{key}/pixels", {"If-None-Match": known})
        assert (shown.status, shown.body, shown.headers["etag"]) == (304, b"", tag)
    assert ("film.read", "radiologist", "success") in world.audited()
    other = reader.get(f"/api/studies/{world.add_study()}/pixels", {"If-None-Match": tag})
    assert (other.status, other.headers["etag"] == tag) == (200, False)
    assert reader.get(f"/api/studies/{key}/pixels?ahead=2").status == 400


def test_whoever_may_not_read_a_film_is_not_told_whether_it_is_still_the_same(world: World, door: Browser) -> None:
    key = world.add_study()
    tag = door.as_("radiologist").get(f"/api/studies/{key}/pixels?ahead=1").headers["etag"]
    assert door.as_("technologist").get(f"/api/studies/{key}/pixels", {"If-None-Match": tag}).status == 403


@pytest.mark.parametrize("path", ["pixels?instance=none", "pixels?ahead=1&instance=none"])
def test_pixels_of_another_study_are_not_given(world: World, door: Browser, path: str) -> None:
    assert door.as_("radiologist").get(f"/api/studies/{world.add_study()}/{path}").json()["code"] == "no_film"
