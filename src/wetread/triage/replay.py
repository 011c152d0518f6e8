"""Another policy on studies that were triaged already: what would have been decided. Reads only; the page and the command line ask this."""

from collections.abc import Iterator
from datetime import datetime

from wetread.domain.identifiers import StudyKey
from wetread.domain.priority import TriageDecision
from wetread.ports.database import Database
from wetread.ports.vault import Vault
from wetread.triage.context import ask_vault, context_of
from wetread.triage.dry_run import Comparison
from wetread.triage.policy import TriagePolicy
from wetread.triage.prioritise import prioritise

__all__ = ["MOST_REPLAYED", "replay"]

MOST_REPLAYED = 20_000


def replay(
    database: Database,
    vault: Vault,
    policy: TriagePolicy,
    *,
    since: datetime,
    most: int,
    old: TriagePolicy | None = None,
) -> Iterator[Comparison]:
    """The newest `most` studies received since then that have a decision: what was decided (or what `old` would have decided), and what `policy` would."""
    with database.begin(write=False) as unit:
        reads = unit.recent_reads(min(most, MOST_REPLAYED))
    for key in [each.study_key for each in reads if each.received_at >= since]:
        with database.begin(write=False) as unit:
            decided = unit.decision(key)
        if decided:
            before = _decide(database, vault, key, old) if old else decided
            yield Comparison(key, before, _decide(database, vault, key, policy))


def _decide(database: Database, vault: Vault, key: StudyKey, policy: TriagePolicy) -> TriageDecision:
    facts = ask_vault(key, vault, policy, last_try=True)
    with database.begin(write=False) as unit:
        study = unit.study(key)
        analysis = None if study.reason else unit.analysis(key)
        context = context_of(study, facts, unit, policy)
    read = analysis.reads if analysis else ()
    return prioritise(read, study.traits, policy, context=context, unavailable_reason=study.reason)
