"""What a record server answers: refused where it is no FHIR, left out where it may mean the opposite, and its documents read only in formats that cannot do anything."""

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import date

import pytest
from hostile_record import (
    EVERYTHING,
    FHIR,
    Asked,
    HostileServer,
    Reply,
    a_condition,
    hostile_server,
    page,
    read,
    texts,
)

from wetread.domain.drafting_context import RecordKind
from wetread.domain.errors import PermanentError, TransientError, WetreadError
from wetread.ports.patient_record import RecordAnswer, RecordQuery


@pytest.fixture
def server() -> Iterator[HostileServer]:
    with hostile_server() as running:
        yield running


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[" * 50_000,
        b'{"resourceType":"Bundle","type":"searchset","entry":[' + b'{"a":' * 500 + b"1" + b"}" * 500 + b"]}",
        b'{"resourceType":"Bundle","resourceType":"Bundle","type":"searchset"}',
        b'{"resourceType":"Bundle","type":"searchset","total":NaN}',
        b'{"resourceType":"Bundle","type":"searchset","total":1e9999}',
        b"\xff\xfe{}",
        b"[]",
        b"null",
        b'{"resourceType":"Bundle","type":"batch"}',
        b'{"resourceType":"Condition"}',
        b'{"resourceType":"Bundle","type":"searchset","entry":{}}',
        b'{"resourceType":"Bundle","type":"searchset","entry":[1]}',
        b'{"resourceType":"Bundle","type":"searchset","link":"next"}',
        b'{"resourceType":"OperationOutcome","issue":[]}',
        b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><Bundle/>',
    ],
)
def test_what_is_no_searchset_is_refused(server: HostileServer, body: bytes) -> None:
    server.routes["Condition"] = lambda _: (200, FHIR, body)
    with pytest.raises(PermanentError) as raised:
        read(server)
    assert raised.value.code == "record_no_fhir"


@pytest.mark.parametrize("media", ["text/html", "application/fhir+xml", "", "application/jsonx"])
def test_another_media_type_is_refused(server: HostileServer, media: str) -> None:
    server.routes["Condition"] = lambda _: (200, {"Content-Type": media}, page()[2])
    with pytest.raises(PermanentError, match="FHIR JSON"):
        read(server)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, PermanentError), (401, PermanentError), (403, PermanentError), (404, PermanentError), (204, PermanentError),
     (408, TransientError), (429, TransientError), (500, TransientError), (503, TransientError)],
)  # fmt: skip
def test_a_status_says_who_must_act_and_quotes_nothing(
    server: HostileServer, status: int, kind: type[WetreadError]
) -> None:
    issue = {"severity": "error", "code": "forbidden", "diagnostics": "Patient Okonkwo"}
    outcome = json.dumps({"resourceType": "OperationOutcome", "issue": [issue]}).encode()
    server.routes["Patient"] = lambda _: (status, FHIR, b"" if status == 204 else outcome)
    with pytest.raises(kind) as raised:
        read(server)
    assert "Okonkwo" not in str(raised.value)
    assert ("forbidden" in str(raised.value)) == (status in (400, 401, 403, 404))


def test_one_kind_that_fails_leaves_the_others(server: HostileServer) -> None:
    server.routes["Condition"] = lambda _: page(a_condition())
    server.routes["Observation"] = lambda _: (503, FHIR, b"")
    server.routes["Procedure"] = lambda _: (403, FHIR, b"")
    answer = read(server, EVERYTHING)
    assert texts(answer) == ["condition c1"]
    assert [each.partition(":")[0] for each in answer.problems] == ["Observation", "Procedure"]


def test_raw_nonsense_instead_of_http(server: HostileServer) -> None:
    for nonsense in (b"\x00\x01\x02", b"HTTP/9.9 abc\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n{}",
                     b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 500 + b"\r\n"):  # fmt: skip
        server.routes["Condition"] = lambda asked, raw=nonsense: asked.handler.wfile.write(raw) and None
        with pytest.raises((TransientError, PermanentError)):
            read(server)


@pytest.mark.parametrize(
    "odd",
    [
        {"modifierExtension": [{"url": "urn:x", "valueBoolean": True}]},
        {"implicitRules": "urn:x"},
        {"verificationStatus": {"coding": [{"code": "refuted"}]}},
        {"verificationStatus": {"coding": [{"code": "entered-in-error"}]}},
        {"code": None},
        {"code": {"coding": []}},
    ],
)
def test_what_may_mean_the_opposite_or_nothing_is_no_entry(server: HostileServer, odd: dict[str, object]) -> None:
    server.routes["Condition"] = lambda _: page(a_condition(**odd))
    assert read(server) == RecordAnswer()


@pytest.mark.parametrize(
    "nonsense", [1, "text", [], [[]], {"coding": 1}, {"coding": [1]}, {"coding": [{"code": 7}]}, {"text": ["a"]}, True]
)
def test_an_element_of_the_wrong_shape_breaks_nothing(server: HostileServer, nonsense: object) -> None:
    names = [
        "code",
        "clinicalStatus",
        "verificationStatus",
        "bodySite",
        "onsetDateTime",
        "onsetPeriod",
        "abatementDateTime",
        "abatementPeriod",
        "recordedDate",
        "note",
        "identifier",
    ]
    server.routes["Condition"] = lambda _: page(
        *(a_condition(name, **{name: nonsense}) for name in names), a_condition("whole")
    )
    answer = read(server)
    assert texts(answer)[-1] == "condition whole"
    assert answer.problems == ()


# documents


def a_document(*attachments: dict[str, object]) -> dict[str, object]:
    content = [{"attachment": each} for each in attachments]
    return {
        "resourceType": "DocumentReference",
        "id": "d",
        "status": "current",
        "subject": {"reference": "Patient/1"},
        "type": {"text": "Letter"},
        "content": content,
    }


