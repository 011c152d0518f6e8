"""A house with accounts and signed studies, for commands that look back at them."""

import io
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from migrated import data_folder

from wetread.bootstrap import Core, build_core
from wetread.cli import main
from wetread.domain.finding import FindingName
from wetread.domain.identifiers import InstanceKey, StudyKey
from wetread.domain.report import ReportContent, ReportFinding, ReportStatus, Section
from wetread.domain.role import Actor, Role
from wetread.ports.database import Account
from wetread.settings import load_settings
from wetread.testing.builders import NOON, a_finding, a_report, a_signature, a_study, an_analysis, an_instance
from wetread.web.accounts import hash_password
from wetread.web.argon2 import Argon2Cost

PASSWORD = "a long enough password"
ACCOUNTS = {"qa": Role.QUALITY, "ml": Role.ML_ENGINEER, "admin": Role.ADMIN} | {
    f"dr-{name}": Role.RADIOLOGIST for name in ("lee", "poe", "moe")
}
Run = Callable[..., int]


def open_house(folder: Path, studies: int, *, begin: datetime = NOON, every: timedelta = timedelta(hours=1)) -> Core:
    """Signed studies read for effusion and pneumothorax, every fifth called, every third signed as present."""
    core = build_core(load_settings(None, data_dir=data_folder(folder)))
    known = hash_password(PASSWORD, salt=b"s" * 16, cost=Argon2Cost(8, 1))
    with core.database.begin() as unit:
        for name, role in ACCOUNTS.items():
            unit.save_account(Account(Actor(name, role, name), known))
        for number in range(studies):
            at = begin + number * every
            key, instance = StudyKey(f"{number:024d}"), InstanceKey(f"i{number:023d}")
            unit.save_study(a_study(study_key=key, received_at=at))
            unit.admit_instance(an_instance(instance_key=instance, study_key=key))
            names = (FindingName.EFFUSION, FindingName.PNEUMOTHORAX)
            found = tuple(a_finding(each, probability=0.8 if number % 5 == 0 else 0.1) for each in names)
            unit.save_analysis(key, 1, an_analysis(instance_key=instance, findings=found, analysed_at=at))
            sections = ((Section.FINDINGS, "Seen."),)
            content = ReportContent(sections, tuple(ReportFinding(each, number % 3 == 0) for each in names))
            signature = a_signature(content, signed_at=at + timedelta(minutes=30))
            report = a_report(study_key=key, content=content, status=ReportStatus.FINAL, signature=signature)
            unit.save_report(report, expected_etag=None)
        unit.commit()
    return core


def runner(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command as a person would: the password comes by standard input."""

    def run(*words: str) -> int:
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n"))
        asks = ["--password-stdin"] if "--as" in words else []
        return main([*words, *asks, "--data-dir", str(folder)])

    return run
