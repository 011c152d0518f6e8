"""Work that failed for good, over HTTP: which, why, and putting it back."""

from typing import cast

from starlette.responses import Response

from wetread.domain.job import JobState
from wetread.monitoring.dead_letters import dead_letters, retry_dead
from wetread.web.json_answer import json_answer
from wetread.web.operations import Call
from wetread.web.schema import Schema, array, integer, record

__all__ = ["RETRY_BODY", "get_dead_letters", "retry"]

RETRY_BODY: Schema = record({"jobs": array(integer(1, 2**53), 1000)})


def get_dead_letters(call: Call) -> Response:
    """The oldest 1,000; `total` says how many there are."""
    database = call.house.services.database
    counts = database.count_jobs()
    rows = [
        {
            "job": each.job.job_id,
            "kind": each.job.kind.value,
            "study_key": each.job.study_key,
            "attempts": each.job.attempt,
            "detail": each.job.detail,
            "reason": each.reason,
        }
        for each in dead_letters(database)
    ]
    total = sum(n for (_, state), n in counts.items() if state is JobState.DEAD)
    waiting = {kind.value: n for (kind, state), n in counts.items() if state is JobState.READY}
    return json_answer({"total": total, "waiting": waiting, "dead": rows})


def retry(call: Call) -> Response:
    services = call.house.services
    jobs = cast(list[int], call.body["jobs"])
    revived = retry_dead(services.database, services.clock, call.signed_in.actor, jobs)
    return json_answer({"retried": [each.job_id for each in revived]})
