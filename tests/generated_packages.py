"""Report packages of every kind, from a seed: all findings or none, every side, long and hostile words, names in every script, films with and without what a header may lack."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
from builders_delivery import a_finding, a_package, a_report

from wetread.domain.analysis import Analysis, HeatMaps, Region
from wetread.domain.finding import LATERALITIES, FindingName, concept
from wetread.domain.report import ReportFinding, ReportStatus, Section
from wetread.domain.study import PatientIdentity, Sex
from wetread.inference.localise import hot_region
from wetread.ports.sink import ReportPackage
from wetread.testing import builders

NAMES = (
    "Müller^Änne", "Łuczak^Żaneta", "Παπαδοπούλου^Ελένη", "Иванова^Ольга", "Yamada^Tarou=山田^太郎=やまだ^たろう",
    "Hong^Gildong=洪^吉洞=홍^길동", "Wang^XiaoDong=王^小东", "قباني^لنزار", "שרון^דבורה", "นามสกุล^ชื่อ", "O'Neil^Zoë^^Dr.^Jr.", "", "^",
)  # fmt: skip
_WORDS = (
    "Right",
    "pleural",
    "effusion.",
    "≥ 2 cm",
    "Größe",
    "no\\change",
    "a^b=c",
    "(see prior)",
    "“quoted”",
    "線",
    "5 × 3 mm",
    "<b>",
    "\n",
    "%",
)


def a_generated_package(seed: int) -> ReportPackage:
    """Another one for each seed, the same one whenever it is asked for."""
    dice = random.Random(seed)
    rows, columns = dice.randint(180, 420), dice.randint(150, 400)
    analysis = _analysis(dice, rows, columns) if dice.random() < 0.9 else None
    version = dice.choice((1, 1, 2, 3))
    report = a_report(
        *_said(dice, analysis),
        status=ReportStatus.AMENDED if version > 1 else ReportStatus.FINAL,
        version=version,
        sections=tuple((section, _text(dice)) for section in Section),
        signer_name=dice.choice(NAMES) or "Ada Lovelace",
        amendment_reason=_text(dice) or "A word was wrong." if version > 1 else "",
    )
    return replace(
        a_package(
            report,
            analysis=analysis,
            read_by_ai=analysis is not None,
            identity=_identity(dice),
            predecessor=a_report(version=version - 1) if version > 1 else None,
            rows=rows,
            columns=columns,
            patient_orientation=dice.choice(((), ("L", "F"), ("R", "F"))),
            pixel_spacing_mm=dice.choice((None, (0.143, 0.143), (0.2, 0.18))),
            photometric_interpretation=dice.choice(("MONOCHROME1", "MONOCHROME2")),
        ),
        uid_seed=f"seed {seed}".encode(),
    )


def _analysis(dice: random.Random, rows: int, columns: int) -> Analysis:
    names = dice.sample(list(FindingName), dice.randint(0, len(FindingName)))
    heat = np.random.default_rng(dice.randrange(2**32)).normal(size=(len(names), 7, 7)).astype("<f2")
    extent = Region(-dice.randint(0, 30), rows + dice.randint(0, 30), 0, columns)
    findings = tuple(
        a_finding(
            name,
            dice.choice((None, 0.0, 1.0, dice.random())),
            laterality=dice.choice(LATERALITIES) if concept(name).lateralised else "",
            region=hot_region(cam.astype(np.float32), extent, rows, columns) if dice.random() < 0.8 else None,
        )
        for name, cam in zip(names, heat, strict=True)
    )
    return builders.an_analysis(findings=findings, heat=HeatMaps(7, 7, heat.tobytes(), extent))


def _said(dice: random.Random, analysis: Analysis | None) -> list[ReportFinding]:
    """Some of what the model saw, some that it did not; now and then everything, now and then nothing."""
    seen = {each.name: each for each in analysis.findings} if analysis else {}
    names = dice.sample(list(FindingName), dice.choice((0, 1, 2, 5, len(FindingName))))
    return [
        ReportFinding(
            name,
            present := dice.random() < 0.6,
            dice.choice(LATERALITIES) if present and concept(name).lateralised else "",
            seen[name].probability if name in seen else None,
        )
        for name in names
    ]


def _text(dice: random.Random) -> str:
    return " ".join(dice.choices(_WORDS, k=dice.choice((0, 3, 12, 60, 2000))))


def _identity(dice: random.Random) -> PatientIdentity:
    born = datetime(1930, 1, 1, tzinfo=UTC) + timedelta(days=dice.randint(0, 33000))
    return PatientIdentity(
        patient_id=dice.choice(("", "0", f"P{dice.randrange(10**9)}")),
        issuer_of_patient_id=dice.choice(("", "HOSPITAL")),
        patient_name=dice.choice(NAMES),
        patient_birth_date=dice.choice(("", f"{born:%Y%m%d}")),
        patient_sex=dice.choice(list(Sex)),
        accession_number=dice.choice(("", f"A{dice.randrange(10**9)}")),
        study_id=dice.choice(("", "1")),
        study_date=dice.choice(("", "20261101")),
        study_time=dice.choice(("", "101500")),
        study_description=dice.choice(("", "Chest PA", "Thorax, Größe")),
        referring_physician_name=dice.choice(NAMES),
    )
