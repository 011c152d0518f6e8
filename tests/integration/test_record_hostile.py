"""A record server that is slow, huge, lost or lying costs its time and bytes and no more, and never makes one patient's record another's."""

import json
import logging
import time
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace

import pytest
from hostile_record import (
    CONDITIONS,
    EVERYTHING,
    FHIR,
    LIMITS,
    Asked,
    HostileServer,
    Reply,
    a_condition,
    a_patient,
    hostile_server,
    page,
    read,
    texts,
)
from record_world import a_fhir_record, a_number, admit

from wetread.domain.errors import PermanentError, TransientError
from wetread.ports.patient_record import RecordQuery
from wetread.testing.memory_vault import MemoryVault


@pytest.fixture
def server() -> Iterator[HostileServer]:
    with hostile_server() as running:
        yield running


# whose record it is


def test_another_patients_resource_is_dropped_and_said(server: HostileServer, caplog: pytest.LogCaptureFixture) -> None:
    owners = [
        "Patient/2",
        "Patient/11",
        "Patient/1/_history/../2",
        f"http://127.0.0.1:{server.port + 1}/Patient/1",
        "Group/1",
        "#1",
        "1",
        "",
    ]
    others = [a_condition(f"x{number}", owner) for number, owner in enumerate(owners)]
    nobodys = {**a_condition("x9"), "subject": None}
    by_number = {**a_condition("x10"), "subject": {"identifier": {"system": "urn:oid:2.999.1", "value": "someone"}}}
    server.routes["Condition"] = lambda _: page(a_condition("mine"), *others, nobodys, by_number)
    with caplog.at_level(logging.ERROR):
        answer = read(server)
    assert texts(answer) == ["condition mine"]
    assert answer.problems == ("the record server sent 10 resources of another patient: not used",)
    assert "record_foreign_resources dropped=10" in caplog.text


def test_a_patient_may_be_named_in_every_way_that_is_certain(server: HostileServer) -> None:
    def named(asked: Asked) -> Reply:
        number = json.loads(page(a_patient(patient_search))[2])["entry"][0]["resource"]["identifier"][0]
        ways = [
            {"reference": "Patient/1"},
            {"reference": f"{server.url}/Patient/1"},
            {"reference": "Patient/1/_history/7"},
            {"identifier": number},
        ]
        return page(*({**a_condition(f"c{i}"), "subject": way} for i, way in enumerate(ways)))

    server.routes["Condition"] = named
    vault = MemoryVault()
    record = a_fhir_record(server.url, vault, limits=LIMITS)
    study = admit(vault, a_number())
    record.entries(study, RecordQuery(frozenset()))
    (patient_search,) = server.asked
    assert len(record.entries(study, CONDITIONS).entries) == 4


def test_resources_of_another_kind_are_not_taken_for_this_one(server: HostileServer) -> None:
    odd = {"resourceType": "FamilyMemberHistory", "id": "f", "patient": {"reference": "Patient/1"}, "condition": []}
    server.routes["Condition"] = lambda _: page(odd, a_condition())
    assert texts(read(server)) == ["condition c1"]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"identifier": [{"system": "urn:oid:2.999.1", "value": "another"}]}, "does not know"),
        ({"identifier": [{"system": "urn:oid:2.999.9", "value": "NUMBER"}]}, "does not know"),
        ({"identifier": [{"system": "urn:oid:2.999.1", "value": "NUMBER", "use": "old"}]}, "does not know"),
        ({"active": False}, "does not know"),
        ({"link": [{"type": "replaced-by", "other": {"reference": "Patient/2"}}]}, "does not know"),
        ({"id": "../Condition"}, "does not know"),
        ({"resourceType": "Person"}, "does not know"),
        ({"birthDate": "1970-01-03"}, "born on another day"),
        ({"birthDate": "1971"}, "born on another day"),
    ],
)
def test_a_patient_that_is_not_certainly_this_one_is_not_used(
    server: HostileServer, changes: dict[str, object], problem: str
) -> None:
    def patient(asked: Asked) -> Reply:
        found = a_patient(asked)
        number = str(found["identifier"][0]["value"])  # type: ignore[index]
        return page(json.loads(json.dumps({**found, **changes}).replace("NUMBER", number)))

    server.routes["Patient"] = patient
    server.routes["Condition"] = lambda _: page(a_condition())
    answer = read(server)
    assert answer.entries == ()
    assert problem in answer.problems[0]
    assert len(server.asked) == 1


