"""Every command in docs/evaluate-predictions.md does what it is shown for; the numbers are those of the statistics; the page asks nothing of any network."""

import csv
import json
import re
import shlex
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from tests.unit.scorecard.prediction_tables import rows, write

from wetread.cli import main


class Tags(HTMLParser):
    """Every tag and attribute of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)


DOC = Path(__file__).parents[3] / "docs" / "evaluate-predictions.md"
COMMANDS = re.findall(r"^\$ wetread (evaluate .+)$", DOC.read_text(), re.MULTILINE)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the commands name: two models' predictions, a reader study, LUNA16's three files."""
    two = ("effusion", "pneumothorax")
    write(tmp_path / "predictions.csv", rows(400, findings=two))
    write(tmp_path / "other.csv", rows(400, seed=2, sharpness=0.8, findings=two))
    random = np.random.default_rng(1)
    reads = ["modality,reader,case,truth,rating"]
    for case in range(60):
        for reader in "abc":
            for modality in ("alone", "with AI"):
                rating = random.normal() + (case % 2) * (1.5 if modality == "with AI" else 0.9)
                reads.append(f"{modality},{reader},c{case},{case % 2},{rating:.3f}")
    (tmp_path / "reads.csv").write_text("\n".join(reads))
    texts = [
        f"s{n},p{n // 2},{'Right pleural effusion.' if n % 3 else 'No pleural effusion.'},{'Right pleural effusion.' if n % 2 else 'No pleural effusion.'}"
        for n in range(40)
    ]
    (tmp_path / "reports.csv").write_text("\n".join(["study,patient,draft,signed", *texts]))
    (tmp_path / "seriesuids.csv").write_text("1.1\n1.2\n1.3\n1.4\n")
    nodules = ["seriesuid,coordX,coordY,coordZ,diameter_mm", "1.1,0,0,0,10", "1.2,50,0,0,8", "1.3,5,5,5,6"]
    (tmp_path / "annotations.csv").write_text("\n".join(nodules))
    marks = [
        "seriesuid,coordX,coordY,coordZ,probability",
        "1.1,1,1,1,0.9",
        "1.2,50,2,0,0.7",
        "1.4,0,0,0,0.6",
        "1.3,90,5,5,0.5",
    ]
    (tmp_path / "candidates.csv").write_text("\n".join(marks))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("command", COMMANDS)
def test_command_runs_as_shown(place: Path, command: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = shlex.split(command)
    assert main(words) == 0
    for option in ("--json", "--html"):
        if option in words:
            assert (place / words[words.index(option) + 1]).stat().st_size > 500
    assert capsys.readouterr().out


def test_the_json_holds_the_numbers_with_their_n_and_definitions(place: Path) -> None:
    assert main(["evaluate", "predictions.csv", "--against", "other.csv", "--json", "r.json"]) == 0
    report = json.loads((place / "r.json").read_text())
    table = rows(400, findings=("effusion", "pneumothorax"))
    mine = [each for each in table if each["finding"] == "effusion"]
    truth = [each["label"] == "positive" for each in mine]
    scores = [float(str(each["probability"])) for each in mine]
    score = report["findings"][0]
    assert (score["finding"], score["n"], score["positives"], score["patients"]) == ("effusion", 400, 80, 200)
    assert score["auroc"]["value"] == pytest.approx(roc_auc_score(truth, scores))
    called = np.array(scores) >= 0.4
    assert score["point"]["sensitivity"]["value"] == pytest.approx(called[truth].mean())
    alarms = 100 * (called & ~np.array(truth)).mean()
    assert score["point"]["false_positives_per_100_studies"]["per_100"] == pytest.approx(alarms)
    assert report["differences"][0]["auroc"]["low"] > 0
    assert report["data"]["sha256"] != report["against"]["sha256"]
    assert {"auroc", "ece", "fp_per_100_studies"} <= set(report["definitions"])


def test_the_distances_from_calibration_and_the_bands_are_in_both_reports(place: Path) -> None:
    assert main(["evaluate", "predictions.csv", "--finding", "effusion", "--json", "r.json", "--html", "r.html"]) == 0
    report, page = json.loads((place / "r.json").read_text()), (place / "r.html").read_text()
    found = report["findings"][0]["calibration"]
    largest, mean = found["distances"]["largest"], found["distances"]["mean"]
    assert (largest["low"], largest["high"]) == (None, None)
    assert 0 <= mean["low"] <= mean["value"] <= mean["high"]
    assert largest["value"] >= found["distances"]["ninetieth"]["value"] >= found["distances"]["median"]["value"]
    assert f"{largest['value']:.3f} (no interval: {largest['reason'].removeprefix('no interval: ')}); by chance" in page
    assert f"{mean['value']:.3f} ({mean['low']:.3f}-{mean['high']:.3f}); by chance" in page
    assert found["corp_null"]["observed"] == pytest.approx(found["corp"]["miscalibration"])
    assert {"distances", "reliability"} <= set(report["definitions"])
    assert page.count("<polygon") == 1
    assert page.count('height="') > page.count('class="band"/>') > 5
    write(place / "few.csv", rows(80))
    assert main(["evaluate", "few.csv", "--json", "few.json"]) == 0
    (score,) = json.loads((place / "few.json").read_text())["findings"]
    assert score["calibration"]["distances"] is None
    assert any(each.startswith("largest calibration error: 16 positives of 80") for each in score["refused"])


def test_what_cannot_be_said_is_said_to_be_so(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    few = rows(30)
    write(place / "few.csv", few)
    assert main(["evaluate", "few.csv", "--json", "r.json"]) == 0
    out = capsys.readouterr().out
    assert "not said" in out
    (score,) = json.loads((place / "r.json").read_text())["findings"]
    assert score["auroc"] is None
    assert any(each.startswith("ECE") for each in score["refused"])
    for row in few:
        row["label"] = "negative"
    write(place / "few.csv", few)
    assert main(["evaluate", "few.csv", "--html", "one_class.html"]) == 0
    assert "one class" in capsys.readouterr().out


def test_hostile_names_stay_text_and_the_page_asks_for_nothing(place: Path) -> None:
    table = rows(60, findings=('<script>alert(1)</script>"',))
    for row in table[::2]:
        row["site"] = "<img src=x onerror=alert(2)>"
    write(place / "p.csv", table)
    assert main(["evaluate", "p.csv", "--html", "p.html"]) == 0
    page = (place / "p.html").read_text()
    seen = Tags()
    seen.feed(page)
    assert not {"script", "img", "link", "iframe"} & seen.tags
    assert not [each for each in seen.attributes if each in ("src", "href") or each.startswith("on")]
    assert not re.search(r"url\(|@import", page)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["other.csv", "--finding", "mass"], "holds no finding mass"),
        (["predictions.csv", "--model", "m9"], "holds no model m9"),
        (["predictions.csv", "--external", "west"], "no study of site west"),
        ([], "name a file"),
    ],
)
def test_what_is_not_there_is_named(
    place: Path, capsys: pytest.CaptureFixture[str], words: list[str], says: str
) -> None:
    assert main(["evaluate", *words]) == 1
    assert says in capsys.readouterr().err


