"""The twin of the Sink port: keeps what it was given, and can be down or refuse."""

from wetread.domain.errors import PermanentError, TransientError
from wetread.domain.identifiers import StudyKey
from wetread.ports.sink import ReportPackage

__all__ = ["RecordingSink"]


class RecordingSink:
    """`delivered` holds one package per study and version, however often it came; `attempts` counts every call."""

    def __init__(self, name: str = "recording", *, down: bool = False, refuses: bool = False) -> None:
        self.name = name
        self.down = down
        self.refuses = refuses
        self.attempts = 0
        self.delivered: dict[tuple[StudyKey, int], ReportPackage] = {}

    def deliver(self, package: ReportPackage) -> str:
        self.attempts += 1
        if self.down:
            raise TransientError("the receiver is down", code="receiver_unreachable")
        if self.refuses:
            raise PermanentError("the receiver refuses the report", code="store_refused")
        self.delivered[package.study_key, package.report.version] = package
        return "recorded"
