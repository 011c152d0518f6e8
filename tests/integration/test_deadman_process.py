"""The dead man's switch of a running service: its pager is stopped in mid-air, and the technical duty hears of it from the process that is left."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from neighbours.wetread import Wetread
from tests.journey.waiting import wait_for
from tests.page_receivers import smtp_receiver
from tests.technical_duty import paging_dev

from wetread.paging.signs import SIGNS
from wetread.storage.database import SqlDatabase

pytestmark = pytest.mark.real


def pager_of(parent: int) -> int:
    """The process id of the pager that the service has started."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    (pager,) = [int(pid) for pid in children if b"pager" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")]
    return pager


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_a_pager_that_stands_still_is_told_of_by_the_process_that_is_left_and_its_end_is_recorded(
    tmp_path: Path,
) -> None:
    with smtp_receiver() as mail:
        house = Wetread(tmp_path / "house", {**paging_dev(tmp_path, mail.port), "WORKERS": "0"})
        house.add_radiologist()
        with house.serving() as service:
            database = SqlDatabase(f"sqlite:///{house.folder}/wetread.db")

            def shows_life() -> bool:
                with database.begin(write=False) as unit:
                    return all(unit.last_beat(name) for name in SIGNS)

            wait_for(shows_life, "the pager's first signs of life")
            with stopped(pager_of(service.process.pid)):
                wait_for(lambda: any("not being escalated" in text for _, _, text in mail.entries), "the call")
            wait_for(
                lambda: "escalation_stopped" not in [a["kind"] for a in service.client.get("/api/alarms")["alarms"]],
                "the end of the alarm",
            )
            service.process.terminate()
            assert service.process.wait(120) == 0
            *_, last = database.audit_records()
            assert last.event.action == "service.stop"
            database.close()
        assert {recipient for _, recipient, _ in mail.entries} == {"dev@hospital.example"}
