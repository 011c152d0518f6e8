"""The pages and their assets as `make ui` built them: a fixed set of files, read once at start. No template, so no data ever becomes markup."""

import gzip
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from wetread.domain.errors import PermanentError, WetreadError
from wetread.web.house import House
from wetread.web.problems import Refusal, problem_from

__all__ = ["ROOM", "page_routes"]

ROOM = files("wetread.web").joinpath("room")
"""What Vite wrote: pages at the top, everything they load under `assets/`, its content in its name."""

_TYPES = {
    "css": "text/css; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
_PAGES = {
    "/": "worklist.html",
    "/studies/{study_key}": "study.html",
    "/film/{study_key}": "film.html",
    "/criticals": "criticals.html",
    "/identity": "identity.html",
    "/alarms": "alarms.html",
    "/roster": "roster.html",
    "/quality": "quality.html",
    "/launch": "launch.html",
    "/administration": "administration.html",
    "/administration/{part}": "administration.html",
}
_OPEN = {"/login": "login.html", "/arrived": "arrived.html"}
_FOR_EVER = "public, max-age=31536000, immutable"
_ASK_AGAIN = "no-cache"


@dataclass(frozen=True, slots=True)
class _File:
    content: bytes
    zipped: bytes
    etag: str
    media_type: str
    cache_control: str


def page_routes(house: House) -> list[Route]:
    """Login, and where somebody lands who comes back from the identity provider, are open; the other pages send a stranger there. The files themselves hold no data.

    Raises PermanentError ("ui_missing") when the pages were not built.
    """
    pages, assets = _read(ROOM, _ASK_AGAIN), _read(ROOM.joinpath("assets"), _FOR_EVER)
    if missing := sorted({*_OPEN.values(), *_PAGES.values()} - set(pages)):
        raise PermanentError(f"the pages are not built ({missing[0]} is missing): run `make ui`", code="ui_missing")

    async def asset(request: Request) -> Response:
        found = assets.get(request.path_params["name"])
        return _answer(request, found) if found else problem_from(Refusal(404, "not_found", "no such file"))

    def open_page(path: str) -> Route:
        async def serve(request: Request) -> Response:
            return _answer(request, pages[_OPEN[path]])

        return Route(path, serve, methods=["GET"])

    def page(path: str) -> Route:
        async def serve(request: Request) -> Response:
            try:
                await run_in_threadpool(house.doorkeeper.identify, request.headers, request.cookies)
            except Refusal:
                return RedirectResponse(f"/login?next={request.url.path}", 303)
            except WetreadError as error:
                return problem_from(error)
            return _answer(request, pages[_PAGES[path]])

        return Route(path, serve, methods=["GET"])

    return [
        *map(open_page, _OPEN),
        Route("/assets/{name}", asset, methods=["GET"]),
        *map(page, _PAGES),
    ]


def _read(folder: Traversable, cache_control: str) -> dict[str, _File]:
    if not folder.is_dir():
        return {}
    found = [entry for entry in folder.iterdir() if entry.is_file()]
    return {entry.name: _file(entry.name, entry.read_bytes(), cache_control) for entry in found}


def _file(name: str, content: bytes, cache_control: str) -> _File:
    etag = f'"{sha256(content).hexdigest()[:32]}"'
    return _File(content, gzip.compress(content, mtime=0), etag, _TYPES[name.rpartition(".")[2]], cache_control)


def _answer(request: Request, file: _File) -> Response:
    """One entity tag for both codings, so it is a weak comparison that a cache makes (RFC 9110 section 8.8.3.3)."""
    headers = {"ETag": file.etag, "Cache-Control": file.cache_control, "Vary": "Accept-Encoding"}
    if request.headers.get("if-none-match") == file.etag:
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return Response(file.zipped, headers=headers, media_type=file.media_type)
    return Response(file.content, headers=headers, media_type=file.media_type)
