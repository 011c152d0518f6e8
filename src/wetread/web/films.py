"""The film as a picture and as pixels, and what the model looked at: rendered by the sandboxed decoder, kept a short while in bounded memory."""

from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from struct import unpack
from threading import Lock
from time import perf_counter

from starlette.responses import Response

from wetread.domain.analysis import Analysis, HeatMaps
from wetread.domain.audit import AuditEvent
from wetread.domain.errors import PermanentError
from wetread.domain.identifiers import StudyKey
from wetread.domain.reading import Withheld
from wetread.domain.study import Instance
from wetread.ports.decoder import Decoder
from wetread.ports.file_store import FileStore
from wetread.web.film_bytes import MEDIA_TYPE, film_bytes
from wetread.web.json_answer import json_answer
from wetread.web.operations import Call
from wetread.web.problems import Refusal
from wetread.web.reading_json import region_json
from wetread.web.studies import study_key_of
from wetread.web.veil import made_by_us, refuse_withheld, withheld_from

__all__ = ["SIDES_PX", "FilmCache", "choose_instance", "get_film", "get_heat_maps", "get_pixels"]

SIDES_PX = (256, 1024, 2048, 4096)
_MAX_CACHE_BYTES = 24 * 2**20
_PIXELS = 0


class FilmCache:
    """PNG bytes by (content, side), and pixels by (content, 0), least recently shown dropped first."""

    def __init__(self, decoder: Decoder, file_store: FileStore, max_bytes: int = _MAX_CACHE_BYTES) -> None:
        self._decoder, self._file_store, self._max_bytes = decoder, file_store, max_bytes
        self._films: OrderedDict[tuple[str, int], bytes] = OrderedDict()
        self._size_bytes = 0
        self._lock = Lock()

    def png(self, content_sha256: str, side_px: int) -> bytes:
        """Raises PermanentError or TransientError as the store and the decoder do."""
        return self._kept((content_sha256, side_px), lambda path: self._decoder.render_png(path, max_side_px=side_px))

    def pixels(self, content_sha256: str) -> bytes:
        """As `film_bytes`; raises as `png`."""
        return self._kept((content_sha256, _PIXELS), lambda path: film_bytes(self._decoder.film_pixels(path)))

    def _kept(self, key: tuple[str, int], make: Callable[[Path], bytes]) -> bytes:
        with self._lock:
            if key in self._films:
                self._films.move_to_end(key)
                return self._films[key]
        if not self._file_store.verify(key[0]):
            raise PermanentError("the stored bytes are damaged: restore them from the archive", code="bytes_damaged")
        film = make(self._file_store.path_of(key[0]))
        with self._lock:
            if key not in self._films:
                self._films[key] = film
                self._size_bytes += len(film)
            while self._size_bytes > self._max_bytes and len(self._films) > 1:
                self._size_bytes -= len(self._films.popitem(last=False)[1])
        return film


def get_film(call: Call) -> Response:
    key, query = study_key_of(call), dict(call.query)
    side = query.get("max_side_px", "2048")
    if side not in map(str, SIDES_PX):
        raise Refusal(400, "unknown_side", f"max_side_px is one of {', '.join(map(str, SIDES_PX))}")
    instance = _instance(call, key)
    call.house.audit_seldom(AuditEvent("film.read", call.signed_in.actor.actor_id, study_key=key))
    return Response(call.house.films.png(instance.content_sha256, int(side)), media_type="image/png")


def get_pixels(call: Call) -> Response:
    """Every stored value. With `ahead=1` they go to a page that will probably show them next, and the record says `film.prepared`: held in its memory, on no screen. What shows them asks again with
    If-None-Match (the entity tag, or * while they are still on their way): it is told which film may be seen now, and the record says `film.read`.
    """
    began = perf_counter()
    key = study_key_of(call)
    ahead = dict(call.query).get("ahead", "0")
    if ahead not in ("0", "1"):
        raise Refusal(400, "query_misfit", "ahead is 0 or 1")
    instance = _instance(call, key)
    act = "film.prepared" if ahead == "1" else "film.read"
    call.house.audit_seldom(AuditEvent(act, call.signed_in.actor.actor_id, study_key=key))
    tag = f'"{instance.content_sha256[:32]}"'
    headers = {"ETag": tag, "Wetread-Instance": instance.instance_key}
    if call.headers.get("if-none-match") in (tag, "*"):
        return Response(status_code=304, headers=headers)
    pixels = call.house.pixels.pixels(instance.content_sha256)
    timing = f"film;dur={(perf_counter() - began) * 1000:.1f}"
    return Response(pixels, media_type=MEDIA_TYPE, headers={**headers, "Server-Timing": timing})


def _instance(call: Call, key: StudyKey) -> Instance:
    """The asked-for film; where the AI is withheld, none that we made."""
    with call.house.services.database.begin(write=False) as unit:
        unit.study(key)
        hidden = withheld_from(call, unit, key) is not Withheld.NOTHING
        films = tuple(each for each in unit.instances(key) if not (hidden and made_by_us(each.traits)))
        return choose_instance(films, unit.analysis(key), dict(call.query).get("instance", ""))


def get_heat_maps(call: Call) -> Response:
    key = study_key_of(call)
    analysis = _analysis(call, key)
    if analysis is None or analysis.heat is None:
        raise Refusal(404, "no_heat_maps", "this study has no heat maps")
    names = [finding.name.value for finding in analysis.findings]
    extent = region_json(analysis.heat.extent)
    grid = {"rows": analysis.heat.rows, "columns": analysis.heat.columns, "extent": extent}
    return json_answer(
        {"instance_key": analysis.instance_key, **grid, "maps": dict(zip(names, _maps(analysis.heat), strict=True))}
    )


def choose_instance(instances: tuple[Instance, ...], analysis: Analysis | None, wanted: str) -> Instance:
    """The asked-for film, else the one the model read, else the first with pixels."""
    wanted = wanted or (analysis.instance_key if analysis else "")
    films = [each for each in instances if each.traits.has_pixel_data]
    chosen = [each for each in films if each.instance_key == wanted] if wanted else films[:1]
    if not chosen:
        raise Refusal(404, "no_film", "this study has no such film")
    return chosen[0]


def _analysis(call: Call, key: StudyKey) -> Analysis | None:
    with call.house.services.database.begin(write=False) as unit:
        unit.study(key)
        refuse_withheld(call, unit, key)
        return unit.analysis(key)


def _maps(heat: HeatMaps) -> list[list[float]]:
    """Per finding, rows * columns values, rounded: a picture does not need more."""
    cells = heat.rows * heat.columns
    values = unpack(f"<{len(heat.values) // 2}e", heat.values)
    return [[round(value, 3) for value in values[at : at + cells]] for at in range(0, len(values), cells)]
