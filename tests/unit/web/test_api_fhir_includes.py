"""FHIR, read: what a search brings with its matches, each once, of the same studies, and on the audit record."""

from typing import Any
from urllib.parse import urlencode

import pytest
from builders_web import Browser, World
from tests.unit.web.test_api_fhir import doctor, door, signed, world

from wetread.domain.identifiers import StudyKey
from wetread.web.fhir_search import INCLUDES, REVINCLUDES, Asked, included

__all__ = ["doctor", "door", "signed", "world"]  # fixtures


def entries(browser: Browser, kind: str, *query: tuple[str, str]) -> tuple[list[str], list[str], dict[str, Any]]:
    """Places of the matches, of what came with them, and the Bundle."""
    answer = browser.get(f"/fhir/{kind}?{urlencode(query)}")
    assert answer.status == 200, answer.body
    bundle: dict[str, Any] = answer.json()
    by_mode: dict[str, list[str]] = {"match": [], "include": []}
    for each in bundle.get("entry", []):
        by_mode[each["search"]["mode"]].append(f"{each['resource']['resourceType']}/{each['resource']['id']}")
    return by_mode["match"], by_mode["include"], bundle


def test_a_report_comes_with_its_observations_and_its_patient(doctor: Browser, signed: list[StudyKey]) -> None:
    both = (("_include", "DiagnosticReport:result"), ("_include", "DiagnosticReport:subject"))
    matches, brought, bundle = entries(doctor, "DiagnosticReport", ("accession", "A1"), *both)
    assert (matches, bundle["total"]) == ([f"DiagnosticReport/{signed[0]}"], 1)
    report = bundle["entry"][0]["resource"]
    assert set(brought) == {each["reference"] for each in [*report["result"], report["subject"]]}
    assert len(brought) == len(set(brought)) == 2
    _, patient_only, _ = entries(doctor, "DiagnosticReport", ("accession", "A1"), both[1])
    assert patient_only == [report["subject"]["reference"]]


def test_what_refers_to_the_matches_comes_with_them(doctor: Browser, signed: list[StudyKey]) -> None:
    mine, key = ("accession", "A2"), signed[1]
    matches, brought, _ = entries(doctor, "Observation", mine, ("_revinclude", "DiagnosticReport:result"))
    assert (len(matches), brought) == (1, [f"DiagnosticReport/{key}"])
    _, brought, _ = entries(doctor, "DiagnosticReport", mine, ("_revinclude", "Provenance:target"))
    assert [each.partition("/")[0] for each in brought] == ["Provenance"]
    of_patient = (("_id", str(key)), ("_revinclude", "DiagnosticReport:subject"), ("_revinclude", "Observation:subject"))  # fmt: skip
    matches, brought, _ = entries(doctor, "Patient", *of_patient)
    assert (matches, {each.partition("/")[0] for each in brought}) == ([f"Patient/{key}"], {"DiagnosticReport", "Observation"})  # fmt: skip
    assert all(str(key) in each for each in brought)


def test_each_page_has_what_belongs_to_its_own_matches(doctor: Browser, signed: list[StudyKey]) -> None:
    query = (("_count", "1"), ("_include", "DiagnosticReport:subject"))
    matches, brought, bundle = entries(doctor, "DiagnosticReport", *query)
    assert (len(matches), brought) == (1, [matches[0].replace("DiagnosticReport", "Patient")])
    (following,) = [each["url"] for each in bundle["link"] if each["relation"] == "next"]
    second: Any = doctor.get(following.partition(str(doctor.port))[2]).json()
    assert [each["search"]["mode"] for each in second["entry"]] == ["match", "include"]
    assert matches[0] not in {f"DiagnosticReport/{each['resource']['id']}" for each in second["entry"]}


def test_counting_brings_nothing(doctor: Browser, signed: list[StudyKey]) -> None:
    query = (("_summary", "count"), ("_include", "DiagnosticReport:subject"))
    assert entries(doctor, "DiagnosticReport", *query)[:2] == ([], [])


def test_only_what_refers_to_a_match_comes_with_it() -> None:
    """One of two findings is in the report, by a reference to one version of it."""
    ours, other = ({"resourceType": "Observation", "id": each} for each in ("k.a", "k.b"))
    report = {"resourceType": "DiagnosticReport", "id": "k", "result": [{"reference": "Observation/k.a/_history/1"}]}
    of = {f"{each['resourceType']}/{each['id']}": each for each in (ours, other, report)}
    asked = Asked("Observation", revincludes=("DiagnosticReport:result",))
    assert included([ours], of, asked) == [report]
    assert included([other], of, asked) == []
    assert included([report], of, Asked("DiagnosticReport", includes=("result",))) == [ours]


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        ("DiagnosticReport", "_include", "DiagnosticReport:performer"),
        ("DiagnosticReport", "_include", "*"),
        ("DiagnosticReport", "_include", ""),
        ("Device", "_include", "DiagnosticReport:subject"),
        ("Observation", "_revinclude", "Provenance:target"),
        ("DiagnosticReport", "_include:iterate", "DiagnosticReport:subject"),
    ],
)
def test_a_pair_that_is_not_served_is_refused(doctor: Browser, kind: str, name: str, value: str) -> None:
    answer: Any = doctor.get(f"/fhir/{kind}?{urlencode([(name, value)])}")
    assert (answer.status, answer.json()["resourceType"]) == (400, "OperationOutcome")


def test_the_capability_statement_names_the_pairs(door: Browser) -> None:
    statement: Any = door.get("/fhir/metadata").json()
    told = {each["type"]: each for each in statement["rest"][0]["resource"]}
    assert told["DiagnosticReport"]["searchInclude"] == [f"DiagnosticReport:{each}" for each in INCLUDES["DiagnosticReport"]]  # fmt: skip
    assert {kind: tuple(each["searchRevInclude"]) for kind, each in told.items() if "searchRevInclude" in each} == REVINCLUDES  # fmt: skip


def test_what_came_with_the_matches_is_on_the_record(world: World, doctor: Browser, signed: list[StudyKey]) -> None:
    entries(doctor, "DiagnosticReport", ("accession", "A1"), ("_include", "DiagnosticReport:subject"))
    last = [each.event for each in world.services.database.audit_records() if each.event.action == "fhir.search"][-1]
    assert (last.study_key, dict(last.detail)["included"]) == (signed[0], "Patient")
