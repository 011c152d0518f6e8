"""Requests for a read (`ports.request_store`), in memory."""

from collections.abc import Collection
from datetime import datetime

from wetread.domain.identifiers import StudyKey
from wetread.domain.read_request import ReadRequest
from wetread.testing.memory_transaction import MemoryTransaction

__all__ = ["MemoryRequestStore"]


class MemoryRequestStore(MemoryTransaction):
    def save_request(self, request: ReadRequest) -> None:
        self._changing.requests[request.request_key] = request

    def request(self, request_key: str) -> ReadRequest | None:
        return self._visible.requests.get(request_key)

    def open_requests(self, limit: int = 500, *, after: ReadRequest | None = None) -> tuple[ReadRequest, ...]:
        later = (each for each in self._by_age() if after is None or _age(each) > _age(after))
        return tuple(each for each in later if each.is_open)[:limit]

    def requests_of(self, study_keys: Collection[StudyKey]) -> dict[StudyKey, tuple[ReadRequest, ...]]:
        found: dict[StudyKey, tuple[ReadRequest, ...]] = {}
        for each in self._by_age():
            if each.study_key in study_keys:
                found[each.study_key] = (*found.get(each.study_key, ()), each)
        return found

    def _by_age(self) -> list[ReadRequest]:
        return sorted(self._visible.requests.values(), key=_age)


def _age(request: ReadRequest) -> tuple[datetime, str]:
    return request.asked_at, request.request_key
