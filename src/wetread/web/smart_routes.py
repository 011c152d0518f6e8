"""The way of a browser from an EHR to us and back to its authorization server (SMART App Launch 2.2): navigations, none of them an operation of ours."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from wetread.web.elsewhere_routes import keep_out, launch_cookie, navigation, out_cookie, without_out
from wetread.web.house import House
from wetread.web.launch_view import launches_of
from wetread.web.operations import origin_of
from wetread.web.problems import Refusal

__all__ = ["SMART_CALLBACK", "smart_routes"]

SMART_CALLBACK = "/smart/callback"
_LONGEST = 4096
_LASTS_S = 300


def smart_routes(house: House) -> list[Route]:
    def launch(request: Request) -> Response:
        issuer, name = request.query_params.get("iss", ""), request.query_params.get("launch", "")
        if not (name and len(issuer) + len(name) <= _LONGEST):
            raise Refusal(400, "launch_malformed", "a launch has iss and launch")
        back_to = origin_of(house.services.settings, request.headers) + SMART_CALLBACK
        sent = launches_of(house).send_out(issuer, name, back_to)
        return keep_out(RedirectResponse(sent.url, 303), house, sent.sealed)

    def come_back(request: Request) -> Response:
        kept = request.cookies.get(out_cookie(house), "")
        opened = launches_of(house).receive(kept, dict(request.query_params))
        answer = without_out(RedirectResponse("/arrived?next=/launch", 303), house)
        answer.set_cookie(
            launch_cookie(house), opened, max_age=_LASTS_S, path="/", httponly=True, samesite="strict",
            secure=house.services.settings.secure,
        )  # fmt: skip
        return answer

    return [
        Route("/smart/launch", navigation(house, "launch.open", launch), methods=["GET"]),
        Route(SMART_CALLBACK, navigation(house, "launch.open", come_back), methods=["GET"]),
    ]
