"""F15: a rolling restart from the version before the newest schema to this one, while films arrive.

The old version is the repository's own, of the commit before the newest migration (`git archive`), with its own schema. It serves; the new one starts beside it on the same data folder and migrates; both take films for a while; the
old one gets SIGTERM. What is promised: what either acknowledged is there, once, and read; what the old one cannot do any more it refuses with a word; it drains and ends. The older worker is the old service's own.
"""

import subprocess
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from threading import Event, Thread

from neighbours.process import free_port, running
from neighbours.wetread import ACCOUNT, COMMAND, PASSWORD, Wetread

from tests.films import film
from tests.soak.book import Book, Trial
from tests.soak.house import SoakHouse, await_true, serving, store
from wetread.demo.client import ReadingRoomClient

__all__ = ["TITLE", "run"]

TITLE = "rolling restart over two schema versions"
_REPOSITORY = Path(__file__).parents[2]
_MIGRATIONS = "src/wetread/storage/migrations"
_DRAIN_S = 30.0


def run(book: Book, folder: Path) -> None:
    point = "the version before the newest schema, then this one beside it"
    old = folder / "old"
    commit = _unpack_old(old)
    for number in book.missing(point, 20):
        with book.trial(point) as trial:
            _trial(trial, folder / f"house{number}", old, commit, 170_000 + 1000 * number)


def _git(*words: str) -> bytes:
    return subprocess.run(["git", "-C", str(_REPOSITORY), *words], check=True, capture_output=True).stdout


def _unpack_old(to: Path) -> str:
    newest = _git("log", "-1", "--format=%H", "--diff-filter=A", "--", _MIGRATIONS).decode().strip()
    commit = _git("rev-parse", "--short", f"{newest}~1").decode().strip()
    to.mkdir()
    subprocess.run(["tar", "-x", "-C", str(to)], input=_git("archive", commit, "src"), check=True)
    room = "src/wetread/web/room"  # built, so in no commit; the pages are not what is tried
    subprocess.run(["cp", "-r", str(_REPOSITORY / room), str(to / room)], check=True)
    return commit


def _trial(trial: Trial, home: Path, old: Path, commit: str, first: int) -> None:
    home.mkdir()
    url = f"sqlite:///{home / 'wetread.db'}"  # named, so that it is not made with this version's schema
    new = Wetread(home, {"DATABASE_URL": url, "WORKERS": "1", "LEASE_S": "2", "QUIET_PERIOD_S": "0.5"})
    port = free_port()
    ports = {"WETREAD_PORT": str(port), "WETREAD_DIMSE_PORT": str(free_port())}
    environment = {**new.environment, **ports, "PYTHONPATH": str(old / "src")}
    add = [*COMMAND, "user", "add", ACCOUNT, "--display-name", "Dr Test", "--password-stdin"]
    subprocess.run(add, env=environment, input=PASSWORD.encode() + b"\n", check=True, capture_output=True)
    client = ReadingRoomClient(port)
    answers = {"old": list[int](), "new": list[int]()}
    taken, stop = list[int](), Event()

    def send(number: int, where: str, to: int) -> None:
        status = store(to, film(number))
        answers[where].append(status)
        if status == 200:
            taken.append(number)

    with ExitStack() as held:
        log = home.parent / f"{home.name}-old.log"
        lives = partial(client.is_ready, "/healthz")
        old_service = held.enter_context(
            running([*COMMAND, "serve"], log, lives, environment=environment, timeout_s=240)
        )
        for n in range(4):
            send(first + n, "old", port)

        def go_on() -> None:
            number = first + 100
            while not stop.is_set():
                send(number, "old", port)
                number += 1

        going = Thread(target=go_on)
        going.start()
        try:
            house = held.enter_context(serving(new))
            for n in range(4):
                send(first + 10 + n, "new", new.port)
        finally:
            stop.set()
            going.join()
        began_s = time.monotonic()
        old_service.terminate()
        old_service.wait(120)
        trial.seconds = time.monotonic() - began_s
        if old_service.returncode != 0 or trial.seconds > _DRAIN_S:
            trial.broken.append(f"the old one ended with {old_service.returncode} after {trial.seconds:.0f} s")
        _compare(trial, house, len(taken))
    refused = {where: sorted(set(found) - {200}) for where, found in answers.items()}
    counts = {where: found.count(200) for where, found in answers.items()}
    if refused["new"] or 0 in refused["old"]:
        trial.broken.append(f"answers {refused}")
    trial.said = f"old version {commit}: {counts['old']} taken by the old one, also beside the new, {counts['new']} by the new one; other answers of the old one {refused['old'] or 'none'}; longest is the old one's end after SIGTERM"


def _compare(trial: Trial, house: SoakHouse, taken: int) -> None:
    trial.promised = taken
    await_true(lambda: house.count("drafted") == taken, 300)
    keys = list(house.states())
    done = [house.times("study.draft", key) for key in keys]
    trial.lost = max(0, taken - len(keys), taken - house.whole_files()) + done.count(0)
    trial.doubled = max(0, len(keys) - taken) + sum(each - 1 for each in done if each > 1)
    house.check_record(trial)
