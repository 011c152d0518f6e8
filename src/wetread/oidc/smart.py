"""The way of a browser from an EHR to us (SMART App Launch 2.2, EHR launch): only an EHR on the list is asked anything, and what it opens is told by identifiers, read with its own token."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from wetread.domain.errors import PermanentError
from wetread.oidc.code_flow import Client, exchange_code, receive, send_out, was_sent_to
from wetread.oidc.exchange import Exchange
from wetread.oidc.metadata import KeptMetadata, Metadata, read_metadata
from wetread.oidc.sealing import Seal, unusable
from wetread.ports.clock import Clock
from wetread.ports.ehr import LaunchContext
from wetread.ports.identity_provider import SentOut

__all__ = ["Ehr", "SmartLaunches"]

_ID = re.compile(r"[A-Za-z0-9.-]{1,64}")  # FHIR R4, datatype id
_UID = re.compile(r"urn:oid:([0-9.]{1,64})")
_BEARER = re.compile(r"[A-Za-z0-9._~+/-]{1,8000}=*")
_LONGEST_VALUE = 64  # PS3.5 table 6.2-1, LO
_PURPOSE, _LASTS = "launch", timedelta(minutes=5)
_MOST = 16


@dataclass(slots=True)
class Ehr:
    """`issuer` is its FHIR base; `systems`: IssuerOfPatientID by identifier system."""

    issuer: str
    name: str
    scope: str
    systems: Mapping[str, str]
    client: Client
    exchange: Exchange
    metadata: KeptMetadata = field(init=False)

    def __post_init__(self) -> None:
        self.metadata = KeptMetadata(self._discover)

    def read(self, path: str, token: str) -> Mapping[str, object]:
        """A resource; raises PermanentError 'launch_unreadable'."""
        status, said = self.exchange.get(f"{self.issuer.rstrip('/')}/{path}", {"Authorization": f"Bearer {token}"})
        kind = path.partition("/")[0]
        if status != 200 or said.get("resourceType") != kind:
            raise PermanentError(
                f"{self.name} does not let us read its {kind} (HTTP {status})", code="launch_unreadable"
            )
        return said

    def _discover(self) -> Metadata:
        status, said = self.exchange.get(f"{self.issuer.rstrip('/')}/.well-known/smart-configuration")
        if status != 200:
            raise PermanentError(f"{self.name} has no smart-configuration (HTTP {status})", code="provider_unfit")
        return read_metadata(said, "", self.exchange, self.name)


@dataclass(frozen=True, slots=True)
class SmartLaunches:
    """Implements EhrLaunches."""

    ehrs: Sequence[Ehr]
    seal: Seal
    clock: Clock

    def send_out(self, issuer: str, launch: str, redirect_uri: str) -> SentOut:
        ehr = next((each for each in self.ehrs if each.issuer.rstrip("/") == issuer.rstrip("/")), None)
        if ehr is None:
            raise PermanentError("no such record system may open studies here: see ehr_launches", code="unknown_ehr")
        asked = {
            "client_id": ehr.client.client_id,
            "redirect_uri": redirect_uri,
            "scope": ehr.scope,
            "launch": launch,
            "aud": ehr.issuer,
        }
        return send_out(ehr.metadata(), self.seal, self.clock.now(), asked, {}, ehr.issuer)

    def receive(self, sealed: str, answer: Mapping[str, str]) -> str:
        ehr, now = self._sent_to(sealed), self.clock.now()
        returned = receive(self.seal, sealed, answer, ehr.metadata(), now, ehr.issuer)
        said = exchange_code(ehr.exchange, ehr.metadata(), ehr.client, returned)
        context = _context(ehr, said)
        content = {"ehr": context.ehr, "patients": context.patients, "studies": context.study_uids}
        return self.seal.close(_PURPOSE, content, now + _LASTS)

    def context(self, sealed: str) -> LaunchContext:
        content = self.seal.open(_PURPOSE, sealed, self.clock.now())
        patients, studies = content["patients"], content["studies"]
        assert isinstance(patients, list)  # noqa: S101 - as `receive` sealed it
        assert isinstance(studies, list)  # noqa: S101
        return LaunchContext(
            str(content["ehr"]), tuple((str(a), str(b)) for a, b in patients), tuple(map(str, studies))
        )

    def _sent_to(self, sealed: str) -> Ehr:
        """The EHR that this browser was sent to: nobody else's answer opens what it keeps (mix-up, RFC 9700 §4.4)."""
        now = self.clock.now()
        found = next((ehr for ehr in self.ehrs if was_sent_to(self.seal, sealed, now, ehr.issuer)), None)
        if found is None:
            raise unusable()
        return found


def _context(ehr: Ehr, said: Mapping[str, object]) -> LaunchContext:
    token, patient = said.get("access_token"), said.get("patient")
    if not (isinstance(token, str) and _BEARER.fullmatch(token)):
        raise PermanentError(f"{ehr.name} gives no token to read with", code="launch_unreadable")
    if not (isinstance(patient, str) and _ID.fullmatch(patient)):
        raise PermanentError(f"{ehr.name} says of no patient what it opens", code="launch_no_patient")
    numbers = _patient_numbers(ehr, ehr.read(f"Patient/{patient}", token))
    if not numbers:
        raise PermanentError(f"{ehr.name} has no number of that patient that is known here", code="launch_no_patient")
    uids: list[str] = []
    for study in _studies_named(said):
        resource = ehr.read(f"ImagingStudy/{study}", token)
        subject = resource.get("subject")
        if not (isinstance(subject, dict) and subject.get("reference") == f"Patient/{patient}"):
            raise PermanentError(f"{ehr.name} names a study of another patient", code="launch_other_patient")
        found = [_UID.fullmatch(value) for system, value in _identifiers(resource) if system == "urn:dicom:uid"]
        uids += [each[1] for each in found if each]
        if not uids:
            raise PermanentError(f"{ehr.name} names a study without its DICOM UID", code="launch_unreadable")
    return LaunchContext(ehr.name, numbers, tuple(uids))


def _patient_numbers(ehr: Ehr, patient: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    known = ((ehr.systems[system], value) for system, value in _identifiers(patient) if system in ehr.systems)
    return tuple(dict.fromkeys((issuer, value) for issuer, value in known if _is_number(value)))[:_MOST]


def _is_number(value: str) -> bool:
    """No wildcard of a search, and nothing that DICOM would not hold."""
    return 0 < len(value) <= _LONGEST_VALUE and value.isprintable() and not set(value) & set("*?\\")


def _studies_named(said: Mapping[str, object]) -> list[str]:
    """Ids of ImagingStudy: SMART's `fhirContext`, relative references only."""
    listed = said.get("fhirContext")
    named = [each.get("reference") for each in (listed if isinstance(listed, list) else []) if isinstance(each, dict)]
    ids = [str(each).removeprefix("ImagingStudy/") for each in named if str(each).startswith("ImagingStudy/")]
    if any(not _ID.fullmatch(each) for each in ids):
        raise PermanentError("the record system names a study in a way that is not followed", code="launch_unreadable")
    return ids[:_MOST]


def _identifiers(resource: Mapping[str, object]) -> list[tuple[str, str]]:
    listed = resource.get("identifier")
    return [
        (str(each.get("system", "")), each["value"])
        for each in (listed if isinstance(listed, list) else [])
        if isinstance(each, dict) and isinstance(each.get("value"), str)
    ]
