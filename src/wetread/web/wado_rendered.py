"""WADO-RS rendered instances and thumbnails (PS3.18 §10.4.1.1.3, §10.4.1.1.5): pictures for people who have no viewer, drawn by the sandboxed decoder, grey also where the image is in colour.

They say nothing of the patient, and nothing is written on them: `annotation` is refused rather than left out without a word.
"""

import re
from dataclasses import replace
from functools import partial
from math import isfinite

from starlette.responses import Response

from wetread.ports.film_pixels import Window
from wetread.ports.instance_forms import Rendering
from wetread.ports.vault import VaultInstance
from wetread.web.accept import RELATED, Offer, choose
from wetread.web.operations import Call
from wetread.web.problems import Refusal
from wetread.web.related import boundary_of, one_by_one, related
from wetread.web.retrieved import asked_for, audit_retrieval, instances_in_path, verified
from wetread.web.wado_forms import frame_numbers

__all__ = ["RENDERING_QUERY", "read_rendering", "retrieve_rendered", "retrieve_thumbnail"]

RENDERING_QUERY = {
    "window": "center,width,function: linear, linear-exact or sigmoid, in modality values",
    "viewport": "width,height[,left,top,width,height of the part; a negative width or height mirrors]",
    "quality": "1 to 100, of JPEG",
}
_PICTURES = ("image/jpeg", "image/png")
_FUNCTIONS = {"linear": "LINEAR", "linear-exact": "LINEAR_EXACT", "sigmoid": "SIGMOID"}
_NUMBER = re.compile(r"[+-]?(?:\d{1,9}(?:\.\d{0,9})?|\.\d{1,9})(?:[eE][+-]?\d{1,2})?")
_WHOLE = re.compile(r"-?\d{1,6}")
_LARGEST_PX, _THUMBNAIL_PX = 4096, 128


def retrieve_rendered(call: Call) -> Response:
    """Of an instance or its frames; of a series or study every image, one part each (the first frame)."""
    instances = [each for each in instances_in_path(call) if each.header.traits.has_pixel_data]
    if not instances:
        raise Refusal(406, "no_pixels", "there is no image here to render")
    numbers = frame_numbers(call) if "frames" in call.path else [1]
    count = len(instances) * len(numbers)
    several = [Offer(RELATED, each) for each in _PICTURES]
    offer = choose(
        call.headers.get("accept", "*/*"), call.query, [*map(Offer, _PICTURES), *several] if count == 1 else several
    )
    kind = offer.part_type or offer.media_type
    wanted = replace(read_rendering(call.query), media_type=kind)
    make = [partial(_picture, call, each, replace(wanted, frame=at)) for each in instances for at in numbers]
    first = asked_for(make[0])
    audit_retrieval(call, instances, "rendered")
    if offer.media_type != RELATED:
        return Response(first, media_type=kind)
    return related(((kind, [each]) for each in one_by_one(first, make[1:])), kind, boundary_of(call))


def retrieve_thumbnail(call: Call) -> Response:
    """One small picture that stands for the resource: of the first instance with pixels, of the frame where one is named."""
    instances = [each for each in instances_in_path(call) if each.header.traits.has_pixel_data]
    if not instances:
        raise Refusal(406, "no_pixels", "there is no image here to render")
    offer = choose(call.headers.get("accept", "*/*"), call.query, [*map(Offer, _PICTURES)])
    wanted = replace(read_rendering(call.query), media_type=offer.media_type)
    wanted = replace(wanted, viewport=wanted.viewport or (_THUMBNAIL_PX, _THUMBNAIL_PX))
    frame = frame_numbers(call)[0] if "frames" in call.path else 1
    picture = asked_for(partial(_picture, call, instances[0], replace(wanted, frame=frame)))
    audit_retrieval(call, instances[:1], "thumbnail")
    return Response(picture, media_type=offer.media_type)


def read_rendering(query: tuple[tuple[str, str], ...]) -> Rendering:
    """PS3.18 §8.3.5.1; raises Refusal 400 for what is not there, makes no sense, or would be left out of the picture without a word."""
    given: dict[str, str] = {}
    for name, value in query:
        if name in given:
            raise (
                _misfit(f"{name} is given twice") if name in RENDERING_QUERY else _misfit("a parameter is given twice")
            )
        given[name] = value
    for name in ("annotation", "presentationSeriesUID", "presentationUID"):
        if name in given:
            raise _misfit(f"{name} is not drawn here: ask without it")
    if given.get("iccprofile", "no") != "no":
        raise _misfit("grey pictures have no ICC profile: iccprofile is no")
    quality = given.get("quality", "90")
    if not (quality.isascii() and quality.isdigit() and len(quality) < 4 and 1 <= int(quality) <= 100):
        raise _misfit("quality is a whole number from 1 to 100")
    drawn = Rendering(quality=int(quality), window=_window(given["window"]) if "window" in given else None)
    return _viewed(drawn, given["viewport"]) if "viewport" in given else drawn


def _window(text: str) -> Window:
    parts = text.split(",")
    if len(parts) != 3 or parts[2].lower() not in _FUNCTIONS or not all(map(_NUMBER.fullmatch, parts[:2])):
        raise _misfit("window is center,width,function with linear, linear-exact or sigmoid")
    center, width = float(parts[0]), float(parts[1])
    if not isfinite(center) or not (width >= 1 if parts[2].lower() == "linear" else width > 0):
        raise _misfit("a window's width is at least 1 where it is linear, else above 0")
    return Window(center, width, _FUNCTIONS[parts[2].lower()], "")


def _viewed(drawn: Rendering, text: str) -> Rendering:
    """`vw,vh` or `vw,vh,sx,sy,sw,sh`; what is left out of the second four is the whole."""
    parts = text.split(",")
    if len(parts) not in (2, 6) or not all(not each or _WHOLE.fullmatch(each) for each in parts):
        raise _misfit("viewport is width,height or width,height,left,top,width,height in whole pixels")
    wide, high, *part = (int(each) if each else 0 for each in parts)
    if not (1 <= wide <= _LARGEST_PX and 1 <= high <= _LARGEST_PX):
        raise _misfit(f"a viewport is 1 to {_LARGEST_PX} pixels wide and high")
    drawn = replace(drawn, viewport=(wide, high))
    if not part:
        return drawn
    left, top, width, height = part
    if left < 0 or top < 0:
        raise _misfit("the part of a viewport begins inside the image")
    whole = 1 << 20
    region = (left, top, abs(width) or whole, abs(height) or whole)
    return replace(drawn, region=region, mirrored=(width < 0, height < 0))


def _misfit(message: str) -> Refusal:
    return Refusal(400, "query_misfit", message)


def _picture(call: Call, instance: VaultInstance, wanted: Rendering) -> bytes:
    return call.house.services.forms.rendered(verified(call, instance), wanted)
