"""The HL7 door as its process: spoken to by a client that is not ours, killed after an acknowledgement, attacked, and read out by the commands."""

import json
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import StringIO
from pathlib import Path

import pytest
from hl7_messages import adt, merge, orm
from neighbours.hl7_node import NODE
from neighbours.process import free_port, listens, running
from neighbours.wetread import ACCOUNT, COMMAND, PASSWORD, Wetread
from tests.order_world import a_film

from wetread.bootstrap import build_core, build_reception
from wetread.cli import main
from wetread.hl7.mllp import MllpPeer, exchange
from wetread.settings import load_settings


class Hospital:
    """A data folder with the door's settings, and what is sent to it."""

    def __init__(self, folder: Path) -> None:
        self.port, self.folder = free_port(), folder
        listener = {"port": self.port, "message_s": 5, "max_message_bytes": 65_536}
        self.house = Wetread(folder / "data", {"HL7_LISTENER": json.dumps(listener)})
        self.log = folder / "hl7.log"

    @contextmanager
    def open(self) -> Iterator["subprocess.Popen[bytes]"]:
        with running(
            [*COMMAND, "hl7"], self.log, lambda: listens(self.port), environment=self.house.environment
        ) as process:
            yield process

    def say(self, message: bytes) -> str:
        return exchange(MllpPeer("127.0.0.1", self.port, timeout_s=60), message).decode().split("\r")[1]

    def raw(self, sent: bytes) -> bytes:
        """All that comes back before the door closes the connection."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as connection:
            with suppress(OSError):  # the door need not read all of it
                connection.sendall(sent)
            received = b""
            while chunk := connection.recv(4096):
                received += chunk
            return received


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Hospital:
    return Hospital(tmp_path_factory.mktemp("hospital"))


def test_what_was_acknowledged_survives_a_kill_and_the_commands_show_it(
    hospital: Hospital, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    house = hospital.house
    order = orm("K1", number="PAT002", name="Roe^Richard", birth_date="19800101")
    with hospital.open() as process:
        assert hospital.say(order) == "MSA|AA|K1"
        assert hospital.say(merge("PAT002", "PAT003", "K2")) == "MSA|AA|K2"
        process.kill()
        process.wait()
    receive(house, a_film())
    with hospital.open():
        assert hospital.say(order) == "MSA|AA|K1"

    def run(*words: str, code: int = 0) -> str:
        monkeypatch.setattr("sys.stdin", StringIO(f"{PASSWORD}\n"))
        assert main([*words, "--data-dir", str(house.folder)]) == code
        return capsys.readouterr().out

    run("user", "add", ACCOUNT, "--display-name", "Dr Test", "--password-stdin")
    listed = run("identity", "list", code=1)
    study, hold, kind, *_ = listed.split()
    assert kind.startswith("patient_mismatch")
    assert "STOPS SIGNING" in listed
    assert "Roe" not in listed
    who = ("--as", ACCOUNT, "--password-stdin")
    shown = run("identity", "show", study, *who)
    assert "Roe^Richard" in shown
    assert "Doe^Jane" in shown
    assert "right_patient" in run("identity", "answer", study, hold, "right_patient", *who)
    assert run("identity", "list") == "nobody is in doubt\n"
    merged = run("identity", "merges")
    assert run("identity", "undo", merged.split()[0]) == "0 studies moved back\n"
    assert "undone" in run("identity", "merges")
    run("audit", "verify")
    by_hl7, from_there = (
        run("audit", "search", "--action", "hl7.", *more) for more in ((), ("--address", "127.0.0.1"))
    )
    assert by_hl7 == from_there != ""


@pytest.fixture(scope="module")
def door(hospital: Hospital) -> Iterator[Hospital]:
    with hospital.open():
        yield hospital


@pytest.mark.real
def test_another_client_is_answered(door: Hospital, tmp_path: Path) -> None:
    messages = [orm("N1"), adt("A04", "N2"), merge("X1", "X2", "N3"), adt("A34", "N4")]
    file = tmp_path / "messages"
    file.write_text("\n".join(each.decode().replace("\r", "\\\\r") for each in messages))
    environment = {"PATH": os.environ["PATH"], "NODE_PATH": str(NODE / "node_modules")}
    command = ["node", str(NODE / "hl7_client.cjs"), str(door.port), str(file)]
    sent = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert sent.stdout.splitlines() == ["AA N1", "AA N2", "AA N3", "AR N4"], sent.stderr


def test_bytes_that_are_no_message_are_answered_and_leave_no_trace_of_a_patient(door: Hospital) -> None:
    hostile = [
        b"MSH|^~\\&|no start|PAT001\x1c\r",
        b"\x0b" + b"PID|PAT001|" * 10_000,
        b"\x0bMSH|^~\\&|a\x0bMSH|^~\\&|PAT001\x1c\r",
        b"GET /PAT001 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x0b" + b"x" * (4 * 2**20),
    ]
    for each in hostile:
        answer = door.raw(each)
        assert b"\rMSA|AR\r" in answer
        assert b"PAT001" not in answer
    assert door.say(orm("AFTER")) == "MSA|AA|AFTER"
    assert "PAT001" not in door.log.read_text()


def test_a_sender_that_stops_half_way_holds_nobody_up(door: Hospital) -> None:
    with socket.create_connection(("127.0.0.1", door.port), timeout=60) as slow:
        slow.sendall(b"\x0bMSH|^~\\&|")
        assert door.say(orm("MEANWHILE")) == "MSA|AA|MEANWHILE"
        assert slow.recv(100) == b""


def receive(house: Wetread, film: bytes) -> None:
    """By the reception that every door has."""
    from tests.in_process_decoder import InProcessDecoder

    listener = json.loads(house.settings["HL7_LISTENER"])
    core = build_core(load_settings(data_dir=house.folder, hl7_listener=listener))
    reception = build_reception(core, InProcessDecoder())  # type: ignore[arg-type]
    incoming = core.files.receive()
    incoming.write(film)
    (outcome,) = reception.receive([incoming], "test")
    assert outcome.outcome.acknowledged
    core.database.close()
    core.vault.close()
