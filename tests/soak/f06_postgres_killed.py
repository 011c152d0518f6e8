"""F6: PostgreSQL, behind the service, dies by SIGKILL: the whole server, or one process of it (then the server ends all others and recovers). Films arrive and are read meanwhile; a sender sends again what was not acknowledged."""

import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import psycopg
from neighbours.postgres import running_postgres, started_again

from tests.films import film
from tests.soak.book import Book, Trial
from tests.soak.house import SoakHouse, await_true, soak_house, store
from wetread.domain.errors import TransientError

__all__ = ["TITLE", "run"]

TITLE = "PostgreSQL killed while films are acknowledged and read"
_FILMS = 12
_SERVING_AGAIN_S = 5.0


def run(book: Book, folder: Path) -> None:
    with ExitStack() as held:
        server = held.enter_context(running_postgres())
        work, vault = server.create(), server.create()
        urls = {"DATABASE_URL": server.url(work), "VAULT_URL": server.url(vault)}
        house = held.enter_context(soak_house(folder, **urls))
        held.enter_context(house.workers())

        def kill_and_start() -> None:
            server.kill_server()
            held.enter_context(started_again(server))

        def kill_backend() -> None:
            with psycopg.connect(server.url(work), autocommit=True) as witness:
                server.kill_backend(work)
                await_true(partial(_has_ended, witness), 60)
            await_true(partial(_answers, server.url(work)), 120)

        faults = {"server killed": kill_and_start, "one backend killed": kill_backend}
        for at, (point, strike) in enumerate(faults.items()):
            for number in book.missing(point, 50):
                with book.trial(point) as trial:
                    _trial(trial, house, strike, 120_000 + 1000 * at + _FILMS * number)
        with book.trial("the record after all of them") as trial:
            house.check_record(trial)


def _trial(trial: Trial, house: SoakHouse, strike: Callable[[], None], first: int) -> None:
    before, files = set(house.states()), house.whole_files()
    answers = list[tuple[float, int]]()

    def send(number: int) -> None:
        """Until it is acknowledged."""
        for _ in range(200):
            status = store(house.wetread.port, film(number))
            answers.append((time.monotonic(), status))
            if status == 200:
                return
            time.sleep(0.1)

    with ThreadPoolExecutor(2) as senders:
        sending = [senders.submit(send, first + n) for n in range(_FILMS)]

        def are_under_way() -> bool:
            """some are acknowledged"""
            return sum(status == 200 for _, status in answers) >= random.Random(first).randint(1, _FILMS // 2)

        await_true(are_under_way, 120)
        struck_s = time.monotonic()
        strike()
        back_s = time.monotonic()
        for each in sending:
            each.result()
    trial.promised = sum(status == 200 for _, status in answers)
    if trial.promised != _FILMS:
        trial.broken.append("a film was never taken")
    first_s = min((at for at, status in answers if at > back_s and status == 200), default=back_s)
    await_true(lambda: _are_drafted(house, before), 240)
    await_true(lambda: _reads(house), 60)
    new = set(house.states()) - before
    done = [house.times("study.draft", key) for key in new]
    trial.lost = max(0, trial.promised - len(new), trial.promised - (house.whole_files() - files)) + done.count(0)
    trial.doubled = max(0, len(new) - _FILMS) + sum(each - 1 for each in done if each > 1)
    trial.seconds = first_s - back_s
    if trial.seconds > _SERVING_AGAIN_S:
        trial.broken.append(f"the first acknowledgement came {trial.seconds:.1f} s after the database was back")
    refused = sorted({status for _, status in answers} - {200})
    trial.said = f"{len(answers) - trial.promised} stores refused meanwhile (answers {refused}), the database was away for {back_s - struck_s:.1f} s; longest is from its answering again to the next acknowledgement"


def _has_ended(witness: psycopg.Connection) -> bool:
    """the server has ended all its processes"""
    try:
        witness.execute("SELECT 1")
    except psycopg.OperationalError:
        return True
    return False


def _answers(url: str) -> bool:
    """the server takes connections again"""
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError:
        return False
    return True


def _reads(house: SoakHouse) -> bool:
    """the harness reads the database: its own connections died, too"""
    try:
        house.times("study.draft", "")
    except TransientError:
        return False
    return True


def _are_drafted(house: SoakHouse, before: set[str]) -> bool:
    """all are drafted"""
    try:
        found = [state for key, state in house.states().items() if key not in before]
    except (RuntimeError, OSError):  # the database is not back for this question: a person asks again
        return False
    return found == ["drafted"] * _FILMS
