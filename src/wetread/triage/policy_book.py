"""Which triage policy decides: the saved one that is in use, else the file of the settings. Asked anew all the time, so that a change needs no restart."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from wetread.domain.critical import EscalationPath
from wetread.domain.errors import PermanentError
from wetread.domain.policy_version import PolicyVersion, policy_sha256
from wetread.ports.database import Database
from wetread.triage.policy import BUILT_IN_PATH, TriagePolicy
from wetread.triage.policy_file import check_policy, read_policy

__all__ = ["Deciding", "LivePaths", "PolicyBook"]


@dataclass(frozen=True, slots=True)
class Deciding:
    """`number` of the saved version, None for the file. `problem`: why a saved version in use does not decide ("" else): the file does then."""

    policy: TriagePolicy
    sha256: str
    number: int | None = None
    problem: str = ""


class PolicyBook:
    """Safe to share between threads. `file` is read once, when it first has to decide: as before, changing it takes a restart."""

    def __init__(self, database: Database, file: Path) -> None:
        self._database, self._file, self._lock = database, file, Lock()
        self._of_file: Deciding | None = None
        self._of_version: Deciding | None = None
        self._last: Deciding | None = None

    def deciding(self) -> Deciding:
        """A transaction of its own: never ask inside another. Raises TransientError, and PermanentError ('bad_policy') where the file has to decide and cannot be read."""
        with self._database.begin(write=False) as unit:
            active = unit.active_policy()
        with self._lock:
            self._last = self._read(active)
            return self._last

    @property
    def last(self) -> Deciding | None:
        """What decided when it was last asked; None before the first time."""
        return self._last

    def file_text(self) -> str:
        try:
            return self._file.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise PermanentError(
                f"the policy file cannot be read ({type(error).__name__})", code="bad_policy"
            ) from None

    def _read(self, active: PolicyVersion | None) -> Deciding:
        if active is None:
            return self._file_decides()
        known = self._of_version
        if known is None or (known.number, known.sha256) != (active.number, active.sha256):
            known = self._of_version = self._saved(active)
        return known

    def _saved(self, active: PolicyVersion) -> Deciding:
        """A text that is not what was approved, or that this release cannot read, does not decide: the file does, and it is said."""
        policy, problems = check_policy(active.text)
        if policy is not None and policy_sha256(active.text) == active.sha256:
            return Deciding(policy, active.sha256, active.number)
        why = f"{problems[0]}" if problems else "its text is not what was approved"
        file = self._file_decides()
        said = f"saved triage policy {active.number} cannot decide, the file does: {why}"
        return Deciding(file.policy, active.sha256, active.number, said)

    def _file_decides(self) -> Deciding:
        if self._of_file is None:
            self._of_file = Deciding(read_policy(self._file), policy_sha256(self.file_text()))
        return self._of_file


class LivePaths(Mapping[str, EscalationPath]):
    """The escalation paths of what decided when the book was last asked; the built-in one before, and where nothing could be read: results that are open must go on climbing."""

    def __init__(self, book: PolicyBook) -> None:
        self._book = book

    def _paths(self) -> Mapping[str, EscalationPath]:
        last = self._book.last
        return last.policy.paths if last else {BUILT_IN_PATH.name: BUILT_IN_PATH}

    def __getitem__(self, name: str) -> EscalationPath:
        return self._paths()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths())

    def __len__(self) -> int:
        return len(self._paths())
