"""DICOM in TLS: our door against DCMTK's senders and OpenSSL, our calls against DCMTK's receiver, and every certificate that must not hold."""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest
from archive_front import a_film, admit, opened_archive
from builders_delivery import NOW, a_package
from builders_ingest import House
from dimse_front import an_instance, audited, opened, stored
from neighbours.certificate import Certificates, make_certificates
from neighbours.dcmtk import DCMTK, DimsePeer, storescp
from neighbours.process import free_port, listens, running
from raw_dimse import REJECTED, RawScu, association_request
from stow_front import until

from wetread.dicom.dimse import DimseDoor
from wetread.dicom.remote_ae import RemoteAe, echo
from wetread.dicom.store_scu import CStoreSink
from wetread.dicom.structured_report import encode_sr
from wetread.dicom.tls_profile import OurTls, PeerTls
from wetread.domain.errors import PermanentError, TransientError, WetreadError

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def ours(certificates: Certificates) -> OurTls:
    return OurTls(certificates.client, ca_file=certificates.trusted)


def shown(certificates: Certificates, file: str = "server.pem") -> list[str]:
    return ["+tls", *[str(certificates.folder / file)] * 2, "+cf", str(certificates.trusted)]


def storescu(port: int, film: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [DCMTK + "storescu", *options, "-aet", "STORESCU", "-aec", "WETREAD", "127.0.0.1", str(port), str(film)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "film.dcm"
    path.write_bytes(an_instance(1)[1])
    return path


@pytest.mark.parametrize("profile", ["+py", "+px", "+pz"])
def test_dcmtk_stores_by_each_bcp_195_profile(
    house: House, ours: OurTls, certificates: Certificates, film: Path, profile: str
) -> None:
    with opened(house, ours) as port:
        run = storescu(port, film, *shown(certificates), profile)
    assert (run.returncode, run.stderr) == (0, "")
    assert stored(house) == 1


def test_findscu_asks_in_tls(house: House, ours: OurTls, certificates: Certificates) -> None:
    admit(house, a_film(1), a_film(2))
    with opened_archive(house, tls=ours) as archive:
        command = [
            DCMTK + "findscu",
            "-S",
            *shown(certificates),
            "-aet",
            "VIEWER",
            "-aec",
            "WETREAD",
            "127.0.0.1",
            str(archive.port),
        ]
        run = subprocess.run([*command, "-k", "QueryRetrieveLevel=STUDY", "-k", "AccessionNumber"], capture_output=True, text=True, timeout=120, check=True)  # fmt: skip
    assert {"ACC1", "ACC2"} <= set((run.stdout + run.stderr).replace("[", " ").replace("]", " ").split())


@pytest.mark.parametrize("file", ["another.pem", "expired.pem"])
def test_a_client_whose_certificate_does_not_hold_is_refused(
    house: House, ours: OurTls, certificates: Certificates, film: Path, file: str
) -> None:
    with opened(house, ours) as port:
        assert storescu(port, film, *shown(certificates, file)).returncode != 0
    assert stored(house) == 0
    until(lambda: ("association.reject", "tls_certificate_verify_failed") in audited(house))


@pytest.mark.parametrize(("asked", "comes_in"), [("required", False), ("optional", True), ("none", True)])
def test_a_client_without_a_certificate(
    house: House, certificates: Certificates, film: Path, asked: str, comes_in: bool
) -> None:
    ours = OurTls(certificates.client, ca_file=certificates.trusted, client_certificates=asked)  # type: ignore[arg-type]
    with opened(house, ours) as port:
        run = storescu(port, film, "+tla", "+cf", str(certificates.trusted))
    assert (run.returncode == 0, stored(house)) == (comes_in, int(comes_in))
    until(lambda: comes_in or ("association.reject", "tls_peer_did_not_return_a_certificate") in audited(house))


def test_optional_is_no_way_in_for_a_wrong_certificate(house: House, certificates: Certificates, film: Path) -> None:
    ours = OurTls(certificates.client, ca_file=certificates.trusted, client_certificates="optional")
    with opened(house, ours) as port:
        assert storescu(port, film, *shown(certificates, "another.pem")).returncode != 0
    assert stored(house) == 0


def test_a_plain_caller_at_the_tls_port_is_rejected_in_dicom(house: House, ours: OurTls) -> None:
    with opened(house, ours) as port, RawScu(port) as scu:
        scu.socket.sendall(association_request([("1.2.840.10008.1.1", "1.2.840.10008.1.2")]))
        assert scu.read_pdu()[0] == REJECTED
    until(lambda: ("association.reject", "plain_at_tls_port") in audited(house))


def test_a_tls_caller_at_the_plain_port_gets_an_alert(house: House, certificates: Certificates, film: Path) -> None:
    with opened(house) as port:
        run = storescu(port, film, *shown(certificates))
    assert run.returncode != 0
    assert "alert" in run.stderr
    until(lambda: ("association.reject", "tls_at_plain_port") in audited(house))


@pytest.mark.parametrize(
    ("client_name", "in_tls", "code"),
    [
        ("", True, ""),
        ("127.0.0.1", True, ""),
        ("ct1.example", True, "certificate_of_another"),
        ("", False, "tls_required"),
    ],
)
def test_who_is_to_come_in_tls_comes_in_no_other_way_and_with_no_other_certificate(
    house: House, ours: OurTls, certificates: Certificates, film: Path, client_name: str, in_tls: bool, code: str
) -> None:
    secured = {"STORESCU": client_name}
    door = DimseDoor(house.reception, ae_title="WETREAD", callers=[("STORESCU", "")], secured=secured)
    plain, tls = door.start("127.0.0.1", 0), door.start("127.0.0.1", 0, ours)
    try:
        run = storescu(tls, film, *shown(certificates)) if in_tls else storescu(plain, film)
    finally:
        door.stop()
    assert (run.returncode == 0, stored(house)) == (not code, int(not code))
    until(lambda: not code or ("association.reject", code) in audited(house))


@pytest.mark.parametrize(
    ("options", "good"),
    [
        (["-tls1_3"], True),
        (["-tls1_2"], True),
        (["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"], False),
        (["-tls1_2", "-cipher", "AES128-GCM-SHA256:AES128-SHA256"], False),  # no ephemeral key
        (["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA256"], False),  # no AEAD
    ],
)
def test_old_versions_and_weak_suites_are_refused(
    house: House, certificates: Certificates, options: list[str], good: bool
) -> None:
    with opened(house, OurTls(certificates.client, client_certificates="none")) as port:
        command = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-brief", *options]
        run = subprocess.run(command, input=b"", capture_output=True, timeout=120, check=False)
    assert (b"CONNECTION ESTABLISHED" in run.stderr) is good, run.stderr


@pytest.mark.parametrize("said", [b"", b"\x16", b"\x16\x03\x01\x02\x00\x01"], ids=["nothing", "a byte", "half a hello"])
def test_who_never_speaks_holds_nobody_up(
    house: House, ours: OurTls, certificates: Certificates, film: Path, said: bytes
) -> None:
    with opened(house, ours, artim_s=600.0) as port, ExitStack() as silent:
        for _ in range(20):
            silent.enter_context(socket.create_connection(("127.0.0.1", port), 60)).sendall(said)
        assert storescu(port, film, *shown(certificates)).returncode == 0
        silent.close()


@pytest.mark.parametrize("said", [b"", b"\x16", b"\x16\x03\x01\x02\x00\x01"], ids=["nothing", "a byte", "half a hello"])
def test_who_never_speaks_is_hung_up_on(house: House, ours: OurTls, said: bytes) -> None:
    with (
        opened(house, ours, artim_s=0.2) as port,
        socket.create_connection(("127.0.0.1", port), 60) as silent,
    ):
        silent.sendall(said)
        while silent.recv(64):
            """an alert, then the end"""
    until(lambda: ("association.reject", "silent") in audited(house))


def test_silent_connections_are_no_more_than_the_door_has_places(house: House, ours: OurTls) -> None:
    with opened(house, ours, max_associations=2) as port, ExitStack() as silent:
        waiting = [silent.enter_context(socket.create_connection(("127.0.0.1", port), 60)) for _ in range(8)]
        _until_it_reads_nothing_more(port)
        for each in waiting:
            each.setblocking(False)
            with pytest.raises(BlockingIOError):
                each.recv(1)


def _until_it_reads_nothing_more(port: int) -> None:
    """A ninth is hung up on at once."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with socket.create_connection(("127.0.0.1", port), 60) as ninth:
            ninth.settimeout(0.5)
            try:
                if ninth.recv(1) == b"":
                    return
            except (TimeoutError, ConnectionResetError):
                continue
    raise AssertionError("the ninth was let in")


@pytest.fixture(scope="module")
def receiver(certificates: Certificates, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DimsePeer]:
    """DCMTK's, which asks who we are."""
    with storescp(tmp_path_factory.mktemp("storescp"), *shown(certificates)) as peer:
        yield peer


def remote(peer: DimsePeer, certificates: Certificates, **how: object) -> RemoteAe:
    tls = {"ca_file": certificates.trusted, "cert_file": certificates.client} | how
    return RemoteAe(peer.ae_title, "127.0.0.1", peer.port, timeout_s=60, tls=PeerTls(**tls))  # type: ignore[arg-type]


def test_a_report_is_delivered_in_tls(receiver: DimsePeer, certificates: Certificates) -> None:
    sink = CStoreSink(remote(receiver, certificates), [partial(encode_sr, now=NOW)])
    assert sink.deliver(a_package()) == "stored"
    assert len(receiver.files()) == 1


def refused(peer: RemoteAe) -> WetreadError:
    with pytest.raises((PermanentError, TransientError)) as caught:
        echo(peer)
    return caught.value


def test_we_are_told_what_is_missing(receiver: DimsePeer, certificates: Certificates) -> None:
    without = refused(remote(receiver, certificates, cert_file=None))
    assert (without.code, "cert_file" in str(without)) == ("tls_refused", True)
    unknown = refused(remote(receiver, certificates, cert_file=certificates.folder / "another.pem"))
    assert unknown.code == "tls_refused"
    untrusted = refused(remote(receiver, certificates, ca_file=None))
    assert (untrusted.code, "ca_file" in str(untrusted)) == ("certificate_refused", True)
    named = refused(remote(receiver, certificates, server_name="pacs.example"))
    assert (named.code, "another host" in str(named)) == ("certificate_refused", True)
    plain = refused(RemoteAe(receiver.ae_title, "127.0.0.1", receiver.port, timeout_s=60))
    assert (plain.code, "TLS" in str(plain)) == ("no_association", True)
    nobody = refused(RemoteAe("PACS", "pacs.invalid", 104, timeout_s=60))
    assert (nobody.code, "name" in str(nobody)) == ("receiver_unreachable", True)


@pytest.mark.parametrize(
    ("file", "says"),
    [("stranger.pem", "another host"), ("expired.pem", "expired"), ("another.pem", "not trusted")],
)
def test_a_receiver_whose_certificate_does_not_hold_gets_nothing(
    certificates: Certificates, tmp_path: Path, file: str, says: str
) -> None:
    with storescp(tmp_path / "storescp", *shown(certificates, file), "-ic") as peer:
        sink = CStoreSink(remote(peer, certificates), [partial(encode_sr, now=NOW)])
        with pytest.raises(PermanentError) as caught:
            sink.deliver(a_package())
        assert (caught.value.code, says in str(caught.value)) == ("certificate_refused", True)
        assert peer.files() == []


def test_a_name_of_its_own_holds_where_it_is_configured(certificates: Certificates, tmp_path: Path) -> None:
    with storescp(tmp_path / "storescp", *shown(certificates, "stranger.pem")) as peer:
        assert "C-ECHO" in echo(remote(peer, certificates, server_name="elsewhere.example"))


def test_tls_1_1_is_not_spoken_with_a_receiver(certificates: Certificates, tmp_path: Path) -> None:
    port = free_port()
    command = ["openssl", "s_server", "-accept", str(port), "-cert", str(certificates.client), "-quiet"]
    old = ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"]
    with running([*command, *old], tmp_path / "s_server.log", lambda: listens(port)):
        assert refused(remote(DimsePeer("OLD", port, tmp_path), certificates)).code == "tls_failed"


def test_tls_with_a_receiver_that_speaks_none(certificates: Certificates, tmp_path: Path) -> None:
    with storescp(tmp_path / "storescp") as peer:
        error = refused(remote(peer, certificates))
    assert (error.code, "does it speak TLS" in str(error)) == ("no_association", True)


def test_a_receiver_that_is_silent_is_given_up(certificates: Certificates, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        peer = DimsePeer("SILENT", silent.getsockname()[1], tmp_path)
        tls = PeerTls(certificates.trusted)
        for each in (RemoteAe(peer.ae_title, "127.0.0.1", peer.port, timeout_s=0.5, tls=how) for how in (None, tls)):
            assert isinstance(refused(each), TransientError)
