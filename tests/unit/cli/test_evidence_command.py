"""The commands of docs/evidence.md as they stand there; a pack asks nothing of any network, says why what is absent is absent, and matches the data it rests on."""

import csv
import json
import re
import shlex
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import pytest
from tests.unit.cli.signed_house import Run, runner
from tests.unit.scorecard.prediction_tables import COLUMNS, rows, write

from wetread.bootstrap import Core
from wetread.cli import main
from wetread.governance.evidence import Facts
from wetread.governance.evidence_checklist import checklist

ROOT = Path(__file__).parents[3]
DOC = (ROOT / "docs" / "evidence.md").read_text("utf-8")
COMMANDS = [shlex.split(each) for each in re.findall(r"^\$ wetread (evidence .+)$", DOC, re.MULTILINE)]
REPORTS = [
    {
        "mdr_report_key": "501", "event_type": "Malfunction", "date_of_event": "20260301",
        "device": [{"brand_name": "Wetread", "manufacturer_d_name": "NOBODY", "device_report_product_code": "ZZZ"}],
        "mdr_text": [{"text_type_code": "Description of Event or Problem", "text": "The effusion on the \u001b[31mleft was not called."}],
    },
    {"mdr_report_key": "502", "event_type": "Injury", "device": [{"brand_name": "INFUSION PUMP"}], "mdr_text": []},
]  # fmt: skip


