"""Workitems as systems write them, and a system that speaks UPS-RS with a bearer token."""

import json
from collections.abc import Mapping
from typing import Any

from builders_web import Answer, Browser, World, a_token

__all__ = ["DONE", "JSON", "OTHER_TXN", "TXN", "UID", "WHY", "System", "a_read", "a_step", "code", "said", "sequence"]

TXN, OTHER_TXN = "2.25.111", "2.25.222"
UID = "2.25.5"
JSON = "application/dicom+json"


def code(value: str, scheme: str = "DCM", meaning: str = "m") -> dict[str, Any]:
    return {"00080100": _sh(value), "00080102": _sh(scheme), "00080104": {"vr": "LO", "Value": [meaning]}}


def _sh(value: str) -> dict[str, Any]:
    return {"vr": "SH", "Value": [value]}


def sequence(*items: Mapping[str, Any]) -> dict[str, Any]:
    return {"vr": "SQ", "Value": list(items)}


def a_step(priority: str = "MEDIUM", **more: Any) -> dict[str, Any]:
    """A workitem that asks for nothing of ours."""
    return {
        "00100010": {"vr": "PN", "Value": [{"Alphabetic": "Doe^Jane"}]},
        "00100020": {"vr": "LO", "Value": ["P-77"]},
        "00404005": {"vr": "DT", "Value": ["20261129120000"]},
        "00404018": sequence(code("110005", meaning="Interpretation")),
        "00404041": {"vr": "CS", "Value": ["READY"]},
        "00741000": {"vr": "CS", "Value": ["SCHEDULED"]},
        "00741200": {"vr": "CS", "Value": [priority]},
        "00741204": {"vr": "LO", "Value": ["Look at it"]},
        **more,
    }


def a_read(study_uid: str, priority: str = "MEDIUM", instances: tuple[str, ...] = ()) -> dict[str, Any]:
    """A workitem that asks for a read of ours."""
    named = [
        {"00081150": {"vr": "UI", "Value": ["1.2.840.10008.5.1.4.1.1.1.1"]}, "00081155": {"vr": "UI", "Value": [each]}}
        for each in instances
    ]
    given = {"0020000D": {"vr": "UI", "Value": [study_uid]}, "00081199": sequence(*named)}
    return a_step(priority, **{"00404018": sequence(code("110004")), "00404021": sequence(given)})


DONE = {
    "00741216": sequence(
        {
            "00404028": sequence(code("AI", "L")),
            "00404019": sequence(code("110005")),
            "00404050": {"vr": "DT", "Value": ["20261129120000"]},
            "00404051": {"vr": "DT", "Value": ["20261129120100"]},
            "00404033": {"vr": "SQ"},
        }
    )
}
WHY = {"00741002": sequence({"0074100E": sequence(code("110513"))})}


class System:
    """A system with a bearer token."""

    def __init__(self, world: World, door: Browser, actor: str = "workflow") -> None:
        self._door, self._token = door, a_token(world, actor)

    def send(self, method: str, path: str, data_set: object = None, **headers: str) -> Answer:
        sent = {"Authorization": f"Bearer {self._token}", **headers}
        raw = None if data_set is None else json.dumps(data_set).encode()
        sent |= {"Content-Type": JSON} if raw is not None and "Content-Type" not in headers else {}
        return self._door.send(method, f"/dicom-web{path}", headers=sent, raw=raw)

    def create(self, data_set: object, uid: str = UID) -> Answer:
        return self.send("POST", f"/workitems?workitem={uid}", [data_set])

    def get(self, uid: str = UID) -> dict[str, Any]:
        answer = self.send("GET", f"/workitems/{uid}", Accept=JSON)
        assert answer.status == 200
        found: dict[str, Any] = json.loads(answer.body)[0]
        return found

    def state(self, wanted: str, txn: str = TXN, uid: str = UID) -> Answer:
        sent = {"00741000": {"vr": "CS", "Value": [wanted]}, "00081195": {"vr": "UI", "Value": [txn] if txn else []}}
        return self.send("PUT", f"/workitems/{uid}/state", [sent])

    def update(self, change: object, txn: str = "", uid: str = UID) -> Answer:
        return self.send("POST", f"/workitems/{uid}" + (f"?transaction-uid={txn}" if txn else ""), [change])

    def search(self, query: str = "") -> list[dict[str, Any]]:
        answer = self.send("GET", f"/workitems?{query}", Accept=JSON)
        assert answer.status in (200, 204), answer.body
        found: list[dict[str, Any]] = json.loads(answer.body) if answer.body else []
        return found


def said(answer: Answer) -> str:
    return answer.headers.get("warning", "").partition('"')[2].rstrip('"')
