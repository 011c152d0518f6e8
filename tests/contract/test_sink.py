"""Every sink keeps the same promises: the twin, the folder, and each real receiver over the network."""

from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest
from builders_delivery import EFFUSION, NOW, a_package, a_report, an_appended_report
from neighbours.certificate import make_certificates
from neighbours.dcmtk import storescp
from neighbours.fhir_server import fhir_server
from neighbours.hl7_node import hl7_server
from neighbours.orthanc import orthanc
from neighbours.process import free_port
from neighbours.receivers import http_receiver, mllp_listener
from neighbours.tiny_pacs import tiny_pacs

from wetread.channels.http import HttpPeer
from wetread.channels.result_webhook import ResultWebhook
from wetread.delivery.folder import FolderSink
from wetread.dicom.remote_ae import RemoteAe
from wetread.dicom.store_scu import CStoreSink
from wetread.dicom.stow_client import StowPeer, StowSink
from wetread.dicom.structured_report import encode_sr
from wetread.domain.errors import PermanentError, TransientError
from wetread.domain.identifiers import StudyKey
from wetread.domain.report import Report, ReportStatus
from wetread.fhir.bundle import encode_bundle
from wetread.fhir.rest import FhirPeer, FhirSink
from wetread.hl7.mllp import MllpPeer
from wetread.hl7.oru_report import OruOptions
from wetread.hl7.report_sink import Hl7Sink
from wetread.ports.sink import ReportPackage, Sink
from wetread.testing.sinks import RecordingSink

SR = partial(encode_sr, now=NOW)
FHIR = partial(encode_bundle, now=NOW)
AMENDED = a_report(EFFUSION, status=ReportStatus.AMENDED, version=2)
APPENDED = an_appended_report("A rib is broken.", of=a_report(EFFUSION))
WEBHOOK_SECRET = "whsec_" + b64encode(b"0123456789abcdef0123456789abcdef").decode()
PHI = ("Müller", "Änne", "PAT001", "ACC001", "19700102", "2.25.1.1", "secret")

# A refused connection leaves pynetdicom's socket to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@dataclass(frozen=True)
class Case:
    """A sink that works, how many objects its receiver holds, the sink with its receiver down, and one that is refused."""

    sink: Sink
    count: Callable[[], int]
    down: Sink
    refused: Sink


def recording(stack: ExitStack, folder: Path) -> Case:
    sink = RecordingSink()
    return Case(sink, lambda: len(sink.delivered), RecordingSink(down=True), RecordingSink(refuses=True))


def in_folder(stack: ExitStack, folder: Path) -> Case:
    blocked = folder / "a file"
    blocked.write_bytes(b"")
    nothing = FolderSink(folder / "out", {"sc.dcm": lambda _: None})
    sink = FolderSink(folder / "out", {"sr.dcm": SR, "fhir.json": FHIR})
    return Case(
        sink, lambda: len(list((folder / "out").glob("*.sr.dcm"))), FolderSink(blocked, {"sr.dcm": SR}), nothing
    )


def stow(stack: ExitStack, folder: Path) -> Case:
    archive = stack.enter_context(orthanc(folder / "open"))
    users = {"RegisteredUsers": {"pacs": "secret"}, "AuthenticationEnabled": True}
    locked = stack.enter_context(orthanc(folder / "locked", **users))
    closed = f"http://127.0.0.1:{free_port()}/dicom-web?token=secret"
    return Case(
        StowSink(StowPeer(archive.dicomweb_url), [SR]),
        lambda: len(archive.sop_instance_uids()),
        StowSink(StowPeer(closed), [SR]),
        StowSink(StowPeer(locked.dicomweb_url), [SR]),
    )


def cstore_orthanc(stack: ExitStack, folder: Path) -> Case:
    archive = stack.enter_context(orthanc(folder))

    def sink(ae_title: str, port: int) -> CStoreSink:
        return CStoreSink(RemoteAe(ae_title, "127.0.0.1", port, timeout_s=60), [SR])

    return Case(
        sink(archive.ae_title, archive.dicom_port),
        lambda: len(archive.sop_instance_uids()),
        sink(archive.ae_title, free_port()),
        sink("SOMEBODYELSE", archive.dicom_port),
    )


def cstore_tiny_pacs(stack: ExitStack, folder: Path) -> Case:
    peer = stack.enter_context(tiny_pacs(folder))

    def sink(ae_title: str, port: int) -> CStoreSink:
        return CStoreSink(RemoteAe(ae_title, "127.0.0.1", port, timeout_s=60), [SR])

    return Case(
        sink(peer.ae_title, peer.port),
        lambda: len(list(peer.folder.rglob("*.dcm"))),
        sink(peer.ae_title, free_port()),
        sink("SOMEBODYELSE", peer.port),
    )


def cstore_dcmtk(stack: ExitStack, folder: Path) -> Case:
    peer = stack.enter_context(storescp(folder / "takes"))
    refuses = stack.enter_context(storescp(folder / "refuses", "--refuse"))

    def sink(port: int) -> CStoreSink:
        return CStoreSink(RemoteAe(peer.ae_title, "127.0.0.1", port, timeout_s=60), [SR])

    return Case(sink(peer.port), lambda: len(peer.files()), sink(free_port()), sink(refuses.port))


