"""Can we work with a neighbour, and if not, where does it end? Connection, TLS, AE titles, C-ECHO, then each service that is used of it: nothing is transferred, and a worklist is asked for an accession number that nobody has."""

from collections.abc import Collection, Iterator

from wetread.dicom.ae_probe import echoed
from wetread.dicom.commitment_message import COMMITMENT
from wetread.dicom.remote_ae import UNCOMPRESSED, VERIFICATION, RemoteAe, associate
from wetread.dicom.worklist_scu import MODALITY_WORKLIST, WorklistScu
from wetread.domain.capability import Capability, Verdict
from wetread.domain.errors import WetreadError

__all__ = ["SERVICES", "check_ae"]

_WORKLIST = "C-FIND, modality worklist"
SERVICES: dict[str, tuple[tuple[str, str], ...]] = {
    "store": (
        ("C-STORE, comprehensive SR", "1.2.840.10008.5.1.4.1.1.88.33"),
        ("C-STORE, secondary capture", "1.2.840.10008.5.1.4.1.1.7"),
    ),
    "query_retrieve": (
        ("C-FIND, study root", "1.2.840.10008.5.1.4.1.2.2.1"),
        ("C-GET, study root", "1.2.840.10008.5.1.4.1.2.2.3"),
        ("C-MOVE, study root", "1.2.840.10008.5.1.4.1.2.2.2"),
    ),
    "worklist": ((_WORKLIST, MODALITY_WORKLIST),),
    "commitment": (("storage commitment, push model", COMMITMENT),),
}
_ENOUGH = {"C-GET, study root": "C-MOVE, study root", "C-MOVE, study root": "C-GET, study root"}
"""Either will do."""
_GOT_TO = {
    "receiver_unreachable": 0,
    "no_association": 1,
    "certificate_refused": 1,
    "tls_refused": 1,
    "tls_failed": 1,
    "association_rejected": 2,
    "association_busy": 2,
    "sop_class_refused": 3,
}


def check_ae(peer: RemoteAe, we_use: Collection[str]) -> Iterator[Capability]:
    """The steps in their order; after one that fails the others are not tried. `note` says what to do. Never raises for the neighbour."""
    steps = [("connection", f"{peer.host}:{peer.port}")]
    if peer.tls:
        steps.append(("TLS", "its certificate and ours"))
    steps.append(("association", f"{peer.calling_ae_title} calls {peer.ae_title}"))
    used = [(service, *each) for service in we_use for each in SERVICES[service]]
    try:
        with associate(
            peer, [(VERIFICATION, UNCOMPRESSED), *((uid, UNCOMPRESSED) for _, _, uid in used)]
        ) as association:
            yield from (Capability(service, name, Verdict.YES) for service, name in steps)
            accepted = {str(each.abstract_syntax) for each in association.accepted_contexts}
            if VERIFICATION in accepted:
                yield Capability("verification", "C-ECHO", *echoed(association))
            else:
                yield Capability("verification", "C-ECHO", Verdict.NO, "not accepted: let it answer C-ECHO")
    except WetreadError as error:
        yield from _as_far_as(
            error, steps, [("verification", "C-ECHO"), *((service, name) for service, name, _ in used)]
        )
        return
    offered = {name for _, name, uid in used if uid in accepted}
    for service, name, _ in used:
        if name in offered:
            yield _answers(peer) if name == _WORKLIST else Capability(service, name, Verdict.YES)
        elif _ENOUGH.get(name) in offered:
            yield Capability(service, name, Verdict.PARTLY, f"not accepted; {_ENOUGH[name]} will do")
        else:
            yield Capability(service, name, Verdict.NO, "not accepted: let it offer that, or take it out of we_use")


def _answers(peer: RemoteAe) -> Capability:
    """That it offers a worklist does not say that it searches one."""
    try:
        problem = WorklistScu(peer).answers()
    except WetreadError as error:
        problem = str(error)
    return Capability("worklist", _WORKLIST, Verdict.NO if problem else Verdict.YES, problem)


def _as_far_as(error: WetreadError, steps: list[tuple[str, str]], later: list[tuple[str, str]]) -> Iterator[Capability]:
    """Which step it was, by the error's code: without TLS there is one step less, and an association that nobody answers is that one."""
    reached = _GOT_TO.get(error.code, 0)
    failed = min(reached, 1) if len(steps) == 2 else reached
    for at, (service, name) in enumerate([*steps, *later]):
        if at < failed:
            yield Capability(service, name, Verdict.YES)
        elif at == failed:
            yield Capability(service, name, Verdict.NO, str(error))
        else:
            yield Capability(service, name, Verdict.UNKNOWN)
