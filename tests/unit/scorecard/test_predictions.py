"""A table enters as it is or is refused with the row that is wrong; nothing is counted silently."""

from contextlib import suppress
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.unit.scorecard.prediction_tables import COLUMNS, Row, rows, write

from wetread.domain.errors import PermanentError
from wetread.scorecard.measure import score_finding, time_split
from wetread.scorecard.predictions import open_predictions


def test_csv_and_parquet_are_the_same_table(tmp_path: Path) -> None:
    table = rows(60)
    text = write(tmp_path / "p.csv", table)
    pl.DataFrame(table).write_parquet(tmp_path / "p.parquet")
    first, second = (open_predictions(path).rows_of("effusion") for path in (text, tmp_path / "p.parquet"))
    assert first.studies.tolist() == second.studies.tolist()
    assert np.array_equal(first.truth, second.truth)
    assert np.array_equal(first.probability, second.probability)
    assert set(first.axes) == set(second.axes) == {"site", "sex", "age"}
    assert first.truth.sum() == 12


@pytest.mark.parametrize("policy", ["ignore", "positive", "negative"])
def test_uncertain_and_missing_labels_stay_apart(tmp_path: Path, policy: str) -> None:
    table = rows(10)
    for n, label in enumerate(("uncertain", "-1", "", "not_mentioned", "POSITIVE", "1")):
        table[n]["label"] = label
    found = open_predictions(write(tmp_path / "p.csv", table)).rows_of("effusion", uncertain_as=policy)
    assert (found.uncertain, found.unlabelled) == ((2, 2) if policy == "ignore" else (0, 2))
    assert len(found.truth) == (6 if policy == "ignore" else 8)
    assert found.truth.sum() == (4 if policy == "positive" else 2)


def test_what_a_report_does_not_mention_counts_only_when_asked_to(tmp_path: Path) -> None:
    table = rows(10)
    table[0]["label"], table[1]["label"] = "not_mentioned", ""
    file = open_predictions(write(tmp_path / "p.csv", table))
    assert [len(file.rows_of("effusion", unmentioned_as=each).truth) for each in ("ignore", "negative")] == [8, 9]


@pytest.mark.parametrize(
    ("change", "code", "says"),
    [
        ({"probability": 1.2}, "bad_predictions", "raw score"),
        ({"probability": -0.01}, "bad_predictions", "raw score"),
        ({"probability": "nan"}, "bad_predictions", "missing or outside"),
        ({"probability": ""}, "bad_predictions", "missing or outside"),
        ({"probability": "high"}, "bad_predictions", "missing or outside"),
        ({"label": "maybe"}, "bad_predictions", "a label is"),
        ({"study": "s4"}, "duplicate_studies", "more than once"),
        ({"study": "s4", "label": "positive"}, "duplicate_studies", "labels that conflict"),
    ],
)
def test_one_wrong_row_is_named(tmp_path: Path, change: Row, code: str, says: str) -> None:
    table = rows(20)
    table[3].update(change)
    with pytest.raises(PermanentError, match=says) as refused:
        open_predictions(write(tmp_path / "p.csv", table)).rows_of("effusion")
    assert refused.value.code == code
    assert ("s4" if "study" in change else "s3") in str(refused.value)


def test_a_table_that_is_none_is_refused(tmp_path: Path) -> None:
    for content, says in (
        ("", "cannot be read|has no rows|lacks"),
        ("study,finding\n", "lacks the columns probability, label"),
        (",".join(COLUMNS) + "\n", "no rows"),
    ):
        (tmp_path / "p.csv").write_text(content)
        with pytest.raises(PermanentError, match=says):
            open_predictions(tmp_path / "p.csv")
    (tmp_path / "p.parquet").write_bytes(b"PAR1 no parquet")
    with pytest.raises(PermanentError, match="cannot be read as a table"):
        open_predictions(tmp_path / "p.parquet")
    with pytest.raises(PermanentError, match="not there"):
        open_predictions(tmp_path / "nothing.csv")


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@example(b'"')  # nothing asks for the column study before the rows are read
@given(st.binary(max_size=300))
def test_any_bytes_are_a_table_or_a_refusal(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "p.csv").write_bytes(b"study,finding,probability,label\n" + content)
    with suppress(PermanentError):
        file = open_predictions(tmp_path / "p.csv")
        found = [file.rows_of(finding) for finding in file.findings]
        assert all(((each.probability >= 0) & (each.probability <= 1)).all() for each in found)


def test_a_patient_seen_before_the_date_does_not_count_after_it(tmp_path: Path) -> None:
    table = rows(40)
    for row in table[30:]:
        row["patient"] = "p0"
    found = open_predictions(write(tmp_path / "p.csv", table)).rows_of("effusion")
    before, after, left_out = time_split(found, "2026-07-01")
    assert left_out == 10
    assert not set(before.patients) & set(after.patients)
    table[5]["date"] = ""
    undated = open_predictions(write(tmp_path / "p.csv", table)).rows_of("effusion")
    with pytest.raises(PermanentError, match="no date"):
        time_split(undated, "2026-07-01")


@pytest.mark.parametrize("written", ["20260301", "01.03.2026", "2026-3-1", "2026-02-30", "March"])
def test_a_date_that_would_sort_wrongly_splits_nothing(tmp_path: Path, written: str) -> None:
    table = rows(40)
    table[7]["date"] = written
    found = open_predictions(write(tmp_path / "p.csv", table)).rows_of("effusion")
    with pytest.raises(PermanentError, match=f"{written} is no ISO date") as refused:
        time_split(found, "2026-07-01")
    assert refused.value.code == "bad_predictions"


def test_several_thresholds_or_missing_ones_are_told_where_no_rate_is(tmp_path: Path) -> None:
    table = rows(80)
    table[3]["threshold"] = 0.5
    found = score_finding(open_predictions(write(tmp_path / "p.csv", table)).rows_of("effusion"), slices=False)
    assert found.point is None
    assert "operating point: the file holds 2 thresholds; name one with --threshold" in found.refused
    table[3]["threshold"] = ""
    found = score_finding(open_predictions(write(tmp_path / "p.csv", table)).rows_of("effusion"), slices=False)
    assert "operating point: 1 of 80 studies have no threshold; name one with --threshold" in found.refused


def test_without_patients_every_study_is_one(tmp_path: Path) -> None:
    file = open_predictions(write(tmp_path / "p.csv", rows(20), ("study", "finding", "probability", "label")))
    assert not file.has_patients
    assert len(set(file.rows_of("effusion").patients)) == 20
