"""Studies as the working database keeps them after a person signed: what models read, what was written. No film is needed for that."""

from dataclasses import replace
from datetime import datetime, timedelta

from wetread.domain.analysis import ModelIdentity
from wetread.domain.finding import FindingName
from wetread.domain.identifiers import InstanceKey, StudyKey
from wetread.domain.report import ReportContent, ReportFinding, ReportStatus, Section
from wetread.domain.rollout import ShadowRead
from wetread.domain.study import StudyTraits
from wetread.domain.study_state import StudyState
from wetread.ports.database import Database
from wetread.ports.vault import Vault
from wetread.testing.builders import (
    a_finding,
    a_header,
    a_report,
    a_signature,
    a_study,
    a_vault_instance,
    an_analysis,
    an_identity,
)

OLD = ModelIdentity("phantom-net", "1.0.0", "a" * 64)
NEW = ModelIdentity("phantom-net", "2.0.0", "c" * 64)
PNEUMOTHORAX = FindingName.PNEUMOTHORAX


def add_study(
    database: Database,
    vault: Vault,
    key: str,
    at: datetime,
    *,
    shadow: float | ShadowRead | None = None,
    main: float = 0.1,
    model: ModelIdentity = OLD,
    marked: bool | None = None,
    text: str = "No acute finding.",
    signed: timedelta | None = timedelta(hours=1),
    site: str = "north",
    patient: str = "",
) -> None:
    """A study that came at `at`. `shadow`, `main`: probability of a pneumothorax by the shadow NEW and by `model`; `marked`: the structured finding as signed, None for none."""
    traits = StudyTraits(56, a_study().traits.patient_sex, site)
    study = a_study(study_key=StudyKey(key), received_at=at, state=StudyState.SIGNED, traits=traits)
    findings = () if marked is None else (ReportFinding(PNEUMOTHORAX, marked),)
    content = ReportContent(((Section.FINDINGS, text), (Section.IMPRESSION, text)), findings)
    signature = a_signature(content, signed_at=at + signed) if signed else None
    status = ReportStatus.FINAL if signed else ReportStatus.PARTIAL
    report = a_report(study_key=study.study_key, content=content, signature=signature, status=status)
    analysis = an_analysis(model=model, findings=(a_finding(probability=main),), analysed_at=at + timedelta(minutes=1))
    if isinstance(shadow, float):
        shadow = ShadowRead(NEW, at + timedelta(minutes=2), (a_finding(probability=shadow),))
    header = a_header(
        identity=an_identity(patient_id=patient or key), study_instance_uid=f"2.25.{int.from_bytes(key.encode())}"
    )
    header = replace(header, sop_instance_uid=f"{header.study_instance_uid}.1")
    vault.admit([a_vault_instance(study_key=study.study_key, instance_key=InstanceKey(f"i-{key}"), header=header)])
    with database.begin() as unit:
        unit.save_study(study)
        unit.save_analysis(study.study_key, 1, analysis)
        unit.save_report(report, expected_etag=None)
        if shadow is not None:
            unit.save_shadow_read(study.study_key, 1, shadow)
        unit.commit()
