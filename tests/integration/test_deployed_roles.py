"""The roles of deploy/ as its manifests start them: their words, their environment, their files and no others, as processes of this machine with a real PostgreSQL, Redis and Orthanc. A film goes in by DIMSE, is read, drafted by the drafting service, signed, and comes back as a report.

What is of the cluster becomes this machine's: addresses, ports and folders, by a table in which every row must be of use. Pods, volumes, policies and probes of a kubelet are not tried here.
"""

import hashlib
import hmac
import json
import os
import subprocess
import sys
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path

import grpc
import psycopg
import pytest
from deployments import BASE, DEPLOY, Role, compose_roles, kubernetes_roles
from grpc_health.v1 import health_pb2, health_pb2_grpc
from neighbours.asking import ask_once
from neighbours.certificate import make_certificates
from neighbours.orthanc import Orthanc, orthanc
from neighbours.postgres import PostgresServer, running_pgvector
from neighbours.postgres_roles import granted_roles, prepared_by_scripts, url_of
from neighbours.process import free_port, listens, running
from neighbours.redis import RedisServer, running_redis
from tests.films import film
from tests.journey.waiting import wait_for

from wetread.checkpoints.note import fresh_pem
from wetread.demo.client import ReadingRoomClient

pytestmark = pytest.mark.real

ACCOUNT, PASSWORD, REDIS_PASSWORD = "dr-test", "correct horse battery", "a word of the test"


