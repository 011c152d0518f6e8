"""Report packages for the tests of what leaves after signing."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from wetread.domain.analysis import Analysis, Finding, HeatMaps, ModelIdentity, OperatingPoint, Region
from wetread.domain.finding import FindingName
from wetread.domain.identifiers import (
    InstanceKey,
    SeriesInstanceUID,
    SOPInstanceUID,
    StudyInstanceUID,
    StudyKey,
)
from wetread.domain.report import Report, ReportContent, ReportFinding, ReportStatus, Section, Signature, content_hash
from wetread.domain.study import ImageTraits, InstanceHeader, PatientIdentity, Sex
from wetread.ports.sink import ReportPackage
from wetread.ports.vault import VaultInstance, VaultStudy

NOW = datetime(2026, 11, 23, 12, 30, 15, 250000, tzinfo=UTC)
SIGNED_AT = datetime(2026, 11, 23, 12, 0, 0, 125000, tzinfo=UTC)
STUDY_KEY = StudyKey("abcdefghijklmnopqrstuvwx")
DX_FOR_PRESENTATION = "1.2.840.10008.5.1.4.1.1.1.1"

IDENTITY = PatientIdentity(
    patient_id="PAT-0001",
    issuer_of_patient_id="HOSPITAL",
    patient_name="Müller^Änne",
    patient_birth_date="19501224",
    patient_sex=Sex.FEMALE,
    accession_number="ACC-77",
    study_id="S1",
    study_date="20261122",
    study_time="081500",
    study_description="Thorax p.a.",
    referring_physician_name="House^Gregory",
)
NO_IDENTITY = PatientIdentity("", "", "", "", Sex.UNKNOWN, "", "", "", "", "", "")

TEXT = (
    (Section.INDICATION, "Cough and fever."),
    (Section.TECHNIQUE, "Single PA film."),
    (Section.COMPARISON, "None."),
    (Section.FINDINGS, "There is a right pleural effusion.\nThe heart is not enlarged."),
    (Section.IMPRESSION, "Right pleural effusion."),
)
MODEL = ModelIdentity("wetread-phantom", "1.2.3", "ab" * 32)


def a_header(**changes: object) -> InstanceHeader:
    traits = ImageTraits(
        sop_class_uid=DX_FOR_PRESENTATION,
        transfer_syntax_uid="1.2.840.10008.1.2.1",
        modality="DX",
        body_part_examined="CHEST",
        view_position="PA",
        patient_orientation=("L", "F"),
        photometric_interpretation="MONOCHROME2",
        rows=200,
        columns=160,
        samples_per_pixel=1,
        bits_allocated=16,
        bits_stored=12,
        number_of_frames=1,
        manufacturer="Acme",
        manufacturer_model_name="Ray",
        series_description="PA",
        image_type=("ORIGINAL", "PRIMARY"),
        burned_in_annotation="NO",
        pixel_spacing_mm=(0.2, 0.2),
        has_pixel_data=True,
    )
    trait_names = {key for key in changes if hasattr(traits, key)}
    header = InstanceHeader(
        study_instance_uid=StudyInstanceUID("2.25.101"),
        series_instance_uid=SeriesInstanceUID("2.25.102"),
        sop_instance_uid=SOPInstanceUID("2.25.103"),
        identity=IDENTITY,
        traits=replace(traits, **{key: changes[key] for key in trait_names}),
        institution_name="General Hospital",
        station_name="ROOM1",
        series_number="1",
        instance_number="1",
        patient_age_years=75,
    )
    return replace(header, **{key: value for key, value in changes.items() if key not in trait_names})


def a_finding(
    name: FindingName, probability: float | None = 0.8, *, laterality: str = "", region: Region | None = None
) -> Finding:
    return Finding(
        name, 1.4, probability, OperatingPoint(0.5, "sensitivity >= 0.9 on tune", None, None), laterality, region
    )


def an_analysis(*findings: Finding, heat: bool = True) -> Analysis:
    rng = np.random.default_rng(3)
    values = rng.normal(size=(len(findings), 8, 8)).astype("<f2").tobytes()
    maps = HeatMaps(8, 8, values, Region(-20, 220, 0, 160)) if heat and findings else None
    return Analysis(InstanceKey("i" * 24), MODEL, findings, (), 0.3, 1.0, "cd" * 32, SIGNED_AT, maps)


def a_report(
    *findings: ReportFinding,
    status: ReportStatus = ReportStatus.FINAL,
    version: int = 1,
    sections: tuple[tuple[Section, str], ...] = TEXT,
    signer_name: str = "Ada Lovelace",
) -> Report:
    content = ReportContent(sections, findings)
    signature = None
    if status is not ReportStatus.PARTIAL:
        signature = Signature("ada", signer_name, "radiologist", "final report", SIGNED_AT, content_hash(content))
    return Report(STUDY_KEY, version, status, content, "ada", 1, signature)


EFFUSION = ReportFinding(FindingName.EFFUSION, True, "right", 0.8)
NO_CARDIOMEGALY = ReportFinding(FindingName.CARDIOMEGALY, False, "", 0.12)


def a_package(
    report: Report | None = None,
    *,
    analysis: Analysis | None = None,
    identity: PatientIdentity = IDENTITY,
    header: InstanceHeader | None = None,
    predecessor: Report | None = None,
    read_by_ai: bool = True,
    seed: bytes = b"site secret",
) -> ReportPackage:
    header = replace(header or a_header(), identity=identity)
    instance = VaultInstance(InstanceKey("i" * 24), STUDY_KEY, "ef" * 32, header)
    lateral = replace(header, sop_instance_uid=SOPInstanceUID("2.25.104"))
    other = VaultInstance(InstanceKey("j" * 24), STUDY_KEY, "ee" * 32, lateral)
    if analysis is None and read_by_ai:
        analysis = an_analysis(
            a_finding(FindingName.EFFUSION, 0.8, laterality="right", region=Region(100, 180, 10, 70)),
            a_finding(FindingName.CARDIOMEGALY, 0.12),
        )
    return ReportPackage(
        study_key=STUDY_KEY,
        study=VaultStudy(STUDY_KEY, header.study_instance_uid, identity, ("DX",), 2),
        instances=(instance, other),
        read_instance=instance,
        report=report or a_report(EFFUSION, NO_CARDIOMEGALY),
        predecessor=predecessor,
        analysis=analysis,
        decision=None,
        film_path="",
        uid_seed=seed,
    )
