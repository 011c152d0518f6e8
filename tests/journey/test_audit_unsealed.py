"""The key that seals the audit log is taken away from a running service, then exchanged: the technical duty hears of it, nobody is told that the log was changed, and it is over when the key is back."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from neighbours.wetread import Serving, Wetread
from tests.journey.waiting import wait_for
from tests.page_receivers import Ledger, smtp_receiver
from tests.technical_duty import paging_dev

from wetread.checkpoints.note import fresh_pem

pytestmark = pytest.mark.real


@pytest.fixture
def mail() -> Iterator[Ledger]:
    with smtp_receiver() as ledger:
        yield ledger


@pytest.fixture
def house(tmp_path: Path, mail: Ledger) -> Wetread:
    often = {"WORKERS": "0", "AUDIT_CHECKPOINT_EVERY_S": "10", "WATCH_EVERY_S": "0.5"}
    house = Wetread(tmp_path / "house", {**paging_dev(tmp_path, mail.port), **often})
    house.add_radiologist()
    return house


def alarms(service: Serving) -> dict[str, str]:
    """What each open one says."""
    return {each["kind"]: each["message"] for each in service.client.get("/api/alarms")["alarms"]}


def test_a_lost_and_an_exchanged_key_ring_and_its_return_ends_it(house: Wetread, mail: Ledger) -> None:
    key, folder = house.folder / "vault" / "audit.key", house.folder / "checkpoints"
    with house.serving() as service:
        wait_for(lambda: any(folder.glob("*.checkpoint")), "a checkpoint")
        right = key.read_bytes()
        key.unlink()
        wait_for(lambda: mail.told("the audit log is not sealed"), "the page about the lost key")
        assert mail.told("audit.key is missing")
        key.write_bytes(fresh_pem())
        wait_for(
            lambda: "is not the one" in alarms(service)["audit_unsealed"], "the exchanged key in the alarm's words"
        )
        wait_for(
            lambda: "checkpoint_waits code=" in service.log.read_text("utf-8"), "a checkpoint that could not be made"
        )
        assert "audit_broken" not in alarms(service)
        made = len(list(folder.glob("*.checkpoint")))
        key.write_bytes(right)
        wait_for(lambda: "audit_unsealed" not in alarms(service), "the end of the alarm")
        assert len(list(folder.glob("*.checkpoint"))) > made
    assert house.run("audit", "verify").returncode == 0
