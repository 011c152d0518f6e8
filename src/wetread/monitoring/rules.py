"""A policy rule that fell silent, that has never spoken, or that speaks of every study.

Of a rule that fired k times in the m studies up to its last firing, the chance that it then stays silent for g studies is (1 + g/m)^-k for steady rates (a ratio of gamma variables),
with k bounded because rates swing (`silence.DAY_SHAPE`). Each study fires one rule, hence each is one chance of a false alarm: with w studies a week, an alarm at a chance below a/w
raises a false alarms a week.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from wetread.domain.alarm import AlarmKind
from wetread.monitoring.alarms import Silence
from wetread.monitoring.silence import DAY_SHAPE, chance_of_none
from wetread.ports.watch_store import FiredRule

__all__ = ["AI_UNAVAILABLE", "RuleWatch", "rule_notes", "rule_silences"]

AI_UNAVAILABLE = "ai_unavailable"
"""Not a rule of the policy: `standstill.nothing_scored` watches it."""
WEEK = timedelta(weeks=1)


@dataclass(frozen=True, slots=True)
class RuleWatch:
    """What is known of one rule at one site: it fired `fired` times in `studies`, the last time `since_last` studies ago (None: never)."""

    site: str
    rule_id: str
    studies: int
    fired: int
    since_last: int | None


def watch_rules(fired: Sequence[FiredRule], policy_version: str, rule_ids: Sequence[str]) -> tuple[RuleWatch, ...]:
    """Every rule of the present policy at every site, and whatever else fired (a default); `fired` newest first."""
    of_site: dict[str, list[str]] = defaultdict(list)
    for each in fired:
        if each.policy_version == policy_version:
            of_site[each.site].append(each.rule_id)
    return tuple(
        RuleWatch(site, rule, len(ids), ids.count(rule), ids.index(rule) if rule in ids else None)
        for site, ids in sorted(of_site.items())
        for rule in dict.fromkeys([*rule_ids, *sorted(set(ids) - {AI_UNAVAILABLE})])
    )


def rule_silences(
    fired: Sequence[FiredRule],
    policy_version: str,
    rule_ids: Sequence[str],
    *,
    false_alarms_per_week: float,
    always_after: int,
    prevalence: Mapping[str, float] | None = None,
) -> tuple[Silence, ...]:
    """Rules silent for longer than chance explains, and rules that each of the last `always_after` studies fired. `prevalence` says how often a rule should fire that has no history."""
    rates = prevalence or {}
    a_week = _studies_a_week(fired)
    found = []
    for rule in watch_rules(fired, policy_version, rule_ids):
        below = min(0.01, false_alarms_per_week / a_week[rule.site])
        chance = _chance(rule, rates.get(rule.rule_id, 0.0))
        if chance < below:
            found.append(_never(rule, chance))
        if rule.rule_id in rule_ids and _fired_by_each(rule, fired, policy_version, always_after):
            found.append(_always(rule, always_after))
    return tuple(found)


def rule_notes(fired: Sequence[FiredRule], policy_version: str, rule_ids: Sequence[str]) -> tuple[str, ...]:
    """Rules that have never fired under this policy, with n and the 95 % upper limit of their rate (the rule of three)."""
    return tuple(
        f"rule {rule.rule_id} has never fired at site {rule.site} in {rule.studies} studies under policy {policy_version}: "
        f"if it can fire, in fewer than {min(1.0, 3 / rule.studies):.2%} of them"
        for rule in watch_rules(fired, policy_version, rule_ids)
        if rule.since_last is None
    )


def _chance(rule: RuleWatch, prevalence: float) -> float:
    """Of a silence as long as the present one."""
    if rule.since_last is None:
        return chance_of_none(rule.studies * prevalence, DAY_SHAPE)
    heard = rule.studies - rule.since_last
    shape = 1.0 / (1.0 / rule.fired + 1.0 / DAY_SHAPE)
    return chance_of_none(rule.since_last * rule.fired / heard, shape)


def _studies_a_week(fired: Sequence[FiredRule]) -> dict[str, float]:
    times = defaultdict(list)
    for each in fired:
        times[each.site].append(each.received_at)
    return {site: len(each) / max((max(each) - min(each)) / WEEK, 1 / 7) for site, each in times.items()}


def _fired_by_each(rule: RuleWatch, fired: Sequence[FiredRule], policy_version: str, n: int) -> bool:
    mine = [each.rule_id for each in fired if (each.site, each.policy_version) == (rule.site, policy_version)][:n]
    return len(mine) == n and set(mine) == {rule.rule_id}


def _never(rule: RuleWatch, chance: float) -> Silence:
    silent = rule.studies if rule.since_last is None else rule.since_last
    message = (
        f"rule {rule.rule_id} fired for none of the last {silent} studies of site {rule.site} (chance {chance:.1g}): "
        "check the model's scores, its operating points and the policy"
    )
    key = f"{AlarmKind.RULE_NEVER_FIRES.value}/{rule.site}/{rule.rule_id}"
    return Silence(AlarmKind.RULE_NEVER_FIRES, key, rule.site, message, pages=True)


def _always(rule: RuleWatch, n: int) -> Silence:
    message = (
        f"rule {rule.rule_id} fired for each of the last {n} studies of site {rule.site}: a rule that matches everything "
        "orders nothing; check its bounds and the model's scores"
    )
    key = f"{AlarmKind.RULE_ALWAYS_FIRES.value}/{rule.site}/{rule.rule_id}"
    return Silence(AlarmKind.RULE_ALWAYS_FIRES, key, rule.site, message, pages=True)
