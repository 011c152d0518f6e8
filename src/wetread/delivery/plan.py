"""Which documents a package sends, and when a delivery that failed is tried again."""

from collections.abc import Iterable, Mapping

from wetread.domain.errors import PermanentError, TransientError
from wetread.domain.identifiers import StudyKey
from wetread.domain.identity_hold import IdentityHold, stops_signing
from wetread.domain.job import Job, JobKind
from wetread.domain.report import Report
from wetread.ports.sink import Encoder, ReportPackage

__all__ = ["earlier_under_way", "package_documents", "refuse_if_in_doubt", "retry_delay_s", "superseding_version"]

_FIRST_DELAY_S = 5.0
_LONGEST_DELAY_S = 1800.0


def retry_delay_s(attempt: int, jitter: float) -> float:
    """Seconds until the next try after `attempt` (from 1) failed: doubling from 5 s to half an hour.

    `jitter`, 0..1, places it in the upper half of that span, so that many deliveries do not return to a receiver in step.
    """
    span_s = min(_LONGEST_DELAY_S, _FIRST_DELAY_S * 2.0 ** min(attempt - 1, 16))
    return span_s * (0.5 + 0.5 * jitter)


def package_documents(package: ReportPackage, encoders: Mapping[str, Encoder]) -> dict[str, bytes]:
    """Every document that this package has, by the encoder's name; raises PermanentError when it has none."""
    documents = {name: document for name, encode in encoders.items() if (document := encode(package)) is not None}
    if not documents:
        raise PermanentError("none of this sink's documents exists for this report", code="nothing_to_deliver")
    return documents


def superseding_version(version: int, reports: Iterable[Report]) -> int | None:
    """The newest signed version after `version`, or None.

    A version that was amended while its delivery waited must not arrive after its amendment: a receiver that keeps one report per study would go back to it.
    """
    return max((each.version for each in reports if each.signature and each.version > version), default=None)


def earlier_under_way(study_key: StudyKey, version: int, sink: str, leased: Iterable[Job]) -> bool:
    """True while another worker may be sending an older version of the report to the same sink: it would arrive behind this one.

    One that has not begun is no matter: it finds itself superseded.
    """
    sending = (
        each.detail.partition(":") for each in leased if each.kind is JobKind.DELIVER and each.study_key == study_key
    )
    return any(where == sink and int(earlier) < version for earlier, _, where in sending)


def refuse_if_in_doubt(holds: Iterable[IdentityHold]) -> None:
    """Raises TransientError 'patient_in_doubt': what was signed before the doubt arose waits until a person has answered it."""
    if any(map(stops_signing, holds)):
        raise TransientError(
            "film and order are of different patients: a person must look first", code="patient_in_doubt"
        )
