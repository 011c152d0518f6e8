"""A server may close a kept connection in the moment in which the next request has left on it: nobody is told of that where the request may be made again."""

import pytest
from neighbours.hasty import hasty_server

from wetread.dicom.dicomweb_exchange import DicomwebExchange, StreamBounds
from wetread.domain.errors import TransientError
from wetread.fhir.bounded_http import BoundedHttp, Budget


def test_a_record_or_an_identity_provider_is_asked_once_more() -> None:
    http, budget = BoundedHttp(), Budget(120, 1000, 10_000)
    with hasty_server() as server:
        first = http.ask("GET", f"{server.url}/keys", {}, budget)
        second = http.ask("POST", f"{server.url}/token", {}, budget, b"grant_type=authorization_code")
    assert (first.body, second.body) == (b"{}", b"{}")
    assert server.heard == ["GET /keys HTTP/1.1", *["POST /token HTTP/1.1"] * 2]


def test_an_archive_is_asked_once_more_for_what_only_reads() -> None:
    with hasty_server() as server:
        exchange = DicomwebExchange(server.url, timeout_s=120)
        assert exchange.ask("GET", "/studies").body == b"{}"
        with exchange.stream("/studies/1.2", "*/*", StreamBounds()) as film:
            assert b"".join(film.pieces) == b"{}"
        assert exchange.ask("GET", "/studies").body == b"{}"
    assert [line.split()[1] for line in server.heard] == [
        "/studies",
        "/studies/1.2",
        "/studies/1.2",
        "/studies",
        "/studies",
    ]


def test_what_changes_something_there_is_not_sent_twice() -> None:
    with hasty_server() as server:
        exchange = DicomwebExchange(server.url, timeout_s=120)
        assert exchange.ask("GET", "/workitems").status == 200
        with pytest.raises(TransientError):
            exchange.ask("POST", "/workitems/1.2/cancelrequest", body=b"[]")
        assert exchange.ask("GET", "/workitems").status == 200
    assert [line.split()[0] for line in server.heard] == ["GET", "POST", "GET"]
