"""`wetread ae` and the neighbours of the settings, against DCMTK, a neighbour in TLS, and neighbours that refuse, stay silent or are not there."""

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from neighbours.certificate import Certificates, make_certificates
from neighbours.dcmtk import DimsePeer, dcmqrscp, storescp
from neighbours.process import free_port
from neighbours.scp import answering_calls
from pynetdicom import AE

from wetread.cli import main
from wetread.dicom.ae_check import check_ae
from wetread.dicom.remote_ae import RemoteAe
from wetread.domain.capability import Verdict

pytestmark = pytest.mark.real

Check = Callable[..., tuple[int, dict[str, dict[str, tuple[str, str]]]]]


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DimsePeer]:
    with dcmqrscp(tmp_path_factory.mktemp("qr")) as peer:
        yield peer


@pytest.fixture
def check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Check:
    """Exit status, and verdict and note by neighbour and step."""

    def asked(*entities: str, titles: tuple[str, ...] = ()) -> tuple[int, dict[str, dict[str, tuple[str, str]]]]:
        config = tmp_path / "wetread.toml"
        config.write_text("\n".join(f"[[application_entities]]\n{each}\n" for each in entities))
        status = main(["ae", "check", "--json", "--config", str(config), *titles])
        found = json.loads(capsys.readouterr().out)
        steps = {
            title: {each["name"]: (each["verdict"], each["note"]) for each in told} for title, told in found.items()
        }
        return status, steps

    return asked


def entity(title: str, port: int, *more: str) -> str:
    return "\n".join((f'ae_title = "{title}"', 'host = "127.0.0.1"', f"port = {port}", "timeout_s = 60.0", *more))


def test_an_archive_that_offers_what_is_used(archive: DimsePeer, check: Check) -> None:
    status, found = check(entity(archive.ae_title, archive.port, 'we_use = ["query_retrieve", "store"]'))
    assert {verdict for verdict, _ in found["DCMQRSCP"].values()} == {"yes"}
    assert list(found["DCMQRSCP"])[1] == "WETREAD calls DCMQRSCP"
    assert status == 0


def test_a_service_that_is_not_offered_is_named(archive: DimsePeer, check: Check) -> None:
    status, found = check(entity(archive.ae_title, archive.port, 'we_use = ["store", "commitment"]'))
    assert found["DCMQRSCP"]["storage commitment, push model"][0] == "no"
    assert found["DCMQRSCP"]["C-ECHO"][0] == "yes"
    assert status == 1


def test_an_archive_that_does_not_know_us_or_is_not_there(archive: DimsePeer, check: Check) -> None:
    _, found = check(
        entity("OTHER", archive.port, 'we_use = ["query_retrieve"]'), entity("GONE", free_port(), 'we_use = ["store"]')
    )
    assert [verdict for verdict, _ in found["OTHER"].values()][:3] == ["yes", "no", "not tried"]
    assert "AE titles" in found["OTHER"]["WETREAD calls OTHER"][1]
    assert [verdict for verdict, _ in found["GONE"].values()][:3] == ["no", "not tried", "not tried"]


def test_only_those_named_are_asked(archive: DimsePeer, check: Check, capsys: pytest.CaptureFixture[str]) -> None:
    two = entity("GONE", free_port()), entity(archive.ae_title, archive.port)
    status, found = check(*two, titles=(archive.ae_title,))
    assert (status, list(found)) == (0, [archive.ae_title])
    assert main(["ae", "echo", "NOBODY"]) == 1
    assert "NOBODY" in capsys.readouterr().err


def test_tls_is_a_step_of_its_own(certificates: Certificates, check: Check, tmp_path: Path) -> None:
    tls = ["tls = true", f'ca_file = "{certificates.trusted}"']
    shown = ["+tls", *[str(certificates.client)] * 2, "+cf", str(certificates.trusted)]
    with storescp(tmp_path / "storescp", *shown) as peer:
        with_ours = [*tls, f'cert_file = "{certificates.client}"', 'we_use = ["store"]']
        status, good = check(entity("STORESCP", peer.port, *with_ours))
        _, without = check(entity("STORESCP", peer.port, *tls))
        _, named = check(entity("STORESCP", peer.port, *with_ours, 'server_name = "pacs.example"'))
        _, plain = check(entity("STORESCP", peer.port))
    step = "its certificate and ours"
    assert (status, good["STORESCP"][step][0]) == (0, "yes")
    assert (without["STORESCP"][step][0], "cert_file" in without["STORESCP"][step][1]) == ("no", True)
    assert "another host" in named["STORESCP"][step][1]
    assert "expect TLS" in plain["STORESCP"]["WETREAD calls STORESCP"][1]


def test_who_takes_connections_and_says_nothing(check: Check) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        _, found = check(entity("SILENT", silent.getsockname()[1], "timeout_s = 0.5").replace("timeout_s = 60.0\n", ""))
    assert [verdict for verdict, _ in found["SILENT"].values()] == ["yes", "no", "not tried"]


def test_list_and_echo(archive: DimsePeer, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "wetread.toml"
    config.write_text(
        f'dimse_callers = ["CT1@10.0.0.5"]\ncstore_sink = "GONE@127.0.0.1:{free_port()}"\n[[application_entities]]\n'
        + entity(archive.ae_title, archive.port, 'it_may = ["store", "receive"]', 'we_use = ["query_retrieve"]')
    )
    assert main(["ae", "list", "--config", str(config)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["DCMQRSCP", "CT1", "GONE"]
    assert "it may: store, receive" in lines[0]
    assert "is not called" in lines[1]
    assert main(["ae", "echo", "--config", str(config), archive.ae_title]) == 0
    assert main(["ae", "echo", "--config", str(config)]) == 1
    assert [line[:3].strip() for line in capsys.readouterr().out.splitlines()] == ["yes", "yes", "no"]


@contextmanager
def scp_of(*sop_class_uids: str) -> Iterator[RemoteAe]:
    """pynetdicom's, offering these."""
    ae = AE("ANY")
    for uid in sop_class_uids:
        ae.add_supported_context(uid)
    with answering_calls(ae) as port:
        yield RemoteAe("ANY", "127.0.0.1", port, timeout_s=60)


def test_of_get_and_move_one_is_enough() -> None:
    echo, find, get = "1.2.840.10008.1.1", "1.2.840.10008.5.1.4.1.2.2.1", "1.2.840.10008.5.1.4.1.2.2.3"
    with scp_of(echo, find, get) as peer:
        found = {each.name: (each.verdict, each.note) for each in check_ae(peer, ["query_retrieve"])}
    assert found["C-MOVE, study root"] == (Verdict.PARTLY, "not accepted; C-GET, study root will do")
    with scp_of(echo, find) as peer:
        found = {each.name: (each.verdict, each.note) for each in check_ae(peer, ["query_retrieve"])}
    assert found["C-MOVE, study root"][0] is found["C-GET, study root"][0] is Verdict.NO
