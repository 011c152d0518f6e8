"""What there is of a study as far as it decides whether it may be erased: the facts for `domain.erasure.obstacles`, from one transaction."""

from collections.abc import Iterable
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

__all__ = ["open_erasure_of", "patient_keys", "standing_of"]


def patient_keys(secret: bytes, numbers: Iterable[PatientNumber]) -> tuple[PatientKey, ...]:
    """Of the numbers a study stands and came under."""
    known = [each for each in numbers if each.patient_id.strip()]
    return tuple(patient_key(secret, each.patient_id, each.issuer_of_patient_id) for each in known)


def open_erasure_of(unit: UnitOfWork, study_key: StudyKey) -> int | None:
    """The number of the erasure that was asked for and is not over, if any."""
    under_way = unit.erasures(only_open=True, limit=1000)
    return next((each.number for each in under_way if study_key in each.study_keys), None)


def standing_of(
    unit: UnitOfWork,
    study_key: StudyKey,
    patients: Iterable[PatientKey],
    kept_for: timedelta | None,
    now: datetime,
    *,
    but_for: int | None = None,
) -> Standing:
    """`patients` are the keys of the patient's numbers; `but_for`: the erasure that is being looked at itself."""
    study = unit.find_study(study_key)
    if study is None:
        return Standing(here=False)
    reports, lock = unit.reports(study_key), unit.lock(study_key)
    signed = [each for each in reports if each.signature is not None]
    requests = unit.requests_of([study_key]).get(study_key, ())
    critical = unit.critical_of(study_key)
    return Standing(
        asked_already=open_erasure_of(unit, study_key) not in (None, but_for),
        legal_holds=len(unit.legal_holds_on((study_key, *patients))),
        kept_until=None if kept_for is None else _last_touched(unit, study, signed) + kept_for,
        open_jobs=unit.open_jobs(study_key),
        open_requests=sum(each.is_open for each in requests),
        critical_open=critical is not None and critical.state is not CriticalState.CLOSED,
        identity_doubts=sum(each.is_open for each in unit.holds_of([study_key]).get(study_key, ())),
        held_open=lock is not None and lock.held_at(now),
        report_unsigned=study.state in READABLE or any(each.status not in REPORTED for each in reports[-1:]),
        undelivered=_undelivered(unit, study_key, signed),
        open_relabel_tasks=sum(each.study_key == study_key for each in unit.undecided_relabel_tasks()),
    )


def _last_touched(unit: UnitOfWork, study: Study, signed: Iterable[Report]) -> datetime:
    """A retention period begins with the last film or the last signature."""
    films = [each.received_at for each in unit.instances(study.study_key)]
    signatures = [each.signed_at for each in signed if each.signed_at]
    return max((study.received_at, *films, *signatures))


def _undelivered(unit: UnitOfWork, study_key: StudyKey, signed: list[Report]) -> int:
    newest = max((each.version for each in signed), default=0)
    sent = [each for each in unit.deliveries(study_key) if each.report_version == newest]
    return sum(each.state is not DeliveryState.ACKNOWLEDGED for each in sent)
