"""A signed report as DICOM SR: valid, the same every time, honest about who said what."""

import re
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from builders_delivery import (
    BOX,
    EFFUSION,
    NO_CARDIOMEGALY,
    NO_IDENTITY,
    NOW,
    SIGNED_AT,
    a_finding,
    a_package,
    a_report,
    an_analysis,
    an_appended_report,
)
from highdicom.sr import MeasurementReport
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom import Dataset, dcmread

from wetread.dicom.derived_instance import clean_text
from wetread.dicom.structured_report import encode_sr, sr_sop_instance_uid
from wetread.domain.errors import PermanentError
from wetread.domain.finding import VOCABULARY, FindingName
from wetread.domain.report import ReportFinding, ReportStatus, Section
from wetread.ports.sink import ReportPackage
from wetread.testing.builders import an_identity

DCIODVFY = str(Path(sys.executable).with_name("dciodvfy"))
EVERYTHING = tuple(
    ReportFinding(name, index % 2 == 0, ("left", "right", "bilateral", "")[index % 4], round(index / 20, 2))
    for index, name in enumerate(VOCABULARY)
)
HOSTILE = "a\\b^c=d\x00\x1b[31m<script>alert(1)</script>\r\nOBX|1|\u202eevil\u200b {{7*7}} %s \ud800 end \n"
PACKAGES = {
    "usual": a_package(),
    "unsigned": a_package(a_report(EFFUSION, status=ReportStatus.PARTIAL)),
    "preliminary": a_package(a_report(EFFUSION, status=ReportStatus.PRELIMINARY)),
    "amended": a_package(
        a_report(EFFUSION, status=ReportStatus.AMENDED, version=2, amendment_reason="side corrected"),
        predecessor=a_report(NO_CARDIOMEGALY),
    ),
    "appended": a_package(
        an_appended_report("A rib is broken.", "The rib is the seventh."),
        predecessor=a_report(EFFUSION, NO_CARDIOMEGALY),
    ),
    "every finding": a_package(
        a_report(*EVERYTHING), analysis=an_analysis(*(a_finding(name, 0.5, region=BOX) for name in VOCABULARY))
    ),
    "no finding": a_package(a_report()),
    "no words": a_package(a_report(EFFUSION, sections=())),
    "no model": a_package(read_by_ai=False),
    "uncalibrated": a_package(
        a_report(replace(EFFUSION, probability=None)), analysis=an_analysis(a_finding(FindingName.EFFUSION, None))
    ),
    "long text": a_package(a_report(EFFUSION, sections=((Section.FINDINGS, "A clear sentence. " * 5000),))),
    "unicode": a_package(
        a_report(EFFUSION, sections=((Section.IMPRESSION, "右胸水 – плевральный выпот"),), signer_name="王小明"),
        identity=an_identity(patient_name="Wang^XiaoDong=王^小東", referring_physician_name="Ünal^Ørsted"),
    ),
    "no identity": a_package(identity=NO_IDENTITY),
    "AP": a_package(view_position="AP", modality="CR", sop_class_uid="1.2.840.10008.5.1.4.1.1.1"),
    "hostile words": a_package(a_report(EFFUSION, sections=((Section.FINDINGS, HOSTILE),), signer_name=HOSTILE)),
}


def decode(package: ReportPackage) -> Dataset:
    return dcmread(BytesIO(encode_sr(package, NOW)))


def sections_of(document: Dataset) -> list[tuple[str, str]]:
    """(heading code, text) of each narrative container, read with pydicom alone."""
    return [
        (item.ConceptNameCodeSequence[0].CodeValue, item.ContentSequence[-1].TextValue)
        for item in document.ContentSequence
        if item.ValueType == "CONTAINER" and item.ConceptNameCodeSequence[0].CodeValue != "126010"
    ]


def measurement_report(document: Dataset) -> MeasurementReport:
    return MeasurementReport.from_sequence([document])


@pytest.mark.parametrize("package", PACKAGES.values(), ids=PACKAGES.keys())
def test_dciodvfy_finds_no_error(package: ReportPackage, tmp_path: Path) -> None:
    path = tmp_path / "sr.dcm"
    path.write_bytes(encode_sr(package, NOW))
    said = subprocess.run([DCIODVFY, str(path)], capture_output=True, text=True, errors="replace", check=False)
    assert "ComprehensiveSR" in said.stderr
    assert [line for line in said.stderr.splitlines() if line.startswith("Error")] == []


