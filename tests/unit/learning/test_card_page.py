"""`wetread model card --html`: one page that asks nothing of a network, escapes what it is given and draws what was measured."""

import json
import re
import shutil
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image

from wetread.cli import main
from wetread.evaluation.forest_plot import Row, forest_plot
from wetread.inference.bundle import BUNDLED
from wetread.learning.markdown_subset import to_html


class _Page(HTMLParser):
    """Collects tags, addresses and whether every element is closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "action", "data")]
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def _written(tmp_path: Path, *words: str) -> str:
    out = tmp_path / "card.html"
    assert main(["model", "card", *words, "--html", str(out)]) == 0
    return out.read_text()


def test_shipped_card_is_one_whole_page_without_addresses(tmp_path: Path) -> None:
    text = _written(tmp_path)
    page = _Page(text)
    assert page.open == []
    assert page.addresses == []
    assert not {"script", "link", "iframe"} & set(page.tags)
    assert "@import" not in text
    assert "url(" not in text
    assert "not a cleared medical device" in text


def test_every_measured_finding_is_drawn_with_its_numbers(tmp_path: Path) -> None:
    text = _written(tmp_path)
    test = json.loads((BUNDLED / "card.json").read_text())["evaluation"]["test"]
    first = text[: text.index("</svg>")]
    for row in test["per_finding"].values():
        if row["value"] is not None:
            assert f"{row['value']:.3f} ({row['low']:.3f}-{row['high']:.3f})" in first
    assert first.count("not estimable") == sum(row["value"] is None for row in test["per_finding"].values())
    for grouping, compared in test["by_subgroup"].items():
        assert f"{grouping} ({len(compared['findings'])} findings)" in text
    assert text.count("<svg") == 5


def test_pictures_are_set_in_only_when_given(tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.png"
    Image.new("L", (4, 4)).save(sheet)
    assert "<img" not in _written(tmp_path)
    (address,) = _Page(_written(tmp_path, "--pictures", str(sheet))).addresses
    assert address.startswith("data:image/png;base64,")


def test_what_cannot_be_set_in_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "sheet.svg").write_text("<svg/>")
    for pictures, told in (("sheet.svg", "set in as .png"), ("gone.png", "No such file")):
        words = ["--html", str(tmp_path / "c.html"), "--pictures", str(tmp_path / pictures)]
        assert main(["model", "card", *words]) == 1
        assert told in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["model", "card", "--pictures", str(tmp_path / "sheet.svg")])


def test_a_bundle_with_a_bare_card_gets_a_page_of_text_that_cannot_script(tmp_path: Path) -> None:
    folder = tmp_path / "b"
    shutil.copytree(BUNDLED, folder)
    (folder / "card.json").unlink()
    (folder / "card.md").write_text("# Mine\n\n<script>alert(1)</script> **bold** and `<b>`\n")
    stated = json.loads((folder / "bundle.json").read_text())
    del stated["files"]["card.json"], stated["signature"]
    stated["files"]["card.md"]["sha256"] = sha256((folder / "card.md").read_bytes()).hexdigest()
    (folder / "bundle.json").write_text(json.dumps(stated))
    text = _written(tmp_path, str(folder))
    assert "no figures that could be drawn" in text
    assert "script" not in _Page(text).tags
    assert "<strong>bold</strong> and <code>&lt;b&gt;</code>" in text


def test_markdown_of_cards_becomes_the_elements_it_means() -> None:
    html = to_html("## A *b*\ntext\ngoes on\n\n- one\n  more\n- two\n\n| a | b |\n|---|---|\n| 1 | `*` |\n")
    assert html.splitlines()[0] == "<h3>A <em>b</em></h3>"
    assert "<p>text goes on</p>" in html
    assert "<ul><li>one\n  more</li><li>two</li></ul>" in html
    assert '<th scope="col">a</th>' in html
    assert "<td>1</td><td><code>*</code></td>" in html


def test_intervals_stand_where_their_numbers_are() -> None:
    svg = forest_plot("t", [Row("a", "n 1", 0.5, 0.0, 2.0), Row("b <c>", "n 0")], (0.0, 1.0), 0.5)
    left, right = re.findall(r'<line x1="([\d.]+)" x2="([\d.]+)"[^>]*class="interval"', svg)[0]
    (middle,) = re.findall(r'<circle cx="([\d.]+)"', svg)
    assert float(middle) == pytest.approx((float(left) + float(right)) / 2), "0.5 is the middle; 2.0 stands at the end"
    assert "b &lt;c&gt;" in svg
    assert "not estimable" in svg
