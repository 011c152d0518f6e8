"""Collected and generated texts with identity in them: what is found, what is lost of the rest. `benchmarks/scrubbing.py` prints the same with intervals.

Needs the collected texts: WETREAD_SHARED names their folder.
"""

import pytest
from tests.shared_texts import Tally, corpus_texts, scrubbed_tally, world_texts


@pytest.fixture(scope="module")
def tally() -> Tally:
    return scrubbed_tally(corpus_texts())


def test_identity_is_found(tally: Tally) -> None:
    assert tally.spans > 1000
    assert tally.found / tally.spans >= 0.99


def test_no_eponym_is_lost(tally: Tally) -> None:
    assert tally.kept > 300
    assert tally.lost == 0


def test_little_else_is_lost(tally: Tally) -> None:
    assert tally.words > 2500
    assert tally.words_lost / tally.words <= 0.02


def test_names_of_nineteen_countries_are_found_in_our_own_sentences() -> None:
    world = scrubbed_tally(world_texts())
    assert len({text.locale for text in world_texts()}) == 19
    assert world.spans > 5000
    assert world.found / world.spans >= 0.99
