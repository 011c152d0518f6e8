"""QIDO-RS: the resources, keys, attributes, answers and warnings of PS3.18 §8.3.4 and §10.6."""

import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
from builders_dicomweb import STUDIES, add_second_film, parts_of, second_reader_world, send_back, three_studies
from builders_web import Browser, World, a_world, open_door
from pydicom.dataset import Dataset

from wetread.domain.identifiers import StudyKey
from wetread.domain.reading import ReadingMode
from wetread.domain.study import ProcedureStep
from wetread.ports.vault import INSTANCE_KEYS, SERIES_KEYS, STUDY_KEYS, Search, VaultSeries, VaultStudy
from wetread.testing.builders import a_header, a_vault_instance, an_identity
from wetread.testing.memory_vault import MemoryVault
from wetread.web.dicom_json import ATTRIBUTES, instance_attributes, series_attributes, study_attributes
from wetread.web.qido_query import read_query

XML = 'multipart/related; type="application/dicom+xml"'
NATIVE = "{http://dicom.nema.org/PS3.19/models/NativeDICOM}"
REQUIRED = {
    "study": "StudyDate StudyTime AccessionNumber InstanceAvailability ModalitiesInStudy ReferringPhysicianName RetrieveURL PatientName PatientID PatientBirthDate PatientSex "
    "StudyInstanceUID StudyID NumberOfStudyRelatedSeries NumberOfStudyRelatedInstances",
    "series": "Modality SeriesDescription RetrieveURL SeriesInstanceUID SeriesNumber NumberOfSeriesRelatedInstances PerformedProcedureStepStartDate PerformedProcedureStepStartTime "
    "RequestAttributesSequence TimezoneOffsetFromUTC",
    "instance": "SOPClassUID SOPInstanceUID InstanceAvailability RetrieveURL InstanceNumber Rows Columns BitsAllocated NumberOfFrames TimezoneOffsetFromUTC",
}  # PS3.18 tables 10.6.3-3 to -5, "if known" included


@pytest.fixture
def reader(world: World, door: Browser) -> Browser:
    return three_studies(world, door)


def found(reader: Browser, path: str, keyword: str = "StudyInstanceUID") -> list[str]:
    """The values of one attribute, as an independent reader of DICOM JSON takes them."""
    answer = reader.get(path)
    if answer.status == 204:
        assert (answer.body, "content-type" in answer.headers) == (b"", False)
        return []
    assert (answer.status, answer.headers["content-type"]) == (200, "application/dicom+json"), answer.body
    return [str(Dataset.from_json(row)[keyword].value) for row in answer.json()]


def search(reader: Browser, query: str) -> list[str]:
    return found(reader, f"{STUDIES}?{query}")


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("PatientID=A1", [1]), ("00100020=A1", [1]), ("AccessionNumber=ACC2", [2]), ("StudyInstanceUID=2.25.3", [3]), ("0020000d=2.25.3", [3]), ("StudyInstanceUID=2.25.3,2.25.1", [1, 3]),
        ("PatientName=doe*", [1, 2]), ("PatientName=Doe%5EJ%3Fn*", [1]), ("PatientName=Doe%5EJane", [1]), ("StudyDate=20260115-20260228", [2]), ("StudyDate=20260201", [2]),
        ("StudyDate=-20260131", [1]), ("ModalitiesInStudy=DX", [1, 2, 3]), ("PatientID=", [1, 2, 3]), ("PatientID=nobody", []), ("PatientID=A1&AccessionNumber=ACC2", []),
        ("PatientID=%27%20OR%201=1--", []), ("limit=1&offset=1", [2]), ("limit=0", []), ("offset=99", []), ("StudyTime=1130", [1, 2, 3]), ("StudyTime=-11", [1, 2, 3]), ("StudyTime=12-", []),
        ("ReferringPhysicianName=roe*&StudyID=1&PatientBirthDate=19700102", [1, 2, 3]), ("StudyID=2", []), ("fuzzymatching=true&PatientName=mueler%20eva", [3]),
        ("fuzzymatching=false&PatientName=mueler%20eva", []), ("PatientName=mueler", []),
    ],
)  # fmt: skip
def test_studies_are_found_by_the_keys_of_the_standard(reader: Browser, query: str, numbers: list[int]) -> None:
    assert sorted(search(reader, query)) == [f"2.25.{number}" for number in numbers]


