"""The settings of who comes in by the word of others: what is refused before anything starts, and what is built of the rest."""

import tomllib
from pathlib import Path

import pytest
from pydantic import ValidationError

from wetread.bootstrap_identity import (
    build_ehr_launches,
    build_identity_provider,
    build_service_clients,
    build_web_settings,
)
from wetread.domain.role import Role
from wetread.settings import Settings
from wetread.settings_explained import explain
from wetread.testing.clock import FixedClock

SECRET, CLOCK = b"s" * 32, FixedClock()
PROVIDER = """
issuer = "https://id.hospital.example/realms/clinic"
client_id = "wetread"
client_secret = "not-to-be-shown"
role_claim = ["realm_access", "roles"]
local_accounts = ["break-in"]
roles = { consultant = "radiologist", trainee = "resident" }
sites = { north = ["north"], head = [] }
"""


def given(text: str = PROVIDER, **changes: object) -> Settings:
    return Settings(identity_provider={**tomllib.loads(text), **changes})


def test_a_provider_is_built_of_its_table_and_asks_nobody_yet() -> None:
    settings = given()
    provider = build_identity_provider(settings, CLOCK, SECRET)
    assert provider is not None
    assert provider.name == "the hospital's sign-in"
    assert list(provider.facts.table.roles.items()) == [("consultant", Role.RADIOLOGIST), ("trainee", Role.RESIDENT)]
    told = build_web_settings(settings)
    assert (told.local_accounts, told.check_every_s, told.unreachable_grace_s) == (("break-in",), 30.0, 900.0)


def test_without_tables_there_is_nobody_elsewhere() -> None:
    settings = Settings()
    assert build_identity_provider(settings, CLOCK, SECRET) is None
    assert build_service_clients(settings, CLOCK) is None
    assert build_ehr_launches(settings, CLOCK, SECRET) is None
    assert build_web_settings(settings).local_accounts is None


def test_its_secret_is_shown_to_nobody() -> None:
    assert "not-to-be-shown" not in str(explain(given()))
    with pytest.raises(ValidationError) as refusal:
        given(roles={"x": "nobody"})
    assert "not-to-be-shown" not in str(refusal.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": "http://id.hospital.example"},
        {"issuer": "https://user:pw@id.hospital.example"},
        {"issuer": "https://id.hospital.example?x=1"},
        {"issuer": "file:///etc/passwd"},
        {"origins": ("http://login.hospital.example",)},
        {"roles": {}},
        {"roles": {"robots": "service"}},
        {"roles": {"robots": "workflow"}},
        {"scopes": ("profile",)},
        {"key_file": "key.pem"},
        {"check_every_s": 60},
        {"unknown": 1},
    ],
)
def test_what_could_not_be_safe_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        given(**changes)


@pytest.mark.parametrize("issuer", ["http://127.0.0.1:8080/realms/x", "http://[::1]:8080", "http://localhost"])
def test_this_machine_needs_no_tls(issuer: str) -> None:
    assert build_identity_provider(given(issuer=issuer), CLOCK, SECRET) is not None


def test_systems_and_ehrs_are_built_of_their_tables(tmp_path: Path) -> None:
    ehr = {
        "issuer": "https://ehr.example/fhir",
        "client_id": "wetread",
        "patient_systems": {"HOSPITAL": "urn:mrn", "": "urn:old"},
    }
    settings = Settings(service_clients=({"account": "ris", "keys_file": tmp_path / "k.json"},), ehr_launches=(ehr,))  # type: ignore[arg-type]
    clients, launches = build_service_clients(settings, CLOCK), build_ehr_launches(settings, CLOCK, SECRET)
    assert clients is not None
    assert dict(clients.keys_files) == {"ris": tmp_path / "k.json"}
    assert launches is not None
    assert launches.ehrs[0].systems == {"urn:mrn": "HOSPITAL", "urn:old": ""}
