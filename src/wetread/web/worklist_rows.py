"""One study as a row of the worklist: JSON made once and kept, so that a list of thousands costs a join."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from wetread.domain.acting_from import acting_from
from wetread.domain.critical import CriticalResult, CriticalState
from wetread.domain.identifiers import StudyKey
from wetread.domain.identity_access import Purpose, Reader
from wetread.domain.identity_hold import stops_signing
from wetread.domain.late_images import LateImages
from wetread.domain.priority import TriageDecision
from wetread.domain.reading import Withheld
from wetread.domain.role import SERVICE
from wetread.domain.study import PatientIdentity, Study
from wetread.domain.study_state import StudyState
from wetread.ports.database import UnitOfWork
from wetread.ports.vault import Vault
from wetread.triage.ordering import Waiting, limit_of
from wetread.triage.policy import OrderRule
from wetread.web.reading_json import Json, identity_json, study_json
from wetread.web.veil import veiled_row

__all__ = ["LISTED", "Row", "RowMaker"]

LISTED = ("patient_name", "patient_id", "accession_number")
"""What a list needs to tell patients and orders apart; the reading page has the rest."""

_BATCH = 500
_READER = Reader(SERVICE.actor_id, Purpose.WORKLIST, LISTED)


@dataclass(frozen=True, slots=True)
class Row:
    """`public` is a JSON object, `identity` more members of it, for roles that may read a study. `version`: of the list that first had this row."""

    waiting: Waiting
    study: Study
    public: bytes
    identity: bytes
    version: int
    held: bool = False
    """A doubt about its patient stops the signature."""

    def as_json(self, why: Withheld | None, *, with_identity: bool) -> bytes:
        """`why` the machine's words are withheld from whom it is for; None where they are not."""
        public = _json(veiled_row(json.loads(self.public), why)) if why else self.public
        return public[:-1] + b"," + self.identity[1:] if with_identity else public


@dataclass(frozen=True, slots=True)
class RowMaker:
    vault: Vault
    rule: OrderRule

    def rows(self, unit: UnitOfWork, studies: Sequence[Study], version: int) -> Iterable[Row]:
        """In batches: thousands at the start are read without holding all that they are made of."""
        for start in range(0, len(studies), _BATCH):
            batch = studies[start : start + _BATCH]
            keys = [each.study_key for each in batch]
            decisions, views = unit.decisions_of(keys), unit.views_of(keys)
            with acting_from(""):  # for all who look, whoever asks first
                people = self.vault.on_behalf_of(_READER).identities(keys)
            held = self.held(unit, keys)
            late = unit.late_images([each.study_key for each in batch if each.state is StudyState.NEW_IMAGES])
            for study in batch:
                key = study.study_key
                about = decisions.get(key), views.get(key, ()), people, version, key in held, late.get(key)
                yield self._row(unit, study, *about)

    def held(self, unit: UnitOfWork, keys: Sequence[StudyKey]) -> frozenset[StudyKey]:
        """Those of them that a doubt about the patient keeps from being signed."""
        return frozenset(key for key, holds in unit.holds_of(keys).items() if any(map(stops_signing, holds)))

    def unanswered(self, unit: UnitOfWork, study: Study) -> bool:
        """Critical, and no person has acknowledged it; one without a result of its own (an older release triaged it) counts as such."""
        return study.critical and _open(unit.critical_of(study.study_key))

    def _row(
        self,
        unit: UnitOfWork,
        study: Study,
        decision: TriageDecision | None,
        views: Sequence[tuple[str, str]],
        people: Mapping[StudyKey, PatientIdentity],
        version: int,
        held: bool,
        late: LateImages | None,
    ) -> Row:
        key, target = study.study_key, decision.read_within_min if decision else 0
        critical_open = self.unanswered(unit, study)
        since = late.since if late else study.received_at  # what waits are the new images
        waiting = Waiting(key, study.traits.site, study.priority, since, critical_open, target)
        public: Json = {
            **study_json(study),
            "received_at": since.isoformat(),
            "reason": late.reason if late else decision.reason if decision else "",
            "problem": late.problem if late else study.reason,
            "new_images": len(late.instances) if late else 0,
            "views": [" ".join(filter(None, each)) for each in views],
            "limit_s": int(limit_of(waiting, self.rule).total_seconds()),
            "unanswered": critical_open,
            "held": held,
            "withheld": "",
        }
        return Row(waiting, study, _json(public), _json(_named(people.get(key))), version, held)


def _open(result: CriticalResult | None) -> bool:
    return result is None or result.state in (CriticalState.OPEN, CriticalState.NOTIFIED)


def _named(who: PatientIdentity | None) -> Json:
    known = identity_json(who)
    return {name: known[name] for name in LISTED}


def _json(value: Json) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