@pytest.mark.parametrize(
    "query",
    ["limit=-1", "limit=x", "limit=1e3", "limit=" + "9" * 40, "offset=-1", "offset=999999999", "StudyInstanceUID=../../x", "StudyInstanceUID=1.2.", "StudyInstanceUID=*",
     "PatientID=A%00B", "PatientID=a%0d%0ab", "PatientID=A1&PatientID=A2", "PatientName=" + "x" * 300, "fuzzymatching=1", "orderby=PatientWeight", "orderby=", "orderby=StudyDate;drop"],
)  # fmt: skip
def test_a_query_that_makes_no_sense_is_400(reader: Browser, query: str) -> None:
    assert reader.get(f"{STUDIES}?{query}").status == 400


@pytest.mark.parametrize("query", ["StudyDate=2026", "StudyTime=25:00", "PatientBirthDate=x"])
def test_a_value_that_cannot_be_matched_is_never_matched_more_widely(reader: Browser, query: str) -> None:
    answer = reader.get(f"{STUDIES}?{query}")
    assert (answer.status, answer.json()["code"]) == (400, "bad_query")


class WatchfulVault(MemoryVault):
    asked: tuple[int, int] = (0, 0)

    def search_studies(self, search: Search) -> tuple[VaultStudy, ...]:
        self.asked = (search.limit, search.offset)
        return super().search_studies(search)


@pytest.mark.parametrize(
    ("query", "asked"), [("", (101, 0)), ("limit=100000000", (1001, 0)), ("limit=7&offset=30", (8, 30))]
)
def test_no_query_asks_the_index_for_more_than_a_page_and_one(query: str, asked: tuple[int, int]) -> None:
    vault = WatchfulVault()
    with open_door(a_world(vault=vault)) as door:
        door.as_("radiologist").get(f"{STUDIES}?{query}")
    assert vault.asked == asked


def test_an_absurd_limit_is_capped_and_ignored_keys_are_said(reader: Browser) -> None:
    answer = reader.get(f"{STUDIES}?limit=100000000&PatientWeight=70&includefield=StudyDate,PatientWeight")
    assert len(answer.json()) == 3
    assert answer.headers["warning"] == (
        '299 wetread "ignored: a matching key this server does not index, an attribute asked for that the index does not hold"'
    )
    assert "warning" not in reader.get(f"{STUDIES}?includefield=all&limit=5&fuzzymatching=true").headers


def test_a_page_that_we_cut_says_so_and_one_that_the_caller_cut_does_not() -> None:
    world = a_world()
    for number in range(101):
        world.add_study(patient_id=f"P{number}")
    with open_door(world) as door:
        reader = door.as_("radiologist")
        cut = reader.get(STUDIES)
        assert (len(cut.json()), cut.headers["warning"]) == (
            100,
            '299 wetread "There are additional results that can be requested"',
        )
        assert "warning" not in reader.get(f"{STUDIES}?limit=100").headers
        assert "warning" not in reader.get(f"{STUDIES}?offset=1").headers


@pytest.mark.parametrize(
    ("accept", "as_what"),
    [
        ("application/dicom+json", "application/dicom+json"), ("application/json;q=0.5", "application/json"), ("*/*", "application/dicom+json"), (XML, XML), ("multipart/related", XML),
        (f"application/dicom+json;q=0.2, {XML};q=0.9", XML), (f"application/dicom+json, {XML}", "application/dicom+json"), ("application/*", "application/dicom+json"),
    ],
)  # fmt: skip
def test_searches_are_answered_as_the_caller_likes_best(reader: Browser, accept: str, as_what: str) -> None:
    for path in (STUDIES, f"{STUDIES}/2.25.1/series", f"{STUDIES}/2.25.1/instances", "/dicom-web/series"):
        answer = reader.get(path, {"Accept": accept})
        assert answer.status == 200
        assert answer.headers["content-type"].startswith(as_what)


