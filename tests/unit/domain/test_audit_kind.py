"""Acts and what they are for a repository outside: one of DICOM's audit events each."""

import pytest

from wetread.domain.audit import AuditEvent
from wetread.domain.audit_kind import audit_kind


@pytest.mark.parametrize(
    ("action", "event", "deed", "what"),
    [
        ("service.start", "110100", "E", "110120"),
        ("service.stop", "110100", "E", "110121"),
        ("audit.export", "110101", "R", None),
        ("study.read", "110103", "R", None),
        ("film.read", "110103", "R", None),
        ("instance.store", "110104", "C", None),
        ("dimse.retrieve", "110104", "R", None),
        ("report.deliver", "110104", "R", None),
        ("erasure.done", "110105", "D", None),
        ("predictions.export", "110106", "R", None),
        ("research.export", "110106", "R", None),
        ("research.reidentify", "110110", "R", None),
        ("read.ask", "110109", "C", None),
        ("patient.unmerge", "110110", "U", None),
        ("identity.compare", "110110", "R", None),
        ("report.sign", "110111", "U", None),
        ("study.analyse", "110111", "E", None),
        ("dicomweb.query", "110112", "E", None),
        ("refused", "110113", "E", "110132"),
        ("association.reject", "110113", "E", "110126"),
        ("account.add", "110113", "U", "110137"),
        ("policy.activate", "110113", "U", "110131"),
        ("legal_hold.place", "110113", "U", "110135"),
        ("login", "110114", "E", "110122"),
        ("logout", "110114", "E", "110123"),
        ("session.revoke", "110114", "E", "110123"),
        ("nobody.knows", "110100", "E", None),
    ],
)
def test_one_event_per_act(action: str, event: str, deed: str, what: str | None) -> None:
    kind = audit_kind(AuditEvent(action, "x"))
    assert (kind.event[0], kind.deed, kind.what and kind.what[0]) == (event, deed, what)


def test_whoever_reads_the_log_through_fhir_uses_the_log() -> None:
    read, of_log = AuditEvent("fhir.read", "x"), AuditEvent("fhir.read", "x", detail=(("type", "AuditEvent"),))
    assert [audit_kind(each).event[0] for each in (read, of_log)] == ["110111", "110101"]
