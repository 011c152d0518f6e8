"""The settings that the page on DIMSE shows are settings; a wrong one is named."""

import re
from pathlib import Path

import pytest

from wetread.bootstrap_sinks import build_sinks, sink_names
from wetread.dicom.remote_ae import RemoteAe
from wetread.dicom.tls_profile import OurTls, PeerTls, accepting
from wetread.dimse_neighbours import Neighbour, neighbours_of
from wetread.domain.errors import PermanentError
from wetread.settings import SettingsError, load_settings
from wetread.settings_explained import explain
from wetread.testing.clock import FixedClock

PAGE = Path(__file__).parents[3] / "docs" / "dimse.md"


def test_every_example_of_the_page_can_be_loaded(tmp_path: Path) -> None:
    examples = re.findall(r"```toml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert examples
    for example in examples:
        (tmp_path / "wetread.toml").write_text(example, "utf-8")
        assert load_settings(tmp_path / "wetread.toml")


def test_the_neighbours_of_the_page_may_what_it_says(tmp_path: Path) -> None:
    (tmp_path / "wetread.toml").write_text(PAGE.read_text("utf-8").split("```toml\n")[1].split("```")[0])
    ct1, pacs = neighbours_of(load_settings(tmp_path / "wetread.toml"))
    assert (ct1.callers("store"), ct1.callers("query"), ct1.remote) == ([("CT1", "10.0.0.5")], [], None)
    assert (pacs.callers("query"), pacs.sink, pacs.tls_only) == ([("PACS", "10.0.0.7")], "cstore-PACS", True)


def test_a_port_in_tls_stands_beside_the_plain_one_or_alone() -> None:
    tls = {"port": 2762, "cert_file": "/etc/wetread.pem", "ca_file": "/etc/ca.pem"}
    ours = OurTls(Path("/etc/wetread.pem"), None, Path("/etc/ca.pem"), "required")
    assert load_settings().dimse_ports == ()
    assert load_settings(dimse_port=104).dimse_ports == ((104, None),)
    assert load_settings(dimse_tls=tls).dimse_ports == ((2762, ours),)
    assert load_settings(dimse_port=104, dimse_tls=tls).dimse_ports == ((104, None), (2762, ours))
    assert load_settings(dimse_tls={"cert_file": "/etc/wetread.pem"}).dimse_ports == ()
    (shown,) = (row.value for row in explain(load_settings(dimse_tls=tls)) if row.name == "dimse_tls")
    assert shown == "port 2762, client certificates required"


@pytest.mark.parametrize(
    "wrong",
    [
        {"port": 2762},
        {"port": 2762, "cert_file": "x"},
        {"port": 2762, "cert_file": "x", "client_certificates": "optional"},
        {"port": 2762, "cert_file": "x", "client_certificates": "maybe"},
        {"port": 70000, "cert_file": "x", "ca_file": "y"},
        {"cert_file": "x", "password": "s3cret"},
    ],
)
def test_a_wrong_table_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(dimse_tls=wrong)
    assert "dimse_tls" in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_nothing_is_accepted_with_files_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "no.pem").write_text("no certificate")
    for ours in (OurTls(tmp_path / "absent.pem"), OurTls(tmp_path / "no.pem")):
        with pytest.raises(PermanentError) as caught:
            accepting(ours)
        assert caught.value.code == "bad_settings"


PACS = {"ae_title": "PACS", "host": "10.0.0.7", "port": 104}


def neighbour(**more: object) -> Neighbour:
    (found,) = neighbours_of(load_settings(application_entities=[PACS | more]))
    return found


def test_a_neighbour_of_the_table() -> None:
    found = neighbour(it_may=["store", "query"], we_use=["store", "commitment"])
    assert found.callers("store") == found.callers("query") == [("PACS", "10.0.0.7")]
    assert found.callers("receive") == []
    assert (found.remote, found.sink) == (RemoteAe("PACS", "10.0.0.7", 104, "WETREAD"), "cstore-PACS")
    assert neighbour(it_may=["store"], host="pacs.example", calls_from=["*"]).callers("store") == [("PACS", "")]
    assert neighbour().sink == ""


def test_a_neighbour_in_tls_has_its_own_authority_and_certificate_or_ours() -> None:
    ours = {"cert_file": "/w.pem", "key_file": "/w.key", "ca_file": "/ca.pem"}
    its_own = {"tls": True, "ca_file": "/its-ca.pem", "cert_file": "/for-it.pem", "server_name": "pacs.example"}
    entities = [PACS | {"tls": True}, PACS | its_own | {"ae_title": "OTHER"}]
    shared, own = neighbours_of(load_settings(dimse_tls=ours, application_entities=entities))
    assert shared.remote
    assert shared.remote.tls == PeerTls(Path("/ca.pem"), Path("/w.pem"), Path("/w.key"))
    assert own.remote
    assert own.remote.tls == PeerTls(Path("/its-ca.pem"), Path("/for-it.pem"), None, "pacs.example")
    assert shared.tls_only


def test_the_older_lists_are_neighbours_too() -> None:
    lists = {
        "dimse_callers": "CT1@10.0.0.5,PACS",
        "dimse_queriers": "PACS@10.0.0.7",
        "dimse_destinations": "PACS@10.0.0.7:104",
    }
    ct1, pacs, sink = neighbours_of(load_settings(**lists, cstore_sink="PACS@10.0.0.7:104"))
    assert (ct1.callers("store"), ct1.remote) == ([("CT1", "10.0.0.5")], None)
    assert (pacs.callers("store"), pacs.callers("query")) == ([("PACS", "")], [("PACS", "10.0.0.7")])
    assert pacs.remote == sink.remote == RemoteAe("PACS", "10.0.0.7", 104, "WETREAD")
    assert sink.sink == "cstore"


def test_nobody_is_configured_twice() -> None:
    for more in ({"dimse_callers": "PACS"}, {"cstore_sink": "PACS@10.0.0.9:104"}):
        with pytest.raises(SettingsError, match="PACS is configured twice"):
            neighbours_of(load_settings(application_entities=[PACS], **more))
    with pytest.raises(SettingsError, match="PACS is configured twice"):
        neighbours_of(load_settings(application_entities=[PACS, PACS]))


def test_every_neighbour_where_we_store_is_a_sink_of_its_own(tmp_path: Path) -> None:
    settings = load_settings(
        data_dir=tmp_path, cstore_sink="OLD@x:104", application_entities=[PACS | {"we_use": ["store"]}]
    )
    assert sink_names(settings) == ("folder", "cstore-PACS", "cstore")
    assert set(build_sinks(settings, FixedClock().now, None)) == set(sink_names(settings))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "wrong",
    [
        {"ae_title": "A\\B"},
        {"ae_title": "A/B"},
        {"ae_title": "SEVENTEEN_LETTERS"},
        {"ae_title": ""},
        {"port": None, "we_use": ["store"]},
        {"host": "", "it_may": ["receive"]},
        {"host": "pacs.example", "it_may": ["store"]},
        {"calls_from": ["pacs.example"], "it_may": ["query"]},
        {"client_name": "pacs.example"},
        {"ca_file": "/ca.pem"},
        {"we_use": ["commitment"]},
        {"we_use": ["everything"]},
        {"password": "s3cret"},
    ],
)
def test_a_wrong_neighbour_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(application_entities=[PACS | wrong])
    assert "application_entities" in str(caught.value)
    assert "s3cret" not in str(caught.value)
