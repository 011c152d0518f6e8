"""The moves from one order to another: few, and they lead there."""

from hypothesis import given
from hypothesis import strategies as st

from wetread.domain.identifiers import StudyKey
from wetread.web.worklist_changes import Moves, moves_between


def applied(old: list[StudyKey], moves: Moves) -> list[StudyKey]:
    """What a page does with them."""
    new = [key for key in old if key not in moves.taken_out]
    for at, key in moves.put_in:
        new.insert(at, key)
    return new


def keys(numbers: list[int]) -> list[StudyKey]:
    return [StudyKey(f"s{number}") for number in numbers]


lists = st.lists(st.integers(0, 30), unique=True, max_size=25).map(keys)


@given(lists, lists)
def test_the_moves_lead_from_the_one_to_the_other(old: list[StudyKey], new: list[StudyKey]) -> None:
    moves = moves_between(old, new)
    assert applied(old, moves) == new
    assert moves.gone == set(old) - set(new)


@given(lists)
def test_the_same_list_moves_nothing(same: list[StudyKey]) -> None:
    assert moves_between(same, same) == Moves(frozenset(), (), frozenset())


def test_one_that_arrives_one_that_leaves_and_one_that_rises_are_three_moves() -> None:
    old = keys(list(range(1000)))
    new = [StudyKey("s700"), *(key for key in old if key not in ("s700", "s20")), StudyKey("last")]
    moves = moves_between(old, new)
    assert moves.put_in == ((0, "s700"), (999, "last"))
    assert (moves.taken_out, moves.gone) == ({"s700", "s20"}, {"s20"})