@pytest.mark.parametrize(
    "accept",
    ["text/html", "", "application/dicom+json;q=0", 'multipart/related; type="application/dicom"', "application/dicom"],
)
def test_what_no_search_is_answered_as_is_406(reader: Browser, accept: str) -> None:
    for path in (STUDIES, f"{STUDIES}/2.25.1/series", "/dicom-web/instances"):
        assert reader.get(path, {"Accept": accept}).status == 406


def test_the_accept_parameter_stands_in_for_the_header(reader: Browser) -> None:
    answer = reader.get(f"{STUDIES}?accept=application/json", {"Accept": "text/html"})
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert reader.get(f"{STUDIES}?accept=text/html").status == 406


def test_xml_says_what_json_says(world: World, reader: Browser) -> None:
    world.add_study(patient_name='A&B<script>"^x\ud800', accession_number="]]>")
    rows = reader.get(f"{STUDIES}?limit=9").json()
    answer = reader.get(f"{STUDIES}?limit=9", {"Accept": XML})
    parts = parts_of(answer.headers["content-type"], answer.body)
    assert {kind for kind, _ in parts} == {"application/dicom+xml"}
    for row, (_, document) in zip(rows, parts, strict=True):
        root = ET.fromstring(document)
        assert root.tag == f"{NATIVE}NativeDicomModel"
        told = {each.attrib["tag"]: each for each in root}
        assert {tag: each.attrib["vr"] for tag, each in told.items()} == {tag: each["vr"] for tag, each in row.items()}
        assert all(ATTRIBUTES[each.attrib["keyword"]].tag == tag for tag, each in told.items())
        for tag in ("0020000D", "00080050", "00201208"):
            assert [each.text for each in told[tag]] == [str(value) for value in row[tag].get("Value", [])]
        family = row["00100010"]["Value"][0]["Alphabetic"].split("^")[0]
        assert told["00100010"].findtext(f"{NATIVE}PersonName/{NATIVE}Alphabetic/{NATIVE}FamilyName") == family


def test_a_warning_never_repeats_what_was_asked(reader: Browser) -> None:
    answer = reader.get(f"{STUDIES}?Secret%0d%0aX-Evil:1=Secret")
    assert "ecret" not in str(answer.headers)
    assert "x-evil" not in answer.headers


def test_a_study_is_described_in_dicom_json(reader: Browser) -> None:
    row = reader.get(f"{STUDIES}?PatientID=B1").json()[0]  # type: ignore[index]
    assert row["00100010"] == {"vr": "PN", "Value": [{"Alphabetic": "Müller^Eva", "Ideographic": "美^恵"}]}
    assert row["00100040"] == {"vr": "CS"}
    assert row["00080061"] == {"vr": "CS", "Value": ["DX"]}
    assert (row["00201206"]["Value"], row["00201208"]["Value"]) == ([1], [1])
    assert row["00081190"]["Value"] == [f"http://127.0.0.1:{reader.port}{STUDIES}/2.25.3"]
    assert list(row) == sorted(row)


def test_every_required_attribute_is_there_at_its_level_and_in_relational_answers_those_above(
    world: World, reader: Browser
) -> None:
    header = replace(
        a_header(study_instance_uid="2.25.9", series_instance_uid="2.25.9.1", sop_instance_uid="2.25.9.1.1"),
        procedure_step=ProcedureStep("20260302", "1145", "RP1", "SPS1"), timezone_offset_from_utc="+0100",
    )  # fmt: skip
    world.services.vault.admit([a_vault_instance(study_key=StudyKey("n" * 24), header=header)])
    paths = {
        f"{STUDIES}?StudyInstanceUID=2.25.9": ["study"],
        "/dicom-web/series?StudyInstanceUID=2.25.9": ["study", "series"],
        "/dicom-web/instances?StudyInstanceUID=2.25.9": ["study", "series", "instance"],
        f"{STUDIES}/2.25.9/series": ["series"],
        f"{STUDIES}/2.25.9/instances": ["series", "instance"],
        f"{STUDIES}/2.25.9/series/2.25.9.1/instances": ["instance"],
    }
    for path, levels in paths.items():
        (row,) = reader.get(path).json()  # type: ignore[misc]
        wanted = {ATTRIBUTES[keyword].tag for level in levels for keyword in REQUIRED[level].split()}
        assert wanted <= row.keys(), path  # type: ignore[union-attr]
        if "series" in levels:
            (request,) = Dataset.from_json(row).RequestAttributesSequence
            assert (request.ScheduledProcedureStepID, request.RequestedProcedureID) == ("SPS1", "RP1")


