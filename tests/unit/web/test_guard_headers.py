"""Every operation there is, whatever it answers, carries the policy; read from the operation table, so that a new one cannot forget it."""

import re

import pytest
from builders_web import Browser, a_world, open_door

from wetread.web.operation_table import OPERATIONS

HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


def test_every_operation_for_strangers_and_for_an_administrator() -> None:
    statuses = set()
    with open_door(a_world()) as door:
        for browser in (door, door.as_("admin")):
            for operation in OPERATIONS:
                if operation.name == "logout" or "event" in operation.path:
                    continue  # streams are looked at in tests/integration/test_web_live.py
                path = re.sub(r"\{[^}]+\}", "1", operation.path)
                answer = browser.send(operation.method, path, {} if operation.method in ("POST", "PUT") else None)
                statuses.add(answer.status)
                _carries(answer.headers, operation.name)
    assert {200, 401, 403, 404} <= statuses


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/a%2e%2e/b", {}),
        ("/api/worklist", {"Host": "elsewhere.example"}),
        ("/api/worklist", {"Sec-Fetch-Site": "cross-site"}),
        ("/nothing/at/all", {}),
    ],
)
def test_what_is_refused_before_any_route_carries_it_too(door: Browser, path: str, headers: dict[str, str]) -> None:
    answer = door.get(path, headers)
    assert answer.status in (400, 403, 404, 421)
    _carries(answer.headers, path)


def _carries(headers: dict[str, str], what: str) -> None:
    policy = headers.get("content-security-policy", "")
    assert "default-src 'none'" in policy, what
    assert "unsafe" not in policy, what
    assert {name: headers.get(name) for name in HEADERS} == HEADERS, what
    assert "cache-control" in headers, what
    assert "server" not in headers, what
