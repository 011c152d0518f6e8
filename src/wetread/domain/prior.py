"""When another study of the same patient is a prior, how old it is, and which version of its report speaks for it."""

import re
from datetime import date

from wetread.domain.errors import PermanentError
from wetread.domain.report import Report, is_final
from wetread.domain.study import Study

__all__ = ["days_before", "dicom_day", "standing_report"]


def dicom_day(text: str) -> date | None:
    """A DICOM DA value (PS3.5 §6.2), in the old form with dots as well."""
    digits = text.replace(".", "")
    try:
        return date.fromisoformat(digits) if re.fullmatch(r"\d{8}", digits, re.ASCII) else None
    except ValueError:
        return None


def days_before(study: Study, prior: Study, dated: int | None) -> int | None:
    """By study date (`dated` days apart); by arrival where a date is missing or both are of one day. None: not a prior."""
    if dated:
        return dated if dated > 0 else None
    return (study.received_at - prior.received_at).days if prior.received_at < study.received_at else None


def standing_report(reports: tuple[Report, ...]) -> Report | None:
    """The newest version that is final and unchanged since it was signed."""
    return next((each for each in sorted(reports, key=lambda r: -r.version) if _stands(each)), None)


def _stands(report: Report) -> bool:
    try:
        return is_final(report)
    except PermanentError:
        return False
