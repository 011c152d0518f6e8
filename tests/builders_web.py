"""The HTTP door over twins or real storage, on a real port, with one account of each role and studies in any state."""

import hashlib
import http.client
import json
import secrets
import socket
import struct
import threading
import time
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from itertools import count
from pathlib import Path

import numpy as np

from tests.slow_machine import slow_server
from wetread.delivery.owed_desk import OwedDesk
from wetread.delivery.packing import Packing
from wetread.domain.analysis import Analysis
from wetread.domain.audit import AuditEvent
from wetread.domain.errors import UnsuitableImage
from wetread.domain.identifiers import InstanceKey, StudyKey, instance_key, study_key
from wetread.domain.priority import TriageDecision
from wetread.domain.report import Draft
from wetread.domain.role import Actor, Role
from wetread.domain.study import InstanceHeader, StudyTraits
from wetread.domain.study_state import StudyState
from wetread.fhir.issued import FHIR_FORMS, IssuedResults
from wetread.governance.erasure_desk import ErasureDesk
from wetread.ingest.suitability import SuitabilityPolicy
from wetread.orders.read_requests import RequestDesk
from wetread.ports.database import Account, Database
from wetread.ports.decoder import DecodedImage, Decoder
from wetread.ports.file_store import FileStore
from wetread.ports.film_pixels import FilmFacts, FilmPixels, Window
from wetread.ports.instance_forms import InstanceForms, Rendering
from wetread.ports.vault import Vault, VaultInstance
from wetread.signoff.desk import ReadingDesk
from wetread.testing.builders import a_decision, a_draft, a_header, a_study, an_analysis, an_identity, an_instance
from wetread.testing.clock import FixedClock
from wetread.testing.memory_database import MemoryDatabase
from wetread.testing.memory_erasure import MemoryVaultEraser
from wetread.testing.memory_files import MemoryFileStore
from wetread.testing.memory_orders import MemoryOrderStore
from wetread.testing.memory_vault import MemoryVault
from wetread.testing.memory_workitems import MemoryWorkitemVault
from wetread.web import pages
from wetread.web.accounts import hash_password
from wetread.web.app import create_app
from wetread.web.argon2 import Argon2Cost
from wetread.web.doorkeeper import issue_token
from wetread.web.server import server_for
from wetread.web.services import WebServices, WebSettings
from wetread.workitems.book import WorkitemBook
from wetread.workitems.desk import WorkitemDesk
from wetread.workitems.subscriptions import SubscriptionDesk

pages._file = cache(pages._file)  # the built pages are zipped once in a test process, not for every door
SECRET = b"a secret of thirty-two bytes....."
PASSWORD = "correct horse battery"
_CHEAP = Argon2Cost(8, 1)
_ADDED = "test.add_study"