def test_dciodvfy_would_find_an_error(tmp_path: Path) -> None:
    document = decode(a_package())
    del document.CompletionFlag
    document.save_as(tmp_path / "sr.dcm")
    said = subprocess.run([DCIODVFY, str(tmp_path / "sr.dcm")], capture_output=True, text=True, check=False)
    assert "Error" in said.stderr


@pytest.mark.parametrize("package", PACKAGES.values(), ids=PACKAGES.keys())
def test_an_independent_reader_reads_the_tree(package: ReportPackage, tmp_path: Path) -> None:
    path = tmp_path / "sr.dcm"
    path.write_bytes(encode_sr(package, NOW))
    said = subprocess.run(
        ["/usr/bin/dsrdump", str(path)], capture_output=True, text=True, errors="replace", check=False
    )
    assert said.returncode == 0, said.stderr
    assert "Imaging Measurement Report" in said.stdout


def test_only_a_signature_verifies() -> None:
    flags = {
        name: (document.CompletionFlag, document.VerificationFlag, "VerifyingObserverSequence" in document)
        for name, document in (
            (name, decode(PACKAGES[name])) for name in ("unsigned", "preliminary", "usual", "amended")
        )
    }
    assert flags["unsigned"] == flags["preliminary"] == ("PARTIAL", "UNVERIFIED", False)
    assert flags["usual"] == flags["amended"] == ("COMPLETE", "VERIFIED", True)


def test_the_verifier_is_the_signer() -> None:
    observer = decode(a_package()).VerifyingObserverSequence[0]
    assert observer.VerifyingObserverName == "Ada Lovelace^"
    assert observer.VerifyingOrganization == "Hospital"
    assert observer.VerificationDateTime == f"{SIGNED_AT:%Y%m%d%H%M%S.%f}+0000"


def test_a_site_names_its_own_organisation() -> None:
    document = dcmread(BytesIO(encode_sr(a_package(), NOW, organisation="North Clinic")))
    assert document.VerifyingObserverSequence[0].VerifyingOrganization == "North Clinic"


@pytest.mark.parametrize("status", [ReportStatus.FINAL, ReportStatus.AMENDED])
def test_a_final_report_without_a_signature_is_not_encoded(status: ReportStatus) -> None:
    unsigned = replace(a_report(EFFUSION, status=status), signature=None)
    with pytest.raises(PermanentError) as caught:
        encode_sr(a_package(unsigned), NOW)
    assert caught.value.code == "unsigned_final"


def test_words_changed_after_signing_are_not_encoded() -> None:
    signed = a_report(EFFUSION)
    changed = replace(signed, content=a_report(NO_CARDIOMEGALY).content)
    with pytest.raises(PermanentError) as caught:
        encode_sr(a_package(changed), NOW)
    assert caught.value.code == "signature_mismatch"


def test_a_version_is_the_same_file_whenever_it_is_encoded() -> None:
    assert encode_sr(a_package(), NOW) == encode_sr(a_package(), NOW + timedelta(days=3))


def test_another_content_or_version_is_another_object() -> None:
    reports = [
        a_report(EFFUSION),
        a_report(),
        a_report(EFFUSION, version=2),
        a_report(EFFUSION, status=ReportStatus.PARTIAL),
    ]
    assert len({decode(a_package(report)).SOPInstanceUID for report in reports}) == len(reports)


def test_an_amendment_names_the_document_it_replaces() -> None:
    first = a_report(NO_CARDIOMEGALY)
    before = decode(a_package(first))
    after = decode(PACKAGES["amended"])
    series = after.PredecessorDocumentsSequence[0].ReferencedSeriesSequence[0]
    assert series.SeriesInstanceUID == before.SeriesInstanceUID == after.SeriesInstanceUID
    assert series.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == before.SOPInstanceUID
    assert before.SOPInstanceUID == sr_sop_instance_uid(a_package(), first)
    assert sections_of(after)[-1] == ("55107-7", "side corrected")


def test_an_addendum_is_a_new_document_that_names_the_one_it_adds_to_and_who_added_it() -> None:
    before, after = decode(a_package()), decode(PACKAGES["appended"])
    (named,) = after.PredecessorDocumentsSequence[0].ReferencedSeriesSequence[0].ReferencedSOPSequence
    assert named.ReferencedSOPInstanceUID == before.SOPInstanceUID != after.SOPInstanceUID
    observers = [
        (str(each.VerifyingObserverName), each.VerificationDateTime[8:12]) for each in after.VerifyingObserverSequence
    ]
    assert observers == [("Ada Lovelace^", "1200"), ("Grace Hopper^", "1300"), ("Grace Hopper^", "1400")]
    assert (after.CompletionFlag, after.VerificationFlag) == ("COMPLETE", "VERIFIED")
    assert sections_of(after)[: len(sections_of(before))] == sections_of(before)
    added = after.ContentSequence[-1]
    assert added.ConceptNameCodeSequence[0].CodeValue == "55107-7"
    assert [each.PersonName for each in added.ContentSequence if each.ValueType == "PNAME"] == ["Grace Hopper^"]
    assert added.ContentSequence[-1].TextValue == "2026-11-23 14:00 UTC: The rib is the seventh."


