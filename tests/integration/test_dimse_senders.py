"""Real senders and many senders at the C-STORE door."""

import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from struct import pack

import hostile
import pytest
from builders_ingest import House
from dimse_front import CR, EXPLICIT, IMPLICIT, an_instance, body, opened, stored, studies
from films import film as phantom_film
from neighbours.dcmtk import DCMTK
from raw_dimse import RawScu
from stow_front import serving, store_one

from wetread.dicom.sandbox import Sandbox
from wetread.domain.job import JobState


@pytest.mark.real
@pytest.mark.parametrize(
    "proposal",
    ["-xi", "-xe", "-xs", "-xy", "-xx", "-xv", "-xw", "-xt", "-xu", "-xr"],
    ids=lambda each: f"storescu_{each}",
)
def test_storescu_sends_in_every_transfer_syntax(house: House, port: int, proposal: str, tmp_path: Path) -> None:
    syntax = _SYNTAX_OF[proposal]
    path = tmp_path / "film.dcm"
    path.write_bytes(_encoded(syntax))
    command = [
        DCMTK + "storescu",
        proposal,
        "-R",
        "-aet",
        "STORESCU",
        "-aec",
        "WETREAD",
        "127.0.0.1",
        str(port),
        str(path),
    ]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stderr
    (key,) = studies(house)
    (kept,) = house.vault.unnamed.instances(key)
    assert kept.header.traits.transfer_syntax_uid == syntax


_SYNTAX_OF = {
    "-xi": IMPLICIT,
    "-xe": EXPLICIT,
    "-xs": "1.2.840.10008.1.2.4.70",
    "-xy": "1.2.840.10008.1.2.4.50",
    "-xx": "1.2.840.10008.1.2.4.51",
    "-xv": "1.2.840.10008.1.2.4.90",
    "-xw": "1.2.840.10008.1.2.4.91",
    "-xt": "1.2.840.10008.1.2.4.80",
    "-xu": "1.2.840.10008.1.2.4.81",
    "-xr": "1.2.840.10008.1.2.5",
}


def _encoded(syntax: str) -> bytes:
    """The control film; its pixels are what the syntax says only where that matters to nobody here."""
    fragments = pack("<HHI", 0xFFFE, 0xE000, 0) + pack("<HHI", 0xFFFE, 0xE000, 4) + b"\xff\xd8\xff\xd9"
    if syntax in (EXPLICIT, IMPLICIT):
        return hostile.film()
    end = pack("<HHI", 0xFFFE, 0xE0DD, 0)
    pixels = pack("<HH2sHI", 0x7FE0, 0x0010, b"OB", 0, 0xFFFFFFFF) + fragments + end
    tags = {tag: value for tag, value in hostile.tags_of_a_film().items() if tag != 0x7FE00010}
    return hostile.part10(hostile.data_set(tags) + pixels, syntax=syntax)


@pytest.mark.real
def test_dcmsend_sends_a_folder_and_echoscu_is_answered(house: House, port: int, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    for n in range(5):
        (folder / f"{n}.dcm").write_bytes(an_instance(n)[1])
    (folder / "phantom.dcm").write_bytes(phantom_film())
    echo = [DCMTK + "echoscu", "-aet", "MODALITY", "-aec", "WETREAD", "127.0.0.1", str(port)]
    assert subprocess.run(echo, check=False, timeout=60).returncode == 0
    send = [
        DCMTK + "dcmsend",
        "-aet",
        "DCMSEND",
        "-aec",
        "WETREAD",
        "--scan-directories",
        "127.0.0.1",
        str(port),
        str(folder),
    ]
    run = subprocess.run(send, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stderr
    assert stored(house) == 6


def test_twenty_senders_of_one_instance_make_one_row(house: House, port: int) -> None:
    uid, content = an_instance(1)

    def send(_: int) -> int:
        with RawScu(port, timeout_s=60) as scu:
            assert scu.associate([(CR, EXPLICIT)])
            return scu.store(CR, uid, body(content)).status

    with ThreadPoolExecutor(20) as pool:
        assert list(pool.map(send, range(20))) == [0x0000] * 20
    assert stored(house) == 1


def test_twenty_senders_by_both_doors_make_one_row_and_one_job(house: House, tmp_path: Path, sandbox: Sandbox) -> None:
    """The doors are two processes with a reception each; what they are sent differs in the file meta information."""
    http_side = House(tmp_path, inspector=sandbox)
    uid, content = an_instance(1, side=128)

    def by_dimse(port: int) -> bool:
        with RawScu(port, timeout_s=60) as scu:
            assert scu.associate([(CR, EXPLICIT)])
            return scu.store(CR, uid, body(content)).status == 0x0000

    def by_stow(port: int) -> bool:
        return store_one(port, content, 60) == 200

    with opened(house) as dimse, serving(http_side) as front, ThreadPoolExecutor(20) as pool:
        sent = [pool.submit(*call) for _ in range(10) for call in ((by_dimse, dimse), (by_stow, front.port))]
        assert all(each.result() for each in sent)
    assert stored(house) == 1
    assert len(house.database.jobs(JobState.READY)) == 1
    http_side.close()