def inline(text: str | bytes, media: str = "text/plain") -> dict[str, object]:
    return {"contentType": media, "data": b64encode(text.encode() if isinstance(text, str) else text).decode()}


DOCUMENTS = RecordQuery(frozenset({RecordKind.DOCUMENT_REFERENCE}), date(2020, 1, 1))
XHTML = '<div xmlns="http://www.w3.org/1999/xhtml"><style>p {{}}</style><p>Fever<br/>since <b>Mon</b>day</p>{}<script>alert(1)</script></div>'


def document(server: HostileServer, *attachments: dict[str, object]) -> RecordAnswer:
    server.routes["DocumentReference"] = lambda _: page(a_document(*attachments))
    return read(server, DOCUMENTS)


def test_xhtml_is_read_without_tags_scripts_and_styles(server: HostileServer) -> None:
    for media in ("application/xhtml+xml", "text/html; charset=UTF-8"):
        assert texts(
            document(server, inline(XHTML.format("<table><tr><td>a</td><td>b &amp; c</td></tr></table>"), media))
        ) == ["Letter\nFever\nsince Monday\na b & c"]


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE html><html><body>x</body></html>',
        '<!DOCTYPE d [<!ENTITY a "1"><!ENTITY b "&a;&a;">]><d>&b;</d>',
        '<!DOCTYPE d SYSTEM "http://127.0.0.1:1/d.dtd"><d>x</d>',
        '<!DOCTYPE d [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]><d>x</d>',
        XHTML.format("&nbsp;"),
        XHTML.format("<p>"),
        "<p>" * 100 + "x" + "</p>" * 100,
        '<?xml version="1.0" encoding="UTF-16"?><p>x',
        "",
    ],
)  # fmt: skip
def test_markup_that_declares_or_breaks_is_not_read(server: HostileServer, text: str) -> None:
    answer = document(server, inline(text, "text/html"))
    assert answer == RecordAnswer(problems=("1 documents are in no format that is read, too long or too many",))


@pytest.mark.parametrize(
    ("content", "media", "text"),
    [
        ("Grüße".encode("latin-1"), "text/plain;charset=ISO-8859-1", "Grüße"),
        ("Grüße".encode("cp1252"), "text/plain; charset=windows-1252", "Grüße"),
        (b"\xef\xbb\xbfone\r\ntwo\rthree\x00\x1b", "TEXT/PLAIN", "one\ntwo\nthree\ufffd\ufffd"),
        ("Grüße".encode("latin-1"), "text/plain", None),
        (b"x", "text/plain; charset=utf-7", None),
        (b"x", "text/plain; charset=rot13", None),
        (b"%PDF-1.7", "application/pdf", None),
        (b"x", "text/plain\r\nX-Evil: 1", None),
        (b"x" * 1001, "text/plain", None),
    ],
)
def test_plain_text_is_read_in_its_charset_or_not_at_all(
    server: HostileServer, content: bytes, media: str, text: str | None
) -> None:
    expected = [] if text is None else [f"Letter\n{text}"]
    assert texts(document(server, inline(content, media))) == expected


def test_the_first_format_that_can_be_read_is_taken(server: HostileServer) -> None:
    bad = {"contentType": "text/plain", "data": "not base64!"}
    assert texts(document(server, inline(b"%PDF", "application/pdf"), bad, inline("words"))) == ["Letter\nwords"]


def binary(content: dict[str, object]) -> Callable[[Asked], Reply]:
    return lambda _: (200, FHIR, json.dumps({"resourceType": "Binary", **content}).encode())


def test_a_binary_of_the_same_server_is_fetched(server: HostileServer) -> None:
    server.routes["Binary"] = binary(inline("from afar"))
    for url in ("Binary/7", f"{server.url}/Binary/7"):
        assert texts(document(server, {"contentType": "text/plain", "url": url})) == ["Letter\nfrom afar"]
    assert [each.path for each in server.asked if "Binary" in each.path] == ["/Binary/7"] * 2


def test_a_document_elsewhere_is_never_fetched(server: HostileServer) -> None:
    with hostile_server() as other:
        for url in (
            f"{other.url}/Binary/1",
            "http://169.254.169.254/x",
            "file:///etc/passwd",
            "//elsewhere/x",
            "../../etc",
        ):
            assert document(server, {"contentType": "text/plain", "url": url}).entries == ()
        assert other.asked == []
    assert not any("Binary" in each.path or "etc" in each.path for each in server.asked)


def test_a_binary_of_another_patient_or_no_binary_is_not_read(server: HostileServer) -> None:
    server.routes["Binary"] = binary({**inline("x"), "securityContext": {"reference": "Patient/2"}})
    answer = document(server, {"contentType": "text/plain", "url": "Binary/7"})
    assert answer.entries == ()
    assert "another patient" in answer.problems[0]
    for wrong in (page(), (404, FHIR, b""), (200, FHIR, b'{"resourceType":"Basic","data":"eA=="}')):
        server.routes["Binary"] = lambda _, reply=wrong: reply
        assert document(server, {"contentType": "text/plain", "url": "Binary/7"}).entries == ()


def test_only_so_many_documents_are_fetched(server: HostileServer) -> None:
    server.routes["Binary"] = binary(inline("x"))
    far = [{**a_document({"contentType": "text/plain", "url": f"Binary/{n}"}), "id": f"d{n}"} for n in range(5)]
    server.routes["DocumentReference"] = lambda _: page(*far)
    answer = read(server, DOCUMENTS)
    assert len(answer.entries) == 3
    assert answer.problems == ("2 documents are in no format that is read, too long or too many",)
