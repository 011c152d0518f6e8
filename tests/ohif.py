"""`python -m tests.ohif FOLDER`: our signed report in OHIF, from an empty Orthanc to FOLDER/ohif-sr.png and ohif-seg.png, to be looked at.

FOLDER: an unpacked `@ohif/app` package (`npm pack @ohif/app@3.13.2`), which is not shipped here.

One phantom with a finding is read and signed by a real `wetread serve`, which stores SR and pictures in Orthanc; Chromium opens OHIF on it, with the SR's box, then with the segment.
"""

import argparse
import json
import sys
import tempfile
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from neighbours.asking import ask_once
from neighbours.orthanc import Orthanc, orthanc
from neighbours.process import free_port
from neighbours.wetread import PASSWORD, Wetread
from playwright.sync_api import Page, sync_playwright
from pydicom import dcmread
from pydicom.uid import ExplicitVRLittleEndian, JPEGBaseline8Bit

from tests.journey.waiting import wait_for
from tests.reading_room import CHROMIUM_FLAGS
from wetread.demo.films import demo_films

PATIENCE_MS = 120_000
_SOURCE = {
    "namespace": "@ohif/extension-default.dataSourcesModule.dicomweb",
    "sourceName": "archive",
    "configuration": {
        **{f"{each}Root": "/dicom-web" for each in ("wadoUri", "qido", "wado")},
        "friendlyName": "archive",
        "name": "archive",
        "imageRendering": "wadors",
        "thumbnailRendering": "wadors",
        "bulkDataURI": {"enabled": True, "relativeResolution": "studies"},
    },
}
CONFIGURATION = {
    "extensions": [],
    "modes": [],
    "showStudyList": True,
    "investigationalUseDialog": {"option": "never"},
    "defaultDataSourceName": "archive",
    "dataSources": [_SOURCE],
}


class Front(SimpleHTTPRequestHandler):
    """OHIF's files and Orthanc's DICOMweb from one origin."""

    def __init__(self, *args: object, archive: Orthanc, **changes: object) -> None:
        self._archive = archive
        super().__init__(*args, **changes)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        if self.path.startswith("/dicom-web"):
            accept = {"Accept": self.headers.get("Accept", "*/*")}
            answer = ask_once("GET", self._archive.url + self.path, headers=accept)
            self._answer(answer.status, answer.headers.get("content-type", ""), answer.data)
        elif self.path.startswith("/app-config.js"):
            self._answer(200, "text/javascript", f"window.config = {json.dumps(CONFIGURATION)};".encode())
        else:
            if not Path(self.translate_path(self.path)).is_file():
                self.path = "/index.html"
            super().do_GET()

    def end_headers(self) -> None:
        self.send_header("Cross-Origin-Opener-Policy", "same-origin")
        self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        super().end_headers()

    def log_message(self, *_: object) -> None:
        """Quiet."""

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="the unpacked package, with dist/ in it")
    shown_in = parser.parse_args().folder
    dist = shown_in / "dist"
    with tempfile.TemporaryDirectory() as name, orthanc(Path(name) / "orthanc") as archive:
        uid = signed_study(Path(name), archive)
        front = ThreadingHTTPServer(
            ("127.0.0.1", free_port()), partial(Front, archive=archive, directory=str(dist.resolve(strict=True)))
        )
        threading.Thread(target=front.serve_forever, daemon=True).start()
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path="/usr/bin/chromium", args=[*CHROMIUM_FLAGS, "--enable-unsafe-swiftshader"]
            )
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            page.goto(f"http://127.0.0.1:{front.server_address[1]}/viewer?StudyInstanceUIDs={uid}")
            look(page, shown_in)
            browser.close()
        front.shutdown()


def signed_study(folder: Path, archive: Orthanc) -> str:
    """Read and sign phantoms until one has a segment in the archive; returns its Study Instance UID."""
    settings = {"STOW_SINK_URL": archive.dicomweb_url, "REPORT_PICTURES": "heatmap,boxes,regions"}
    house = Wetread(folder / "house", settings)
    house.add_radiologist()
    with house.serving() as service:
        client = service.client
        for film in (each for each in demo_films(folder / "films", 6, 7) if shows(each)):
            ask_once("POST", f"{archive.url}/instances", body=film.read_bytes(), timeout=30)
            assert house.run("send", str(film), "--to", house.dicomweb_url).returncode == 0
            wait_for(lambda: [each["state"] for each in client.worklist("open")] == ["drafted"], "a draft")
            path = f"/api/studies/{client.worklist('open')[0]['study_key']}"
            report = client.post(f"{path}/open", {})["report"]
            client.post(f"{path}/sign", {"etag": report["etag"], "meaning": "approved", "password": PASSWORD})
            wait_for(lambda: {each["state"] for each in client.worklist("reported")} == {"delivered"}, "delivery")
            for series in json.loads(archive.get("/series?expand")):
                if series["MainDicomTags"]["Modality"] == "SEG":
                    study = json.loads(archive.get(f"/studies/{series['ParentStudy']}"))
                    return str(study["MainDicomTags"]["StudyInstanceUID"])
    raise SystemExit("no phantom got a segment")


def shows(film: Path) -> bool:
    """Whether OHIF can draw it as Orthanc hands it out: not the big-endian and deflated ones."""
    syntax = dcmread(film, stop_before_pixels=True).file_meta.TransferSyntaxUID
    return film.name.startswith("film-") and syntax in (ExplicitVRLittleEndian, JPEGBaseline8Bit)


def look(page: Page, folder: Path) -> None:
    page.get_by_text("Skip all").click(timeout=PATIENCE_MS)
    for modality in ("SR", "SEG"):
        page.get_by_text(modality, exact=True).first.dblclick(timeout=PATIENCE_MS)
        page.wait_for_timeout(20_000)  # it tells nobody when it has drawn
        for answer in ("No", "Don't show again"):
            if page.get_by_role("button", name=answer).count():
                page.get_by_role("button", name=answer).first.click()
        page.wait_for_timeout(5_000)
        page.screenshot(path=folder / f"ohif-{modality.lower()}.png")


if __name__ == "__main__":
    main()
