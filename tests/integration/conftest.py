"""The C-STORE door over a house of its own, for every test of its senders; other modules define their own of the same names."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from builders_ingest import House
from dimse_front import opened

from wetread.dicom.sandbox import Sandbox


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(children=2) as sandbox:
        yield sandbox


@pytest.fixture
def house(tmp_path: Path, sandbox: Sandbox) -> Iterator[House]:
    house = House(tmp_path, inspector=sandbox)
    yield house
    house.close()


@pytest.fixture
def port(house: House) -> Iterator[int]:
    with opened(house, pdu_s=3.0) as port:
        yield port
