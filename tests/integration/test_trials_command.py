"""docs/trials.md as a reader would use it: its file is read, its commands run against a real FHIR server, and what is printed names nobody."""

import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from neighbours.wetread import ACCOUNT, PASSWORD, Wetread
from record_world import SYSTEMS, FhirRecordWorld, admit, coded, concept, fhir_record_world

from wetread.bootstrap import Core, build_core
from wetread.domain.audit import AuditEvent
from wetread.domain.finding import Code, FindingName
from wetread.domain.identifiers import StudyKey
from wetread.settings import load_settings
from wetread.testing.builders import NOON, a_finding, a_study, an_analysis
from wetread.trials.criteria_file import EXAMPLE_CRITERIA

DOCS = (Path(__file__).parents[2] / "docs" / "trials.md").read_text("utf-8")
COMMANDS = re.findall(r"^\$ wetread (.*)$", DOCS, flags=re.M)
HEART_FAILURE, PLATELETS = Code("84114007", "SCT", "Heart failure"), Code("777-3", "LN", "Platelets")
THORACENTESIS, WARFARIN = Code("91602002", "SCT", "Thoracentesis"), Code("11289", "RXNORM", "Warfarin")
pytestmark = pytest.mark.real


@dataclass
class Site:
    house: Wetread
    core: Core
    folder: Path

    def run(self, command: str, *, account: str = ACCOUNT) -> tuple[int, str]:
        words = command.replace("criteria.toml", str(self.folder / "criteria.toml")).replace("dr-lee", account).split()
        stdin = PASSWORD + "\n" if "--as" in words else ""
        done = self.house.run(*words, *(["--password-stdin"] if stdin else []), stdin=stdin)
        return done.returncode, done.stdout + done.stderr

    def audited(self, action: str) -> list[AuditEvent]:
        return [each.event for each in self.core.database.audit_records() if each.event.action == action]


def command(act: str) -> str:
    return next(each for each in COMMANDS if each.startswith(f"trials {act}"))


def fill(
    world: FhirRecordWorld, number: str, *, creatinine: float, tapped: str = "2026-01-15", warfarin: str = "stopped"
) -> None:
    """A patient whose heart failed in 2024."""
    world.condition(number, HEART_FAILURE, began="2024-05-01")
    world.lab(number, creatinine, day="2026-02-20")
    subject = world.subject(number)
    platelets = {"value": 180, "unit": "10*3/uL", "system": "http://unitsofmeasure.org", "code": "10*3/uL"}
    category = coded("http://terminology.hl7.org/CodeSystem/observation-category", "laboratory")
    for resource in (
        {"resourceType": "Observation", "status": "final", "code": concept(PLATELETS), "valueQuantity": platelets,
         "effectiveDateTime": "2026-02-21", "category": [category]},
        {"resourceType": "Procedure", "status": "completed", "code": concept(THORACENTESIS), "performedDateTime": tapped},
        {"resourceType": "MedicationStatement", "status": warfarin, "medicationCodeableConcept": concept(WARFARIN),
         "effectivePeriod": {"start": "2020-01-01"}},
    ):  # fmt: skip
        world.server.create({**resource, **subject})


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("trials")
    (folder / "criteria.toml").write_text(EXAMPLE_CRITERIA.read_text())
    with fhir_record_world(folder / "fhir") as world:
        house = Wetread(folder / "house", {"RECORD_FHIR_URL": world.server.url, "RECORD_DEADLINE_S": "60", "TRIALS_ENABLED": "true"})  # fmt: skip
        house.settings["RECORD_PATIENT_SYSTEMS"] = json.dumps(SYSTEMS)
        house.add_radiologist()
        core = build_core(load_settings(data_dir=house.folder))
        fill(world, "MRN-FITS", creatinine=1.1)
        fill(world, "MRN-KIDNEY", creatinine=3.0)
        fill(world, "MRN-DRUG", creatinine=1.1, warfarin="unknown")
        for name, number in (
            ("fits", "MRN-FITS"),
            ("kidney", "MRN-KIDNEY"),
            ("drug", "MRN-DRUG"),
            ("clear", "MRN-CLEAR"),
        ):
            key = admit(core.vault, number)
            signed_free = a_finding(FindingName.EFFUSION, probability=0.1 if name == "clear" else 0.8)
            with core.database.begin() as unit:
                unit.save_study(a_study(study_key=key, received_at=NOON))
                unit.save_analysis(key, 1, an_analysis(findings=(signed_free,)))
                unit.commit()
            KEYS[name] = key
        yield Site(house, core, folder)