@pytest.mark.parametrize("born", ["1970-01-02", "1970-01", "1970", "", "02.01.1970"])
def test_a_birth_date_that_fits_or_says_nothing_is_no_reason_to_doubt(server: HostileServer, born: str) -> None:
    server.routes["Patient"] = lambda asked: page(a_patient(asked, birthDate=born))
    server.routes["Condition"] = lambda _: page(a_condition())
    assert texts(read(server)) == ["condition c1"]


def test_two_patients_of_one_number_are_nobody(server: HostileServer) -> None:
    server.routes["Patient"] = lambda asked: page(a_patient(asked), a_patient(asked, id="2"))
    assert "more than once" in read(server).problems[0]
    server.routes["Patient"] = lambda asked: page(a_patient(asked), following=f"{server.url}/Patient?page=2")
    assert "more than once" in read(server).problems[0]


def test_a_server_that_ignores_the_search_gives_no_stranger(server: HostileServer) -> None:
    strangers = [
        {"resourceType": "Patient", "id": str(n), "identifier": [{"system": "urn:oid:2.999.1", "value": f"S{n}"}]}
        for n in range(9)
    ]
    server.routes["Patient"] = lambda _: page(*strangers)
    assert read(server).problems == ("the record does not know this patient",)


def test_the_number_is_in_no_url_and_no_header(server: HostileServer) -> None:
    vault, number = MemoryVault(), a_number()
    a_fhir_record(server.url, vault, limits=LIMITS).entries(admit(vault, number), EVERYTHING)
    assert number in server.asked[0].body
    for asked in server.asked:
        assert number not in asked.path + repr(asked.headers)
    assert not any(each.body for each in server.asked[1:])


# where it leads


@pytest.mark.parametrize(
    "link",
    [
        "http://127.0.0.1:{other}/Condition?page=2",
        "http://localhost:{port}/Condition?page=2",
        "//127.0.0.1:{other}/Condition",
        "https://127.0.0.1:{port}/Condition?page=2",
        "http://user:secret@127.0.0.1:{port}/Condition?page=2",
        "http://2130706433:{port}/Condition",
        "http://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
        "gopher://127.0.0.1:{port}/x",
        "http://127.0.0.1:{port}\\@elsewhere/x",
        "http://127.0.0.1:notaport/",
        "http://127.0.0.1:{port}/Condition\r\nHost: elsewhere",
    ],
)
def test_a_next_page_elsewhere_is_not_followed(server: HostileServer, link: str) -> None:
    with hostile_server() as other:
        following = link.format(port=server.port, other=other.port)
        server.routes["Condition"] = lambda _: page(a_condition(), following=following)
        answer = read(server)
        assert other.asked == []
    assert texts(answer) == ["condition c1"]
    assert "points to another place" in answer.problems[0]
    assert len(server.asked) == 2


@pytest.mark.parametrize("escape", ["../admin", "/fhir/../admin", "/fhir/%2e%2e/admin", "/fhirx/Condition", "/"])
def test_a_base_below_the_root_is_not_left(server: HostileServer, escape: str) -> None:
    server.routes["fhir"] = lambda asked: (
        page(a_patient(asked)) if asked.body else page(a_condition(), following=escape)
    )
    vault = MemoryVault()
    record = a_fhir_record(f"{server.url}/fhir", vault, limits=LIMITS)
    assert "another place" in record.entries(admit(vault, a_number()), CONDITIONS).problems[0]
    assert len(server.asked) == 2


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(server: HostileServer, status: int) -> None:
    with hostile_server() as other:
        server.routes["Patient"] = lambda _: (status, {"Location": f"{other.url}/Patient/_search"}, b"")
        with pytest.raises(PermanentError, match="redirects"):
            read(server)
        assert other.asked == []


