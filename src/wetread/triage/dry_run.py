"""What another policy would have decided on the same studies: counted, nothing written."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from wetread.domain.identifiers import StudyKey
from wetread.domain.priority import Priority, TriageDecision
from wetread.triage.policy import TriagePolicy

__all__ = ["Comparison", "DryRun", "compare"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One study under both policies."""

    study_key: StudyKey
    before: TriageDecision
    after: TriageDecision

    @property
    def changed(self) -> bool:
        return (self.before.priority, self.before.critical) != (self.after.priority, self.after.critical)


@dataclass(frozen=True, slots=True)
class DryRun:
    """Counts over `studies` studies. `moves` by (before, after); `silent` are rules of the new policy that decided on none of them."""

    studies: int
    moves: Counter[tuple[Priority, Priority]]
    becoming_critical: int
    no_longer_critical: int
    critical_before: int
    critical_after: int
    rules_before: Counter[str]
    rules_after: Counter[str]
    silent: tuple[str, ...]
    changed: tuple[Comparison, ...]

    @property
    def moved(self) -> int:
        """How many would change their priority."""
        return sum(count for (before, after), count in self.moves.items() if before is not after)


def compare(pairs: Sequence[Comparison], policy: TriagePolicy) -> DryRun:
    """`policy` is the new one."""
    after = Counter(pair.after.rule_id for pair in pairs)
    return DryRun(
        studies=len(pairs),
        moves=Counter((pair.before.priority, pair.after.priority) for pair in pairs),
        becoming_critical=sum(pair.after.critical and not pair.before.critical for pair in pairs),
        no_longer_critical=sum(pair.before.critical and not pair.after.critical for pair in pairs),
        critical_before=sum(pair.before.critical for pair in pairs),
        critical_after=sum(pair.after.critical for pair in pairs),
        rules_before=Counter(pair.before.rule_id for pair in pairs),
        rules_after=after,
        silent=tuple(rule.rule_id for rule in policy.rules if rule.rule_id not in after),
        changed=tuple(pair for pair in pairs if pair.changed),
    )
