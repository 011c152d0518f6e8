"""Where a run writes: what goes on, what is refused, what is gone when it is complete."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from wetread.batch.film_list import FolderSource
from wetread.batch.film_supply import FilesBelow
from wetread.batch.journal import Journal
from wetread.batch.run import RunRules, read_films
from wetread.batch.run_folder import RunFolder, RunTerms
from wetread.batch.tables import TableForm
from wetread.domain.analysis import ModelIdentity
from wetread.domain.batch import FilmFate, FilmRow
from wetread.domain.errors import PermanentError
from wetread.testing.batch_engine import InProcessEngine

FORM = TableForm(ModelIdentity("reader", "1.0.0", "ab" * 32), (), (), keep_paths=False)


@pytest.fixture
def source(tmp_path: Path) -> FolderSource:
    folder = tmp_path / "Doe^Jane"
    folder.mkdir()
    for number in range(4):
        (folder / f"{number}.dcm").write_text(str(number))
    return FolderSource(folder)


@pytest.fixture
def terms(source: FolderSource) -> RunTerms:
    return RunTerms(str(source.root), None, FORM)


def read(folder: RunFolder, *, films: int) -> bool:
    """So many of them."""
    journal = Journal(folder.work, folder.tables, folder.films)
    engine = InProcessEngine(lambda task: FilmRow(task.number, FilmFate.REFUSED, "lateral_view", "lateral"))
    seen: list[object] = []
    rules = RunRules(FilesBelow(Path()), False, lambda: len(seen) + 1 >= films, seen.append)
    done = read_films(folder.list.numbered(), engine, journal, rules)
    journal.close()
    return done


def test_it_goes_on_with_the_films_that_were_listed_first(
    tmp_path: Path, source: FolderSource, terms: RunTerms
) -> None:
    with RunFolder.opened(tmp_path / "out", terms, source) as folder:
        assert (folder.films, folder.began) == (4, True)
        assert not read(folder, films=2)
        assert folder.work.stat().st_mode & 0o077 == 0
    (source.root / "0a.dcm").write_text("late")
    with RunFolder.opened(tmp_path / "out", terms, source) as folder:
        assert (folder.films, folder.began) == (4, False)
        assert read(folder, films=99)
        counts = folder.finish(1)
    assert counts.fates == {("refused", "lateral_view"): 4}
    names = {"films.csv", "films.parquet", "predictions.csv", "predictions.parquet", "summary.json"}
    assert {each.name for each in (tmp_path / "out").iterdir()} == names
    assert not any("Doe^Jane" in each.read_bytes().decode("latin-1") for each in (tmp_path / "out").iterdir())
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["films"] == 4


def code_of(attempt: Callable[[], object]) -> str:
    with pytest.raises(PermanentError) as told:
        attempt()
    return told.value.code


def opened(out: Path, terms: RunTerms, source: FolderSource) -> None:
    with RunFolder.opened(out, terms, source):
        pass


@pytest.mark.parametrize("other", ["source", "limit", "keep_paths", "model"])
def test_another_run_does_not_go_on_with_it(tmp_path: Path, source: FolderSource, terms: RunTerms, other: str) -> None:
    opened(tmp_path / "out", terms, source)
    changed = {
        "source": replace(terms, source="elsewhere"),
        "limit": replace(terms, limit=3),
        "keep_paths": replace(terms, form=replace(FORM, keep_paths=True)),
        "model": replace(terms, form=replace(FORM, model=ModelIdentity("reader", "1.0.0", "cd" * 32))),
    }[other]
    with pytest.raises(PermanentError, match=f"another {other};") as told:
        opened(tmp_path / "out", changed, source)
    assert told.value.code == "other_run"
    opened(tmp_path / "out", terms, source)


def test_two_runs_do_not_write_to_one_folder(tmp_path: Path, source: FolderSource, terms: RunTerms) -> None:
    with RunFolder.opened(tmp_path / "out", terms, source):
        assert code_of(lambda: opened(tmp_path / "out", terms, source)) == "folder_in_use"
    opened(tmp_path / "out", terms, source)


def test_nothing_is_mixed_with_what_is_there(tmp_path: Path, source: FolderSource, terms: RunTerms) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").touch()
    assert code_of(lambda: opened(tmp_path / "out", terms, source)) == "folder_in_use"
    assert code_of(lambda: opened(source.root / "out", terms, source)) == "folder_in_use"
    assert not (source.root / "out").exists()


def test_a_finished_run_stays_and_leaves_no_list_behind(tmp_path: Path, source: FolderSource, terms: RunTerms) -> None:
    with RunFolder.opened(tmp_path / "out", terms, source) as folder:
        read(folder, films=99)
        folder.finish(1)
    (tmp_path / "out" / "unfinished").mkdir()  # killed while it was being removed
    (tmp_path / "out" / "unfinished" / "films.jsonl").write_text("Doe")
    assert code_of(lambda: opened(tmp_path / "out", terms, source)) == "run_finished"
    assert not (tmp_path / "out" / "unfinished").exists()


def test_a_list_that_was_broken_off_is_made_anew(tmp_path: Path, source: FolderSource, terms: RunTerms) -> None:
    work = tmp_path / "out" / "unfinished"
    work.mkdir(parents=True)
    (work / "films.jsonl").write_text('{"path": "0.dcm", "stu')
    with RunFolder.opened(tmp_path / "out", terms, source) as folder:
        assert folder.films == 4


def test_no_films_are_no_run(tmp_path: Path, terms: RunTerms) -> None:
    (tmp_path / "empty").mkdir()
    assert code_of(lambda: opened(tmp_path / "out", terms, FolderSource(tmp_path / "empty"))) == "no_films"
