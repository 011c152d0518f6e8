"""Alarms: the system tells people that something it should do is not happening (law 6: no silent success).

An alarm is one row for as long as its cause lasts, however often it is seen; a person acknowledges it, the cause's end clears it.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

__all__ = ["Alarm", "AlarmKind"]


class AlarmKind(StrEnum):
    ROSTER_GAP = "roster_gap"
    NOBODY_TO_PAGE = "nobody_to_page"
    PAGE_UNDELIVERABLE = "page_undeliverable"
    CRITICAL_OVERDUE = "critical_overdue"
    ESCALATION_STOPPED = "escalation_stopped"
    CLOCK_WENT_BACK = "clock_went_back"
    CONFIGURATION = "configuration"
    NOTHING_ARRIVES = "nothing_arrives"
    NOTHING_READ = "nothing_read"
    NOTHING_ROUTED = "nothing_routed"
    DEAD_LETTERS = "dead_letters"
    RULE_NEVER_FIRES = "rule_never_fires"
    RULE_ALWAYS_FIRES = "rule_always_fires"
    WATCH_FAILED = "watch_failed"
    SCORES_ALL_EQUAL = "scores_all_equal"
    SCORES_DRIFTED = "scores_drifted"
    TAGS_DRIFTED = "tags_drifted"
    FILMS_DRIFTED = "films_drifted"
    SENSITIVITY_FELL = "sensitivity_fell"
    CALIBRATION_OFF = "calibration_off"
    SUBGROUP_GAP = "subgroup_gap"
    OVERRIDES_JUMPED = "overrides_jumped"
    VERDICTS_WORSE = "verdicts_worse"
    BLIND_READS_WORSE = "blind_reads_worse"
    ROLLOUT_STOPPED = "rollout_stopped"
    AUDIT_BROKEN = "audit_broken"
    AUDIT_UNSEALED = "audit_unsealed"
    PATIENT_IN_DOUBT = "patient_in_doubt"
    ARCHIVE_STANDS = "archive_stands"
    ARCHIVE_MISSED = "archive_missed"
    EMERGENCY_ACCESS = "emergency_access"
    NEIGHBOUR_STANDS = "neighbour_stands"
    AUDIT_EXPORT_STANDS = "audit_export_stands"
    FILMS_DAMAGED = "films_damaged"
    DISK_FILLS = "disk_fills"
    BACKUP_MISSING = "backup_missing"
    CERTIFICATE_ENDS = "certificate_ends"
    DISK_AWAY = "disk_away"
    PART_DIES = "part_dies"
    COMMITMENT_UNTOLD = "commitment_untold"


@dataclass(frozen=True, slots=True)
class Alarm:
    """One lasting trouble. `alarm_key` names its cause (kind and place), so that the same trouble is one alarm; `message` carries no PHI.

    `pages` says whether it also goes to the technical duty ('system') and again at `next_page_at` until it is acknowledged or cleared; `episode` counts how often it came back
    after it had been cleared.
    """

    alarm_key: str
    kind: AlarmKind
    site: str
    message: str
    raised_at: datetime
    last_seen_at: datetime
    pages: bool
    next_page_at: datetime | None = None
    episode: int = 1
    seen: int = 1
    acknowledged_by: str = ""
    acknowledged_at: datetime | None = None
    cleared_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.cleared_at is None