def test_two_models_are_compared_at_their_thresholds(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The difference is that of the two rates, counted here from the files."""
    ask = [
        "evaluate",
        "predictions.csv",
        "--against",
        "other.csv",
        "--finding",
        "effusion",
        "--no-slices",
        "--json",
        "d.json",
    ]
    assert main([*ask, "--threshold", "effusion=0.4"]) == 0
    (found,) = json.loads((place / "d.json").read_text())["differences"]
    rates = []
    for name in ("predictions.csv", "other.csv"):
        table = [row for row in csv.DictReader((place / name).read_text().splitlines()) if row["finding"] == "effusion"]
        sick = [float(row["probability"]) >= 0.4 for row in table if row["label"] in ("positive", "1")]
        rates.append(sum(sick) / len(sick))
    assert found["sensitivity"]["difference"] == pytest.approx(rates[0] - rates[1])
    assert found["sensitivity"]["n"] == len(sick)
    assert found["sensitivity"]["low"] <= found["sensitivity"]["difference"] <= found["sensitivity"]["high"]
    assert "sensitivity" in capsys.readouterr().out.split("first minus second, paired")[1]


def test_two_models_that_disagree_on_the_truth_are_not_compared(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = rows(60)
    write(place / "a.csv", table)
    table[0]["label"] = "negative"
    write(place / "b.csv", table)
    assert main(["evaluate", "a.csv", "--against", "b.csv"]) == 1
    assert "one label in the first file and another" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("alone,a,c0,1,0.5", "another truth"),
        ("alone,a,c0,0,0.5", "read this case"),
        ("alone,a,c0,0,x", "number is missing"),
        ("new,a,c1,1,0.5", "fully crossed"),
    ],
)
def test_a_reader_study_at_odds_with_itself_is_refused(
    place: Path, capsys: pytest.CaptureFixture[str], row: str, says: str
) -> None:
    reads = place / "reads.csv"
    lines = reads.read_text().splitlines()
    if says in ("another truth", "number is missing"):
        lines = [each for each in lines if not each.startswith("alone,a,c0,")]
    reads.write_text("\n".join([*lines, row]))
    assert main(["evaluate", "--reader-study", "reads.csv"]) == 1
    assert says in capsys.readouterr().err


def test_a_split_plot_is_recognised_from_its_rows(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = (place / "reads.csv").read_text().splitlines()
    cases = sorted({line.split(",")[2] for line in lines[1:]})
    readers = sorted({line.split(",")[1] for line in lines[1:]})
    group = {reader: n % 2 for n, reader in enumerate(readers)} | {case: n % 2 for n, case in enumerate(cases)}
    kept = [line for line in lines[1:] if group[line.split(",")[1]] == group[line.split(",")[2]]]
    (place / "split.csv").write_text("\n".join([lines[0], *kept]))
    assert main(["evaluate", "--reader-study", "split.csv", "--json", "split.json"]) == 0
    said = capsys.readouterr().out
    expected = "cases nested in readers" if len(readers) == 2 else "split plot"
    assert f"design: {expected}, 2 groups of readers with cases of their own" in said
    assert json.loads((place / "split.json").read_text())[0]["design"]["kind"] == expected
    odd = [*kept, next(line for line in lines[1:] if line not in kept)]
    (place / "split.csv").write_text("\n".join([lines[0], *odd]))
    assert main(["evaluate", "--reader-study", "split.csv"]) == 1
    assert "in some modalities and not in others" in capsys.readouterr().err


def test_luna16_marks_hit_within_the_radius_only(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        main(["evaluate", "--luna16", "annotations.csv", "candidates.csv", "seriesuids.csv", "--json", "l.json"]) == 0
    )
    found = json.loads((place / "l.json").read_text())
    assert (found["n_lesions"], found["n_scans"]) == (3, 4)
    assert found["sensitivity"][-1] == pytest.approx(2 / 3)
    assert found["false_marks"][-1] == pytest.approx(2 / 4)
    (place / "seriesuids.csv").write_text("1.1\n1.2\n")
    assert main(["evaluate", "--luna16", "annotations.csv", "candidates.csv", "seriesuids.csv"]) == 1
    assert "does not list 2 scans" in capsys.readouterr().err
