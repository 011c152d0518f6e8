"""The facts that an evidence pack may rest on. Each is from data with its count, or None: then what needs it is "not available", never made up."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from wetread.domain.audit import AuditRecord, ChainBreak, verify_chain

__all__ = [
    "AuditFacts",
    "Facts",
    "ModelFacts",
    "Oversight",
    "PredictionFacts",
    "RelabelFacts",
    "audit_facts",
]


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """From a bundle: what it says of itself. `points`: findings with an operating point that carries n and interval; `stated`: with an AUROC on test that does."""

    name: str
    version: str
    sha256: str
    intended_use: str
    not_for: str
    signature: str
    findings: int
    calibrated: int
    points: int
    stated: int
    has_gate: bool
    has_ood_limit: bool
    licence: str


@dataclass(frozen=True, slots=True)
class PredictionFacts:
    """From a table of predictions: how many rows, what became of labels, along which axes subgroups were measured."""

    file: str
    sha256: str
    rows: int
    findings: int
    measured: int
    axes: tuple[str, ...]
    uncertain: int
    unlabelled: int
    calibrations: int
    has_patients: bool


@dataclass(frozen=True, slots=True)
class Oversight:
    """What people did with drafts in a period, counted by study: `signed` any version, `rejected` the whole draft, `edited` saved a change, `amended` after signing; by ISO week of the first act."""

    signed: int
    rejected: int
    edited: int
    amended: int
    reasons: Mapping[str, int]
    signed_by_week: Mapping[str, int]
    rejected_by_week: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class AuditFacts:
    """From the audit chain: all of it is verified, acts are counted from `since` on."""

    records: int
    first_at: datetime | None
    last_at: datetime | None
    last_hash: str
    broken: ChainBreak | None
    since: datetime | None
    actions: Mapping[str, int]
    oversight: Oversight


@dataclass(frozen=True, slots=True)
class RelabelFacts:
    """One round: when drawn, how many studies of how many, how many decided."""

    round_id: str
    drawn_at: datetime
    population: int
    drawn: int
    decided: int


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything a pack knows. `registered`: model versions in the registry; `plan`: name and sha256 of a monitoring plan; `change_plan`: id of a predetermined change control plan."""

    model: ModelFacts | None = None
    predictions: PredictionFacts | None = None
    audit: AuditFacts | None = None
    rounds: tuple[RelabelFacts, ...] | None = None
    registered: tuple[str, ...] | None = None
    plan: tuple[str, str] | None = None
    change_plan: str | None = None
    packages: tuple[tuple[str, str], ...] = field(default=())


def audit_facts(records: Iterable[AuditRecord], since: datetime | None = None) -> AuditFacts:
    """Walk the chain once."""
    tally = _Tally(since)
    seen = map(tally.see, records)
    broken = verify_chain(seen)
    for _ in seen:  # the check stops at a break: what comes after is counted all the same
        pass
    return tally.facts(broken)


class _Tally:
    """Counts records as they pass."""

    def __init__(self, since: datetime | None) -> None:
        self.since, self.records = since, 0
        self._first: AuditRecord | None = None
        self._last: AuditRecord | None = None
        self._actions: Counter[str] = Counter()
        self._reasons: Counter[str] = Counter()
        self._when: dict[str, dict[str, str]] = {}

    def see(self, record: AuditRecord) -> AuditRecord:
        self.records += 1
        self._first, self._last = self._first or record, record
        if self.since is None or record.recorded_at >= self.since:
            event = record.event
            self._actions[event.action] += 1
            if event.study_key is not None:
                year, week, _ = record.recorded_at.isocalendar()
                self._when.setdefault(event.action, {}).setdefault(event.study_key, f"{year}-W{week:02d}")
            if event.action == "draft.reject":
                self._reasons[dict(event.detail).get("reason", "not stated")] += 1
        return record

    def facts(self, broken: ChainBreak | None) -> AuditFacts:
        acts = {
            name: self._when.get(name, {}) for name in ("report.sign", "draft.reject", "report.save", "report.amend")
        }
        signed, rejected, edited, amended = acts.values()
        return AuditFacts(
            self.records,
            self._first.recorded_at if self._first else None,
            self._last.recorded_at if self._last else None,
            self._last.hash if self._last else "",
            broken,
            self.since,
            dict(sorted(self._actions.items())),
            Oversight(
                len(signed), len(rejected.keys() & signed.keys()), len(edited.keys() & signed.keys()),
                len(amended.keys() & signed.keys()), dict(self._reasons.most_common()),
                dict(sorted(Counter(signed.values()).items())),
                dict(sorted(Counter(signed[key] for key in rejected.keys() & signed.keys()).items())),
            ),
        )  # fmt: skip
