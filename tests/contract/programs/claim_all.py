"""Claims jobs from the database at argv[1] until none is left, and prints their ids. Starts when stdin says so."""

import sys

from wetread.domain.job import JobKind
from wetread.storage.database import SqlDatabase
from wetread.testing.builders import NOON

database = SqlDatabase(sys.argv[1])
print("ready", flush=True)  # noqa: T201
sys.stdin.readline()
while job := database.claim_job(frozenset(JobKind), now=NOON, lease_s=3600):
    print(job.job_id, flush=True)  # noqa: T201