@dataclass
class Site:
    """`here` is what each thing of the cluster is called on this machine; `secrets` what the site has made; `settings` the file that all roles read."""

    folder: Path
    roles: dict[str, Role]
    settings: str
    here: dict[str, str]
    secrets: dict[str, bytes]
    web_port: int
    dimse_port: int
    drafter_serves: Callable[[], bool]

    def local(self, text: str, role: str) -> str:
        """Folders that each container has for itself are this role's own."""
        own = {each: f"{self.folder / role}{each}" for each in ("/run/secrets", "/etc/wetread")}
        for there, here in {**self.here, **own}.items():
            text = text.replace(there, here)
        return text

    def of(self, name: str, *words: str) -> tuple[list[str], dict[str, str]]:
        """The command (without `words` the role's own) and its environment, with exactly the files that are mounted for this role."""
        role = self.roles[name]
        for at, source in role.files.items():
            file = Path(self.local(at, name))
            file.parent.mkdir(parents=True, exist_ok=True)
            is_secret = source.startswith("secret ")
            file.write_bytes(self.secrets[source] if is_secret else self.local(self.settings, name).encode())
        own = {each: self.local(value, name) for each, value in role.environment.items()}
        inherited = {each: value for each, value in os.environ.items() if not each.startswith("WETREAD_")}
        command = [self.local(each, name) for each in words or role.words]
        return [sys.executable, "-P", "-m", "wetread", *command], {**inherited, **own}

    def run(self, name: str, *words: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
        command, environment = self.of(name, *words)
        return subprocess.run(command, env=environment, input=stdin, capture_output=True, text=True, check=False)

    def started(self, name: str, number: int) -> AbstractContextManager["subprocess.Popen[bytes]"]:
        """Once the question that its probe asks is answered; who has no probe, at once: several of them start together."""
        asked = {
            "web": lambda: ReadingRoomClient(self.web_port).is_ready("/readyz/door"),
            "dimse": lambda: listens(self.dimse_port),
            "drafter": self.drafter_serves,
        }
        command, environment = self.of(name)
        return running(
            command, self.folder / f"{name}-{number}.log", asked.get(name, lambda: True), environment=environment
        )


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with running_pgvector() as started:
        yield started


@pytest.fixture
def kubernetes(server: PostgresServer, tmp_path: Path) -> Iterator[tuple[Site, Orthanc]]:
    """Its databases have the roles of docs/security.md."""
    make_certificates(tmp_path)
    pem, ca = str(tmp_path / "server.pem"), str(tmp_path / "ca.pem")
    tls = ["--tls-port", "{port}", "--tls-cert-file", pem, "--tls-key-file", pem, "--tls-ca-cert-file", ca]
    web, dimse, drafter, health = (free_port() for _ in range(4))
    redis_of_the_site = _redis(tmp_path, *tls, "--tls-auth-clients", "no", plain=False)
    with granted_roles(server), redis_of_the_site as redis, _archive(tmp_path, dimse) as archive:
        here = {
            "0.0.0.0:8471": f"127.0.0.1:{drafter}",
            "0.0.0.0:8472": f"127.0.0.1:{health}",
            "wetread-drafter:8471": f"127.0.0.1:{drafter}",
            "wetread.example.org,$(POD_IP)": "wetread.example.org,127.0.0.1",
            "192.0.2.11:6380": f"127.0.0.1:{redis.port}",
            "192.0.2.20": "127.0.0.1",
            '"PACS"': f'"{archive.ae_title}"',
            "port = 104\n": f"port = {archive.dicom_port}\n",
            **_doors(tmp_path, web, dimse),
        }
        secrets = {
            **_named("wetread-database/", {**_urls(server, {}), "ca.crt": "unused at a socket"}),
            **_named("wetread-owner/", {**_urls(server, OWNER), "ca.crt": "unused at a socket"}),
            **_named("wetread-keys/", {name.replace("_key", ".key").replace("_", "-"): key for name, key in _keys()}),
            **_named("wetread-redis/", {"password": REDIS_PASSWORD, "ca.crt": Path(ca).read_bytes()}),
        }
        for name in ("wetread-drafter-client/", "wetread-drafter-server/"):
            parts = {"ca.crt": ca, "tls.crt": pem, "tls.key": pem}
            secrets |= _named(name, {part: Path(file).read_bytes() for part, file in parts.items()})
        settings = (BASE / "wetread.toml").read_text("utf-8")
        yield Site(tmp_path, kubernetes_roles(), settings, here, secrets, web, dimse, lambda: _serving(health)), archive


@pytest.fixture
def compose(server: PostgresServer, tmp_path: Path) -> Iterator[tuple[Site, Orthanc]]:
    """Its secrets are those that make-secrets.sh makes, but for the databases' addresses: this server asks for no passwords. They are those that its scripts give the roles."""
    made, web, dimse = tmp_path / "made", free_port(), free_port()
    subprocess.run(["sh", DEPLOY / "compose" / "make-secrets.sh", made], check=True)
    (tmp_path / "drafting").mkdir()
    options = [word for line in (made / "redis_conf").read_text().splitlines() for word in _option(line)]
    prepared = prepared_by_scripts(server, DEPLOY / "postgres", made)
    with prepared, _redis(tmp_path, *options) as redis, _archive(tmp_path, dimse) as archive:
        here = {
            "/run/drafting": str(tmp_path / "drafting"),
            "redis:6379": f"127.0.0.1:{redis.port}",
            'host = "orthanc"': 'host = "127.0.0.1"',
            "port = 4242\n": f"port = {archive.dicom_port}\n",
            **_doors(tmp_path, web, dimse),
        }
        secrets = _named("", {each.name: each.read_bytes() for each in made.iterdir()})
        secrets |= _named("", _urls(server, {}))
        secrets |= _named("owner_", _urls(server, OWNER))
        settings = (DEPLOY / "compose" / "wetread.toml").read_text("utf-8")
        socket = tmp_path / "drafting" / "socket"
        yield Site(tmp_path, compose_roles(), settings, here, secrets, web, dimse, socket.exists), archive


DATABASES = {"database_url": "wetread", "vault_url": "wetread_vault", "snippets_url": "wetread_snippets"}
OWNER = dict.fromkeys(DATABASES, "wetread_owner")


def _urls(server: PostgresServer, roles: dict[str, str]) -> dict[str, str]:
    own = {"database_url": "wetread_work", "vault_url": "wetread_vault", "snippets_url": "wetread_work", **roles}
    return {name: url_of(server, own[name], database) for name, database in DATABASES.items()}


def _keys() -> Iterator[tuple[str, bytes]]:
    yield "pseudonym_key", os.urandom(32)
    yield "second_factor_key", os.urandom(32)
    yield "audit_key", fresh_pem()


def _named(prefix: str, values: Mapping[str, str | bytes]) -> dict[str, bytes]:
    return {
        f"secret {prefix}{name}": value.encode() if isinstance(value, str) else value for name, value in values.items()
    }


def _doors(folder: Path, web: int, dimse: int) -> dict[str, str]:
    return {
        "/var/lib/wetread": str(folder / "data"),
        '"0.0.0.0"': '"127.0.0.1"',
        "\nport = 8470\n": f"\nport = {web}\nquiet_period_s = 0.5\ndrafter_deadline_s = 60\n",
        "dimse_port = 11112\n": f"dimse_port = {dimse}\n",
    }


def _option(line: str) -> list[str]:
    name, value = line.split(" ", 1)
    return [f"--{name}", value.strip('"')]


def _redis(folder: Path, *options: str, plain: bool = True) -> AbstractContextManager[RedisServer]:
    password = () if "--requirepass" in options else ("--requirepass", REDIS_PASSWORD)
    return running_redis(folder, *options, *password, plain=plain)


def _archive(folder: Path, dimse: int) -> AbstractContextManager[Orthanc]:
    return orthanc(folder / "orthanc", DicomModalities={"wetread": ["WETREAD", "127.0.0.1", dimse]})


def _serving(port: int) -> bool:
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        try:
            answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=10)
        except grpc.RpcError:
            return False
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


