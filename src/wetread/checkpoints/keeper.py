"""Makes checkpoints while the service runs: verifies what is new, rings when the log does not hold, and signs only what does."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from wetread.checkpoints.folder import CheckpointFolder
from wetread.checkpoints.note import Checkpoint, sign_note
from wetread.checkpoints.walk import AuditWalk
from wetread.domain.alarm import AlarmKind
from wetread.domain.errors import PermanentError
from wetread.monitoring.alarms import Silence, settle
from wetread.ports.database import Database

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

__all__ = ["CheckpointKeeper"]

_WHOLE_WALK_EVERY = timedelta(days=1)
_KINDS = frozenset({AlarmKind.AUDIT_BROKEN})


class CheckpointKeeper:
    """`key` gives what signs (Ed25519) in the name of `origin`, anew each time: it may have been rotated. Several may run at once: a size is signed once."""

    def __init__(
        self, database: Database, folder: CheckpointFolder, key: "Callable[[], Ed25519PrivateKey]", origin: str
    ) -> None:
        self._database, self._folder, self._key, self._origin = database, folder, key, origin
        self._walk, self._began = AuditWalk(), datetime.min.replace(tzinfo=UTC)

    def run_once(self, now: datetime) -> Checkpoint | None:
        """The checkpoint made; None when nothing is new or the log does not hold: then the alarm says so.

        Raises TransientError when the database or the folder is away, PermanentError when the key is.
        """
        if (
            now - self._began >= _WHOLE_WALK_EVERY
        ):  # what was changed behind the last record shows only to a walk from the first
            self._walk, self._began = AuditWalk(), now
        kept, problem = self._look()
        with self._database.begin() as unit:
            settle(unit, [_silence(problem)] if problem else [], _KINDS, now)
            unit.commit()
        if problem or self._walk.frontier.size in (0, kept):
            return None
        made = Checkpoint(self._origin, self._walk.frontier.size, self._walk.frontier.root, now)
        return made if self._folder.keep(made, sign_note(made, self._key())) else None

    def _look(self) -> tuple[int, str]:
        """The size of the newest checkpoint kept, and what does not hold."""
        try:
            kept = tuple(self._folder.all())
        except PermanentError as error:
            if error.code != "bad_checkpoint":
                raise
            return 0, str(error)
        size = kept[-1].size if kept else 0
        broken = self._walk.on(self._database.audit_records(start=self._walk.start), kept)
        if not broken:
            return size, ""
        self._walk = AuditWalk()  # the next round looks at all of it again: it may have been restored
        return size, f"record {broken.sequence}: {broken.problem}"


def _silence(problem: str) -> Silence:
    message = f"the audit log does not hold ({problem}); keep the machine as it is and run `wetread audit verify`"
    return Silence(AlarmKind.AUDIT_BROKEN, AlarmKind.AUDIT_BROKEN.value, "", message, pages=True)
