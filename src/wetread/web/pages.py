"""The pages and their assets: a fixed set of files, read once at start. No template, so no data ever becomes markup."""

from hashlib import sha256
from importlib.resources import files

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from wetread.domain.errors import WetreadError
from wetread.web.house import House
from wetread.web.problems import Refusal, problem_from

__all__ = ["page_routes"]

_TYPES = {
    "css": "text/css; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
_PAGES = {
    "/": "worklist.html",
    "/studies/{study_key}": "study.html",
    "/criticals": "criticals.html",
    "/alarms": "alarms.html",
    "/roster": "roster.html",
    "/quality": "quality.html",
}


def page_routes(house: House) -> list[Route]:
    """Login is open; the other pages send a stranger there. The files themselves hold no data."""
    assets = {entry.name: entry.read_bytes() for entry in files("wetread.web").joinpath("assets").iterdir()}

    async def asset(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in assets or name.endswith(".html"):
            return problem_from(Refusal(404, "not_found", "no such file"))
        return _file(request, name, assets[name])

    async def login(request: Request) -> Response:
        return _file(request, "login.html", assets["login.html"])

    def page(name: str) -> Route:
        async def serve(request: Request) -> Response:
            try:
                await run_in_threadpool(house.doorkeeper.identify, request.headers, request.cookies)
            except Refusal:
                return RedirectResponse(f"/login?next={request.url.path}", 303)
            except WetreadError as error:
                return problem_from(error)
            return _file(request, _PAGES[name], assets[_PAGES[name]])

        return Route(name, serve, methods=["GET"])

    return [
        Route("/login", login, methods=["GET"]),
        Route("/assets/{name}", asset, methods=["GET"]),
        *map(page, _PAGES),
    ]


def _file(request: Request, name: str, content: bytes) -> Response:
    tag = f'"{sha256(content).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers, media_type=_TYPES[name.rpartition(".")[2]])
