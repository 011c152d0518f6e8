"""Every use of a model is one record with what a person made of it: through the straight line, on twins."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.films import film
from tests.journey.test_one_study import DOCTOR, START, House

from wetread.cli.audit_use import lines_of
from wetread.domain.audit import AuditEvent
from wetread.domain.errors import PermanentError
from wetread.domain.report import ReportFinding, Section
from wetread.labelling.aggregation import presences
from wetread.labelling.labeller import RuleLabeller
from wetread.monitoring.model_use import ModelUse, model_uses, override_of
from wetread.signoff.signing import RejectReason


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def uses(house: House, **asked: object) -> list[ModelUse]:
    labeller = RuleLabeller()
    return list(model_uses(house.database, lambda text: presences(labeller.statements(text)), **asked))  # type: ignore[arg-type]


def test_what_was_read_and_signed_as_the_model_said(house: House) -> None:
    key = house.receive(film())
    house.work()
    (waiting,) = uses(house)
    assert (waiting.review, waiting.reviewer) == ("awaited", "")
    opened = house.desk.open(DOCTOR, key).report
    assert opened is not None
    signed = house.desk.sign(DOCTOR, key, opened.etag, "authored")
    (use,) = uses(house, study_key=key)
    with house.database.begin(write=False) as unit:
        analysis = unit.analysis(key)
    assert analysis is not None
    assert (use.model_sha256, use.input_sha256) == (analysis.model.sha256, analysis.input_sha256)
    (finding,) = use.findings
    assert (finding.called, finding.signed, finding.override) == (True, "positive", "")
    assert (finding.probability, finding.threshold) == (
        analysis.findings[0].probability,
        analysis.findings[0].operating_point.threshold,
    )
    assert (use.review, use.reviewer, use.reviewer_role, use.reading_mode) == (
        "signed",
        "dr-a",
        "radiologist",
        "concurrent",
    )
    assert signed.signature is not None
    assert use.content_sha256 == signed.signature.content_sha256


def test_what_the_reader_said_against_it_and_why(house: House) -> None:
    key = house.receive(film())
    house.work()
    opened = house.desk.open(DOCTOR, key).report
    assert opened is not None
    blank = house.desk.reject(DOCTOR, key, RejectReason.WRONG_FINDING, opened.etag)
    name = opened.content.findings[0].name
    content = replace(
        blank.content, sections=((Section.FINDINGS, "The lungs are clear."),), findings=(ReportFinding(name, False),)
    )
    saved = house.desk.save(DOCTOR, key, content, blank.etag)
    house.desk.sign(DOCTOR, key, saved.etag, "authored")
    (use,) = uses(house)
    assert [(each.signed, each.override) for each in use.findings] == [("negative", "denied")]
    assert use.reason == "wrong_finding"


def test_a_film_that_no_model_could_read_is_a_use_that_failed(house: House) -> None:
    house.predictor.failure = PermanentError("no", code="broken")
    house.receive(film())
    house.work()
    (use,) = uses(house)
    assert (use.review, use.outcome, use.findings) == ("failed", "ai_unavailable", ())


def test_of_an_erased_study_the_log_is_left(house: House) -> None:
    facts = (("model", "m@1"), ("model_sha256", "a" * 64), ("input_sha256", "b" * 64), ("called", "effusion=0.9000"))
    with house.database.begin() as unit:
        unit.audit(AuditEvent("study.analyse", "wetread", study_key="gone" * 6, detail=facts), START)  # type: ignore[arg-type]
        unit.commit()
    (use,) = uses(house)
    assert (use.review, use.model_sha256, use.called, use.findings) == ("erased", "a" * 64, "effusion=0.9000", ())


def test_the_forms_agree_and_no_cell_is_a_formula(house: House) -> None:
    house.signed()
    (use,) = uses(house)
    hostile = replace(use, reviewer="=HYPERLINK()", model="+cmd")
    (row,) = lines_of("csv", hostile)
    assert "'=HYPERLINK()" in row
    assert "'+cmd" in row
    (document,) = lines_of("jsonl", hostile)
    assert f'"input_sha256": "{use.input_sha256}"' in document
    assert use.input_sha256 in "".join(lines_of("text", use))


@pytest.mark.parametrize(
    ("called", "signed", "override"),
    [
        (True, "positive", ""),
        (True, "negative", "denied"),
        (True, "not_mentioned", "left_out"),
        (True, "uncertain", "uncertain"),
        (True, "", ""),
        (False, "positive", "added"),
        (False, "negative", ""),
        (False, "not_mentioned", ""),
        (False, "", ""),
    ],
)
def test_what_counts_as_saying_otherwise(called: bool, signed: str, override: str) -> None:
    assert override_of(called, signed) == override
