"""Most of the error budget on one last look: fair whatever the number of cases is, and its exact curve against every sequence written out."""

from itertools import product

import numpy as np
import pytest
from scipy.stats import binom

from wetread.evaluation.final_look import final_look, final_look_reached
from wetread.evaluation.sequential import rate_e_value

PRIOR = (4.8, 55.2)


@pytest.mark.parametrize("cases", [1, 30, 240, 1140])
@pytest.mark.parametrize(("limit", "evidence"), [(0.05, 20.0), (0.05, 280.0), (0.3, 280.0)])
def test_the_evidence_at_the_last_look_is_worth_one_under_the_limit(cases: int, limit: float, evidence: float) -> None:
    prior, kept = (60 * (limit + 0.03), 60 * (0.97 - limit)), 0.2
    look = final_look(cases, limit, evidence, prior, kept)
    worth = 0.0
    for events in range(cases + 1):
        value = kept * rate_e_value(events, cases, limit, prior)
        value = max(value, evidence) if events >= look.enough else look.one_less if events == look.enough - 1 else value
        worth += float(binom.pmf(events, cases, limit)) * value
    assert worth <= 1 + 1e-9
    assert worth == pytest.approx(1) or look.one_less == evidence
    assert kept * rate_e_value(look.enough - 1, cases, limit, prior) <= look.one_less <= evidence


def test_who_has_enough_for_more_cases_has_enough() -> None:
    enough = [final_look(cases, 0.05, 280.0, PRIOR, 0.2).enough for cases in range(1, 1500)]
    assert all(np.diff(enough) >= 0)
    assert enough[0] == 2  # of one case, two cannot be
    assert binom.sf(enough[-1] - 1, 1499, 0.05) < 1 / 280


def test_the_curve_is_that_of_every_sequence_written_out() -> None:
    rate, limit, evidence, prior, kept, cases = 0.5, 0.2, 4.0, (3.0, 4.0), 0.3, 9
    reached = np.zeros(cases)
    for outcomes in product((0, 1), repeat=cases):
        chance = float(np.prod([rate if each else 1 - rate for each in outcomes]))
        rung = False
        for n in range(1, cases + 1):
            events = sum(outcomes[:n])
            rung = rung or kept * rate_e_value(events, n, limit, prior) >= evidence
            reached[n - 1] += chance * (rung or events >= final_look(n, limit, evidence, prior, kept).enough)
    found = final_look_reached(rate, limit, evidence, prior, kept, cases)
    assert found == pytest.approx(reached)
    assert 0 < found[3] < found[-1] < 1
    assert final_look_reached(rate, limit, evidence, prior, kept, cases, every=3) == pytest.approx(reached[2::3])


@pytest.mark.parametrize("share", [1.0, 3 / 18, 1 / 14])
def test_it_errs_no_more_than_promised_whenever_it_comes(share: float) -> None:
    assert final_look_reached(0.05, 0.05, 20 / share, PRIOR, 0.2, 1600).max() < 0.05 * share


@pytest.mark.parametrize(
    ("cases", "limit", "evidence", "kept"), [(0, 0.05, 20, 0.2), (9, 0.0, 20, 0.2), (9, 0.05, 1, 0.2), (9, 0.05, 20, 1)]
)
def test_a_look_at_nothing_or_at_no_price_is_refused(cases: int, limit: float, evidence: float, kept: float) -> None:
    with pytest.raises(ValueError, match="need cases"):
        final_look(cases, limit, evidence, PRIOR, kept)


@pytest.mark.parametrize(("rate", "cases", "every"), [(-0.1, 5, 1), (1.1, 5, 1), (0.5, 0, 1), (0.5, 5, 6), (0.5, 5, 0)])
def test_a_curve_of_nothing_is_refused(rate: float, cases: int, every: int) -> None:
    with pytest.raises(ValueError, match="need a rate"):
        final_look_reached(rate, 0.2, 20.0, PRIOR, 0.2, cases, every=every)
