"""Changes state, audit and jobs in one unit of work on the database at argv[1], and kills itself at the point argv[2]."""

import os
import signal
import sys
from dataclasses import replace

from wetread.domain.audit import AuditEvent
from wetread.domain.job import JobKind
from wetread.domain.study_state import StudyState
from wetread.storage.database import SqlDatabase
from wetread.testing.builders import NOON, STUDY_KEY, a_job_request, an_analysis


def reach(point: str) -> None:
    if point == sys.argv[2]:
        os.kill(os.getpid(), signal.SIGKILL)


database = SqlDatabase(sys.argv[1])
job = database.claim_job(frozenset(JobKind), now=NOON, lease_s=1)
assert job is not None
with database.begin() as uow:
    reach("begun")
    uow.save_study(replace(uow.study(STUDY_KEY), state=StudyState.ANALYSED))
    reach("state")
    uow.save_analysis(STUDY_KEY, 1, an_analysis())
    uow.audit(AuditEvent("analyse", "wetread", "success", STUDY_KEY), NOON)
    reach("audit")
    uow.complete_job(job)
    reach("job done")
    uow.enqueue(a_job_request(kind=JobKind.TRIAGE, dedupe_key="triage/1"))
    reach("next job")
    uow.commit()
    reach("committed")