def test_pages_that_go_round_end(server: HostileServer) -> None:
    places = {"/Condition?page=2": "/Condition?page=3", "/Condition?page=3": "/Condition?page=2"}
    server.routes["Condition"] = lambda asked: page(
        a_condition(), following=places.get(asked.path, "/Condition?page=2")
    )
    answer = read(server, limits=replace(LIMITS, pages=10))
    assert len(answer.entries) == 3
    assert "circle" in answer.problems[0]


def test_pages_without_end_are_cut_and_that_is_said(server: HostileServer) -> None:
    server.routes["Condition"] = lambda asked: page(a_condition(), following=f"/Condition?page={len(server.asked)}")
    answer = read(server)
    assert len(answer.entries) == 3
    assert answer.problems == ("Condition: only the first 3 pages were read",)


# what it costs


def slowly(asked: Asked, *, headers: bool) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json\r\nContent-Length: 100000\r\n"
    write = asked.handler.wfile.write
    write(head if headers else head + b"\r\n")
    try:
        for _ in range(200):
            write(b"X-Padding: x\r\n" if headers else b" ")
            time.sleep(0.05)
    except OSError:
        return


def test_a_body_of_a_byte_now_and_then_is_given_up(server: HostileServer) -> None:
    server.routes["Condition"] = lambda asked: slowly(asked, headers=False)
    with pytest.raises(TransientError) as raised:
        read(server, limits=replace(LIMITS, deadline_s=0.5))
    assert raised.value.code == "record_slow"


def test_time_is_for_all_requests_together(server: HostileServer, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("wetread.fhir.bounded_http.time", SimpleNamespace(monotonic=lambda: now[0]))

    def late(_: Asked) -> Reply:
        now[0] += 80
        return page(a_condition(), following=f"/Condition?page={len(server.asked)}")

    server.routes["Condition"] = late
    answer = read(server, limits=replace(LIMITS, deadline_s=300, pages=100))
    assert len(answer.entries) == 3
    assert answer.problems == ("Condition: the record server was too slow",)


def test_a_server_that_never_answers_is_given_up(server: HostileServer) -> None:
    server.routes["Patient"] = lambda _: time.sleep(2)
    with pytest.raises(TransientError):
        read(server, limits=replace(LIMITS, deadline_s=0.3))


def test_an_endless_answer_is_cut(server: HostileServer) -> None:
    def endless(asked: Asked) -> None:
        asked.handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json\r\n\r\n")
        try:
            while True:
                asked.handler.wfile.write(b"[" * 65536)
        except OSError:
            return

    server.routes["Condition"] = endless
    with pytest.raises(PermanentError) as raised:
        read(server)
    assert raised.value.code == "record_too_long"


def test_all_answers_together_are_bounded(server: HostileServer) -> None:
    padding = {"note": [{"text": "x" * 90_000}]}
    server.routes["Condition"] = lambda asked: page(
        a_condition(**padding), following=f"/Condition?page={len(server.asked)}"
    )
    answer = read(server, limits=replace(LIMITS, pages=100))
    assert len(answer.entries) == 3
    assert "too long" in answer.problems[0]


def test_a_compressed_answer_is_not_unpacked(server: HostileServer) -> None:
    server.routes["Condition"] = lambda _: (200, {**FHIR, "Content-Encoding": "gzip"}, b"\x1f\x8b" + b"0" * 100)
    with pytest.raises(PermanentError) as raised:
        read(server)
    assert raised.value.code == "record_coded"
    assert all(each.headers["Accept-Encoding"] == "identity" for each in server.asked)


def test_an_answer_that_breaks_off_is_not_taken_for_whole(server: HostileServer) -> None:
    def broken(asked: Asked) -> None:
        whole = page(a_condition())[2]
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json\r\nContent-Length: {len(whole) + 50}\r\n\r\n"
        asked.handler.wfile.write(head.encode() + whole)

    server.routes["Condition"] = broken
    with pytest.raises(TransientError):
        read(server)
