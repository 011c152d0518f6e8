"""Where a report comes from, as a FHIR R4 Provenance (https://hl7.org/fhir/R4/provenance.html): who verified it, which model helped to assemble it, which version it takes the place of.

Our signatures bind a person's account to the words by a hash; they are not cryptographic ones of that person, so `signature` says who signed, when and as what, and carries no data.
"""

from wetread.domain.report import Report, Signature
from wetread.fhir.datatypes import Json, identifier, instant, present
from wetread.ports.sink import ReportPackage

__all__ = ["TAG_SYSTEM", "provenance"]

TAG_SYSTEM = "urn:wetread:provenance"
"""Of the tag that a server knows it by: an R4 Provenance has no identifier."""
_PARTICIPANT = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
_ACTIVITY = "http://terminology.hl7.org/CodeSystem/v3-DataOperation"
_VERIFICATION = {
    "system": "urn:iso-astm:E1762-95:2013",
    "code": "1.2.840.10065.1.12.1.5",
    "display": "Verification Signature",
}


def provenance(
    package: ReportPackage,
    target: str,
    signers: list[tuple[Signature, str]],
    device: str | None,
    report_named: Json,
    tag: str,
) -> Json:
    """Of a signed version. `signers` are the signatures, of the words and of each addendum, with where their signer stands; `tag` names this version's Provenance."""
    report = package.report
    return present(
        resourceType="Provenance",
        meta={"tag": [{"system": TAG_SYSTEM, "code": tag}]},
        target=[{"reference": target}],
        recorded=instant(report.signatures[-1].signed_at),
        activity={"coding": [{"system": _ACTIVITY, "code": "CREATE" if report.version == 1 else "UPDATE"}]},
        agent=[*_people(signers), *([_agent("assembler", device)] if device else [])],
        entity=_before(package.predecessor, report_named),
        signature=[_signature(signature, who) for signature, who in signers],
    )


def _people(signers: list[tuple[Signature, str]]) -> list[Json]:
    """Whoever signed the words verified them; whoever added to them is an author of what they added."""
    roles = ["verifier", *["author"] * (len(signers) - 1)]
    return [_agent(role, who) for role, who in dict.fromkeys(zip(roles, (who for _, who in signers), strict=True))]


def _agent(role: str, who: str) -> Json:
    return {"type": {"coding": [{"system": _PARTICIPANT, "code": role}]}, "who": {"reference": who}}


def _signature(signature: Signature, who: str) -> Json:
    return {"type": [_VERIFICATION], "when": instant(signature.signed_at), "who": {"reference": who}}


def _before(predecessor: Report | None, report_named: Json) -> list[Json]:
    """The version before stands under the same identifier, in the server's history."""
    if predecessor is None or predecessor.signature is None:
        return []
    what = {
        "type": "DiagnosticReport",
        "identifier": identifier(str(report_named["system"]), str(report_named["value"])),
    }
    return [{"role": "revision", "what": {**what, "display": f"version {predecessor.version}"}}]
