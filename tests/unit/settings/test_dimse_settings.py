"""The settings that the page on DIMSE shows are settings; a wrong one is named."""

import re
from pathlib import Path

import pytest

from wetread.dicom.tls_profile import OurTls, accepting
from wetread.domain.errors import PermanentError
from wetread.settings import SettingsError, load_settings
from wetread.settings_explained import explain

PAGE = Path(__file__).parents[3] / "docs" / "dimse.md"


def test_every_example_of_the_page_can_be_loaded(tmp_path: Path) -> None:
    examples = re.findall(r"```toml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert examples
    for example in examples:
        (tmp_path / "wetread.toml").write_text(example, "utf-8")
        assert load_settings(tmp_path / "wetread.toml")


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
