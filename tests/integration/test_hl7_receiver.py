"""An HL7 receiver that is slow, lies, hangs up or is not who it says: nothing is taken for delivered, nothing names the patient, and the same message goes again."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from builders_delivery import EFFUSION, NO_CARDIOMEGALY, a_package, a_report
from neighbours.certificate import Certificates, make_certificates
from neighbours.hl7_node import hl7_server
from neighbours.process import free_port
from neighbours.receivers import dripping_port, hanging_up_port, mllp_listener, silent_port

from wetread.domain.errors import PermanentError, TransientError, WetreadError
from wetread.domain.report import ReportStatus
from wetread.hl7.mllp import MllpPeer
from wetread.hl7.oru_report import OruOptions
from wetread.hl7.report_sink import Hl7Sink

PHI = ("Müller", "Änne", "PAT001", "ACC001", "19700102", "2.25.1", "effusion")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


def sink(port: int, timeout_s: float = 60, **peer: object) -> Hl7Sink:
    """Gives a receiver that answers all the time of a loaded machine."""
    return Hl7Sink(MllpPeer("127.0.0.1", port, timeout_s=timeout_s, **peer), OruOptions("hl7"))  # type: ignore[arg-type]


def failure(sink: Hl7Sink) -> WetreadError:
    with pytest.raises(WetreadError) as caught:
        sink.deliver(a_package())
    assert not any(each in str(caught.value) for each in PHI)
    assert caught.value.__cause__ is None
    return caught.value


@pytest.mark.parametrize("port_of", [silent_port, hanging_up_port, dripping_port])
def test_no_answer_within_the_time_is_tried_again(port_of: Callable[[], AbstractContextManager[int]]) -> None:
    with port_of() as port:
        error = failure(sink(port, 0.3))
    assert (type(error), error.code) == (TransientError, "receiver_unreachable")


@pytest.mark.parametrize(
    ("mode", "kind", "code"),
    [
        ("busy", TransientError, "receiver_busy"),
        ("refuse", PermanentError, "report_refused"),
        ("stranger", TransientError, "unconfirmed"),
        ("deaf", TransientError, "receiver_unreachable"),
    ],
)
def test_an_answer_that_accepts_nothing_is_no_delivery(mode: str, kind: type[Exception], code: str) -> None:
    with mllp_listener() as receiver:
        receiver.mode = mode
        error = failure(sink(receiver.port))
    assert (type(error), error.code) == (kind, code)


def test_what_was_taken_without_an_answer_comes_again_under_the_same_control_id() -> None:
    with mllp_listener() as receiver:
        mine = sink(receiver.port)
        for mode in ("deaf", "stranger", "accept"):
            receiver.mode = mode
            if mode == "accept":
                assert mine.deliver(a_package()).startswith("HL7 AA for message ")
            else:
                failure(mine)
        assert len(receiver.arrivals) == 3
        assert len(set(receiver.arrivals)) == 1


def test_a_receiver_that_comes_back_is_reached_without_a_restart() -> None:
    port, package = free_port(), a_package()
    mine = sink(port)
    assert failure(mine).code == "receiver_unreachable"
    with mllp_listener(port=port) as receiver:
        assert mine.deliver(package)
        assert len(receiver.arrivals) == 1


def test_a_certificate_of_another_host_or_authority_is_not_trusted(certificates: Certificates) -> None:
    with mllp_listener(certificates.stranger()) as other, mllp_listener(certificates.server()) as unknown:
        assert failure(sink(other.port, tls=True, ca_file=certificates.trusted)).code == "tls_failed"
        assert failure(sink(unknown.port, tls=True)).code == "tls_failed"
        assert other.arrivals == unknown.arrivals == []


def test_a_receiver_that_asks_who_we_are_gets_our_certificate(certificates: Certificates) -> None:
    ours = {"tls": True, "ca_file": certificates.trusted}
    with mllp_listener(certificates.asking()) as receiver:
        assert failure(sink(receiver.port, **ours)).code == "receiver_unreachable"
        assert sink(receiver.port, cert_file=certificates.client, **ours).deliver(a_package())
        assert len(receiver.arrivals) == 1


@pytest.mark.parametrize("field", ["ca_file", "cert_file", "key_file"])
def test_a_certificate_file_that_is_not_there_is_a_matter_of_settings(field: str, certificates: Certificates) -> None:
    files = {"ca_file": certificates.trusted, "cert_file": certificates.client, field: Path("/nowhere")}
    error = failure(sink(free_port(), tls=True, **files))
    assert (type(error), error.code) == (PermanentError, "bad_settings")


def test_nothing_leaves_in_clear_where_tls_is_asked_for(certificates: Certificates) -> None:
    with mllp_listener() as receiver:
        assert failure(sink(receiver.port, 0.3, tls=True, ca_file=certificates.trusted)).code == "receiver_unreachable"
        assert receiver.arrivals == []


@pytest.mark.real
def test_another_parser_reads_what_was_signed(tmp_path: Path) -> None:
    with hl7_server(tmp_path) as server:
        mine = Hl7Sink(MllpPeer("127.0.0.1", server.port, timeout_s=60), OruOptions("hl7"))
        first = a_report(EFFUSION, NO_CARDIOMEGALY)
        amended = a_report(EFFUSION, status=ReportStatus.AMENDED, version=2, amendment_reason="one | two")
        mine.deliver(a_package(first))
        mine.deliver(a_package(amended, predecessor=first))
        one, two = server.messages()
    assert (one["patient"], one["name"], one["accession"]) == ("PAT001", "Müller", "ACC001")
    assert (one["status"], two["status"]) == ("F", "C")
    assert ["CWE", "60046008", "3", "52101004", "F"] in one["observations"]
    assert ["CWE", "272741003", "3.1", "24028007", "F"] in one["observations"]
    assert ["CWE", "287272002", "2", "", "D"] in two["observations"]
    assert ["FT", "55107-7", "1", "one | two", "F"] in two["observations"]