def test_it_lands_in_the_patient_and_study_of_the_film() -> None:
    identity = an_identity(
        patient_name="  Odd^^Name^", patient_id="id with \\ and \tno rules", patient_birth_date="1970"
    )
    document = decode(a_package(identity=identity))
    kept = dcmread(BytesIO(encode_sr(a_package(identity=identity), NOW)))
    assert kept.get_item("PatientID").value.decode().rstrip() == "id with \\ and \tno rules"
    assert kept.get_item("PatientBirthDate").value == b"1970"
    assert document.StudyInstanceUID == "2.25.1"
    assert document.SpecificCharacterSet == "ISO_IR 192"
    referenced = document.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence[0].ReferencedSOPSequence
    assert [each.ReferencedSOPInstanceUID for each in referenced] == ["2.25.1.1.1", "2.25.1.1.2"]


def test_a_finding_carries_presence_side_certainty_and_place() -> None:
    report = measurement_report(decode(a_package()))
    (group,) = report.get_planar_roi_measurement_groups()
    assert group.finding_type.value == "60046008"
    assert group.finding_sites[0].laterality.meaning == "Right"
    assert group.roi.value.tolist() == [[10, 100], [70, 100], [70, 180], [10, 180], [10, 100]]
    certainty, operating_point = group.get_measurements()
    assert (certainty.name.value, certainty.value, certainty.unit.value) == ("111012", 80.0, "%")
    assert certainty.method.meaning == "Calibrated probability that the finding is on this film"
    assert (operating_point.name.value, operating_point.value) == ("operating_point", 50.0)
    (presence,) = group.get_qualitative_evaluations()
    assert presence.value.meaning == "Present"


def test_an_absent_finding_has_no_outline() -> None:
    package = a_package(a_report(replace(EFFUSION, present=False)))
    report = measurement_report(decode(package))
    (group,) = report.get_image_measurement_groups()
    assert report.get_planar_roi_measurement_groups() == []
    assert group.get_qualitative_evaluations()[0].value.meaning == "Absent"
    assert group.source_images[0].ReferencedSOPSequence[0].ReferencedSOPInstanceUID == "2.25.1.1.1"


def test_what_the_author_left_out_does_not_leave() -> None:
    assert b"Cardiomegaly" in encode_sr(a_package(), NOW)
    assert b"Cardiomegaly" not in encode_sr(a_package(a_report(EFFUSION)), NOW)


def test_a_raw_score_never_leaves_as_a_certainty() -> None:
    (group,) = measurement_report(decode(PACKAGES["uncalibrated"])).get_image_measurement_groups()
    assert group.get_measurements() == []


def test_the_words_come_back_as_they_were_signed() -> None:
    expected = [
        ("18785-6", "Cough and fever."),
        ("55111-9", "Single PA film."),
        ("55114-3", "None."),
        ("59776-5", "There is a right pleural effusion.\r\nThe heart is not enlarged."),
        ("19005-8", "Right pleural effusion."),
    ]
    assert sections_of(decode(a_package())) == expected


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(st.characters(codec=None, exclude_categories=()), max_size=200), st.text(max_size=80))
def test_no_text_can_change_the_tree(words: str, name: str) -> None:
    """Whatever somebody types stays one text: nothing is added, lost or moved, control characters aside."""
    package = a_package(
        a_report(EFFUSION, sections=((Section.FINDINGS, words), (Section.IMPRESSION, "end")), signer_name=name)
    )
    found = sections_of(decode(package))
    assert found[-1] == ("19005-8", "end")
    assert len(found) == (2 if clean_text(words) else 1)
    survivors = re.sub(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffd\s]", "", words)
    got = found[0][1] if len(found) == 2 else ""
    assert re.sub(r"[\ufffd\s]", "", got) == survivors


def test_hostile_words_stay_words() -> None:
    ((_, text),) = sections_of(decode(PACKAGES["hostile words"]))
    assert text == (
        "a\\b^c=d\ufffd\ufffd[31m<script>alert(1)</script>\r\nOBX|1|\u202eevil\u200b {{7*7}} %s \ufffd\ufffd\ufffd end"
    )