def test_includefield_adds_what_the_index_holds(reader: Browser) -> None:
    path = f"{STUDIES}/2.25.1/instances"
    plain, more, whole = (
        reader.get(path + query).json()[0]
        for query in ("", "?includefield=00185101&includefield=Manufacturer,BitsStored", "?includefield=all")
    )  # type: ignore[index]
    assert {"00185101", "00080070", "00280101"} == more.keys() - plain.keys()
    assert more["00280101"] == {"vr": "US", "Value": [12]}
    assert len(whole) == len(plain) + 13
    assert "00080070" in reader.get("/dicom-web/series?includefield=Manufacturer").json()[0]  # type: ignore[index]


def test_series_and_instances_of_a_study(world: World, reader: Browser) -> None:
    add_second_film(world, 1)
    series = reader.get(f"{STUDIES}/2.25.1/series").json()
    assert [(each["0020000E"]["Value"][0], each["00080060"]["Value"][0]) for each in series] == [  # type: ignore[index]
        ("2.25.1.1", "DX"),
        ("2.25.1.2", "CR"),
    ]
    assert found(reader, f"{STUDIES}/2.25.1/series?Modality=CR", "SeriesInstanceUID") == ["2.25.1.2"]
    assert len(found(reader, f"{STUDIES}/2.25.1/instances")) == 2
    assert found(reader, f"{STUDIES}/2.25.1/instances?InstanceNumber=7", "SOPInstanceUID") == ["2.25.1.2.1"]
    assert found(reader, f"{STUDIES}/2.25.1/series/2.25.1.2/instances", "SOPInstanceUID") == ["2.25.1.2.1"]
    assert found(reader, f"{STUDIES}/2.25.1/series/2.25.9/instances") == []
    assert reader.get(f"{STUDIES}/2.25.77/series").status == 404
    assert reader.get(f"{STUDIES}/2.25.1/series?StudyInstanceUID=2.25.2").status == 400


def test_series_and_instances_of_everything(world: World, reader: Browser) -> None:
    add_second_film(world, 1)
    assert found(reader, "/dicom-web/series", "SeriesInstanceUID") == ["2.25.3.1", "2.25.2.1", "2.25.1.1", "2.25.1.2"]
    assert found(reader, "/dicom-web/series?Modality=CR&PatientName=doe*", "SeriesInstanceUID") == ["2.25.1.2"]
    assert found(reader, "/dicom-web/instances?SOPInstanceUID=2.25.2.1.1", "PatientID") == ["A2"]
    assert found(reader, "/dicom-web/instances?orderby=PatientID&limit=2", "SOPInstanceUID") == [
        "2.25.1.1.1",
        "2.25.1.2.1",
    ]
    assert found(reader, "/dicom-web/series?00400275.00400009=SPS9") == []
    assert found(reader, "/dicom-web/series?RequestAttributesSequence.RequestedProcedureID=RP9") == []


def test_a_key_of_another_level_is_ignored_and_said(reader: Browser) -> None:
    answer = reader.get(f"{STUDIES}?Modality=CR&PatientID=A1")
    assert (len(answer.json()), "does not index" in answer.headers["warning"]) == (1, True)


