"""Does a workitem ask for a read of ours, and of what? (IHE RAD AIW-I: Scheduled Workitem Code and Input Information.)"""

from datetime import datetime

from wetread.domain.errors import PermanentError
from wetread.domain.finding import Code
from wetread.domain.identifiers import SOPInstanceUID, StudyInstanceUID, instance_key, study_key
from wetread.domain.read_request import WAIT_FOR_INPUT, ReadRequest, RequestOrigin
from wetread.domain.workitem import priority_of
from wetread.workitems.data_set import DataSet, items, text

__all__ = ["READ_CODE", "asks_for_read", "read_request"]

READ_CODE = Code("110004", "DCM", "Computer Aided Detection")
"""The Scheduled Workitem Code of a read (PS3.16 CID 9231)."""


def asks_for_read(data_set: DataSet, wanted: Code = READ_CODE) -> bool:
    return any(
        (text(each, "CodeValue"), text(each, "CodingSchemeDesignator")) == (wanted.value, wanted.scheme)
        for each in items(data_set, "ScheduledWorkitemCodeSequence")
    )


def read_request(
    data_set: DataSet, request_key: str, asked_by: str, now: datetime, secret: bytes, origin: RequestOrigin
) -> ReadRequest:
    """Of the one study that the input names (or the workitem itself), and of every instance that the input names. Raises PermanentError 'no_input', 'many_studies'."""
    given = items(data_set, "InputInformationSequence")
    named = {text(each, "StudyInstanceUID") for each in given} or {text(data_set, "StudyInstanceUID")}
    studies = sorted(named - {""})
    if not studies:
        raise PermanentError("a read needs a study: name it in the Input Information Sequence", code="no_input")
    if len(studies) > 1:
        raise PermanentError("a read is of one study: ask for each in a workitem of its own", code="many_studies")
    uids = sorted(
        {text(each, "ReferencedSOPInstanceUID") for one in given for each in items(one, "ReferencedSOPSequence")}
    )
    return ReadRequest(
        request_key,
        origin,
        study_key(secret, StudyInstanceUID(studies[0])),
        priority_of(text(data_set, "ScheduledProcedureStepPriority")),
        asked_by,
        now,
        now + WAIT_FOR_INPUT,
        tuple(instance_key(secret, SOPInstanceUID(each)) for each in uids if each),
    )
