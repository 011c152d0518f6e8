"""Report packages for the tests of what leaves after signing: one right pleural effusion on a film of 200 x 160 pixels."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from wetread.domain.analysis import Analysis, Finding, HeatMaps, Region
from wetread.domain.finding import FindingName
from wetread.domain.identifiers import InstanceKey, SOPInstanceUID
from wetread.domain.report import Report, ReportContent, ReportFinding, ReportStatus, Section, Signature, content_hash
from wetread.domain.role import Actor, Role
from wetread.domain.study import PatientIdentity, Sex
from wetread.ports.sink import ReportPackage
from wetread.ports.vault import VaultStudy
from wetread.signoff.signing import appended
from wetread.testing import builders
from wetread.testing.builders import STUDY_KEY, a_header, an_identity, image_traits

NOW = datetime(2026, 11, 23, 12, 30, 15, 250000, tzinfo=UTC)
SIGNED_AT = datetime(2026, 11, 23, 12, 0, 0, 125000, tzinfo=UTC)
ROWS, COLUMNS = 200, 160
HEADER = a_header(traits=image_traits(rows=ROWS, columns=COLUMNS))
NO_IDENTITY = PatientIdentity("", "", "", "", Sex.UNKNOWN, "", "", "", "", "", "")
TEXT = (
    (Section.INDICATION, "Cough and fever."),
    (Section.TECHNIQUE, "Single PA film."),
    (Section.COMPARISON, "None."),
    (Section.FINDINGS, "There is a right pleural effusion.\nThe heart is not enlarged."),
    (Section.IMPRESSION, "Right pleural effusion."),
)
EFFUSION = ReportFinding(FindingName.EFFUSION, True, "right", 0.8)
NO_CARDIOMEGALY = ReportFinding(FindingName.CARDIOMEGALY, False, "", 0.12)
BOX = Region(100, 180, 10, 70)


def a_finding(name: FindingName, probability: float | None, **changes: Any) -> Finding:
    return builders.a_finding(name, **{"probability": probability, "laterality": "", "region": None} | changes)


def an_analysis(*findings: Finding, seed: int = 3) -> Analysis:
    """With a heat map of 8 x 8 random cells per finding that covers the film and 20 rows beyond each end."""
    values = np.random.default_rng(seed).normal(size=(len(findings), 8, 8)).astype("<f2").tobytes()
    heat = HeatMaps(8, 8, values, Region(-20, ROWS + 20, 0, COLUMNS))
    return builders.an_analysis(findings=findings, heat=heat)


def a_report(
    *findings: ReportFinding,
    status: ReportStatus = ReportStatus.FINAL,
    version: int = 1,
    sections: tuple[tuple[Section, str], ...] = TEXT,
    signer_name: str = "Ada Lovelace",
    amendment_reason: str = "",
) -> Report:
    """A signed report, unless it is PARTIAL."""
    content = ReportContent(sections, findings)
    signature = Signature("ada", signer_name, "radiologist", "final report", SIGNED_AT, content_hash(content))
    return Report(
        STUDY_KEY,
        version,
        status,
        content,
        "ada",
        1,
        None if status is ReportStatus.PARTIAL else signature,
        amendment_reason,
    )


def an_appended_report(*texts: str, of: Report | None = None) -> Report:
    """A version with an addendum for each text, all by Grace Hopper, an hour apart."""
    report = of or a_report(EFFUSION, NO_CARDIOMEGALY)
    for hours, text in enumerate(texts, 1):
        actor = Actor("grace", Role.RADIOLOGIST, "Grace Hopper")
        report = appended(report, actor, text, "addendum", SIGNED_AT + timedelta(hours=hours))
    return report


def a_package(
    report: Report | None = None,
    *,
    analysis: Analysis | None = None,
    read_by_ai: bool = True,
    identity: PatientIdentity | None = None,
    predecessor: Report | None = None,
    **traits: Any,
) -> ReportPackage:
    identity = identity or an_identity(patient_name="Müller^Änne")
    header = replace(HEADER, identity=identity, traits=replace(HEADER.traits, **traits))
    film = builders.a_vault_instance(header=header)
    lateral = builders.a_vault_instance(
        header=replace(header, sop_instance_uid=SOPInstanceUID("2.25.1.1.2")), instance_key=InstanceKey("j" * 24)
    )
    if analysis is None and read_by_ai:
        analysis = an_analysis(
            a_finding(FindingName.EFFUSION, 0.8, laterality="right", region=BOX),
            a_finding(FindingName.CARDIOMEGALY, 0.12),
        )
    return ReportPackage(
        study_key=STUDY_KEY,
        study=VaultStudy(STUDY_KEY, header.study_instance_uid, identity, ("DX",), 2),
        instances=(film, lateral),
        read_instance=film,
        report=report or a_report(EFFUSION, NO_CARDIOMEGALY),
        predecessor=predecessor,
        analysis=analysis,
        decision=None,
        film_path="",
        uid_seed=b"the site's secret",
    )
