"""The hanging protocols over HTTP."""

from typing import cast

from starlette.responses import Response

from wetread.web.json_answer import json_answer
from wetread.web.operations import Call

__all__ = ["get_hanging"]


def get_hanging(call: Call) -> Response:
    document, problem = call.house.services.hanging
    return json_answer({**cast(dict[str, object], document), "problem": problem})