def fhir(stack: ExitStack, folder: Path) -> Case:
    server = stack.enter_context(fhir_server(folder / "open"))
    ambiguous = stack.enter_context(fhir_server(folder / "ambiguous"))
    twin = {"resourceType": "Patient", "identifier": [{"system": "urn:wetread:mrn:HOSPITAL", "value": "PAT001"}]}
    ambiguous.create(twin)
    ambiguous.create(twin)
    return Case(
        FhirSink(FhirPeer(server.url, max_entries=8), FHIR),
        lambda: len(server.search("DiagnosticReport")),
        FhirSink(FhirPeer(f"http://127.0.0.1:{free_port()}/?key=secret"), FHIR),
        FhirSink(FhirPeer(ambiguous.url), FHIR),
    )


def hl7(stack: ExitStack, folder: Path) -> Case:
    """Our own listener over TLS with a client certificate; it takes what comes again, so a report is counted by its control id."""
    certificates = make_certificates(folder)
    takes, refuses = (stack.enter_context(mllp_listener(certificates.asking())) for _ in range(2))
    refuses.mode = "refuse"

    def sink(port: int) -> Hl7Sink:
        mine = certificates.client
        return Hl7Sink(MllpPeer("127.0.0.1", port, True, 60, certificates.trusted, mine), OruOptions("hl7"))

    return Case(
        sink(takes.port),
        lambda: len({text.split("|")[9] for text in takes.arrivals}),
        sink(free_port()),
        sink(refuses.port),
    )


def hl7_node(stack: ExitStack, folder: Path) -> Case:
    takes = stack.enter_context(hl7_server(folder / "takes"))
    refuses = stack.enter_context(hl7_server(folder / "refuses", "AR"))

    def sink(port: int) -> Hl7Sink:
        return Hl7Sink(MllpPeer("127.0.0.1", port, timeout_s=60), OruOptions("hl7", accept_acknowledgement=True))

    return Case(sink(takes.port), lambda: len(takes.messages()), sink(free_port()), sink(refuses.port))


def webhook(stack: ExitStack, folder: Path) -> Case:
    """The receiver knows a repeat by the event's id."""
    takes, refuses = (stack.enter_context(http_receiver()) for _ in range(2))
    refuses.mode = "refuse"

    def sink(port: int) -> ResultWebhook:
        peer = HttpPeer(f"http://127.0.0.1:{port}/hook/secret?token=secret", timeout_s=60)
        return ResultWebhook(peer, WEBHOOK_SECRET, "https://wetread.example/fhir", lambda: NOW)

    return Case(
        sink(takes.port),
        lambda: len({headers["webhook-id"] for headers, *_ in takes.arrivals}),
        sink(free_port()),
        sink(refuses.port),
    )


REAL = [
    pytest.param(make, marks=pytest.mark.real)
    for make in (stow, cstore_orthanc, cstore_dcmtk, cstore_tiny_pacs, fhir, hl7_node)
]


def of_study(name: str, report: Report | None = None) -> ReportPackage:
    """A package of a study that no other test delivers."""
    return replace(a_package(report), study_key=StudyKey(name))


@pytest.fixture(params=[recording, in_folder, hl7, webhook, *REAL], scope="module")
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Case]:
    with ExitStack() as stack:
        yield request.param(stack, tmp_path_factory.mktemp("receiver"))


def test_a_report_delivered_twice_is_there_once(case: Case) -> None:
    before = case.count()
    receipts = [case.sink.deliver(of_study("twice")) for _ in range(2)]
    assert case.count() == before + 1
    assert all(receipts)


def test_a_receipt_names_no_patient(case: Case) -> None:
    receipt = case.sink.deliver(a_package())
    assert not any(each in receipt for each in PHI)


def test_a_receiver_that_is_down_is_tried_again_later(case: Case) -> None:
    with pytest.raises(TransientError) as caught:
        case.down.deliver(a_package())
    assert not any(each in str(caught.value) for each in PHI)
    assert caught.value.code != "transient"


def test_a_refusal_needs_a_person(case: Case) -> None:
    with pytest.raises(PermanentError) as caught:
        case.refused.deliver(a_package())
    assert not any(each in str(caught.value) for each in PHI)
    assert caught.value.code != "permanent"


def test_a_sink_works_again_after_its_receiver_was_down(case: Case) -> None:
    with pytest.raises(TransientError):
        case.down.deliver(a_package())
    assert case.sink.deliver(a_package())


@pytest.mark.parametrize("later", [AMENDED, APPENDED], ids=["amended", "appended"])
def test_a_later_version_arrives_once_after_the_first(case: Case, later: Report) -> None:
    """As an object of its own, or in the place of the first where the receiver keeps one report per study."""
    first = a_report(EFFUSION)
    case.sink.deliver(of_study(later.status.value, first))
    before = case.count()
    package = replace(of_study(later.status.value, later), predecessor=first)
    counts = [case.count() for _ in range(2) if case.sink.deliver(package)]
    assert counts in ([before, before], [before + 1, before + 1])
