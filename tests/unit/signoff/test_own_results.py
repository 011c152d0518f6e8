"""What no machine may have: our own results, for as long as some reader may not see them."""

from types import SimpleNamespace
from typing import Any

import pytest

from wetread.domain.identifiers import StudyKey
from wetread.domain.reading import ReadingMode
from wetread.domain.study_state import REPORTED, StudyState
from wetread.signoff.own_results import withheld_from_machines

KEYS = {state: StudyKey(f"study-{state.value}") for state in StudyState}
UNKNOWN = StudyKey("study-unknown")


class Unit:
    """A study in every state; blinded answers are awaited on some."""

    def __init__(self, *awaited: StudyKey) -> None:
        self._awaited = awaited

    def find_study(self, key: StudyKey) -> Any:
        return next((SimpleNamespace(state=state) for state, known in KEYS.items() if known == key), None)

    def undecided_relabel_tasks(self) -> list[Any]:
        return [SimpleNamespace(study_key=key) for key in self._awaited]


def withheld(mode: ReadingMode, *awaited: StudyKey) -> set[StudyKey]:
    return set(withheld_from_machines(Unit(*awaited), mode, [*KEYS.values(), UNKNOWN]))  # type: ignore[arg-type]


@pytest.mark.parametrize("mode", [ReadingMode.CONCURRENT, ReadingMode.SECOND_READER])
def test_what_a_person_signed_is_told_and_nothing_else(mode: ReadingMode) -> None:
    assert {*KEYS.values(), UNKNOWN} - withheld(mode) == {KEYS[state] for state in REPORTED}


def test_a_signed_study_that_is_read_again_blind_is_withheld() -> None:
    signed, delivered = KEYS[StudyState.SIGNED], KEYS[StudyState.DELIVERED]
    assert withheld(ReadingMode.CONCURRENT, signed) - withheld(ReadingMode.CONCURRENT) == {signed}
    assert delivered not in withheld(ReadingMode.CONCURRENT, signed)


def test_a_site_without_ai_tells_nothing() -> None:
    assert withheld(ReadingMode.AI_OFF) == {*KEYS.values(), UNKNOWN}