class GreyDecoder:
    """Renders every file as a small grey picture and counts how often it was asked."""

    def __init__(self) -> None:
        self.rendered = 0

    def render_png(self, path: Path, *, max_side_px: int) -> bytes:
        path.read_bytes()
        self.rendered += 1
        return a_png(max_side_px // 64)

    def film_pixels(self, path: Path) -> FilmPixels:
        path.read_bytes()
        self.rendered += 1
        return grey_pixels()

    def inspect(self, path: Path) -> None:  # type: ignore[override]
        raise NotImplementedError

    def decode(self, path: Path, *, needed_side_px: int = 0) -> DecodedImage:
        raise NotImplementedError


class ByteForms:
    """Every form of an instance is made of the file's own bytes, so that what was given out can be told."""

    targets = ("1.2.840.10008.1.2.1", "1.2.840.10008.1.2.4.80")

    def metadata(self, path: Path) -> dict[str, object]:
        held = {"vr": "OW", "BulkDataURI": "7FE00010"}
        text = path.read_bytes().decode("latin-1")
        inner = {"00283006": {"vr": "OW", "BulkDataURI": "00283010.1.00283006"}}
        return {"00204000": {"vr": "LT", "Value": [text]}, "00283010": {"vr": "SQ", "Value": [inner]}, "7FE00010": held}

    def value(self, path: Path, place: str) -> "PlainBytes":
        if place.startswith("0099"):
            raise UnsuitableImage("The instance has no such value.", code="no_such_value")
        return PlainBytes(f"{place} of ".encode() + path.read_bytes())

    def frame(self, path: Path, number: int, *, stored: bool) -> "PlainBytes":
        return PlainBytes(f"{number} {'stored' if stored else 'cells'} of ".encode() + path.read_bytes())

    def rendered(self, path: Path, rendering: Rendering) -> bytes:
        return repr(rendering).encode() + path.read_bytes()

    def transcoded(self, path: Path, syntax_uid: str) -> "PlainBytes":
        if path.read_bytes().startswith(b"cannot"):
            raise UnsuitableImage("There is no decoder.", code="unsupported_transfer_syntax")
        return PlainBytes(f"{syntax_uid} of ".encode() + path.read_bytes())

    def keyword_of(self, tag: str) -> str:
        return {"00204000": "ImageComments"}.get(tag, "")


class PlainBytes:
    def __init__(self, content: bytes) -> None:
        self.size, self._content = len(content), content

    def pieces(self) -> Iterator[bytes]:
        yield self._content[:3]
        yield self._content[3:]

    def close(self) -> None:
        self._content = b""


def grey_pixels(rows: int = 4, columns: int = 6) -> FilmPixels:
    """A 12-bit ramp without a window of its own."""
    facts = FilmFacts(
        rows, columns, 12, False, "MONOCHROME2", False, None, (Window(2047.5, 4095.0, "LINEAR_EXACT", ""),), False, "",
        (0.2, 0.2), None, "", "", None, "NO", "PA", "U", ("L", "F"), False,
    )  # fmt: skip
    stored = np.arange(rows * columns, dtype=np.uint16).reshape(rows, columns)
    return FilmPixels(facts, stored, np.arange(4096, dtype=np.float32), None)


def a_png(side: int) -> bytes:
    """A valid 8-bit grey PNG (PNG 3rd edition), side x side."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0))
    rows = b"".join(b"\0" + bytes([128]) * side for _ in range(side))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


@dataclass
class World:
    """What stands behind the door. `services` can be replaced before `door` is opened."""

    services: WebServices
    clock: FixedClock
    number: int = 0

    def add_account(
        self, actor_id: str, role: Role, *, name: str = "", password: str = PASSWORD, sites: tuple[str, ...] = ()
    ) -> Actor:
        actor = Actor(actor_id, role, name or actor_id.title(), sites)
        with self.services.database.begin() as unit:
            unit.save_account(Account(actor, hash_password(password, salt=bytes(16), cost=_CHEAP)))
            unit.commit()
        return actor

    def add_study(
        self,
        state: StudyState = StudyState.DRAFTED,
        *,
        analysis: Analysis | None = None,
        draft: Draft | None = None,
        decision: TriageDecision | None = None,
        content: bytes = b"",
        received_at: datetime | None = None,
        reason: str = "",
        film: InstanceHeader | None = None,
        **identity: object,
    ) -> StudyKey:
        """A study with one film, admitted to database, vault and store; results as given, sensible ones for DRAFTED."""
        self.number += 1
        film = film or self._film(identity)
        key = study_key(SECRET, film.study_instance_uid)
        film_key = instance_key(SECRET, film.sop_instance_uid)
        sha256 = self._store(content or f"film {self.number}".encode())
        self.services.vault.admit([VaultInstance(film_key, key, sha256, film)])
        drafted = state not in (
            StudyState.RECEIVED,
            StudyState.REJECTED,
            StudyState.ADMITTED,
            StudyState.AI_UNAVAILABLE,
        )
        decision = decision or (a_decision() if drafted else None)
        traits = StudyTraits(film.patient_age_years, film.identity.patient_sex, "north")
        moment = received_at or self.services.clock.now()
        study = a_study(study_key=key, state=state, received_at=moment, reason=reason, traits=traits)
        if decision:
            study = replace(study, priority=decision.priority, critical=decision.critical)
        with self.services.database.begin() as unit:
            unit.save_study(study)
            unit.admit_instance(
                an_instance(instance_key=film_key, study_key=key, content_sha256=sha256, traits=film.traits)
            )
            if drafted:
                unit.save_analysis(key, 1, replace(analysis or an_analysis(), instance_key=film_key))
                unit.save_draft(key, 1, draft or a_draft())
            if decision:
                unit.save_decision(key, 1, decision)
            unit.audit(AuditEvent(_ADDED, "wetread", study_key=key), self.services.clock.now())
            unit.commit()
        return key

    def _film(self, identity: Mapping[str, object]) -> InstanceHeader:
        uid = f"2.25.{self.number}"
        who = {"patient_id": f"P{self.number}", "accession_number": f"A{self.number}", **identity}
        return a_header(
            study_instance_uid=uid,
            series_instance_uid=f"{uid}.1",
            sop_instance_uid=f"{uid}.1.1",
            identity=an_identity(**who),
        )

    def _store(self, content: bytes) -> str:
        incoming = self.services.file_store.receive()
        incoming.write(content)
        return incoming.keep().sha256

    def audited(self) -> list[tuple[str, str, str]]:
        """What was audited, but for the studies put there by `add_study`."""
        events = [record.event for record in self.services.database.audit_records()]
        return [(each.action, each.actor_id, each.outcome) for each in events if each.action != _ADDED]


def a_worklist(database: Database, clock: FixedClock) -> WorkitemDesk:
    """A worklist manager whose data sets are in memory."""
    book, uids = WorkitemBook(MemoryWorkitemVault(), SECRET), count(1)
    return WorkitemDesk(database, book, clock, RequestDesk(database, clock), lambda: f"2.25.777{next(uids)}")


def a_world(
    database: Database | None = None,
    vault: Vault | None = None,
    file_store: FileStore | None = None,
    decoder: Decoder | None = None,
    clock: FixedClock | None = None,
    settings: WebSettings | None = None,
    forms: InstanceForms | None = None,
) -> World:
    """Twins where nothing else is given; one account for each role, named as the role."""
    database, clock = database or MemoryDatabase(), clock or FixedClock()
    vault = vault or MemoryVault()
    file_store = file_store or MemoryFileStore()
    orders = MemoryOrderStore(vault if isinstance(vault, MemoryVault) else MemoryVault())
    identity = MemoryVaultEraser(vault if isinstance(vault, MemoryVault) else MemoryVault(), orders)
    packing = Packing(database, vault, file_store, lambda instances: instances[0].instance_key, SECRET)
    services = WebServices(
        database=database,
        vault=vault,
        file_store=file_store,
        issued=IssuedResults(database, packing),
        fhir=FHIR_FORMS,
        decoder=decoder or GreyDecoder(),  # type: ignore[arg-type]
        forms=forms or ByteForms(),
        desk=ReadingDesk(database, clock, ("folder",)),
        clock=clock,
        order_store=orders,
        erasures=ErasureDesk(database, vault, identity, clock, SECRET, SuitabilityPolicy()),
        settings=settings or WebSettings(version="0.1.0", model_card="A card."),
        owed=OwedDesk(database, clock, timedelta(hours=2)),
        workitems=(worklist := a_worklist(database, clock)),
        subscriptions=SubscriptionDesk(database, worklist.book, clock),
    )
    world = World(services, clock)
    for role in Role:
        world.add_account(role.value, role)
    return world


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> dict[str, object]:
        found: dict[str, object] = json.loads(self.body)
        return found


@dataclass
class Browser:
    """Speaks HTTP as our pages do: same origin, our header, one cookie. Pass `headers` to misbehave; None removes one."""

    port: int
    cookie: str = ""
    defaults: dict[str, str] = field(default_factory=dict)

    def send(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: Mapping[str, str | None] | None = None,
        raw: bytes | None = None,
    ) -> Answer:
        origin = f"http://127.0.0.1:{self.port}"
        sent: dict[str, str | None] = {"wetread-request": "1", "Origin": origin, "Sec-Fetch-Site": "same-origin"}
        if method == "GET":
            del sent["Origin"]
        if body is not None:
            raw, sent["Content-Type"] = json.dumps(body).encode(), "application/json"
        if self.cookie:
            sent["Cookie"] = self.cookie
        kept = {
            name: value for name, value in {**sent, **self.defaults, **(headers or {})}.items() if value is not None
        }
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, raw, kept)
            answer = connection.getresponse()
            given = (answer.getheader("set-cookie") or "").partition(";")[0]
            if given.partition("=")[0] == self.cookie.partition("=")[0] and given.partition("=")[2].strip('"'):
                self.cookie = given
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def get(self, path: str, headers: Mapping[str, str | None] | None = None) -> Answer:
        return self.send("GET", path, headers=headers)

    def post(self, path: str, body: object = None, headers: Mapping[str, str | None] | None = None) -> Answer:
        return self.send("POST", path, body, headers)

    def put(self, path: str, body: object, etag: object) -> Answer:
        return self.send("PUT", path, body, {"If-Match": f'"{etag}"'})

    def log_in(self, actor_id: str, password: str = PASSWORD) -> Answer:
        answer = self.post("/api/login", {"actor_id": actor_id, "password": password})
        if answer.status == 200:
            self.cookie = answer.headers["set-cookie"].partition(";")[0]
        return answer

    def as_(self, actor_id: str) -> "Browser":
        other = Browser(self.port)
        assert other.log_in(actor_id).status == 200
        return other


@contextmanager
def open_door(world: World) -> Iterator[Browser]:
    """The real server on a free loopback port until the block ends; gives a browser nobody is signed in with."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = server_for(slow_server(create_app(world.services)), host="127.0.0.1", port=0)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.005)
        try:
            yield Browser(listener.getsockname()[1])
        finally:
            server.should_exit = True
            thread.join(15)


def sha256_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def film_key_of(world: World, key: StudyKey) -> InstanceKey:
    with world.services.database.begin(write=False) as unit:
        return unit.instances(key)[0].instance_key


def a_token(world: World, actor_id: str, *, lasts: timedelta = timedelta(days=1)) -> str:
    """A bearer token of an account."""
    with world.services.database.begin() as unit:
        now = world.clock.now()
        token = issue_token(unit, actor_id, expires_at=now + lasts, secret=secrets.token_urlsafe(), now=now)
        unit.commit()
    return token
