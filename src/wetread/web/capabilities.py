"""What this DICOMweb service can do (PS3.18 §8.9, `OPTIONS` on its root), said from the operations themselves: as JSON, or as WADL, which the standard names."""

import re
from collections.abc import Callable, Iterator, Sequence
from xml.sax.saxutils import quoteattr

from starlette.responses import Response

from wetread.web.accept import Offer, choose
from wetread.web.json_answer import json_answer
from wetread.web.operations import Call, Operation
from wetread.web.qido import base_url

__all__ = ["STORE_PATHS", "capabilities_of"]

_WADL = "application/vnd.sun.wadl+xml"
_OFFERS = (Offer("application/json"), Offer(_WADL))
_NAMES = {"study_uid": "study", "series_uid": "series", "sop_uid": "instance", "frames": "frames", "place": "bulkdata"}
STORE_PATHS = ("/studies", "/studies/{study}")
"""STOW-RS, which stands beside the operation table."""

_STORE = (
    "POST",
    "STOW-RS: store instances.",
    ('multipart/related; type="application/dicom"',),
    ("application/dicom+json",),
    (),
)
_CHANNEL_PATH = "/subscribers/{subscriber}"
_CHANNEL = ("GET", "UPS-RS: the event channel, a WebSocket.", (), ("application/dicom+json",), ())
_Told = tuple[str, str, tuple[str, ...], tuple[str, ...], tuple[str, ...]]


def capabilities_of(operations: Sequence[Operation], root: str) -> Callable[[Call], Response]:
    """A handler that describes `operations`, whose paths begin with `root`."""

    def retrieve_capabilities(call: Call) -> Response:
        offer = choose(call.headers.get("accept", "*/*"), call.query, _OFFERS)
        base = base_url(call) or root
        if offer.media_type == _WADL:
            return Response("".join(_wadl(operations, root, base)).encode(), media_type=_WADL)
        resources = [
            {"path": path, "methods": [_json(each) for each in told]} for path, told in _resources(operations, root)
        ]
        return json_answer({"base": base, "resources": resources})

    return retrieve_capabilities


def _resources(operations: Sequence[Operation], root: str) -> Iterator[tuple[str, list[_Told]]]:
    """Each path with its methods: name, summary, what is sent, what is answered, query parameters."""
    paths: dict[str, list[_Told]] = {}
    for each in operations:
        path = re.sub(
            r"{(\w+)}", lambda match: "{" + _NAMES.get(match[1], match[1]) + "}", each.path.removeprefix(root)
        )
        query = tuple(parameter.name for parameter in each.query)
        paths.setdefault(path, []).append((each.method, each.summary, each.takes, (each.media_type,), query))
    for path in STORE_PATHS:
        paths.setdefault(path, []).append(_STORE)
    paths[_CHANNEL_PATH] = [_CHANNEL]
    yield from sorted(paths.items())


def _json(told: _Told) -> dict[str, object]:
    method, summary, sent, answered, query = told
    return {"method": method, "summary": summary, "accepts": sent, "answers": answered, "query": query}


def _wadl(operations: Sequence[Operation], root: str, base: str) -> Iterator[str]:
    yield '<?xml version="1.0" encoding="UTF-8"?>\n<application xmlns="http://wadl.dev.java.net/2009/02">'
    yield f"<resources base={quoteattr(base)}>"
    for path, methods in _resources(operations, root):
        yield f"<resource path={quoteattr(path.removeprefix('/'))}>"
        for method, summary, sent, answered, query in methods:
            yield f"<method name={quoteattr(method)}><doc title={quoteattr(summary)}/><request>"
            yield '<param name="Accept" style="header"/>' if method == "GET" else ""
            yield from (f'<param name={quoteattr(each)} style="query"/>' for each in query)
            yield from (f"<representation mediaType={quoteattr(each)}/>" for each in sent)
            yield '</request><response status="200">'
            yield from (f"<representation mediaType={quoteattr(each)}/>" for each in answered)
            yield "</response></method>"
        yield "</resource>"
    yield "</resources></application>"
