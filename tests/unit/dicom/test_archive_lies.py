"""Archives that lie, flood, stall or close in the middle, over real HTTP: nothing of them is believed, and nothing half is handed over."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from neighbours.archives import KeptFiles

from wetread.dicom.archive_question import RetrieveBounds
from wetread.dicom.dicomweb_archive import DicomwebArchive
from wetread.dicom.dicomweb_exchange import DicomwebExchange
from wetread.dicom.orthanc_archive import OrthancArchive
from wetread.domain.archive import ArchivedInstance, ArchiveWays, StudyQuery
from wetread.domain.errors import PermanentError, TransientError

WANTED = ArchivedInstance("1.2.3", "1.2.3.4", "1.2.3.4.5")
ID = "74eb5e46-84167a34-c0b04241-74999f0b-d9e7a93d"
PARTS = b'multipart/related; type="application/dicom"; boundary=b'
Reply = tuple[int, dict[str, str], bytes]


@contextmanager
def answering(reply: Callable[[str], Reply]) -> Iterator[tuple[str, list[str]]]:
    """Each GET is answered by `reply(path)`; its body is sent whole, whatever its Content-Length says."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            status, headers, body = reply(self.path)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
            self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def web(url: str, *, bounds: RetrieveBounds | None = None, **ways: bool) -> DicomwebArchive:
    return DicomwebArchive("pacs", DicomwebExchange(url, timeout_s=60), lambda: ArchiveWays(**ways), bounds)


def retrieved(reply: Reply, *, bounds: RetrieveBounds | None = None, in_parts: bool = True) -> KeptFiles:
    inbox = KeptFiles()
    with answering(lambda _: reply) as (url, _):
        try:
            web(url, bounds=bounds, in_parts=in_parts).retrieve(WANTED, inbox)
        finally:
            assert inbox.leaves_nothing()
    return inbox


def part(content: bytes, end: bytes = b"--b--\r\n") -> bytes:
    return b"--b\r\nContent-Type: application/dicom\r\n\r\n" + content + b"\r\n" + end


HEADERS = {"Content-Type": PARTS.decode()}


def test_what_it_closes_in_the_middle_is_asked_again_and_leaves_nothing() -> None:
    whole = part(b"one", b"") + part(b"two")
    for body, headers in (
        (whole[:-9], HEADERS),
        (whole[: len(part(b"one", b"")) + 50], {**HEADERS, "Content-Length": "100000"}),
    ):
        with pytest.raises(TransientError):
            retrieved((200, headers, body))


def test_what_came_whole_before_the_end_was_cut_stays() -> None:
    inbox = KeptFiles()
    body = (part(b"one", b"") + part(b"two"))[:-9]
    with answering(lambda _: (200, HEADERS, body)) as (url, _), pytest.raises(TransientError):
        web(url).retrieve(WANTED, inbox)
    assert inbox.contents == [b"one"]


@pytest.mark.parametrize(
    ("bounds", "in_parts"),
    [
        (RetrieveBounds(instance_bytes=10), True),
        (RetrieveBounds(instance_bytes=10), False),
        (RetrieveBounds(total_bytes=20), True),
        (RetrieveBounds(total_bytes=20), False),
    ],
)
def test_a_flood_ends_at_the_bound(bounds: RetrieveBounds, in_parts: bool) -> None:
    body = part(b"x" * 1000) if in_parts else b"x" * 1000
    with pytest.raises(PermanentError) as refusal:
        retrieved((200, HEADERS if in_parts else {}, body), bounds=bounds, in_parts=in_parts)
    assert refusal.value.code == "too_large"


def test_more_parts_than_a_retrieve_may_have_are_not_taken() -> None:
    body = b"".join(part(b"x", b"") for _ in range(5)) + b"--b--\r\n"
    with pytest.raises(TransientError):
        retrieved((200, HEADERS, body), bounds=RetrieveBounds(instances=3))


def test_a_redirection_a_refusal_and_a_compressed_body_are_not_followed() -> None:
    for status, headers, code in (
        (302, {"Location": "http://127.0.0.1:1/"}, "redirected"),
        (401, {}, "not_authorised"),
        (200, {**HEADERS, "Content-Encoding": "gzip"}, "content_encoding"),
    ):
        with pytest.raises(PermanentError) as refusal:
            retrieved((status, headers, b""))
        assert refusal.value.code == code
    with pytest.raises(TransientError):
        retrieved((503, {}, b""))


def row(uid: str, patient: str = "P1") -> dict[str, object]:
    return {"0020000D": {"vr": "UI", "Value": [uid]}, "00100020": {"vr": "LO", "Value": [patient]}}


def found(rows: object, query: StudyQuery, limit: int = 50) -> tuple[list[str], bool]:
    with answering(lambda _: (200, {"Content-Type": "application/dicom+json"}, json.dumps(rows).encode())) as (url, _):
        answer = web(url).studies(query, limit)
    return [each.study_instance_uid for each in answer.studies], answer.complete


