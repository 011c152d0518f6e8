"""A list that grows step by step, and goes on where it was killed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from wetread.batch.film_list import FilmList, ListedFilm
from wetread.batch.listing import Listed, ListedStep, list_on


class Steps:
    """Ten steps of two films; `dies_at`: in which step it is killed."""

    def __init__(self, dies_at: int = -1) -> None:
        self.dies_at, self.begun = dies_at, list[str]()

    def steps(self, cursor: str) -> Iterator[ListedStep]:
        self.begun.append(cursor)
        for number in range(int(cursor or 0), 10):
            if number == self.dies_at:
                raise KeyboardInterrupt
            films = tuple(ListedFilm(f"1.{number}/2/{each}") for each in range(2))
            yield ListedStep(str(number + 1), films, 3, {"no_chest_film": 1}, (number + 1) / 10)


def paths(file: Path) -> list[str]:
    return [film.path for _, film in FilmList(file).numbered()]


@pytest.mark.parametrize("dies_at", [0, 1, 5, 9])
def test_a_listing_that_was_killed_goes_on(tmp_path: Path, dies_at: int) -> None:
    whole, file = tmp_path / "whole.jsonl", tmp_path / "films.jsonl"
    told: list[float] = []
    expected = list_on(whole, Steps(), None, lambda _, share: told.append(share))
    assert (expected.films, expected.studies, expected.left_out, told[-1]) == (20, 30, {"no_chest_film": 10}, 1.0)
    with pytest.raises(KeyboardInterrupt):
        list_on(file, Steps(dies_at), None, lambda *_: None)
    with file.open("a") as torn:
        torn.write('{"path": "1.5/2/0","study":"","groups":{},"labels":{}}\n{"pa')
    again = Steps()
    listed = list_on(file, again, None, lambda *_: None)
    assert again.begun == [str(dies_at or "")]
    assert (listed, paths(file)) == (expected, paths(whole))


def test_a_listing_that_is_whole_asks_nothing_again(tmp_path: Path) -> None:
    file, again = tmp_path / "films.jsonl", Steps()
    first = list_on(file, Steps(), None, lambda *_: None)
    assert (list_on(file, again, None, lambda *_: None), again.begun) == (first, [])


def test_a_limit_ends_it_in_the_middle_of_a_step(tmp_path: Path) -> None:
    file, seen = tmp_path / "films.jsonl", list[Listed]()
    listed = list_on(file, Steps(), 5, lambda so_far, _: seen.append(so_far))
    assert (listed.films, listed.whole, len(seen), len(paths(file))) == (5, True, 3, 5)
    assert list_on(file, Steps(), 5, lambda *_: None) == listed
