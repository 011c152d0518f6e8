"""What an EHR opened, for who is signed in: the right study, or words; never another patient's."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from builders_web import Browser, World, a_world, open_door
from elsewhere_world import HOSPITAL as ISSUER
from elsewhere_world import NAVIGATION, FakeLaunches

from wetread.domain.study_state import StudyState
from wetread.ports.ehr import LaunchContext


@dataclass
class Ward:
    world: World
    door: Browser
    launches: FakeLaunches

    def opened(self, role: str = "radiologist") -> tuple[str, list[str]]:
        browser = self.door.as_(role)
        answer = browser.get("/api/launch", {"Cookie": f"{browser.cookie}; wetread-launch=opened"})
        assert answer.status == 200, answer.body
        assert 'wetread-launch=""' in answer.headers["set-cookie"]
        told = answer.json()
        return str(told["code"]), [each["study_key"] for each in told["studies"]]  # type: ignore[attr-defined]

    def says(self, *patients: tuple[str, str], studies: tuple[str, ...] = ()) -> None:
        self.launches.what = LaunchContext("Ward EHR", patients, studies)

    def uid(self, key: str) -> str:
        return self.world.services.vault.unnamed.study(key).study_instance_uid  # type: ignore[arg-type]


@pytest.fixture
def ward() -> Iterator[Ward]:
    world, launches = a_world(), FakeLaunches()
    world.services = replace(world.services, ehr_launches=launches)
    with open_door(world) as door:
        yield Ward(world, door, launches)


def test_the_study_that_was_named_is_opened(ward: Ward) -> None:
    key = ward.world.add_study(patient_id="P1", issuer_of_patient_id=ISSUER)
    ward.world.add_study(patient_id="P1", issuer_of_patient_id=ISSUER)
    ward.says((ISSUER, "P1"), studies=(ward.uid(key),))
    assert ward.opened() == ("", [key])
    assert ward.world.audited()[-1] == ("launch.open", "radiologist", "success")


def test_a_patient_alone_has_their_studies_to_choose_from(ward: Ward) -> None:
    keys = {ward.world.add_study(patient_id="P1", issuer_of_patient_id=ISSUER) for _ in range(2)}
    ward.world.add_study(patient_id="P1", issuer_of_patient_id="ELSEWHERE")
    ward.world.add_study(patient_id="P10", issuer_of_patient_id=ISSUER)
    code, found = ward.opened()
    assert (code, set(found)) == ("", keys)


def test_a_study_of_another_patient_opens_nothing(ward: Ward) -> None:
    """The EHR and the archive disagree whose film it is."""
    mine = ward.world.add_study(patient_id="P1", issuer_of_patient_id=ISSUER)
    other = ward.world.add_study(patient_id="P2", issuer_of_patient_id=ISSUER)
    ward.says((ISSUER, "P1"), studies=(ward.uid(mine), ward.uid(other)))
    assert ward.opened() == ("another_patient", [])
    assert ward.world.audited()[-1] == ("launch.open", "radiologist", "another_patient")


def test_numbers_of_different_people_open_nothing(ward: Ward) -> None:
    ward.world.add_study(patient_id="P1", issuer_of_patient_id=ISSUER)
    ward.world.add_study(patient_id="P7", issuer_of_patient_id="CLINIC")
    ward.says((ISSUER, "P1"), ("CLINIC", "P7"))
    assert ward.opened() == ("several_patients", [])


def test_who_is_not_here_is_said_so(ward: Ward) -> None:
    ward.world.add_study(patient_id="P1", issuer_of_patient_id="ELSEWHERE")
    assert ward.opened() == ("no_study", [])
    ward.says((ISSUER, "P1"), studies=("2.25.404",))
    assert ward.opened() == ("no_study", [])
    ward.world.add_study(StudyState.REJECTED, patient_id="P1", issuer_of_patient_id=ISSUER)
    ward.says((ISSUER, "P1"))
    assert ward.opened() == ("no_study", [])


def test_a_study_out_of_reach_is_not_here(ward: Ward) -> None:
    ward.world.add_study(patient_id="P1", issuer_of_patient_id=ISSUER)
    with ward.world.services.database.begin() as unit:
        account = unit.account("radiologist")
        assert account is not None
        unit.save_account(replace(account, actor=replace(account.actor, sites=("south",))))
        unit.commit()
    assert ward.opened() == ("no_study", [])


def test_who_may_not_read_and_who_opened_nothing_learn_nothing(ward: Ward) -> None:
    ward.world.add_study(patient_id="P1", issuer_of_patient_id=ISSUER)
    browser = ward.door.as_("technologist")
    assert browser.get("/api/launch", {"Cookie": f"{browser.cookie}; wetread-launch=opened"}).status == 403
    assert ward.door.get("/api/launch", {"Cookie": "wetread-launch=opened"}).status == 401
    assert ward.door.as_("radiologist").get("/api/launch").json()["code"] == "bad_seal"


def test_the_way_from_the_ehr_and_back(ward: Ward) -> None:
    out = ward.door.get("/smart/launch?iss=https://ehr.example/fhir&launch=l-1", NAVIGATION)
    assert out.headers["location"] == f"https://ehr.example/auth?to=http://127.0.0.1:{ward.door.port}/smart/callback"
    back = ward.door.get("/smart/callback?code=c&state=s", {**NAVIGATION, "Cookie": "wetread-out=out"})
    assert (back.status, back.headers["location"]) == (303, "/arrived?next=/launch")
    assert {"HttpOnly", "SameSite=strict"} <= {each.strip() for each in back.headers["set-cookie"].split(";")}


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/smart/launch?iss=https://evil.example&launch=l", "unknown_ehr"),
        ("/smart/launch?iss=https://ehr.example/fhir", "launch_malformed"),
        (f"/smart/launch?iss=https://ehr.example/fhir&launch={'x' * 5000}", "launch_malformed"),
        ("/smart/callback?code=c&state=s", "bad_seal"),
    ],
)
def test_another_way_leads_nowhere(ward: Ward, path: str, code: str) -> None:
    answer = ward.door.get(path, NAVIGATION)
    assert answer.headers["location"] == f"/login?said={code}"
    assert "launch=opened" not in answer.headers["set-cookie"]


def test_without_ehrs_there_are_no_launches() -> None:
    with open_door(a_world()) as door:
        assert door.get("/smart/launch?iss=a&launch=b", NAVIGATION).headers["location"] == "/login?said=no_launches"
        assert door.as_("radiologist").get("/api/launch").status == 404