def test_rows_that_were_not_asked_for_are_left_out_and_said() -> None:
    """An archive that ignores PatientID answers with everybody's studies."""
    query = StudyQuery(patient_id="P1")
    assert found([row("1.2.3")], query) == (["1.2.3"], True)
    assert found([row("1.2.3"), row("1.2.4", "P2")], query) == (["1.2.3"], False)
    assert found([row("../../etc"), {"0020000D": 7}, row("1.2.3")], query) == (["1.2.3"], False)


def test_one_that_gives_the_same_page_for_ever_is_found_out() -> None:
    rows = [row(f"1.2.{n}") for n in range(200)]
    uids, complete = found(rows, StudyQuery(patient_id="P1"), 1000)
    assert (len(uids), complete) == (200, False)
    assert found(rows[:3], StudyQuery(patient_id="P1"), 1000) == (["1.2.0", "1.2.1", "1.2.2"], True)


@pytest.mark.parametrize("body", [b"<html>", b"{}", b"[1]", b"[" * 100_000, b""])
def test_what_is_no_answer_is_none(body: bytes) -> None:
    with answering(lambda _: (200, {}, body)) as (url, _), pytest.raises(PermanentError) as refusal:
        web(url).studies(StudyQuery(patient_id="P1"), 5)
    assert refusal.value.code == "bad_answer"


def test_an_archive_that_does_not_decode_is_asked_with_wildcards_and_compared() -> None:
    with answering(lambda _: (200, {}, json.dumps([row("1.2.3", "A&B C"), row("1.2.4", "AxBxC")]).encode())) as (
        url,
        asked,
    ):
        answer = web(url, decodes_percent=False).studies(StudyQuery(patient_id="A&B C"), 5)
    assert "PatientID=A?B?C" in asked[0]
    assert [each.study_instance_uid for each in answer.studies] == ["1.2.3"]


def change(seq: int, name: str = ID, kind: str = "NewInstance", date: str = "20261129T120000") -> dict[str, object]:
    return {"Seq": seq, "ID": name, "ChangeType": kind, "Date": date}


def log(*changes: dict[str, object], done: bool = True) -> bytes:
    last = max((each["Seq"] for each in changes), default=0)
    return json.dumps({"Changes": changes, "Done": done, "Last": last}).encode()


@contextmanager
def orthanc(reply: Callable[[str], bytes | int]) -> Iterator[tuple[OrthancArchive, list[str]]]:
    def answered(path: str) -> Reply:
        said = reply(path)
        return (said, {}, b"") if isinstance(said, int) else (200, {}, said)

    with answering(answered) as (url, asked):
        yield OrthancArchive("pacs", DicomwebExchange(url, timeout_s=60), web(url)), asked


@pytest.mark.parametrize("name", ["../../system", "a" * 44, "", ID + "/../../system"])
def test_an_identifier_that_is_none_goes_into_no_path(name: str) -> None:
    with orthanc(lambda _: log(change(1, name))) as (archive, asked):
        answer = archive.changes("", 10)
    assert ([each.code for each in answer.unusable], len(asked)) == (["bad_answer"], 1)


@pytest.mark.parametrize(
    "body", [b"[]", b"{}", b'{"Changes": [{}], "Done": true, "Last": 1}', b'{"Changes": [], "Done": 1, "Last": "x"}']
)
def test_a_change_log_that_is_none_moves_no_cursor(body: bytes) -> None:
    with orthanc(lambda _: body) as (archive, _), pytest.raises(PermanentError) as refusal:
        archive.changes("", 10)
    assert refusal.value.code == "bad_answer"


def test_what_was_deleted_between_log_and_look_is_gone() -> None:
    with orthanc(lambda path: log(change(1)) if path.startswith("/changes") else 404) as (archive, _):
        answer = archive.changes("", 10)
    assert (answer.instances, answer.gone, answer.cursor.startswith("1:")) == ((), 1, True)


def test_a_database_that_counts_anew_is_seen_before_and_behind_the_cursor() -> None:
    logs: dict[str, bytes] = {}

    def reply(path: str) -> bytes | int:
        if not path.startswith("/changes"):
            return 404
        return logs["now"]

    with orthanc(reply) as (archive, _):
        logs["now"] = log(change(1), change(2), change(3))
        cursor = archive.changes("", 10).cursor
        logs["now"] = log(change(3), change(4))
        assert not archive.changes(cursor, 10).restarted  # 1 and 2 were deleted, 3 still stands there
        logs["now"] = log(change(1, date="20270101T000000"))
        assert archive.changes(cursor, 10).restarted  # shorter than it was
        logs["now"] = log(*(change(n, date="20270101T000000") for n in range(1, 9)))
        assert archive.changes(cursor, 10).restarted  # longer than it was, but another


def test_what_calls_itself_orthanc_and_is_none_is_told() -> None:
    with orthanc(lambda _: b'{"hello": 1}') as (archive, _), pytest.raises(PermanentError) as refusal:
        archive.identity()
    assert refusal.value.code == "not_orthanc"
