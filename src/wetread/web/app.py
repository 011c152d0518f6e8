"""The application: guard around routes around handlers. Nothing here decides anything about a study."""

from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from wetread.web.elsewhere_routes import elsewhere_routes
from wetread.web.guard import Guard
from wetread.web.house import House
from wetread.web.openapi import to_openapi
from wetread.web.operation_table import OPERATIONS
from wetread.web.operations import to_route
from wetread.web.pages import page_routes
from wetread.web.problems import problem, problem_from
from wetread.web.proxies import TrustedProxies
from wetread.web.services import WebServices
from wetread.web.smart_routes import smart_routes
from wetread.web.subscribers import Channels, channel_route
from wetread.web.token_door import token_routes

__all__ = ["create_app"]


def create_app(
    services: WebServices, more_routes: Sequence[BaseRoute] = (), channels: Channels | None = None
) -> Starlette:
    """The whole HTTP door; `more_routes` come from doors that bring their own authorisation (STOW-RS)."""
    house = House(services, to_openapi(OPERATIONS, services.settings.version))
    routes = [
        *token_routes(house),  # before the paths of FHIR that take any type
        *(to_route(operation, house) for operation in OPERATIONS),
        *elsewhere_routes(house),
        *smart_routes(house),
        *page_routes(house),
        *more_routes,
        channel_route(house, channels or Channels()),
    ]
    settings = services.settings
    guard = Middleware(
        Guard,
        allowed_hosts=settings.allowed_hosts,
        secure=settings.secure,
        microphone=settings.dictation,
        proxies=TrustedProxies(settings.trusted_proxies),
    )
    handlers = {HTTPException: _refused, Exception: _failed}
    app = Starlette(routes=routes, middleware=[guard], exception_handlers=handlers)
    app.router.redirect_slashes = False
    return app


async def _refused(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    said = {404: ("not_found", "nothing lives at this address"), 405: ("method_not_allowed", "not this method here")}
    code, detail = said.get(status, ("refused", "the request was refused"))
    return problem(status, code, detail, dict(getattr(error, "headers", None) or {}))


async def _failed(request: Request, error: Exception) -> Response:
    return problem_from(error)
