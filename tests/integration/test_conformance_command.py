"""`wetread conformance check` against real neighbours, against ourselves, and against neighbours that lie."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from neighbours.asking import ask_once
from neighbours.dcmtk import dcmqrscp, storescp
from neighbours.orthanc import Orthanc, orthanc
from neighbours.wetread import ACCOUNT, Wetread
from tests.films import film
from tests.journey.waiting import wait_for

from wetread.cli import main

pytestmark = [pytest.mark.real, pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")]


@pytest.fixture
def check(capsys: pytest.CaptureFixture[str]) -> Callable[..., dict[str, str]]:
    """Verdicts by name; every word of the answer is looked through for the patient."""

    def asked(neighbour: str, *words: str) -> dict[str, str]:
        main(["conformance", "check", neighbour, "--json", *words])
        said = capsys.readouterr().out
        assert "PHANTOM" not in said
        assert "2.25." not in said
        return {each["name"]: each["verdict"] for each in json.loads(said)}

    return asked


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    with orthanc(tmp_path_factory.mktemp("orthanc"), DicomCheckCalledAet=False) as neighbour:
        yield neighbour


def test_an_empty_orthanc_is_asked_what_can_be_asked(archive: Orthanc, check: Callable[..., dict[str, str]]) -> None:
    found = check(archive.dicomweb_url)
    assert (found["search studies"], found["match by UID"], found["frames"]) == ("yes", "not tried", "not tried")


def test_orthanc_with_a_film(archive: Orthanc, check: Callable[..., dict[str, str]]) -> None:
    assert ask_once("POST", f"{archive.url}/instances", body=film(61)).status == 200
    found = check(archive.dicomweb_url)
    for name in ("match by UID", "series of a study", "metadata as JSON", "frames", "rendered as JPEG", "store"):
        assert found[name] == "yes", name
    assert found["percent-encoded query"] == "no"  # Debian's 1.10 does not decode the query
    assert found["search workitems"] == "no"


def test_ourselves(tmp_path: Path, check: Callable[..., dict[str, str]]) -> None:
    house = Wetread(tmp_path / "house", {"WORKERS": "0"})
    house.add_radiologist()
    (tmp_path / "film.dcm").write_bytes(film(62))
    (tmp_path / "token").write_text(f"Bearer {house.run('user', 'token', ACCOUNT).stdout.strip().splitlines()[-1]}")
    with house.serving() as service:
        assert house.run("send", str(tmp_path / "film.dcm"), "--to", house.dicomweb_url).returncode == 0
        wait_for(lambda: len(service.client.worklist("open")) == 1, "the study")
        found = check(house.dicomweb_url, "--authorization-file", str(tmp_path / "token"))
    not_a_radiologists = "store"
    assert {name for name, verdict in found.items() if verdict != "yes"} == {not_a_radiologists}


def test_without_credentials_it_says_what_to_give(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with answering(lambda _: (401, "text/plain", b"")) as url:
        assert main(["conformance", "check", url]) == 1
    assert "--authorization-file" in capsys.readouterr().err


def test_dcmtks_archive_and_its_receiver(tmp_path: Path, check: Callable[..., dict[str, str]]) -> None:
    with dcmqrscp(tmp_path / "qr") as peer:
        found = check(f"{peer.ae_title}@127.0.0.1:{peer.port}")
    assert (found["C-ECHO"], found["C-FIND, study root"], found["modality worklist C-FIND"]) == ("yes", "yes", "no")
    with storescp(tmp_path / "store", "+xs") as peer:
        found = check(f"{peer.ae_title}@127.0.0.1:{peer.port}")
    assert (found["digital X-ray in JPEG Lossless SV1"], found["digital X-ray in JPEG-LS Lossless"]) == ("yes", "no")
    assert found["C-MOVE, study root"] == "no"


def test_orthanc_as_an_application_entity(archive: Orthanc, check: Callable[..., dict[str, str]]) -> None:
    found = check(f"{archive.ae_title}@127.0.0.1:{archive.dicom_port}")
    assert (found["C-ECHO"], found["digital X-ray"], found["C-FIND, study root"]) == ("yes", "yes", "yes")


@contextmanager
def answering(answer: Callable[[str], tuple[int, str, bytes]], wait_s: float = 0) -> Iterator[str]:
    """A neighbour that answers as it is told."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            time.sleep(wait_s)
            status, kind, body = answer(self.path)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Location", "http://169.254.169.254/latest/meta-data")
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_OPTIONS = do_GET  # noqa: N815 - http.server's names

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/dicom-web"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


LIES = {
    "everything is the same study": lambda _: (200, "application/dicom+json", b'[{"0020000D": {"vr": "UI", "Value": ["1.2.3"]}}, {}]'),
    "everything is a page": lambda _: (200, "text/html", b"<html>Sign in</html>"),
    "everything is elsewhere": lambda _: (302, "text/html", b""),
    "a path for a UID": lambda _: (200, "application/dicom+json", b'[{"0020000D": {"vr": "UI", "Value": ["../../admin"]}}]'),
    "not a data set": lambda _: (200, "application/dicom+json", b'[[[[1]]], {"0020000D": 5}]'),
}  # fmt: skip


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
def test_a_neighbour_that_lies_is_not_believed(
    lie: Callable[[str], tuple[int, str, bytes]], check: Callable[..., dict[str, str]]
) -> None:
    asked: list[str] = []
    with answering(lambda path: (asked.append(path), lie(path))[1]) as url:
        found = check(url)
    believed = {name for name, verdict in found.items() if verdict == "yes"}
    assert not believed & {
        "nothing where nothing is",
        "match by UID",
        "metadata as JSON",
        "frames",
        "rendered as JPEG",
        "answers in XML",
    }
    assert not any(".." in path for path in asked)


def test_a_slow_neighbour_is_given_up_and_said(capsys: pytest.CaptureFixture[str]) -> None:
    with answering(lambda _: (200, "application/dicom+json", b"[]"), wait_s=1.0) as url:
        assert main(["conformance", "check", url, "--timeout", "0.2"]) == 1
    assert "did not answer within 0.2 s" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("neighbour", "says"),
    [
        ("PACS@127.0.0.1:1", "does not answer"),
        ("http://127.0.0.1:1/dicom-web", "does not answer"),
        ("nobody", "AE@host:port"),
        ("http://user:secret@127.0.0.1/", "without a password"),
    ],
)
def test_who_is_not_there_or_not_named_is_said(neighbour: str, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["conformance", "check", neighbour, "--timeout", "2"]) == 1
    said = capsys.readouterr().err
    assert says in said
    assert "secret" not in said


def test_the_table_has_a_line_for_each_and_a_sum(archive: Orthanc, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["conformance", "check", archive.dicomweb_url]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) > 20
    assert lines[0].startswith("yes        QIDO-RS         search studies")
    assert " not tried" in lines[-1]