def test_every_query_is_audited_without_its_values(world: World, reader: Browser) -> None:
    for path, level, keys in (
        (f"{STUDIES}?PatientID=A1&limit=5", "studies", "PatientID"),
        ("/dicom-web/series?PatientID=A1", "series", "PatientID"),
    ):
        reader.get(path)
        event = [each.event for each in world.services.database.audit_records()][-1]
        facts = {"level": level, "keys": keys, "results": "1", "address": "127.0.0.1"}
        assert (event.action, dict(event.detail)) == ("dicomweb.query", facts)


def test_own_results_are_neither_told_nor_counted_where_they_are_withheld() -> None:
    world = second_reader_world(ReadingMode.AI_OFF)
    send_back(world, world.add_study(patient_id="P1", accession_number="A1"))
    world.add_study(patient_id="B", study_date="20260101")
    with open_door(world) as door:
        blind, seeing = door.as_("radiologist"), door.as_("quality")
        for path, hidden, told in (
            (f"{STUDIES}?limit=9", 2, 2), ("/dicom-web/series", 2, 3), ("/dicom-web/instances", 2, 3), (f"{STUDIES}?ModalitiesInStudy=OT", 0, 1),
            ("/dicom-web/series?Modality=OT", 0, 1), (f"{STUDIES}/2.25.1/series", 1, 2), ("/dicom-web/instances?SeriesInstanceUID=2.25.77", 0, 1),
        ):  # fmt: skip
            assert (len(found(blind, path)), len(found(seeing, path))) == (hidden, told), path
        for reader, modalities, count in ((blind, ["DX"], 1), (seeing, ["DX", "OT"], 2)):
            row = reader.get(f"{STUDIES}?StudyInstanceUID=2.25.1").json()[0]  # type: ignore[index]
            assert (row["00080061"]["Value"], row["00201208"]["Value"]) == (modalities, [count])


def test_a_page_that_loses_rows_to_the_veil_is_filled_up_and_none_is_lost() -> None:
    world = second_reader_world(ReadingMode.AI_OFF)
    send_back(world, world.add_study(patient_id="P1", accession_number="A1"))
    for number in range(5):
        world.add_study(patient_id=f"Q{number}", study_date=f"2025010{number + 1}")
    with open_door(world) as door:
        blind = door.as_("radiologist")
        pages = [
            found(blind, f"/dicom-web/series?limit=2&offset={offset}", "SeriesInstanceUID") for offset in range(0, 8, 2)
        ]
        assert [len(each) for each in pages] == [2, 2, 2, 1]
        assert {uid for page in pages for uid in page} == set(found(blind, "/dicom-web/series", "SeriesInstanceUID"))


def test_integer_strings_are_integers_or_absent() -> None:
    header = replace(a_header(), instance_number=" +12 ")
    assert instance_attributes(a_vault_instance(header=header))["00200013"] == {"vr": "IS", "Value": [12]}
    for bad in ("", "x", "1.5", "١٢"):
        assert instance_attributes(a_vault_instance(header=replace(header, instance_number=bad)))["00200013"] == {
            "vr": "IS"
        }


def test_empty_attributes_have_no_value() -> None:
    study = VaultStudy("k" * 24, "2.25.1", an_identity(accession_number="", patient_name=""), (), 0)  # type: ignore[arg-type]
    row = study_attributes(study)
    assert (row["00080050"], row["00100010"], row["00080061"]) == ({"vr": "SH"}, {"vr": "PN"}, {"vr": "CS"})
    series = series_attributes(VaultSeries(a_vault_instance(), 1))
    assert (series["00400275"], series["00400244"]) == ({"vr": "SQ"}, {"vr": "DA"})
    assert "00080201" not in series


def test_every_key_that_is_matched_has_its_tag() -> None:
    assert ATTRIBUTES.keys() >= STUDY_KEYS | SERIES_KEYS | INSTANCE_KEYS
    for keyword in STUDY_KEYS - {"StudyInstanceUID"}:
        assert read_query(((ATTRIBUTES[keyword].tag, "1"),), STUDY_KEYS).search.match == {keyword: "1"}
