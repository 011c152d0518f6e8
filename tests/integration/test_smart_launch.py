"""An EHR opens a study here: the whole way with an authorization server and a FHIR endpoint that are not ours (npm `oidc-provider`)."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from builders_web import Browser, World, a_world, open_door
from neighbours.openid import OpenIdServer, Surfer, openid_server

from wetread.bootstrap import SystemClock
from wetread.fhir.bounded_http import BoundedHttp
from wetread.oidc.clients import PublicClient
from wetread.oidc.exchange import Exchange
from wetread.oidc.sealing import Seal
from wetread.oidc.smart import Ehr, SmartLaunches

pytestmark = pytest.mark.real
MRN = "urn:hospital:mrn"


@dataclass
class Ward:
    world: World
    door: Browser
    server: OpenIdServer
    key: str

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.door.port}"

    def opened_by(self, launch: str) -> tuple[str, dict[str, object]]:
        """Where the browser came out, and what the page is told that it goes on to."""
        surfer = Surfer()
        asks = surfer.visit(f"{self.address}/smart/launch?iss={self.server.issuer}/fhir&launch={launch}")
        came_out = surfer.sign_in(asks, "u-ann").url.removeprefix(self.address)
        kept = surfer.jar.get((f"127.0.0.1:{self.door.port}", "wetread-launch"), "")
        reader = self.door.as_("radiologist")
        return came_out, reader.get("/api/launch", {"Cookie": f"{reader.cookie}; wetread-launch={kept}"}).json()


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ward]:
    world = a_world(clock=SystemClock())  # type: ignore[arg-type]
    key = world.add_study(patient_id="CANARY-1", issuer_of_patient_id="HOSPITAL")
    uid = world.services.vault.unnamed.study(key).study_instance_uid
    with open_door(world) as door:
        client = {
            "client_id": "wetread", "token_endpoint_auth_method": "none", "response_types": ["code"],
            "redirect_uris": [f"http://127.0.0.1:{door.port}/smart/callback"], "grant_types": ["authorization_code"],
        }  # fmt: skip
        launches = {
            "study": {"patient": "p1", "fhirContext": [{"reference": "ImagingStudy/s1"}]},
            "patient": {"patient": "p1"},
            "stranger": {"patient": "p2"},
            "mistake": {"patient": "p2", "fhirContext": [{"reference": "ImagingStudy/s1"}]},
            "nobody": {},
        }
        fhir = {
            "Patient/p1": {"resourceType": "Patient", "identifier": [{"system": MRN, "value": "CANARY-1"}]},
            "Patient/p2": {"resourceType": "Patient", "identifier": [{"system": MRN, "value": "CANARY-2"}]},
            "ImagingStudy/s1": {
                "resourceType": "ImagingStudy",
                "subject": {"reference": "Patient/p1"},
                "identifier": [{"system": "urn:dicom:uid", "value": f"urn:oid:{uid}"}],
            },
        }
        with openid_server(tmp_path_factory.mktemp("ehr"), [client], launches=launches, fhir=fhir) as server:
            base = f"{server.issuer}/fhir"
            scope = "launch patient/Patient.r patient/ImagingStudy.rs"
            exchange = Exchange(BoundedHttp(), base, (), "Ward EHR")
            ehr = Ehr(base, "Ward EHR", scope, {MRN: "HOSPITAL"}, PublicClient("wetread"), exchange)
            opens = SmartLaunches([ehr], Seal(b"s" * 32), SystemClock())
            object.__setattr__(world.services, "ehr_launches", opens)
            yield Ward(world, door, server, key)


@pytest.mark.parametrize("launch", ["study", "patient"])
def test_the_right_study_is_opened(ward: Ward, launch: str) -> None:
    came_out, told = ward.opened_by(launch)
    assert came_out == "/arrived?next=/launch"
    assert told["code"] == ""
    assert [each["study_key"] for each in told["studies"]] == [ward.key]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("launch", "came_out", "code"),
    [
        ("stranger", "/arrived?next=/launch", "no_study"),
        ("mistake", "/login?said=launch_other_patient", "bad_seal"),
        ("nobody", "/login?said=launch_no_patient", "bad_seal"),
    ],
)
def test_what_is_not_sure_opens_nothing(ward: Ward, launch: str, came_out: str, code: str) -> None:
    found, told = ward.opened_by(launch)
    assert (found, told["code"], told.get("studies", [])) == (came_out, code, [])


def test_no_number_of_a_patient_is_in_an_address(ward: Ward, tmp_path: Path) -> None:
    surfer = Surfer()
    asks = surfer.visit(f"{ward.address}/smart/launch?iss={ward.server.issuer}/fhir&launch=study")
    surfer.sign_in(asks, "u-ann")
    assert not [url for url in surfer.seen if "CANARY-1" in url]
    log = [str(each.event.detail) for each in ward.world.services.database.audit_records()]
    assert not [each for each in log if "CANARY-1" in each]
