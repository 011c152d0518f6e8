"""A sequential test of a rate that saves most of its error budget for one last look: after a number of cases that need not be known before, such as all that come by a date.

Before that look only the kept share of a mixture e-process speaks. At the look every count from `enough` on is topped up to the evidence that is asked for; what the topping-up is worth under the
limit is what was staked. Both parts together are a martingale under the limit, however many cases there were, as long as their number does not depend on what they showed.
"""

from dataclasses import dataclass
from functools import lru_cache
from math import ceil, floor, sqrt

import numpy as np
from scipy.special import bdtrc
from scipy.stats import binom

from wetread.evaluation.inputs import Floats
from wetread.evaluation.sequential import counts_short_of, rate_e_values

__all__ = ["FinalLook", "final_look", "final_look_reached"]


@dataclass(frozen=True, slots=True)
class FinalLook:
    """At the last look, after `cases`: from `enough` events on the evidence is at least what was asked for; with one event less it is `one_less`; with fewer what was kept.
    `enough` is cases + 1 where so many cannot be. It never falls as cases rise: whoever has enough for more cases has enough. Source: definition.
    """

    cases: int
    enough: int
    one_less: float


@lru_cache(maxsize=4096)
def final_look(cases: int, limit: float, evidence: float, prior: tuple[float, float], kept: float) -> FinalLook:
    """The look after `cases` (> 0) at a rate with this `limit` (0 < limit < 1), when 1 - `kept` of an e-process is staked on it and `evidence` (> 1) is asked for. `prior`: of the mixture (`rate_e_value`).

    Source: Ville (1939), Étude critique de la notion de collectif; Ramdas, Grünwald, Vovk & Shafer (2023), Stat Sci 38:576.
    """
    if not (cases > 0 and 0 < limit < 1 and evidence > 1 and 0 < kept < 1):
        raise ValueError(
            f"need cases, a limit and a kept share inside 0..1 and evidence above 1, not {cases}, {limit}, {kept}, {evidence}"
        )
    # nothing is enough below the mean; what lies beyond `top` is counted whole
    first = floor(cases * limit)
    top = min(cases, ceil(first + 12 * sqrt(first + 1) + 40))
    events = np.arange(first, top + 1)
    mixture = kept * rate_e_values(events, np.full(len(events), cases), limit, prior)
    chance = binom.pmf(events, cases, limit)
    beyond = evidence * float(bdtrc(top, cases, limit)) if top < cases else 0.0
    cost = np.append(beyond + np.cumsum((np.maximum(evidence - mixture, 0) * chance)[::-1])[::-1], beyond)
    at = max(1, int(np.argmax(cost <= 1 - kept)))
    left_over = (1 - kept - float(cost[at])) / float(chance[at - 1])
    return FinalLook(cases, first + at, min(evidence, float(mixture[at - 1]) + left_over))


def final_look_reached(
    rate: float,
    limit: float,
    evidence: float,
    prior: tuple[float, float],
    kept: float,
    cases: int,
    *,
    every: int = 1,
    until: float = 1.0,
) -> Floats:
    """(n,) exact chance that the evidence is reached by a last look after `every`, 2 x `every`, ... `cases` independent cases with this `rate` of events, the kept part being looked at after each: power, or false alarms at rate = limit.

    By recursion over the counts that have not reached it. Ends after `cases`, or with the first chance of `until` or more. Not quite rising: counts are whole.
    Source: Armitage, McPherson & Rowe (1969), J R Stat Soc A 132:235.
    """
    if not (0 <= rate <= 1 and cases >= every > 0):
        raise ValueError(f"need a rate of 0 to 1 and at least {every} cases, not {rate} and {cases}")
    reached = []
    for n, (early, left) in enumerate(counts_short_of(rate, limit, evidence / kept, prior, cases), 1):
        if n % every:
            continue
        reached.append(early + float(left[final_look(n, limit, evidence, prior, kept).enough :].sum()))
        if reached[-1] >= until:
            break
    return np.array(reached)