KEYS: dict[str, StudyKey] = {}


def test_the_file_of_the_docs_is_read_back_in_words(site: Site) -> None:
    status, said = site.run(command("check"))
    assert status == 0
    assert "laboratory LN|2160-0: the latest in 30 days below 2 mg/dL" in said
    assert said.count("include") + said.count("exclude") == 9


def test_a_match_lists_who_matches_and_what_is_open(site: Site) -> None:
    """The signed mass of the example is open for everybody here: no report is signed."""
    status, said = site.run(command("match"))
    assert status == 1
    assert said.splitlines()[:-1] == [
        f"{KEYS[name]}  unknown: {which}"
        for name, which in sorted(
            {"fits": "mass-signed", "drug": "anticoagulated, mass-signed"}.items(),
            key=lambda pair: KEYS[pair[0]],
            reverse=True,
        )
    ]
    assert "EXAMPLE-1: 4 studies, 0 match, 2 unknown, 2 do not." in said
    (event,) = site.audited("trials.match")
    facts = dict(event.detail)
    assert (facts["studies"], facts["records_read"], facts["trial"]) == ("4", "3", "EXAMPLE-1")
    assert event.actor_id == ACCOUNT


def test_who_fits_in_all_matches(site: Site, tmp_path: Path) -> None:
    text = (site.folder / "criteria.toml").read_text()
    (site.folder / "without.toml").write_text(text.partition('[[exclude]]\nname = "mass-signed"')[0])
    status, said = site.run(command("match").replace("criteria.toml", str(site.folder / "without.toml")))
    assert status == 0
    assert f"{KEYS['fits']}  matches" in said
    assert KEYS["kidney"] not in said
    done = site.run(command("match").replace("criteria.toml", str(site.folder / "without.toml")) + " --json")
    answers = {each["assessment"]["study_key"]: each for each in map(json.loads, done[1].splitlines())}
    assert {name: answers[key]["assessment"]["outcome"] for name, key in KEYS.items()} == {
        "fits": "met", "kidney": "not met", "drug": "unknown", "clear": "not met",
    }  # fmt: skip
    assert not answers[KEYS["clear"]]["record_read"]


def test_every_criterion_is_explained_with_its_sources(site: Site) -> None:
    status, said = site.run(command("explain").replace("STUDY", KEYS["kidney"]))
    assert status == 1
    assert "does not match" in said
    assert re.search(r"kidneys +not met +3 mg/dL\n +10 days before the film, [a-z2-7]{24}", said)
    assert re.search(r"tapped-before +met +recorded once as asked\n +46 days before the film", said)
    assert re.search(r"adult +met +age 50 to 59", said)
    assert site.audited("trials.explain")[-1].study_key == KEYS["kidney"]


def test_nothing_that_is_printed_names_anybody(site: Site) -> None:
    printed = "".join(site.run(each.replace("STUDY", KEYS["fits"]))[1] for each in COMMANDS)
    for canary in ("MRN-", "Doe", "1970", "2026-0", "Heart failure", "Warfarin", "ACC001", "HOSPITAL"):
        assert canary not in printed.replace("2026-01-01", "")


def test_it_is_off_until_somebody_turns_it_on(site: Site, tmp_path: Path) -> None:
    (example,) = (each for each in re.findall(r"```toml\n(.*?)```", DOCS, flags=re.S) if "trials_enabled" in each)
    assert tomllib.loads(example) == {"trials_enabled": True}
    switched = site.house.settings.pop("TRIALS_ENABLED")
    try:
        status, said = site.run(command("match"))
    finally:
        site.house.settings["TRIALS_ENABLED"] = switched
    assert status == 1
    assert "set trials_enabled" in said


def test_a_technologist_and_a_wrong_password_are_refused(site: Site) -> None:
    site.house.run("user", "add", "tech", "--role", "technologist", "--password-stdin", stdin=PASSWORD + "\n")
    status, said = site.run(command("match"), account="tech")
    assert status == 1
    assert "may not match trials" in said
    words = (
        command("match").replace("criteria.toml", str(site.folder / "criteria.toml")).replace("dr-lee", ACCOUNT).split()
    )
    assert site.house.run(*words, "--password-stdin", stdin="wrong\n").returncode == 1
