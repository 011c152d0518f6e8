"""The way of a browser to an identity provider and back, and the provider's own word that a session is over. Navigations and a form of the provider's: none of them is an operation of ours."""

import re
from collections.abc import Callable

from anyio import to_thread
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from wetread.domain.audit import AuditEvent
from wetread.domain.errors import WetreadError
from wetread.web.elsewhere import BACK_CHANNEL, CALLBACK, CONFIRM
from wetread.web.form_body import read_form
from wetread.web.house import House
from wetread.web.operations import origin_of
from wetread.web.problems import Refusal, problem_from
from wetread.web.session_book import Came

__all__ = [
    "elsewhere_routes",
    "keep_out",
    "launch_cookie",
    "navigation",
    "out_cookie",
    "to_page",
    "without_out",
]

_LASTS_S = 600
_PAGE = re.compile(
    r"/(?:(?:studies|film)/[a-z2-7]{24}|criticals|identity|alarms|roster|quality|launch|administration(?:/[a-z]+)?)?"
)


def to_page(path: str) -> str:
    """A page of ours, "/" for anything else: nobody is sent on to another site."""
    return path if _PAGE.fullmatch(path) else "/"


def out_cookie(house: House) -> str:
    """Its value goes with the browser to the provider and back: Lax, as the way back begins at another site."""
    return "__Host-wetread-out" if house.services.settings.secure else "wetread-out"


def launch_cookie(house: House) -> str:
    """Holds what an EHR opened until a page of ours asks for it."""
    return "__Host-wetread-launch" if house.services.settings.secure else "wetread-launch"


def keep_out(answer: Response, house: House, sealed: str) -> Response:
    answer.set_cookie(
        out_cookie(house), sealed, max_age=_LASTS_S, path="/", httponly=True, samesite="lax",
        secure=house.services.settings.secure,
    )  # fmt: skip
    return answer


def elsewhere_routes(house: House) -> list[Route]:
    elsewhere = house.doorkeeper.elsewhere

    def log_in(request: Request) -> Response:
        """`next` is a page of ours; with `popup` the page that opened this goes on by itself."""
        popup = "1" if "popup" in request.query_params else ""
        kept = {"next": to_page(request.query_params.get("next", "/")), "popup": popup}
        sent = elsewhere.send_to_login(origin_of(house.services.settings, request.headers), kept)
        return keep_out(RedirectResponse(sent.url, 303), house, sent.sealed)

    def come_back(request: Request) -> Response:
        arrived = elsewhere.receive(request.cookies.get(out_cookie(house), ""), dict(request.query_params))
        if arrived.kept["errand"] == CONFIRM:
            elsewhere.proved_again(arrived)
            return without_out(RedirectResponse(f"/arrived?confirmed={arrived.kept['number']}", 303), house)
        address = request.client.host if request.client else ""
        came = Came(
            address, request.headers.get("user-agent", ""), request.cookies.get(house.doorkeeper.cookie_name, "")
        )
        secret = elsewhere.log_in(arrived, came)
        to = "popup=1" if arrived.kept["popup"] else f"next={arrived.kept['next']}"
        answer = without_out(RedirectResponse(f"/arrived?{to}", 303), house)
        house.doorkeeper.give(answer, secret)
        return answer

    async def hear_of_the_end(request: Request) -> Response:
        try:
            form = await read_form(request)
            await to_thread.run_sync(elsewhere.ended, form.get("logout_token", ""), limiter=house.errands)
        except ClientDisconnect:
            return Response(status_code=400)
        except Exception as error:  # noqa: BLE001  as for every operation: an exception becomes an answer
            return problem_from(error)
        return Response(status_code=200)

    return [
        Route("/oidc/login", navigation(house, "login", log_in), methods=["GET"]),
        Route(CALLBACK, navigation(house, "login", come_back), methods=["GET"]),
        Route(BACK_CHANNEL, hear_of_the_end, methods=["POST"]),
    ]


def navigation(house: House, action: str, act: Callable[[Request], Response]) -> Callable[[Request], object]:
    """A refusal is said on the login page, by its code, and written down: whatever the provider said is not repeated."""

    def acted(request: Request) -> Response:
        try:
            return act(request)
        except WetreadError as error:
            if not isinstance(error, Refusal):
                house.audit_seldom(AuditEvent(action, "unknown", outcome=error.code))
            return without_out(RedirectResponse(f"/login?said={error.code}", 303), house)

    async def serve(request: Request) -> Response:
        return await to_thread.run_sync(acted, request, limiter=house.errands)

    return serve


def without_out(answer: Response, house: House) -> Response:
    answer.delete_cookie(out_cookie(house), path="/", secure=house.services.settings.secure)
    return answer
