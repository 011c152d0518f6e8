"""A FHIR server (R4, or R5) as a sink: one transaction, all or nothing (https://hl7.org/fhir/R4/http.html#transaction)."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import urllib3

from wetread.domain.errors import PermanentError, TransientError
from wetread.domain.no_answer import why_no_answer
from wetread.fhir.datatypes import FhirVersion
from wetread.fhir.transactions import locations, repoint, split_transaction
from wetread.ports.sink import Encoder, ReportPackage

__all__ = ["FhirPeer", "FhirSink", "judge_transaction"]

_MEDIA_TYPES = {"R4": "application/fhir+json", "R5": "application/fhir+json; fhirVersion=5.0"}
"""A server that speaks several versions takes R4 without the parameter (https://hl7.org/fhir/R5/versioning.html#mt-version)."""

_ANSWER_LIMIT_BYTES = 4 * 1024 * 1024
_TRY_AGAIN = (408, 409, 425, 429, 500, 502, 503, 504, 507)
_ADVICE = {
    401: "check our credentials there",
    403: "check our rights there",
    404: "check the base URL; the server must take transactions",
    412: "several resources there carry one identifier of ours: merge them",
}


@dataclass(frozen=True, slots=True)
class FhirPeer:
    """A FHIR server by its base URL. `authorization` is the value of that header, sent to this server only.

    `max_entries` is for servers that bound conditional transactions (Medplum: 8); longer ones are then sent in parts, the report after all that it speaks of.
    """

    url: str
    authorization: str = ""
    timeout_s: float = 60.0
    max_entries: int = 1000
    version: FhirVersion = "R4"

    @property
    def host(self) -> str:
        """What error messages call it: a URL's path or query may carry secrets."""
        return urlsplit(self.url).hostname or "the FHIR server"


class FhirSink:
    """Posts the transaction that `encode` makes. Its conditional entries make a repeated delivery change nothing."""

    def __init__(self, peer: FhirPeer, encode: Encoder, name: str = "fhir") -> None:
        self.name = name
        self._peer = peer
        self._encode = encode
        self._pool = urllib3.PoolManager(num_pools=1)

    def deliver(self, package: ReportPackage) -> str:
        body = self._encode(package)
        if body is None:
            raise PermanentError("there is no FHIR document for this report", code="nothing_to_deliver")
        if body.count(b'"fullUrl"') <= self._peer.max_entries:
            return judge_transaction(*self._post(body), self._peer.host)
        return self._deliver_in_parts(body)

    def _deliver_in_parts(self, body: bytes) -> str:
        places: dict[str, str] = {}
        receipts = []
        for part in split_transaction(body, self._peer.max_entries):
            status, answer = self._post(json.dumps(repoint(part, places), ensure_ascii=False).encode())
            receipts.append(judge_transaction(status, answer, self._peer.host))
            places |= locations(part, answer)
        return ", ".join(receipts)

    def _post(self, body: bytes) -> tuple[int, bytes]:
        headers = {
            "Content-Type": _MEDIA_TYPES[self._peer.version],
            "Accept": _MEDIA_TYPES[self._peer.version],
            "Prefer": "return=minimal",
        }
        if self._peer.authorization:
            headers["Authorization"] = self._peer.authorization
        timeout = urllib3.Timeout(connect=min(10.0, self._peer.timeout_s), read=self._peer.timeout_s)
        host = self._peer.host
        try:
            answer = self._pool.request(
                "POST",
                self._peer.url,
                body=body,
                headers=headers,
                timeout=timeout,
                retries=False,
                redirect=False,
                preload_content=False,
            )
            try:
                return answer.status, answer.read(_ANSWER_LIMIT_BYTES)
            finally:
                answer.release_conn()
        except (urllib3.exceptions.SSLError, urllib3.exceptions.LocationValueError) as error:
            raise PermanentError(f"{host}: no trusted connection: {why_no_answer(error)}", code="tls_failed") from error
        except urllib3.exceptions.HTTPError as error:
            raise TransientError(
                f"{host} does not answer: {why_no_answer(error)}", code="receiver_unreachable"
            ) from error


def judge_transaction(status: int, body: bytes, host: str) -> str:
    """A receipt such as '9 resources' for an accepted transaction.

    Raises TransientError where the server is busy, in conflict with another writer or broken, PermanentError where it refuses, and where it answers 200 to
    something else than a transaction, or with an entry that failed.
    """
    if status in _TRY_AGAIN:
        raise TransientError(f"{host} cannot take the report now (HTTP {status})", code="receiver_busy")
    if status != 200:
        advice = _ADVICE.get(status, "look into its log")
        raise PermanentError(f"{host} refuses the report (HTTP {status}): {advice}", code="transaction_refused")
    statuses = list(_entry_statuses(body))
    failed = [each for each in statuses if not each.startswith("2")]
    if not statuses:
        raise PermanentError(
            f"{host} answered 200 but with no transaction response: check the base URL", code="unconfirmed"
        )
    if any(each.startswith("5") or each[:3] in ("409", "429") for each in failed):
        raise TransientError(f"{host} could not take {len(failed)} of {len(statuses)} resources", code="receiver_busy")
    if failed:
        raise PermanentError(
            f"{host} refused {len(failed)} of {len(statuses)} resources ({failed[0][:3]})", code="transaction_refused"
        )
    return f"{len(statuses)} resources"


def _entry_statuses(body: bytes) -> Iterator[str]:
    try:
        bundle = json.loads(body)
    except (ValueError, RecursionError):
        return
    if not isinstance(bundle, dict) or bundle.get("type") != "transaction-response":
        return
    entries = bundle.get("entry")
    for entry in entries if isinstance(entries, list) else ():
        response = entry.get("response") if isinstance(entry, dict) else None
        yield str(response.get("status", "")) if isinstance(response, dict) else ""
