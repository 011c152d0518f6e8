"""A running wetread whose workers the harness owns, and what its ledgers say."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection, HTTPException, IncompleteRead
from multiprocessing.process import BaseProcess
from pathlib import Path

from neighbours.wetread import ACCOUNT, PASSWORD, Wetread
from pydicom import dcmread
from stow_front import store_one

from tests.films import film
from tests.soak.book import Trial
from tests.soak.forked import as_it_is, command
from wetread.demo.client import ReadingRoomClient
from wetread.domain.audit import AuditQuery
from wetread.domain.study_state import StudyState
from wetread.storage.database import SqlDatabase
from wetread.storage.files import DiskFileStore

__all__ = ["SoakHouse", "await_true", "fetch", "serving", "serving_until", "soak_house", "store"]


def store(port: int, content: bytes, timeout_s: float = 60) -> int:
    """The status of a STOW request with this one instance; 0 where none came."""
    try:
        return store_one(port, content, timeout_s)
    except (OSError, HTTPException):
        return 0


def await_true(question: Callable[[], bool], limit_s: float) -> float:
    """Seconds until it is so; AssertionError with the question's name after the limit."""
    began_s = time.monotonic()
    while time.monotonic() - began_s < limit_s:
        with suppress(OSError):  # nobody answered: asked again
            if question():
                return time.monotonic() - began_s
        time.sleep(0.05)
    asked = question.func if isinstance(question, partial) else question
    raise AssertionError(f"not within {limit_s:g} s: {asked.__doc__ or asked.__name__}")


@dataclass
class SoakHouse:
    """`states` and `deliveries` are read through the API, by the radiologist."""

    wetread: Wetread
    client: ReadingRoomClient
    database: SqlDatabase
    pid: int

    @contextmanager
    def workers(
        self, many: int = 1, point: str = "", nth: int = 1, place: Callable[[], None] = as_it_is
    ) -> Iterator[list[BaseProcess]]:
        with ExitStack() as held:
            started = (command(["worker"], self.wetread.environment, point, nth, place) for _ in range(many))
            yield [held.enter_context(each) for each in started]

    def store_films(self, first: int, many: int) -> int:
        """How many studies were acknowledged."""
        return sum(store(self.wetread.port, film(number)) == 200 for number in range(first, first + many))

    def states(self) -> dict[str, str]:
        return {
            row["study_key"]: row["state"]
            for view in ("open", "reported", "rejected")
            for row in self.client.worklist(view)
        }

    def count(self, *states: str) -> int:
        return sum(state in states for state in self.states().values())

    def sign(self, key: str) -> None:
        path = f"/api/studies/{key}"
        report = self.client.post(f"{path}/open", {})["report"]
        self.client.post(f"{path}/sign", {"etag": report["etag"], "meaning": "approved", "password": PASSWORD})

    def arrived(self, before: set[str], state: str, limit_s: float = 120) -> str:
        """The key of the one study that is new, once it is in this state."""
        self.await_new(before, state, 1, limit_s)
        return (set(self.states()) - before).pop()

    def await_new(self, before: set[str], state: str, many: int, limit_s: float) -> float:
        """Seconds until so many studies are new, and all of them in this state."""

        def are_there() -> bool:
            return [found for key, found in self.states().items() if key not in before] == [state] * many

        are_there.__doc__ = f"{many} new studies are {state}"
        return await_true(are_there, limit_s)

    def await_more(self, before: int, state: StudyState, many: int, limit_s: float) -> float:
        """Seconds until the database counts so many more studies in this state than `before`: a cheaper question than the work list, where studies come by the hundred."""

        def are_there() -> bool:
            return self.database.count_studies().get(state, 0) >= before + many

        are_there.__doc__ = f"{many} more studies are {state}"
        return await_true(are_there, limit_s)

    def times(self, action: str, key: str) -> int:
        """How often the audit log says that this was done to the study."""
        found = self.database.search_audit(AuditQuery(action=action, study_key=key))
        return sum(each.event.action == action for each in found)

    def outbox(self) -> Counter[str]:
        """SRs by the study they are of."""
        files = (self.wetread.folder / "outbox").glob("*.sr.dcm")
        return Counter(str(dcmread(each, stop_before_pixels=True).StudyInstanceUID) for each in files)

    def whole_files(self) -> int:
        """Stored instances whose bytes hash to their name; AssertionError for one that does not."""
        files = DiskFileStore(self.wetread.folder / "vault" / "films")
        stored = list(files.stored())
        assert all(map(files.verify, stored)), "a stored file does not hash to its name"
        return len(stored)

    def check_record(self, trial: Trial) -> None:
        """The audit chain, and every stored byte against its name."""
        if self.wetread.run("audit", "verify").returncode != 0:
            trial.broken.append("the audit chain does not verify")
        if self.wetread.run("status").returncode != 0:
            trial.broken.append("status says that something is wrong")


@contextmanager
def soak_house(folder: Path, **settings: str) -> Iterator[SoakHouse]:
    """Served, signed in, without workers of its own; a job may be tried as often as a harness kills."""
    chosen = {"WORKERS": "0", "MAX_ATTEMPTS": "100000", "LEASE_S": "1", "QUIET_PERIOD_S": "0.2", **settings}
    home = Wetread(folder / "house", chosen)
    home.add_radiologist()
    with serving(home) as house:
        yield house


@contextmanager
def serving(home: Wetread) -> Iterator[SoakHouse]:
    """May be entered again after a kill."""
    with home.serving() as service, closing(SqlDatabase(_url(home))) as database:
        yield SoakHouse(home, service.client, database, service.process.pid)


@contextmanager
def serving_until(
    home: Wetread, point: str = "", nth: int = 1, place: Callable[[], None] = as_it_is
) -> Iterator[tuple[SoakHouse, BaseProcess]]:
    """`serving`, by a process that is killed at the point, or at the end; see `command`."""
    client = ReadingRoomClient(home.port)

    def lives() -> bool:
        """the service answers"""
        return client.is_ready("/healthz")

    with command(["serve"], home.environment, point, nth, place) as process, closing(SqlDatabase(_url(home))) as rows:
        await_true(lives, 240)
        client.log_in(ACCOUNT, PASSWORD)
        yield SoakHouse(home, client, rows, int(process.pid or 0)), process


def _url(home: Wetread) -> str:
    return home.settings.get("DATABASE_URL", f"sqlite:///{home.folder / 'wetread.db'}")


def fetch(house: SoakHouse, path: str) -> tuple[int, bytes]:
    """Status and body as the signed-in radiologist gets them; (0, what came) where the answer breaks off."""
    connection = HTTPConnection("127.0.0.1", house.wetread.port, timeout=30)
    try:
        connection.request("GET", path, headers={"cookie": house.client._cookie, "wetread-request": "1"})
        response = connection.getresponse()
        try:
            return response.status, response.read()
        except IncompleteRead as cut:
            return 0, cut.partial
    finally:
        connection.close()
