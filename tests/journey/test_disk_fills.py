"""The disk of a running house fills up: films are refused in words that have them sent again, the technical duty is paged, and what was drafted can still be signed."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from neighbours.dcmtk import DCMTK
from neighbours.wetread import ACCOUNT, PASSWORD, Serving, Wetread
from tests.films import film
from tests.journey.waiting import wait_for
from tests.page_receivers import Ledger, smtp_receiver
from tests.small_disk import a_small_disk
from tests.technical_duty import paging_dev

pytestmark = pytest.mark.real
RESERVE_MIB = 64


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    yield from a_small_disk(tmp_path / "disk", 192)


@pytest.fixture
def mail() -> Iterator[Ledger]:
    with smtp_receiver() as ledger:
        yield ledger


def test_films_are_refused_before_the_last_room_is_gone(disk: Path, mail: Ledger, tmp_path: Path) -> None:
    settings = {**paging_dev(tmp_path, mail.port), "DISK_RESERVE_MIB": str(RESERVE_MIB), "WORKERS": "1"}
    house = Wetread(disk / "house", settings)
    house.add_radiologist()
    for number in (1, 2):
        (tmp_path / f"{number}.dcm").write_bytes(film(number))
    with house.serving() as service:
        assert send(house, tmp_path / "1.dcm").returncode == 0
        wait_for(lambda: any(each["state"] == "drafted" for each in service.client.worklist("open")), "the draft")
    filler = disk / "filler"
    with filler.open("wb") as file:
        file.truncate(shutil.disk_usage(disk).free - (RESERVE_MIB - 8) * 2**20)
    subprocess.run(["fallocate", "-l", str(filler.stat().st_size), str(filler)], check=True)
    house.settings["WORKERS"] = "0"
    with house.serving() as service:
        _are_refused(house, service, tmp_path / "2.dcm")
        wait_for(lambda: any("films are refused" in text.replace("\n", " ") for _, _, text in mail.entries), "the page")
        key = service.client.worklist("open")[0]["study_key"]
        signed = house.run("sign", key, "--as", ACCOUNT, "--password-stdin", stdin=PASSWORD + "\n")
        assert "signed as final" in signed.stdout, signed.stderr
        filler.unlink()
        assert send(house, tmp_path / "2.dcm").returncode == 0
        assert house.run("status").returncode == 0
    assert house.run("audit", "verify").returncode == 0


def _are_refused(house: Wetread, service: Serving, path: Path) -> None:
    refused = send(house, path)
    assert refused.returncode != 0
    assert "cannot store now (HTTP 507)" in refused.stdout
    to = ["127.0.0.1", str(house.dimse_port)]
    stored = subprocess.run(
        [DCMTK + "storescu", "-aec", "WETREAD", "-v", *to, str(path)], capture_output=True, timeout=120
    )
    assert b"OutOfResources" in stored.stderr, stored.stderr
    status = house.run("status")
    assert (status.returncode, "films are refused until there is more" in status.stdout) == (1, True), status.stdout
    (alarm,) = (each for each in service.client.get("/api/alarms")["alarms"] if each["kind"] == "disk_fills")
    assert alarm["pages"]
    assert not service.client.is_ready("/readyz")
    assert service.client.is_ready("/readyz/door")


def send(house: Wetread, path: Path) -> "subprocess.CompletedProcess[str]":
    return house.run("send", str(path), "--to", house.dicomweb_url)


def test_a_disk_that_runs_out_of_files_and_one_that_goes_away_are_paged(
    mail: Ledger, disk: Path, tmp_path: Path
) -> None:
    subprocess.run(["mount", "-o", "remount,nr_inodes=1500", str(disk)], check=True)
    settings = {**paging_dev(tmp_path, mail.port), "DISK_RESERVE_MIB": str(RESERVE_MIB), "WORKERS": "0"}
    house = Wetread(disk / "house", settings)
    house.add_radiologist()
    (tmp_path / "1.dcm").write_bytes(film(1))
    for number in range(600):
        (disk / f"{number}").touch()
    with house.serving():
        wait_for(lambda: mail.told("more files (inodes)"), "the page")
        assert "cannot store now (HTTP 507)" in send(house, tmp_path / "1.dcm").stdout
        for number in range(600):
            (disk / f"{number}").unlink()
        assert send(house, tmp_path / "1.dcm").returncode == 0
        shutil.rmtree(disk / "house" / "vault" / "films")
    with house.serving():
        wait_for(lambda: mail.told("is its disk mounted?"), "the page")
