"""No text makes it raise, and no text makes it slow: work is counted, not timed."""

import sys
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wetread.domain.statement import Statement
from wetread.labelling.aggregation import report_labels
from wetread.labelling.labeller import RuleLabeller

LABELLER = RuleLabeller()
WORDS = st.sampled_from(
    [
        "no",
        "not",
        "without",
        "effusion",
        "left",
        "right",
        "bilateral",
        "possible",
        "versus",
        "or",
        "and",
        ",",
        ".",
        ";",
        ":",
        "(",
        ")",
        "heart",
        "is",
        "enlarged",
        "normal",
        "lungs",
        "are",
        "clear",
        "new",
        "stable\n",
        "",
        "",
        "",
        "resolved",
        "cannot",
        "be",
        "excluded",
        "may",
        "represent",
        "atelectasis",
        "tip",
        "in",
        "the",
        "large",
        "small",
        "INDICATION:",
        "FINDINGS:",
        "IMPRESSION:",
        "\n",
        "\n\n",
        "1.",
        "1.5",
        "cm",
        "Dr.",
        "but",
        "with\n",
        "",
        "",
        "",
        "no",
        "significant",
        "change",
        "in",
        "pneumothorax",
        "has",
        "been",
        "removed",
        "PICC",
        "costophrenic",
        "angle",
        "blunting",
        "of",
        "acute",
        "disease",
    ]
)


def _sound(text: str) -> tuple[Statement, ...]:
    statements = LABELLER.statements(text)
    for each in statements:
        assert 0 <= each.start < each.end <= len(text)
        assert len(each.cues) == len(each.reasons)
        assert all(0 <= start < end <= len(text) for start, end in each.cues)
        assert all(each.reasons)
        assert each.position == "" or each.position.split()[0] in text
    assert all(one.start <= other.start for one, other in pairwise(statements))
    assert set(report_labels(statements)) <= {each.name for each in statements}
    return statements


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    _sound(text)


@given(st.text(st.characters(codec=None, categories=None)))
def test_any_code_point_is_read(text: str) -> None:
    _sound(text)


@settings(max_examples=300)
@given(st.lists(WORDS, max_size=60).map(" ".join))
def test_any_order_of_the_lexicons_words_is_read(text: str) -> None:
    _sound(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\0",
        "\ud800 effusion",
        "İ" * 50 + " effusion.",
        "ﬁ effusion",
        "no " * 500,
        "\n" * 500,
        "." * 500,
        "((((",
        "1." * 300,
        "‮effusion‬",
    ],
)
def test_odd_texts_are_read(text: str) -> None:
    _sound(text)


def _calls(work: Callable[[], object]) -> int:
    """Python function calls of `work`: a measure of time that no other process disturbs."""
    count = 0

    def counted(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(counted)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize(
    "piece",
    [
        "no effusion or ",
        "left ",
        "effusion, ",
        "heart ",
        "no left small new effusion ",
        "a",
        "\n",
        "tip in ",
        ". ",
        "( ",
        "not ",
        "İ effusion ",
    ],
)
def test_twice_the_text_is_twice_the_work(piece: str) -> None:
    """Without a full stop or with nothing else; 600 and 1200 pieces are beyond the longest sentence."""
    once = _calls(lambda: LABELLER.statements(piece * 600))
    assert _calls(lambda: LABELLER.statements(piece * 1200)) <= 2.6 * once + 1000