class Page(HTMLParser):
    """Tags and addresses of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href", "action", "srcset")]


@pytest.fixture
def run(house: tuple[Path, Core], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The files that the commands name."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    write(Path("predictions.csv"), rows(160, findings=("effusion", "pneumothorax")))
    Path("maude.json").write_text(json.dumps({"results": REPORTS}))
    _table(
        "maude.csv",
        ("Report Number", "Event Type", "Product Code", "Event Text"),
        ("M-9", "Injury", "QFM", "A mass was overlooked."),
    )
    _table("devices.csv", ("name", "manufacturer", "product_codes"), ("ChestLook", "Look LLC", "QFM;QAS"))
    _table("aiaaic.csv", ("AIAAIC ID#", "Headline", "Developer"), ("AIAAIC9999", "A reader fails", "Look LLC"))
    return runner(house[0], monkeypatch)


def _table(name: str, *lines: tuple[str, ...]) -> None:
    with Path(name).open("w", newline="") as file:
        csv.writer(file).writerows(lines)


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[1])
def test_command_runs_as_shown(run: Run, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*words) == 0, capsys.readouterr().err
    if "--json" in words:
        assert json.loads(Path(words[words.index("--json") + 1]).read_text())
    if "--out" in words:
        _asks_nothing_and_can_be_read_aloud(Path(words[words.index("--out") + 1]).read_text("utf-8"))


def _asks_nothing_and_can_be_read_aloud(text: str) -> None:
    page = Page(text)
    assert not {"script", "link", "img", "iframe", "form", "input"} & set(page.tags)
    assert all(each.startswith("#") for each in page.links)
    assert not re.search(r"url\(|@import|https?://", text)
    assert '<html lang="en">' in text
    assert page.tags.count("h1") == page.tags.count("main") == 1
    assert page.tags.count("table") == page.tags.count("caption") > 0
    assert text.count("<svg") == text.count("<svg viewBox") == text.count('role="img" aria-label="')
    assert {f"#{place}" for place in re.findall(r'<section id="(\w+)"', text)} == set(page.links)


PACKS = [each for each in COMMANDS if "--out" in each]


def test_the_checklist_of_the_docs_is_that_of_the_pack(run: Run) -> None:
    items = checklist(Facts())
    assert re.findall(r"^\| (G\d+) \| (.+?) \|", DOC, re.MULTILINE) == [(each.number, each.source) for each in items]
    run(*PACKS[0])
    page = Path("bias.html").read_text()
    assert [each.number for each in items] == re.findall(r'<th scope="row">(G\d+)</th>', page)


def test_a_bias_review_holds_the_numbers_of_the_scorecard_and_withholds_small_groups(run: Run) -> None:
    table = rows(160)
    for each in table[:7]:
        each["sex"] = "O"
    write(Path("predictions.csv"), table)
    assert (
        run("evidence", "bias-review", "--predictions", "predictions.csv", "--out", "b.html", "--json", "b.json") == 0
    )
    assert main(["evaluate", "predictions.csv", "--json", "e.json"]) == 0
    pack, other = (json.loads(Path(name).read_text()) for name in ("b.json", "e.json"))
    assert pack["measures"]["findings"] == other["findings"]
    assert pack["inputs"][1]["sha256"] == sha256(Path("predictions.csv").read_bytes()).hexdigest()
    specificity = next(
        each for each in pack["sections"][1]["forests"] if each["title"].startswith("specificity by sex")
    )
    small = [each for each in specificity["rows"] if each["label"].startswith("O")]
    assert small[0]["count"] == "withheld"
    assert small[0]["value"] is None


def test_a_pack_from_the_installation_exports_checks_and_is_logged(
    run: Run, house: tuple[Path, Core], capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        run("evidence", "quarterly", "--since", "2026-03-01", "--as", "qa", "--out", "q.html", "--json", "q.json") == 0
    )
    pack = json.loads(Path("q.json").read_text())
    held = {each["name"]: each["sha256"] for each in pack["inputs"]}
    assert held["q.predictions.csv"] == sha256(Path("q.predictions.csv").read_bytes()).hexdigest()
    assert set(COLUMNS) <= set(Path("q.predictions.csv").read_text().splitlines()[0].split(","))
    assert pack["made_by"] == "qa"
    headings = [each["heading"] for each in pack["sections"]]
    assert headings[:2] == ["At a glance", "Performance by finding"]
    (last,) = [each.event for each in house[1].database.audit_records()][-1:]
    assert (last.action, last.actor_id) == ("evidence.quarterly", "qa")
    assert dict(last.detail)["sha256"] == sha256(Path("q.html").read_bytes()).hexdigest()
    assert "checklist:" in capsys.readouterr().out


def test_an_incident_shows_what_is_held_of_its_study(run: Run, house: tuple[Path, Core]) -> None:
    record = json.loads((ROOT / "docs/examples/incident.json").read_text()) | {"study_key": f"{3:024d}"}
    Path("i.json").write_text(json.dumps(record))
    assert run("evidence", "incident", "i.json", "--as", "qa", "--out", "i.html", "--json", "i.json2") == 0
    text = Path("i.html").read_text()
    with house[1].database.begin(write=False) as unit:
        analysis, report = unit.analysis(record["study_key"]), unit.report(record["study_key"])
    assert analysis is not None
    assert report is not None
    assert report.signature is not None
    for said in (analysis.model.sha256, analysis.input_sha256, report.signature.content_sha256, "MDR art. 87 (3)"):
        assert said in text
    assert "Seen." not in text
    assert run("evidence", "incident", "i.json", "--out", "j.html") == 0
    assert "not available because no database was opened" in Path("j.html").read_text()


def test_foreign_words_cannot_become_markup(run: Run) -> None:
    record = json.loads((ROOT / "docs/examples/incident.json").read_text())
    Path("i.json").write_text(json.dumps(record | {"event_description": "<script>alert(1)</script><img src=x>"}))
    assert run("evidence", "incident", "i.json", "--out", "i.html") == 0
    assert not {"script", "img"} & set(Page(Path("i.html").read_text()).tags)


def test_a_plan_is_judged_on_what_was_measured(run: Run) -> None:
    assert run(*PACKS[4], "--json", "p.json") == 0
    pack = json.loads(Path("p.json").read_text())
    rows_ = next(each for each in pack["sections"][1]["tables"] if each["caption"] == "Acceptance")["rows"]
    auroc = next(each["auroc"] for each in pack["measures"]["findings"] if each["finding"] == "effusion")
    outcomes = {each[0]: each[3] for each in rows_}
    assert outcomes["effusion, auroc"] == ("met" if auroc["low"] >= 0.8 else "not met")
    assert outcomes["pneumothorax, auroc"] == "not met"
    assert "not available because the plan does not say" in " ".join(pack["sections"][2]["missing"])


def test_an_incident_of_others_is_new_once_and_its_text_cannot_write_on_the_terminal(
    run: Run, house: tuple[Path, Core], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("evidence", "import-maude", "maude.json", "--as", "qa", "--all") == 0
    shown = capsys.readouterr().out
    assert "maude 501" in shown
    assert "by name); findings: effusion" in shown
    assert "502" not in shown
    assert "\u001b" not in shown
    Path("maude.json").write_text(json.dumps({"results": [*REPORTS, REPORTS[0] | {"mdr_report_key": "503"}]}))
    assert run("evidence", "import-maude", "maude.json", "--as", "qa") == 0
    shown = capsys.readouterr().out
    assert "3 records, 1 new" in shown
    assert "maude 503" in shown
    assert "maude 501" not in shown
    last = [each.event for each in house[1].database.audit_records()][-1]
    assert (last.action, dict(last.detail)["new"], dict(last.detail)["matched"]) == ("evidence.import", "1", "2")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("quarterly --since soon --out q.html", "not a day"),
        ("quarterly --since 2026-07-01 --as ml --out q.html", "may not keep evidence"),
        ("pccp --out p.html", "--change-plan"),
        ("pccp --change-plan maude.json --out p.html", "foresees no modification"),
        ("incident maude.json --out i.html", "unknown field"),
        ("incident nothing.json --out i.html", "cannot be read"),
        ("bias-review --predictions devices.csv --out b.html", "lacks the columns"),
        ("import-maude aiaaic.csv --as qa", "no line names"),
        ("import-maude maude.json --as dr-lee", "may not keep evidence"),
        ("import-aiaaic nothing.csv --as qa", "cannot be read"),
    ],
)
def test_refusals(run: Run, capsys: pytest.CaptureFixture[str], words: str, said: str) -> None:
    assert run("evidence", *words.split()) == 1
    assert said in capsys.readouterr().err
    assert not list(Path().glob("*.html"))


def test_without_a_browser_the_page_stands_and_the_pdf_is_refused(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")
    assert run("evidence", "model-facts", "--out", "m.html", "--pdf", "m.pdf") == 1
    assert "no Chromium" in capsys.readouterr().err
    assert Path("m.html").is_file()


@pytest.mark.real
def test_chromium_prints_the_page(run: Run) -> None:
    assert run("evidence", "model-facts", "--out", "m.html", "--pdf", "m.pdf") == 0
    assert Path("m.pdf").read_bytes().startswith(b"%PDF-")


def test_an_auroc_that_a_bundle_does_not_state_is_not_counted_as_stated(run: Run) -> None:
    assert run("evidence", "model-facts", "--out", "m.html", "--json", "m.json") == 0
    pack = json.loads(Path("m.json").read_text())
    figures = next(each for each in pack["sections"] if each["heading"] == "What its makers measured")
    stated = [each for each in figures["forests"][0]["rows"] if each["value"] is not None]
    assert 0 < len(stated) < len(figures["forests"][0]["rows"])
    assert (
        f"{len(stated)} of {len(figures['forests'][0]['rows'])} findings have an AUROC" in pack["checklist"][2]["shown"]
    )
    assert any("too few" in each for each in figures["missing"])


def test_the_quarters_difference_is_that_of_its_two_sides(run: Run) -> None:
    assert run("evidence", "quarterly", "--since", "2026-07-01", "--predictions", "predictions.csv", "--out", "q.html", "--json", "q.json") == 0  # fmt: skip
    pack = json.loads(Path("q.json").read_text())
    section = next(each for each in pack["sections"] if each["heading"] == "This quarter against before")
    sides, changes = (each["rows"] for each in section["forests"])
    for place, change in enumerate(changes):
        now, before = sides[2 * place : 2 * place + 2]
        assert change["value"] == pytest.approx(now["value"] - before["value"])
        assert change["low"] < change["value"] < change["high"]
        assert change["high"] - change["low"] > max(each["high"] - each["low"] for each in (now, before)) * 0.9
