"""The processes of a running service, when the machine has no room for them or they cannot do their work: they come back by themselves, and whoever answers for the service hears of those that do not."""

import os
import resource
import signal
import socket
from functools import partial
from pathlib import Path

import pytest
from neighbours.wetread import Wetread
from tests.integration.test_deadman_process import pager_of
from tests.journey.waiting import wait_for
from tests.page_receivers import smtp_receiver
from tests.technical_duty import paging_dev

pytestmark = pytest.mark.real


def test_a_pager_that_cannot_be_started_for_want_of_files_is_started_when_there_are_some(tmp_path: Path) -> None:
    house = Wetread(tmp_path / "house", {"WORKERS": "0"})
    house.add_radiologist()
    with house.serving() as service:
        own = service.process.pid
        before = resource.prlimit(own, resource.RLIMIT_NOFILE, (3, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
        os.kill(pager_of(own), signal.SIGKILL)
        wait_for(lambda: "child_not_started command=pager" in service.log.read_text(), "the first vain try")
        resource.prlimit(own, resource.RLIMIT_NOFILE, before)
        wait_for(lambda: "pager" in _commands_of(own), "another pager")


def _commands_of(parent: int) -> str:
    """Of its processes, whichever of its threads started them."""
    pids = " ".join(map(_read, Path(f"/proc/{parent}/task").glob("*/children"))).split()
    return " ".join(_read(Path(f"/proc/{pid}/cmdline")) for pid in pids)


def _read(of: Path) -> str:
    """Nothing of a thread or process that has ended meanwhile."""
    try:
        return of.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def test_a_door_that_cannot_be_opened_is_told_to_the_technical_duty(tmp_path: Path) -> None:
    with smtp_receiver() as mail:
        house = Wetread(tmp_path / "house", {**paging_dev(tmp_path, mail.port), "WORKERS": "0"})
        house.add_radiologist()
        with socket.create_server(("127.0.0.1", house.dimse_port)), house.serving():
            wait_for(partial(mail.told, "wetread dimse"), "the page")
        assert {recipient for _, recipient, _ in mail.entries} == {"dev@hospital.example"}


def test_a_channel_without_its_secret_and_a_policy_that_is_gone_keep_no_service_from_starting_and_are_paged_by_what_works(
    tmp_path: Path,
) -> None:
    with smtp_receiver() as mail:
        gone = {"TRIAGE_POLICY": str(tmp_path / "policy.yaml"), "WORKERS": "0"}
        house = Wetread(tmp_path / "house", {**paging_dev(tmp_path, mail.port), **gone})
        with (tmp_path / "settings.toml").open("a") as file:
            file.write(
                f"[notification_channels.hook]\nkind = 'webhook'\nurl = 'https://h/'\nsecret_file = '{tmp_path}/gone'\n"
            )
        house.add_radiologist()
        with house.serving():
            for words in ("channel hook: secret file gone", "policy.yaml cannot be read"):
                wait_for(partial(mail.told, words), words)
