"""Rows of requests for a read."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import bindparam, select, tuple_

from wetread.domain.identifiers import StudyKey
from wetread.domain.read_request import ReadRequest
from wetread.storage.codec import decode, encode
from wetread.storage.transaction import Transaction, replacing
from wetread.storage.workitem_schema import REQUEST_IS_OPEN, read_requests

__all__ = ["RequestRows"]

_REQUESTS = read_requests.c
_SAVE = replacing(read_requests)
_READ = select(_REQUESTS.body).where(_REQUESTS.request_key == bindparam("of"))
_OLDEST = select(_REQUESTS.study_key, _REQUESTS.body).order_by(_REQUESTS.asked_at, _REQUESTS.request_key)
_OF_STUDIES = _OLDEST.where(_REQUESTS.study_key.in_(bindparam("keys", expanding=True)))
_OPEN = _OLDEST.where(REQUEST_IS_OPEN)


class RequestRows(Transaction):
    def save_request(self, request: ReadRequest) -> None:
        row = {name: getattr(request, name) for name in ("request_key", "study_key", "asked_at")}
        self._write(_SAVE, {**row, "state": request.state.value, "body": encode(request)})

    def request(self, request_key: str) -> ReadRequest | None:
        return self._one(ReadRequest, _READ, {"of": request_key})

    def open_requests(self, limit: int = 500, *, after: ReadRequest | None = None) -> tuple[ReadRequest, ...]:
        query = _OPEN.limit(limit)
        if after is not None:
            query = query.where(tuple_(_REQUESTS.asked_at, _REQUESTS.request_key) > (after.asked_at, after.request_key))
        return tuple(map(_request, self._read(query)))

    def requests_of(self, study_keys: Collection[StudyKey]) -> dict[StudyKey, tuple[ReadRequest, ...]]:
        found: dict[StudyKey, tuple[ReadRequest, ...]] = {}
        for row in self._of_keys(_OF_STUDIES, study_keys):
            key = StudyKey(row.study_key)
            found[key] = (*found.get(key, ()), _request(row))
        return found


def _request(row: Any) -> ReadRequest:
    return decode(ReadRequest, row.body)
