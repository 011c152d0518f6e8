"""Drafts beside signed reports: findings and words counted as written out by hand, refusals that quote nothing, and RadEval where it is there and where it is not."""

import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

from wetread.cli import main
from wetread.domain.errors import PermanentError
from wetread.evaluation.proportions import wilson
from wetread.scorecard.model_based import Unavailable, model_based
from wetread.scorecard.report_file import ReportPairs, finding_f1, read_report_pairs, text_scores

SICK, WELL, UNSURE = "Right pleural effusion.", "No pleural effusion.", "Possible pleural effusion."
LABELS = {SICK: {"effusion": "positive"}, WELL: {"effusion": "negative"}, UNSURE: {"effusion": "uncertain"}, "": {}}


def pairs(*said: tuple[str, str], each: int = 1) -> ReportPairs:
    repeated = [pair for pair in said for _ in range(each)]
    return ReportPairs(tuple(a for a, _ in repeated), tuple(b for _, b in repeated), None)


def test_findings_are_counted_as_said() -> None:
    said = pairs((SICK, SICK), (SICK, WELL), (WELL, SICK), (UNSURE, SICK), (WELL, WELL), each=10)
    pooled, effusion = finding_f1(said, LABELS.__getitem__, uncertain_is_positive=False)
    assert (effusion.counts.true, effusion.counts.false, effusion.counts.missed) == (10, 10, 20)
    assert effusion.counts.f1 == pytest.approx(2 * 10 / (2 * 10 + 10 + 20))
    assert pooled.counts == effusion.counts
    assert effusion.low is not None
    assert effusion.high is not None
    assert 0.2 < effusion.low < 0.4 < effusion.high < 0.6
    surer = finding_f1(said, LABELS.__getitem__, uncertain_is_positive=True)[1]
    assert (surer.counts.true, surer.counts.missed) == (20, 10)


def test_drafts_without_an_error_are_not_certain_to_have_none() -> None:
    """F1 = 2 share / (1 + share) of the share found by both among those found by either: of 30 reports with two findings each, as of one, since a report counts once."""
    two = {**LABELS, SICK: {"effusion": "positive", "edema": "positive"}}
    pooled, *each = finding_f1(pairs((SICK, SICK), (WELL, WELL), each=30), two.__getitem__, uncertain_is_positive=False)
    least = wilson(30, 30)[0]
    assert [found.counts.f1 for found in (pooled, *each)] == [1.0] * 3
    for found in (pooled, *each):
        assert (found.low, found.high) == (pytest.approx(2 * least / (1 + least)), 1.0)


def test_reports_without_a_finding_have_no_f1_and_no_interval() -> None:
    (pooled,) = finding_f1(pairs(("", ""), each=30), LABELS.__getitem__, uncertain_is_positive=False)
    assert (pooled.counts.f1, pooled.low, pooled.high) == (None, None, None)


def test_one_patient_with_many_reports_gives_no_interval() -> None:
    said = ReportPairs((SICK,) * 40, (SICK,) * 40, ("p",) * 40)
    assert finding_f1(said, LABELS.__getitem__, uncertain_is_positive=False)[0].low is None
    assert all(each.low is None for each in text_scores(said))


def test_the_same_words_are_alike_and_others_are_not() -> None:
    same = {
        each.name: each.value for each in text_scores(pairs(("No Pleural effusion", "no pleural effusion"), each=30))
    }
    assert same["ROUGE-L"] == same["ROUGE-2"] == pytest.approx(1)
    other = {each.name: each.value for each in text_scores(pairs(("alpha beta", "gamma delta"), each=30))}
    assert other["ROUGE-1"] == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("study,draft\n1,SECRET", "lacks signed"),
        ("study,draft,signed\n", "no rows"),
        ("study,draft,signed\n1,SECRET,a\n1,SECRET,b", "row 3: the study is empty or was there"),
        ("study,draft,signed\n1,SECRET,", "row 2: a draft or a signed text is empty"),
        ("study,draft,signed,patient\n1,SECRET,a,", "row 2: the patient is empty"),
        ("study,draft,signed\n1,SECRET,\xff", "UnicodeDecodeError"),
    ],
)
def test_a_table_that_cannot_be_compared_is_refused_without_quoting_it(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "r.csv").write_bytes(text.encode("latin-1"))
    with pytest.raises(PermanentError, match=said) as refused:
        read_report_pairs(tmp_path / "r.csv")
    assert "SECRET" not in str(refused.value)


def radeval(result: object) -> ModuleType:
    class RadEval:
        def __init__(self, metrics: list[str], *, per_sample: bool, show_progress: bool) -> None:
            assert (len(metrics), per_sample, show_progress) == (1, True, False)

        def __call__(self, refs: list[str], hyps: list[str]) -> object:
            if isinstance(result, Exception):
                raise result
            return result

    module = ModuleType("radeval")
    module.RadEval = RadEval  # type: ignore[attr-defined]
    return module


def test_radeval_gives_its_values_per_report(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(
        sys.modules, "radeval", radeval({"radgraph_simple": [0.5, 1], "labels": {"x": 1}, "one": [1.0]})
    )
    assert model_based("radgraph", ["a", "b"], ["c", "d"]) == {"radgraph_simple": (0.5, 1.0)}


def test_what_radeval_cannot_give_is_said_without_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "radeval", radeval(OSError("no file for SECRET")))
    found = model_based("green", ["a"], ["b"])
    assert isinstance(found, Unavailable)
    assert "OSError" in found.reason
    assert "SECRET" not in found.reason
    monkeypatch.setitem(sys.modules, "radeval", None)
    absent = model_based("green", ["a"], ["b"])
    assert isinstance(absent, Unavailable)
    assert "wetread[report-metrics]" in absent.reason


def test_the_command_reads_the_texts_and_says_what_it_has_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "radeval", None)
    texts = [f"{n},{SICK if n % 4 else WELL},{SICK if n % 2 else WELL}" for n in range(40)]
    (tmp_path / "r.csv").write_text("\n".join(["study,draft,signed", *texts]))
    assert (
        main(
            [
                "evaluate",
                "--reports",
                str(tmp_path / "r.csv"),
                "--radeval",
                "radgraph",
                "--json",
                str(tmp_path / "r.json"),
            ]
        )
        == 0
    )
    shown = capsys.readouterr().out
    assert "RadGraph F1" in shown
    assert "not available" in shown
    (found,) = [
        each
        for each in json.loads((tmp_path / "r.json").read_text())["findings"]
        if "effusion" in each["finding"].lower()
    ]
    assert (found["counts"]["true"], found["counts"]["false"], found["counts"]["missed"]) == (20, 10, 0)
    assert found["f1"] == pytest.approx(0.8)
