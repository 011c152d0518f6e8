"""Requests for a read, kept in the same transaction as everything else. The study that one names need not have come yet."""

from collections.abc import Collection
from typing import Protocol

from wetread.domain.identifiers import StudyKey
from wetread.domain.read_request import ReadRequest

__all__ = ["RequestStore"]


class RequestStore(Protocol):
    """Part of every unit of work."""

    def save_request(self, request: ReadRequest) -> None:
        """Insert or replace by request_key."""
        ...

    def request(self, request_key: str) -> ReadRequest | None: ...
    def open_requests(self, limit: int = 500, *, after: ReadRequest | None = None) -> tuple[ReadRequest, ...]:
        """Those that wait or are being read, oldest first; the page after another by its last one."""
        ...

    def requests_of(self, study_keys: Collection[StudyKey]) -> dict[StudyKey, tuple[ReadRequest, ...]]:
        """Of those studies that were asked for, in whatever state, oldest first."""
        ...
