"""A run over a list of films, with readers in this process: what is read, what is tried again, what a stop or a kill costs."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from wetread.batch.film_list import ListedFilm
from wetread.batch.film_supply import FilesBelow
from wetread.batch.journal import PART, Journal
from wetread.batch.run import ATTEMPTS, OUT_OF_REACH, RunRules, read_films
from wetread.batch.tables import TableForm, Tables
from wetread.domain.analysis import ModelIdentity
from wetread.domain.batch import FilmFate, FilmRow, FilmTask, FindingScore, Unanswered
from wetread.domain.errors import TransientError
from wetread.scorecard.predictions import open_predictions
from wetread.testing.batch_engine import InProcessEngine

FORM = TableForm(ModelIdentity("reader", "1.0.0", "ab" * 32), ("effusion", "mass"), ("site",), keep_paths=False)


def row(task: FilmTask) -> FilmRow:
    """Every seventh is refused; what the others get hangs on their number alone."""
    if task.number % 7 == 0:
        return FilmRow(task.number, FilmFate.REFUSED, "lateral_view", "a lateral view", f"{task.number:064x}")
    share = 1 / (1 + task.number)
    scores = (
        FindingScore("effusion", -share, share, 0.25, share >= 0.25, ""),
        FindingScore("mass", share, None, 1.0, False, ""),
    )
    return FilmRow(
        task.number, FilmFate.READ, "", "", f"{task.number:064x}", f"{task.number + 1:064x}", findings=scores
    )


def listed(films: int) -> Iterator[tuple[int, ListedFilm]]:
    return (
        (n, ListedFilm(f"Doe^Jane/{n}.dcm", "", {"site": "north"}, {"effusion": "negative"}))
        for n in range(1, films + 1)
    )


class House:
    """A run's folders, and runs over them that may be cut short."""

    def __init__(self, folder: Path, films: int) -> None:
        self.work, self.out, self.films = folder / "work", folder / "out", films
        self.work.mkdir()
        self.out.mkdir()
        self.tables = Tables(self.work, FORM)
        self.seen: list[FilmRow | None] = []
        self.root = folder

    def run(
        self, engine: InProcessEngine, *, stopped: Callable[[], bool] = lambda: False, keep_going: bool = False
    ) -> bool:
        journal = Journal(self.work, self.tables, self.films)
        try:
            rules = RunRules(FilesBelow(self.root), keep_going, stopped, self.seen.append)
            return read_films(listed(self.films), engine, journal, rules)
        finally:
            journal.close()

    def finished(self) -> tuple[str, str]:
        self.tables.put_together(-(-self.films // PART), self.out)
        return (self.out / "films.csv").read_text(), (self.out / "predictions.csv").read_text()


@pytest.fixture
def house(tmp_path: Path) -> Callable[..., House]:
    def build(films: int, name: str = "run") -> House:
        folder = tmp_path / name
        folder.mkdir()
        return House(folder, films)

    return build


class Killed(BaseException):
    """As `kill -9`: nothing after it runs but what the operating system does."""


def dies_after(films: int) -> Callable[[FilmTask], FilmRow]:
    left = [films]

    def read(task: FilmTask) -> FilmRow:
        if left[0] == 0:
            raise Killed
        left[0] -= 1
        return row(task)

    return read


def test_every_film_has_its_row_in_the_order_of_the_list(house: Callable[..., House]) -> None:
    here = house(PART + 40)
    assert here.run(InProcessEngine(row, 4))
    here.finished()
    films = pl.read_parquet(here.out / "films.parquet")
    assert films["number"].to_list() == list(range(1, PART + 41))
    assert films.filter(pl.col("number") % 7 == 0)["code"].unique().to_list() == ["lateral_view"]
    assert films.filter(number=8)["raw_score_mass"].item() == pytest.approx(1 / 9)
    assert films.equals(pl.read_csv(here.out / "films.csv", schema=films.schema))


def test_the_predictions_are_what_evaluate_reads(house: Callable[..., House]) -> None:
    here = house(30)
    here.run(InProcessEngine(row))
    here.finished()
    for name in ("predictions.csv", "predictions.parquet"):
        found = open_predictions(here.out / name)
        assert found.findings == ("effusion",)  # the other one has no calibration: its raw score stands with the film
        rows = found.rows_of("effusion")
        assert len(rows.studies) == 26
        assert not rows.truth.any()


def test_the_tables_do_not_hang_on_the_number_of_readers_or_the_order_of_their_answers(
    house: Callable[..., House],
) -> None:
    one, many = house(PART * 2 + 3, "one"), house(PART * 2 + 3, "many")
    assert one.run(InProcessEngine(row, 1))
    engine = LastFirst(row, 8)
    assert many.run(engine)
    assert engine.most_out == engine.capacity
    assert one.finished() == many.finished()


class LastFirst(InProcessEngine):
    def next_outcome(self) -> FilmRow | Unanswered:
        self._waiting.rotate(1)
        return super().next_outcome()


def test_a_run_that_is_killed_anywhere_goes_on_and_reads_nothing_twice(house: Callable[..., House]) -> None:
    films = PART + 9
    whole = house(films, "whole")
    whole.run(InProcessEngine(row, 3))
    expected = whole.finished()
    for after in (0, 1, 5, PART - 1, PART, PART + 1, films - 1):
        here = house(films, f"killed-{after}")
        first = InProcessEngine(dies_after(after), 3)
        with pytest.raises(Killed):
            here.run(first)
        again = InProcessEngine(row, 2)
        assert here.run(again)
        assert again.submitted.total() == films - after
        assert here.finished() == expected


def test_a_torn_line_and_what_follows_it_is_read_again(house: Callable[..., House]) -> None:
    here = house(20)
    with pytest.raises(Killed):
        here.run(InProcessEngine(dies_after(9)))
    (journal,) = here.work.glob("open-*.jsonl")
    journal.write_bytes(journal.read_bytes()[:-20])
    again = InProcessEngine(row)
    assert here.run(again)
    assert again.submitted.total() == 20 - 8
    films, _ = here.finished()
    assert films.count("\n") == 21


def test_a_part_that_was_written_just_before_the_kill_is_not_read_again(house: Callable[..., House]) -> None:
    here = house(4)
    here.run(InProcessEngine(row))
    (here.work / "open-0000000.jsonl").write_text("left behind\n")
    again = InProcessEngine(row)
    assert here.run(again)
    assert not again.submitted
    assert not list(here.work.glob("open-*"))


def test_stopped_is_stopped_after_the_films_under_way(house: Callable[..., House]) -> None:
    here = house(50)
    assert not here.run(InProcessEngine(row, 2), stopped=lambda: len(here.seen) >= 10)
    assert 10 <= len(here.seen) <= 10 + 4
    assert here.run(InProcessEngine(row, 2))
    assert sum(each is not None for each in here.seen) == 50


def test_a_reader_that_dies_costs_one_more_try(house: Callable[..., House]) -> None:
    here = house(5)
    engine = InProcessEngine(row)
    engine.kills.update({3: ATTEMPTS - 1})
    assert here.run(engine)
    assert engine.submitted[3] == ATTEMPTS
    assert engine.submitted.total() == 5 + ATTEMPTS - 1
    films, _ = here.finished()
    assert "failed" not in films


def test_a_film_that_kills_its_readers_is_put_aside_with_its_reason(house: Callable[..., House]) -> None:
    here = house(5)
    (here.root / "Doe^Jane").mkdir()
    (here.root / "Doe^Jane" / "3.dcm").write_bytes(b"poison")
    engine = InProcessEngine(row)
    engine.kills.update({3: 1_000})
    assert here.run(engine)
    assert engine.submitted[3] == ATTEMPTS
    here.finished()
    film = pl.read_parquet(here.out / "films.parquet").row(2, named=True)
    assert (film["fate"], film["code"]) == ("failed", "reader_killed")
    assert "3 times" in film["reason"]
    assert len(film["file_sha256"]) == 64


def test_deaths_of_readers_are_remembered_by_the_next_run(house: Callable[..., House]) -> None:
    here = house(5)
    first = InProcessEngine(dies_after(2))
    first.kills.update({3: 2})
    with pytest.raises(Killed):
        here.run(first)
    died = 2 - first.kills[3]
    again = InProcessEngine(row)
    again.kills.update({3: 1_000})
    assert here.run(again)
    assert died == 1
    assert again.submitted[3] == ATTEMPTS - died


def test_a_shortage_is_tried_again_and_then_said(house: Callable[..., House]) -> None:
    short = Unanswered(2, "decoder_unavailable", "No memory.")
    here = house(3)
    engine = InProcessEngine(lambda task: short if task.number == 2 else row(task))
    assert here.run(engine)
    assert engine.submitted[2] == ATTEMPTS
    assert "decoder_unavailable" in here.finished()[0]


def _gone(task: FilmTask) -> FilmRow:
    return FilmRow(task.number, FilmFate.FAILED, "bytes_missing", "not there")


def test_a_source_that_went_away_stops_the_run_and_no_film_is_blamed(house: Callable[..., House]) -> None:
    here = house(60)
    away = InProcessEngine(lambda task: row(task) if task.number <= 10 else _gone(task))
    with pytest.raises(TransientError, match="mounted") as stopped:
        here.run(away)
    assert stopped.value.code == "source_away"
    assert len(here.seen) == 10
    assert here.run(InProcessEngine(row))
    assert "failed" not in here.finished()[0]


class Fetching(FilesBelow):
    """Every film that `refuses` names cannot be had; `answers`: whether the source does at the end."""

    def __init__(self, refuses: range, answers: bool) -> None:
        super().__init__(Path())
        self._refuses, self._answers = refuses, answers

    def take(self, films: Iterator[tuple[int, ListedFilm]], *, wait: bool) -> FilmTask | FilmRow | None:
        task = super().take(films, wait=wait)
        refused = task is not None and task.number in self._refuses
        return FilmRow(task.number, FilmFate.FAILED, "receiver_busy", "pacs cannot") if task and refused else task

    def is_there(self) -> bool:
        return self._answers


@pytest.mark.parametrize(
    ("refuses", "answers", "written"),
    [
        (range(5, 5 + OUT_OF_REACH - 1), False, 40),
        (range(35, 41), True, 40),
        (range(35, 41), False, 34),
        (range(11, 11 + OUT_OF_REACH), True, 10),
    ],
)
def test_films_that_cannot_be_had_are_written_down_where_the_source_is_there(
    house: Callable[..., House], refuses: range, answers: bool, written: int
) -> None:
    """Rows of films that were had before the source went away come later, and prove nothing."""
    here = house(40)
    journal = Journal(here.work, here.tables, 40)
    rules = RunRules(Fetching(refuses, answers), False, lambda: False, here.seen.append)
    engine = InProcessEngine(row, 30)
    if written == 40:
        assert read_films(listed(40), engine, journal, rules)
    else:
        with pytest.raises(TransientError, match="pacs cannot"):
            read_films(listed(40), engine, journal, rules)
        assert "receiver_busy" not in {each.code for each in here.seen if each}
        journal.close()
        assert here.run(InProcessEngine(row))
    journal.close()
    assert here.finished()[0].count("receiver_busy") == (len(refuses) if written == 40 else 0)


def test_a_few_films_that_are_gone_are_written_down(house: Callable[..., House]) -> None:
    here = house(40)
    gone = range(5, 5 + OUT_OF_REACH - 1)
    assert here.run(InProcessEngine(lambda task: _gone(task) if task.number in gone else row(task)))
    assert here.finished()[0].count("bytes_missing") == len(gone)


def test_all_are_written_down_where_somebody_says_so(house: Callable[..., House]) -> None:
    here = house(40)
    assert here.run(InProcessEngine(_gone), keep_going=True)
    assert here.finished()[0].count("bytes_missing") == 40


def test_the_same_bytes_twice_are_two_films_and_one_study(house: Callable[..., House]) -> None:
    here = house(4)
    assert here.run(
        InProcessEngine(lambda task: replace(row(task), file_sha256="cd" * 32) if task.number > 2 else row(task))
    )
    here.finished()
    films = pl.read_parquet(here.out / "films.parquet")
    assert films["same_as"].to_list() == [None, None, None, 3]
    assert pl.read_parquet(here.out / "predictions.parquet")["number"].to_list() == [1, 2, 3]


def test_no_path_stands_in_the_tables(house: Callable[..., House]) -> None:
    here = house(3)
    here.run(InProcessEngine(row))
    assert "Doe" not in "".join(here.finished())
    assert all(b"Doe^Jane" not in each.read_bytes() for each in here.out.iterdir())


def test_the_journal_is_lines_of_json(house: Callable[..., House]) -> None:
    here = house(9)
    with pytest.raises(Killed):
        here.run(InProcessEngine(dies_after(4)))
    (journal,) = here.work.glob("open-*.jsonl")
    assert [json.loads(line)["number"] for line in journal.read_text().splitlines()] == [1, 2, 3, 4]