def test_a_new_database_gives_each_role_the_password_that_was_made_for_it(
    server: PostgresServer, tmp_path: Path
) -> None:
    """By its SCRAM verifier (RFC 5803)."""
    subprocess.run(["sh", DEPLOY / "compose" / "make-secrets.sh", tmp_path], check=True)
    with prepared_by_scripts(server, DEPLOY / "postgres", tmp_path), psycopg.connect(server.url("postgres")) as asked:
        rows = asked.execute("SELECT rolname, rolpassword FROM pg_authid WHERE rolname LIKE 'wetread_%'").fetchall()
    assert sorted(name for name, _ in rows) == ["wetread_owner", "wetread_vault", "wetread_work"]
    for name, verifier in rows:
        password = (tmp_path / f"{name.removeprefix('wetread_')}_password").read_bytes()
        _, rounds_and_salt, keys = verifier.split("$")
        rounds, salt = rounds_and_salt.split(":")
        salted = hashlib.pbkdf2_hmac("sha256", password, b64decode(salt), int(rounds))
        client = hmac.digest(salted, b"Client Key", "sha256")
        assert b64decode(keys.split(":")[0]) == hashlib.sha256(client).digest(), name


@pytest.mark.timeout(900)
@pytest.mark.parametrize("where", ["kubernetes", "compose"])
def test_a_film_goes_the_whole_way(where: str, request: pytest.FixtureRequest) -> None:
    site, archive = request.getfixturevalue(where)
    early = site.run("worker")
    assert early.returncode == 1, "before the migration there is nothing to work on"
    assert "wetread migrate" in early.stderr
    assert site.run("migrate").returncode == 0
    words = ("user", "add", ACCOUNT, "--role", "radiologist", "--password-stdin")
    added = site.run("web", *words, stdin=PASSWORD + "\n")
    assert added.returncode == 0, added.stderr
    with ExitStack() as held:
        services = [("worker", 1), ("pager", 1), ("pager", 2), ("worker", 2), ("drafter", 1), ("dimse", 1), ("web", 1)]
        assert {name for name, _ in services} == set(site.roles) - {"migrate"}
        processes = {each: held.enter_context(site.started(*each)) for each in services}
        _read_and_sign(site, archive)
        children = Path(f"/proc/{processes['web', 1].pid}/task").glob("*/children")
        own = [number for each in children for number in each.read_text().split()]
        assert not [each for each in own if b"-m\0wetread" in Path(f"/proc/{each}/cmdline").read_bytes()], "alone"
        for process in processes.values():
            process.terminate()
        assert {each: process.wait(120) for each, process in processes.items()} == dict.fromkeys(services, 0)
    checked = site.run("web", "audit", "verify")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert not list((site.folder / "data").rglob("*.db"))


def _read_and_sign(site: Site, archive: Orthanc) -> None:
    stored = ask_once("POST", f"{archive.url}/instances", body=film(21))
    body = json.loads(stored.data)["ID"].encode()
    sent = ask_once("POST", f"{archive.url}/modalities/wetread/store", body=body)
    assert sent.status == 200, sent.data
    client = ReadingRoomClient(site.web_port)
    client.log_in(ACCOUNT, PASSWORD)
    wait_for(client.is_ready, "a worker's sign of life")
    wait_for(lambda: [r["state"] for r in client.worklist("open")] == ["drafted"], "a draft")
    wait_for(lambda: client.get("/readyz")["checks"]["dispatcher"] == "ok", "Redis")
    (row,) = client.worklist("open")
    path = f"/api/studies/{row['study_key']}"
    report, draft = client.post(f"{path}/open", {})["report"], client.get(path)["draft"]
    assert draft["composer"] == "grammar/2", "the worker's own, for want of the drafting service, says so"
    client.post(f"{path}/sign", {"etag": report["etag"], "meaning": "approved", "password": PASSWORD})
    wait_for(lambda: [r["state"] for r in client.worklist("reported")] == ["delivered"], "delivery")
    assert "SR" in {modality for _, modality in archive.series()}
