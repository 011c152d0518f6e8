"""F10: the model of a worker hangs, kills its process, runs out of memory, answers NaN, or is slow: the study is readable all the while and ends drafted with the reason, or read by the next worker. A person signs it."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from tests.soak.book import Book, Trial
from tests.soak.house import SoakHouse, await_true, soak_house
from wetread.runtimes.onnx import OnnxPredictor

__all__ = ["TITLE", "answer_nan", "die", "hang", "run", "run_out_of_memory", "slow_down"]

TITLE = "the model hangs, dies, answers NaN or is slow"
_HUNG_S, _SLOW_S = 10.0, 5.0
_ATTEMPTS = 2


def hang() -> None:
    def predict(model: OnnxPredictor, image: object) -> NoReturn:
        while True:
            time.sleep(60)

    OnnxPredictor.predict = predict  # type: ignore[method-assign]


def die() -> None:
    def predict(model: OnnxPredictor, image: object) -> NoReturn:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError

    OnnxPredictor.predict = predict  # type: ignore[method-assign]


def run_out_of_memory() -> None:
    def predict(model: OnnxPredictor, image: object) -> NoReturn:
        raise MemoryError

    OnnxPredictor.predict = predict  # type: ignore[method-assign]


class _NaN:
    """A session whose every output is NaN."""

    def __init__(self, session: Any) -> None:
        self._session = session

    def run(self, names: list[str], inputs: dict[str, Any]) -> list[Any]:
        return [np.full_like(each, np.nan) for each in self._session.run(names, inputs)]


def answer_nan() -> None:
    made = OnnxPredictor.__init__

    def make(model: OnnxPredictor, *words: Any, **more: Any) -> None:
        made(model, *words, **more)
        model._session = _NaN(model._session)

    OnnxPredictor.__init__ = make  # type: ignore[method-assign]


def slow_down() -> None:
    predict = OnnxPredictor.predict

    def slowly(model: OnnxPredictor, image: Any) -> Any:
        time.sleep(_SLOW_S)
        return predict(model, image)

    OnnxPredictor.predict = slowly  # type: ignore[method-assign]


_FAULTS: dict[str, tuple[Callable[[], None], str]] = {
    "hangs": (hang, "the worker died each time it tried this"),
    "kills its process": (die, "the worker died each time it tried this"),
    "runs out of memory": (run_out_of_memory, "internal error (MemoryError)"),
    "answers NaN": (answer_nan, "model_failed"),
    f"takes {_SLOW_S:g} s longer": (slow_down, ""),
}


def run(book: Book, folder: Path) -> None:
    with soak_house(folder, MAX_ATTEMPTS=str(_ATTEMPTS), JOB_LIMIT_S=str(_HUNG_S)) as house:
        for at, (point, (fault, reason)) in enumerate(_FAULTS.items()):
            for number in book.missing(point, 50):
                with book.trial(point) as trial:
                    _trial(trial, house, fault, reason, 150_000 + 1000 * at + number)
        with book.trial("the record after all of them") as trial:
            house.check_record(trial)


def _trial(trial: Trial, house: SoakHouse, fault: Callable[[], None], reason: str, number: int) -> None:
    before = set(house.states())
    trial.promised = house.store_films(number, 1)
    (key,) = set(house.states()) - before
    began_s, deaths = time.monotonic(), 0

    def is_drafted() -> bool:
        """the study is drafted"""
        return house.states()[key] == "drafted"

    while not is_drafted():
        with house.workers(place=fault) as (worker,):
            await_true(lambda: worker.exitcode is not None or is_drafted(), 900)
            deaths += worker.exitcode is not None
    trial.seconds = time.monotonic() - began_s
    with house.database.begin(write=False) as unit:
        said = unit.study(key).reason  # type: ignore[arg-type]
    if (reason not in said) if reason else said:
        trial.broken.append(f"the reason is {said[:80]!r}")
    house.sign(key)
    with ExitStack() as held:
        held.enter_context(house.workers())
        await_true(lambda: house.states()[key] == "delivered", 600)
    drafted, delivered = house.times("study.draft", key), house.outbox()
    trial.lost, trial.doubled = int(drafted == 0), max(0, drafted - 1) + sum(each - 1 for each in delivered.values())
    trial.said = f"{deaths} workers ended; {said or 'read'}; signed and delivered"
