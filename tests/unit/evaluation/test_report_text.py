"""Scores of report texts against published digits and hand counts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wetread.domain.errors import PermanentError
from wetread.evaluation.report_text import F1, bleu, green, label_f1, radcliq, radgraph_f1, rouge_l, rouge_n

words = st.lists(st.sampled_from(["no", "left", "effusion", "small"]), min_size=0, max_size=9)


def test_bleu_by_hand() -> None:
    """Draft of 4 words against 5: 3 of 4 words, 2 of 3 pairs, 1 of 2 triples shared; brevity exp(1 - 5/4)."""
    found = bleu(["small left effusion seen"], ["small left effusion is seen"], order=3)
    brevity = np.exp(1 - 5 / 4)
    assert found == pytest.approx(
        [brevity * 4 / 4, brevity * (1 * 2 / 3) ** (1 / 2), brevity * (1 * 2 / 3 * 1 / 2) ** (1 / 3)], rel=1e-6
    )


def test_bleu_pools_counts_over_the_corpus() -> None:
    both = bleu(["a b", "c d e f"], ["a b", "x y z w"], order=1)
    assert both[0] == pytest.approx(2 / 6, rel=1e-6)


@given(words, words)
def test_rouge_is_symmetric_bounded_and_one_only_for_equal_texts(first: list[str], second: list[str]) -> None:
    a, b = " ".join(first), " ".join(second)
    assert rouge_l(a, b) == pytest.approx(rouge_l(b, a))
    assert rouge_n(a, b) == pytest.approx(rouge_n(b, a))
    assert 0 <= rouge_l(a, b) <= rouge_n(a, b) <= 1
    assert (rouge_l(a, b) == 1) == (first == second and bool(first))


def test_rouge_by_hand() -> None:
    assert rouge_l("no left effusion", "no effusion on left") == pytest.approx(2 * 2 / 7)
    assert rouge_n("no left effusion", "no effusion on left", 2) == 0.0
    assert rouge_n("a a b", "a b b") == pytest.approx(2 / 3)


def test_label_f1_counts_policies_apart() -> None:
    drafted = [{"effusion": "positive", "edema": "uncertain"}, {"effusion": "negative"}]
    signed = [{"effusion": "positive", "edema": "positive"}, {"effusion": "positive"}]
    assert label_f1(drafted, signed) == {"edema": F1(0, 0, 1), "effusion": F1(1, 0, 1)}
    assert label_f1(drafted, signed, uncertain_is_positive=True)["edema"] == F1(1, 0, 0)
    assert F1(1, 0, 1).f1 == pytest.approx(2 / 3)
    assert (F1(0, 0, 0).f1, F1(0, 0, 0).precision) == (None, None)


def test_scores_over_given_annotations() -> None:
    drafted = [("effusion", "DP"), ("left", "DP"), ("small", "DP")]
    signed = [("effusion", "DP"), ("left", "DP"), ("moderate", "DP"), ("pneumothorax", "DA")]
    assert radgraph_f1(drafted, signed) == pytest.approx(0.5714285714)
    assert radgraph_f1([], signed) == 0.0
    assert radcliq(1, 1, 1, 1) == pytest.approx(-1.4406903119, abs=1e-9)
    assert radcliq(0, 0, 0, 0) == pytest.approx(2.4501430996, abs=1e-9)
    assert (green(3, 1), green(0, 0)) == (0.75, 0.0)


def test_texts_that_do_not_pair_up_are_refused() -> None:
    with pytest.raises(ValueError, match="one reference"):
        bleu(["a"], [])
    with pytest.raises(PermanentError):
        bleu([], [])
    with pytest.raises(ValueError, match="one labelled"):
        label_f1([{}], [])
    with pytest.raises(ValueError, match="no label"):
        label_f1([{"a": "maybe"}], [{}])
    with pytest.raises(ValueError, match="counts"):
        green(-1, 0)
