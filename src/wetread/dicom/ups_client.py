"""UPS-RS as user agent (PS3.18 chapter 11): a worklist manager asked by HTTP, bounded in time and bytes, never redirected, believed only where its answer is one."""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from wetread.dicom.dicomweb_exchange import DicomwebAnswer, DicomwebExchange
from wetread.domain.errors import PermanentError, TransientError
from wetread.domain.strict_json import StrictJsonError, read_strict_json
from wetread.domain.workitem import StepState

__all__ = ["UpsClient"]

_JSON = "application/dicom+json"
_STATE, _TRANSACTION = "00741000", "00081195"
_DEPTH = 24


class UpsClient:
    """Implements `ports.ups_manager.UpsManager`."""

    def __init__(self, exchange: DicomwebExchange) -> None:
        self.name = exchange.host
        self._exchange = exchange

    def scheduled(self, code_value: str, limit: int) -> Sequence[object]:
        query = f"ProcedureStepState=SCHEDULED&ScheduledWorkitemCodeSequence.CodeValue={quote(code_value)}"
        return self._rows(self._exchange.ask("GET", f"/workitems?{query}&includefield=all&limit={limit}", _JSON))

    def state(self, uid: str) -> StepState | None:
        answer = self._exchange.ask("GET", f"/workitems/{uid}", _JSON)
        if answer.status in (404, 410):
            return None
        rows = self._rows(answer)
        try:
            row: Any = rows[0]
            return StepState(row[_STATE]["Value"][0])
        except (IndexError, KeyError, TypeError, ValueError):
            raise self._unbelievable("a workitem without a state") from None

    def change_state(self, uid: str, wanted: StepState, transaction_uid: str) -> bool:
        sent = {
            _STATE: {"vr": "CS", "Value": [wanted.value]},
            _TRANSACTION: {"vr": "UI", "Value": [transaction_uid]},
        }
        return self._taken(self._send("PUT", f"/workitems/{uid}/state", sent))

    def update(self, uid: str, transaction_uid: str, change: Mapping[str, Mapping[str, object]]) -> bool:
        """The Transaction UID goes in the query and in the data set: managers look in either place."""
        sent = {**change, _TRANSACTION: {"vr": "UI", "Value": [transaction_uid]}}
        return self._taken(self._send("POST", f"/workitems/{uid}?transaction-uid={transaction_uid}", sent))

    def _send(self, method: str, path: str, data_set: object) -> DicomwebAnswer:
        return self._exchange.ask(method, path, _JSON, json.dumps([data_set]).encode(), _JSON)

    def _taken(self, answer: DicomwebAnswer) -> bool:
        self._refuse_failure(answer)
        return answer.status < 300

    def _rows(self, answer: DicomwebAnswer) -> list[object]:
        self._refuse_failure(answer)
        if answer.status == 204:
            return []
        if answer.status != 200 or answer.cut:
            raise self._unbelievable(f"HTTP {answer.status}{', cut short' if answer.cut else ''}")
        try:
            rows = read_strict_json(answer.body, max_depth=_DEPTH)
        except StrictJsonError:
            rows = None
        if not isinstance(rows, list):
            raise self._unbelievable("no DICOM JSON")
        return rows

    def _refuse_failure(self, answer: DicomwebAnswer) -> None:
        if answer.status in (401, 403):
            raise PermanentError(
                f"{self.name} does not let us use its worklist (HTTP {answer.status}): check our credentials there",
                code="not_authorised",
            )
        if answer.status >= 500 or answer.status in (408, 425, 429) or 300 <= answer.status < 400:
            raise TransientError(f"{self.name} cannot answer now (HTTP {answer.status})", code="receiver_busy")

    def _unbelievable(self, what: str) -> TransientError:
        return TransientError(f"{self.name} gives no answer that can be believed: {what}", code="unconfirmed")
