"""Bodies are read strictly: what is not exactly asked for is refused, with no word of its content."""

import json
import socket

import pytest
from builders_web import PASSWORD, Browser, World
from hypothesis import given
from hypothesis import strategies as st

from wetread.web.operations import MAX_BODY_BYTES
from wetread.web.problems import Refusal
from wetread.web.schema import array, check, choice, integer, record, text
from wetread.web.strict_json import MAX_DEPTH, parse_json

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.floats(allow_nan=False, allow_infinity=False) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=4), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip
HOSTILE = {
    "duplicate": b'{"etag": 1, "etag": 2}',
    "nan": b'{"a": NaN}',
    "infinity": b'{"a": -Infinity}',
    "overflow": b'{"a": 1e9999}',
    "huge_integer": b'{"a": ' + b"9" * 5000 + b"}",
    "deep": b"[" * 200_000 + b"]" * 200_000,
    "deep_objects": b'{"a":' * 30 + b"1" + b"}" * 30,
    "latin_1": '{"a": "é"}'.encode("latin-1"),
    "utf_16": '{"a": 1}'.encode("utf-16"),
    "lone_surrogate": b'{"a": "\\ud800"}',
    "trailing": b'{"a": 1} {"b": 2}',
    "comment": b'{"a": 1 /* x */}',
    "empty": b"",
    "single_quotes": b"{'a': 1}",
}


@given(JSON)
def test_ordinary_json_is_read_as_the_library_reads_it(value: object) -> None:
    data = json.dumps(value, ensure_ascii=False).encode()
    assert parse_json(data) == json.loads(data)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_json_is_refused(name: str) -> None:
    with pytest.raises(Refusal) as refused:
        parse_json(HOSTILE[name])
    assert refused.value.status == 400


def test_brackets_inside_strings_are_not_depth() -> None:
    assert parse_json(json.dumps({"a": "[" * 50 + '\\"' + "{" * 50}).encode()) == {"a": "[" * 50 + '\\"' + "{" * 50}


def test_the_deepest_allowed_body_is_read() -> None:
    parse_json(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)


SCHEMA = record(
    {"name": choice("a", "b"), "count": integer(0, 9), "words": text(5, min_length=1)},
    {"items": array(record({"on": {"type": "boolean"}}), 2)},
)
FITTING: dict[str, object] = {"name": "a", "count": 3, "words": "one"}


def test_what_fits_passes() -> None:
    check(SCHEMA, FITTING)
    check(SCHEMA, {**FITTING, "items": [{"on": True}, {"on": False}]})


@pytest.mark.parametrize(
    "change",
    [
        {"name": "c"}, {"name": 1}, {"count": 10}, {"count": -1}, {"count": True}, {"count": 1.0}, {"count": "1"}, {"words": ""}, {"words": "toolong"},
        {"words": "a\0b"}, {"words": "a\x1b[0m"}, {"words": None}, {"items": [{}]}, {"items": [{"on": 1}]}, {"items": [{"on": True}] * 3}, {"items": {}}, {"extra": 1},
        {"__proto__": {}}, {"items": [{"on": True, "status": "final"}]},
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_without_repeating_it(change: dict[str, object]) -> None:
    with pytest.raises(Refusal) as refused:
        check(SCHEMA, {**FITTING, **change})
    assert refused.value.status == 400
    assert "toolong" not in str(refused.value)
    assert "final" not in str(refused.value)


def test_line_breaks_and_tabs_are_text() -> None:
    check(text(20), "one\n\ttwo")


def test_a_body_that_declares_too_much_is_refused_before_it_is_sent(door: Browser) -> None:
    answer = door.send(
        "POST", "/api/login", headers={"Content-Type": "application/json", "Content-Length": str(4 * 2**30)}, raw=b""
    )
    assert (answer.status, answer.json()["code"]) == (413, "body_too_large")


def test_a_body_of_unknown_length_is_cut_at_the_cap(door: Browser) -> None:
    """One byte too many, and no end in sight: the answer comes without waiting for more."""
    head = f"POST /api/login HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: http://127.0.0.1\r\nwetread-request: 1\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n{MAX_BODY_BYTES + 1:x}\r\n"
    with socket.create_connection(("127.0.0.1", door.port), timeout=60) as connection:
        connection.sendall(head.encode() + b"x" * (MAX_BODY_BYTES + 1))
        assert connection.recv(64).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""]
)
def test_only_json_is_read_as_json(door: Browser, kind: str) -> None:
    body = json.dumps({"actor_id": "radiologist", "password": PASSWORD}).encode()
    answer = door.send("POST", "/api/login", headers={"Content-Type": kind or None}, raw=body)
    assert answer.status == 415


def test_a_compressed_body_is_refused(door: Browser) -> None:
    answer = door.send("POST", "/api/login", {"actor_id": "a", "password": "b"}, {"Content-Encoding": "gzip"})
    assert answer.status == 415


@pytest.mark.parametrize(
    "extra", ["status", "signed_by", "role", "tenant", "signature", "author_id", "version", "etag", "probability"]
)
def test_mass_assignment_is_refused(world: World, door: Browser, extra: str) -> None:
    key = world.add_study()
    reader = door.as_("radiologist")
    report = reader.post(f"/api/studies/{key}/open").json()["report"]
    content = {"sections": [{"section": "impression", "text": "x"}], "findings": []}
    assert reader.put(f"/api/studies/{key}/report", {**content, extra: "final"}, report["etag"]).status == 400
    inner = {**content, "findings": [{"name": "mass", "present": True, "laterality": "", extra: 1.0}]}
    assert reader.put(f"/api/studies/{key}/report", inner, report["etag"]).status == 400
    assert reader.get(f"/api/studies/{key}").json()["report"] == report
