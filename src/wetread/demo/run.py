"""The demo's play: start the service, send films by two doors, watch the worklist, sign some reports as the demo radiologist, wait for delivery."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import TextIO

from wetread.demo.client import Json, ReadingRoomClient
from wetread.demo.films import demo_films
from wetread.demo.telephone import ringing
from wetread.dicom.film_store_scu import Receiver, send_files
from wetread.dicom.remote_ae import RemoteAe
from wetread.dicom.stow_client import StowPeer

__all__ = ["DemoOptions", "run_demo"]

_ACCOUNT = "demo-radiologist"
_OTHERS = {"demo-quality": ("quality", "Demo Quality Officer"), "demo-admin": ("admin", "Demo Administrator")}
"""Who may look at the other pages: role and name."""
_VIEWS = ("open", "reported", "rejected")
_PATIENCE_S = 240.0


@dataclass(frozen=True, slots=True)
class DemoOptions:
    folder: Path
    films: int
    seed: int
    sign: int
    port: int
    stay: bool


def run_demo(options: DemoOptions, out: TextIO) -> int:
    """Returns 0 when every film sent was answered for and everything signed was delivered."""
    port, dimse_port = _free_port(options.port), _free_port(0)
    password = secrets.token_urlsafe(12)
    say = _Narrator(out)
    say(f"starting wetread in {options.folder}: SQLite, files, one worker; nothing leaves this machine")
    options.folder.mkdir(parents=True, exist_ok=True)
    with ringing(options.folder, say) as telephone:
        environment = _environment(options.folder, port, dimse_port, telephone)
        _add_account(environment, _ACCOUNT, "radiologist", "Demo Radiologist", password)
        return _play(options, environment, port, dimse_port, password, say)


def _play(
    options: DemoOptions, environment: dict[str, str], port: int, dimse_port: int, password: str, say: "_Narrator"
) -> int:
    with _service(environment) as service:
        client = ReadingRoomClient(port)
        _wait_until_ready(client, service)
        client.log_in(_ACCOUNT, password)
        say(f"ready: http://127.0.0.1:{port}/   account {_ACCOUNT}   password {password}")
        sent = _Sending(options, port, dimse_port, say)
        sent.start()
        finished = _follow(client, sent, password, options, say)
        _summary(options, say, port, password)
        if options.stay:
            for account, (role, name) in _OTHERS.items():
                _add_account(environment, account, role, name, password)
            _wetread(environment, "monitor", "run")
            say(f"with the same password {' and '.join(_OTHERS)} see what belongs to quality and administration")
            say("press Ctrl-C to stop")
            _stay(service)
        return 0 if finished else 1


class _Narrator:
    def __init__(self, out: TextIO) -> None:
        self._out, self._start = out, time.monotonic()

    def __call__(self, text: str) -> None:
        self._out.write(f"{time.monotonic() - self._start:7.1f} s  {text}\n")
        self._out.flush()


class _Sending(threading.Thread):
    """The modality: makes films and sends them, by DICOMweb and by C-STORE in turn."""

    def __init__(self, options: DemoOptions, port: int, dimse_port: int, say: _Narrator) -> None:
        super().__init__(daemon=True)
        self._options, self._port, self._dimse_port, self._say = options, port, dimse_port, say
        self.acknowledged = 0
        self.refused = 0

    def run(self) -> None:
        doors: dict[str, Receiver] = {
            "DICOMweb": StowPeer(f"http://127.0.0.1:{self._port}/dicom-web"),
            "C-STORE": RemoteAe("WETREAD", "127.0.0.1", self._dimse_port, "DEMO_MODALITY"),
        }
        films = demo_films(self._options.folder / "films", self._options.films, self._options.seed)
        for number, (film, door) in enumerate(zip(films, cycle(doors))):
            (outcome,) = send_files([film], doors[door])
            self.acknowledged += outcome.outcome == "stored"
            self.refused += outcome.outcome != "stored"
            self._say(f"film {number + 1:>2} sent by {door:<9} {outcome.detail or outcome.outcome}")


def _follow(client: ReadingRoomClient, sending: _Sending, password: str, options: DemoOptions, say: _Narrator) -> bool:
    """Tell every change of state; sign the first drafted studies; end when all films are answered for and signed ones delivered."""
    seen: dict[str, str] = {}
    signed: set[str] = set()
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        rows = [row for view in _VIEWS for row in client.worklist(view)]
        for row in rows:
            if seen.get(row["study_key"]) != row["state"]:
                seen[row["study_key"]] = row["state"]
                say(_told(row))
            if row["state"] == "drafted" and len(signed) < options.sign:
                _sign(client, row, password, say)
                signed.add(row["study_key"])
        states = list(seen.values())
        settled = sum(state in ("drafted", "delivered", "rejected") for state in states)
        if (
            not sending.is_alive()
            and settled == len(states) == sending.acknowledged
            and states.count("delivered") == len(signed)
        ):
            return sending.refused == 0
        time.sleep(0.3)
    say("gave up waiting: run `wetread status` on the data folder to see what is stuck")
    return False


def _told(row: Json) -> str:
    why = row.get("problem") or row.get("reason") or ""
    mark = "  CRITICAL" if row["critical"] else ""
    return f"study {row['study_key'][:8]} {row['state']:<14} {row['priority'] if why else '':<8}{mark} {why}"


def _sign(client: ReadingRoomClient, row: Json, password: str, say: _Narrator) -> None:
    path = f"/api/studies/{row['study_key']}"
    report = client.post(f"{path}/open", {})["report"]
    client.post(
        f"{path}/sign", {"etag": report["etag"], "meaning": "authored and approved (demo)", "password": password}
    )
    say(f"study {row['study_key'][:8]} signed by the demo radiologist")


def _summary(options: DemoOptions, say: _Narrator, port: int, password: str) -> None:
    outbox = sorted((options.folder / "data" / "outbox").glob("*"))
    say(f"{len(outbox)} documents delivered as DICOM SR and FHIR:")
    for document in outbox:
        say(f"    {document}")
    say(f"critical results wait for somebody to acknowledge them: http://127.0.0.1:{port}/criticals")
    say(f"read and sign the others yourself: http://127.0.0.1:{port}/   {_ACCOUNT} / {password}")


def _environment(folder: Path, port: int, dimse_port: int, telephone: dict[str, str]) -> dict[str, str]:
    settings = {
        **telephone,
        "DATA_DIR": str(folder / "data"),
        "PORT": str(port),
        "DIMSE_PORT": str(dimse_port),
        "DIMSE_CALLERS": "DEMO_MODALITY@127.0.0.1",
        "QUIET_PERIOD_S": "1",
        "DISK_RESERVE_MIB": "64",  # a demo is small
        "DEMO": "true",
        "LOG_LEVEL": "warning",
    }
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("WETREAD_")}
    return {**inherited, **{f"WETREAD_{name}": value for name, value in settings.items()}}


def _add_account(environment: dict[str, str], account: str, role: str, name: str, password: str) -> None:
    options = ["--role", role, "--display-name", name, "--password-stdin"]
    _wetread(environment, "user", "add", account, *options, said=password + "\n")


def _wetread(environment: dict[str, str], *command: str, said: str = "") -> None:
    subprocess.run(
        [sys.executable, "-P", "-m", "wetread", *command],
        env=environment, input=said, text=True, check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip


@contextmanager
def _service(environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """`wetread serve` in a process of its own, ended with us however we end."""
    own = {**environment, "WETREAD_PARENT_PID": str(os.getpid())}
    service = subprocess.Popen([sys.executable, "-P", "-m", "wetread", "serve"], env=own)
    try:
        yield service
    finally:
        service.send_signal(signal.SIGTERM)
        try:
            service.wait(30)
        except subprocess.TimeoutExpired:
            service.kill()


def _wait_until_ready(client: ReadingRoomClient, service: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while not client.is_ready():
        if service.poll() is not None:
            raise SystemExit(f"the service ended with status {service.returncode}; its message is above")
        if time.monotonic() > deadline:
            raise SystemExit("the service did not become ready within 60 s")
        time.sleep(0.1)


def _stay(service: subprocess.Popen[bytes]) -> None:
    try:
        service.wait()
    except KeyboardInterrupt:
        return


def _free_port(wanted: int) -> int:
    """`wanted` when it is free, else any free loopback port."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise SystemExit("no free port on 127.0.0.1")
