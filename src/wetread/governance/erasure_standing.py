"""What there is of a study as far as it decides whether it may be erased: the facts for `domain.erasure.obstacles`, from one transaction."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from wetread.domain.critical import CriticalState
from wetread.domain.delivery import DeliveryState
from wetread.domain.erasure import Standing
from wetread.domain.identifiers import PatientKey, StudyKey, patient_key
from wetread.domain.order import PatientNumber
from wetread.domain.report import REPORTED, Report
from wetread.domain.study import Study
from wetread.domain.study_state import READABLE
from wetread.ports.database import UnitOfWork

__all__ = ["next_number", "patient_keys", "standings_of"]


def patient_keys(secret: bytes, numbers: Iterable[PatientNumber]) -> tuple[PatientKey, ...]:
    """Of the numbers a study stands and came under."""
    known = [each for each in numbers if each.patient_id.strip()]
    return tuple(patient_key(secret, each.patient_id, each.issuer_of_patient_id) for each in known)


def next_number(unit: UnitOfWork) -> int:
    """Of an erasure that is asked for."""
    return next((each.number for each in unit.erasures(limit=1)), 0) + 1


def standings_of(
    unit: UnitOfWork,
    patients: Mapping[StudyKey, tuple[PatientKey, ...]],
    kept_for: timedelta | None,
    now: datetime,
    *,
    but_for: int | None = None,
) -> dict[StudyKey, Standing]:
    """Of each study that is given with the keys of its patient's numbers; `but_for`: the erasure that is being looked at itself."""
    under_way = unit.erasures(only_open=True, limit=1000)
    asked = {key for each in under_way if each.number != but_for for key in each.study_keys}
    requests, doubts = unit.requests_of(list(patients)), unit.holds_of(list(patients))
    relabelled = Counter(each.study_key for each in unit.undecided_relabel_tasks())

    def standing(study: Study) -> Standing:
        key = study.study_key
        reports, lock, critical = unit.reports(key), unit.lock(key), unit.critical_of(key)
        signed = [each for each in reports if each.signature is not None]
        return Standing(
            asked_already=key in asked,
            legal_holds=len(unit.legal_holds_on((key, *patients[key]))),
            kept_until=None if kept_for is None else _last_touched(unit, study, signed) + kept_for,
            open_jobs=unit.open_jobs(key),
            open_requests=sum(each.is_open for each in requests.get(key, ())),
            critical_open=critical is not None and critical.state is not CriticalState.CLOSED,
            identity_doubts=sum(each.is_open for each in doubts.get(key, ())),
            held_open=lock is not None and lock.held_at(now),
            report_unsigned=study.state in READABLE or any(each.status not in REPORTED for each in reports[-1:]),
            undelivered=_undelivered(unit, key, signed),
            open_relabel_tasks=relabelled[key],
        )

    studies = {key: unit.find_study(key) for key in patients}
    return {key: Standing(here=False) if study is None else standing(study) for key, study in studies.items()}


def _last_touched(unit: UnitOfWork, study: Study, signed: Iterable[Report]) -> datetime:
    """A retention period begins with the last film or the last signature."""
    films = [each.received_at for each in unit.instances(study.study_key)]
    signatures = [each.signed_at for each in signed if each.signed_at]
    return max((study.received_at, *films, *signatures))


def _undelivered(unit: UnitOfWork, study_key: StudyKey, signed: list[Report]) -> int:
    newest = max((each.version for each in signed), default=0)
    sent = [each for each in unit.deliveries(study_key) if each.report_version == newest]
    return sum(each.state is not DeliveryState.ACKNOWLEDGED for each in sent)
