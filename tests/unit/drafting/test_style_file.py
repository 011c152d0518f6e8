"""A style file is data: what is wrong in it is named by file and key, and nothing in it can change what a finding's sentence states."""

from pathlib import Path

import pytest

from wetread.domain.errors import PermanentError
from wetread.domain.finding import FindingName
from wetread.domain.report import Certainty, Section
from wetread.drafting.catalogue import LANGUAGES, catalogue
from wetread.drafting.phrases import restylable
from wetread.drafting.style import DEFAULT_STYLE, Bands, Style
from wetread.drafting.style_file import read_style

NAMED = 'name = "north-1"\n'


def _read(tmp_path: Path, text: str) -> Style:
    path = tmp_path / "site.toml"
    path.write_text(text, "utf-8")
    return read_style(path)


def _fault(tmp_path: Path, text: str) -> str:
    with pytest.raises(PermanentError) as refusal:
        _read(tmp_path, text)
    assert refusal.value.code == "bad_style"
    return str(refusal.value)


def test_a_name_alone_is_the_built_in_style_under_that_name(tmp_path: Path) -> None:
    style = _read(tmp_path, NAMED)
    assert style.name == "north-1"
    assert (style.bands, style.sections, style.phrases) == (DEFAULT_STYLE.bands, tuple(Section), ())


def test_every_key_is_read(tmp_path: Path) -> None:
    style = _read(
        tmp_path,
        NAMED
        + """
        bands = {possible = 0.5, probable = 0.8, certain = 0.98}
        sections.order = ["comparison", "impression", "findings"]
        impression = {maximum = 5, first = ["mass", "nodule"]}
        negatives.findings = ["pneumothorax"]
        record = {quotes = 0, suspicion_limit = 0.3}
        phrases.en = {certainty.probable = "Likely", "closing" = "Please correlate."}
        phrases.de.certainty.probable = "Vermutlich"
        """,
    )
    assert style == Style(
        "north-1",
        Bands(0.5, 0.8, 0.98),
        (Section.COMPARISON, Section.IMPRESSION, Section.FINDINGS),
        5,
        (FindingName.MASS, FindingName.NODULE),
        (FindingName.PNEUMOTHORAX,),
        0,
        0.3,
        (
            ("de", "certainty.probable", "Vermutlich"),
            ("en", "certainty.probable", "Likely"),
            ("en", "closing", "Please correlate."),
        ),
    )
    assert style.overrides("en") == {"certainty.probable": "Likely", "closing": "Please correlate."}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "name: is missing"),
        ('name = "North 1"', "name: must be 1 to 40"),
        ("name = 3", "name: must be 1 to 40"),
        (NAMED + "bands.possible = 2", "bands.possible: must be a number from 0.01 to 1"),
        (NAMED + "bands.possible = nan", "bands.possible: must be a number"),
        (NAMED + "bands.possible = true", "bands.possible: must be a number"),
        (NAMED + "bands.probable = 0.3", "bands: must rise"),
        (NAMED + "bands.certain = 0.7", "bands: must rise"),
        (NAMED + "bands.likely = 0.7", "bands.likely: is not a key"),
        (NAMED + "bands = 3", "bands: must be a table"),
        (NAMED + 'sections.order = ["findings", "impression"]', "sections.order: must hold comparison, findings"),
        (NAMED + 'sections.order = ["findings", "findings"]', "sections.order: must be a list of different words"),
        (NAMED + 'sections.title = "X"', "sections.title: is not a key"),
        (NAMED + "impression.maximum = 0", "impression.maximum: must be a whole number from 1 to 20"),
        (NAMED + 'impression.first = ["lupus"]', "impression.first: must hold only atelectasis"),
        (NAMED + 'negatives.findings = "pneumothorax"', "negatives.findings: must be a list"),
        (NAMED + "record.quotes = 2.5", "record.quotes: must be a whole number"),
        (NAMED + "record.suspicion_limit = 0", "record.suspicion_limit: must be a number"),
        (NAMED + "script = 'x'", "script: is not a key"),
        (NAMED + "phrases.fr.closing = 'Fin.'", "phrases.fr: is not a key"),
        (NAMED + "phrases.en = 3", "phrases.en: must be a table"),
        (NAMED + "phrases.en.closing = 3", "phrases.en.closing: must be text"),
        (NAMED + "phrases.en.ending = 'x.'", "phrases.en.ending: is not a phrase"),
        (NAMED + "phrases.en.finding.called = '{subject}{relation}.'", "phrases.en.finding.called: is locked"),
        (NAMED + "phrases.en.notice = 'Cleared device.'", "phrases.en.notice: is locked"),
        (NAMED + "phrases.en.closing = '{0.__class__}.'", "a brace stands alone"),
        (NAMED + "phrases.en.closing = '{name}.'", "must have the slots (none)"),
        (NAMED + "phrases.en.finding.negative = 'None seen.'", "must have the slots {no}, {what} and no other"),
        (NAMED + "phrases.en.impression.further.many = 'More.'", "phrases.en.impression.further.many: is locked"),
        (NAMED + "phrases.en.closing = 'The chest is normal.'", "calls the film normal (normal)"),
        (NAMED + "phrases.de.closing = 'Thorax unauffällig.'", "calls the film normal (unauffällig)"),
        (NAMED + "phrases.en.closing = 'No full stop'", "must end with a full stop"),
        (NAMED + 'phrases.en.closing = "Two\\nlines."', "must be one line"),
        (NAMED + 'phrases.en.closing = "Right\\u202e to left."', "must be one line"),
        (NAMED + f"phrases.en.closing = '{'x' * 200}.'", "must be one line of at most 200"),
        (NAMED + "phrases.en.finding.normal = ''", "must not be empty"),
        (NAMED + "phrases.en.closing = 'Large Pneumothorax.'", "names a finding (pneumothorax)"),
        (NAMED + "phrases.de.closing = 'Ein Pleuraerguss.'", "names a finding (Pleuraerguss)"),
        (NAMED + "phrases.en.certainty.probable = 'No'", "would change what a finding's sentence states (no)"),
        (NAMED + "phrases.en.certainty.probable = 'Probable left'", "would change what"),
        (NAMED + "phrases.de.certainty.possible = 'Eher nicht'", "would change what"),
        (NAMED + "phrases.en.certainty.probable = '90 %'", "must be words only"),
        (NAMED + "phrases.en.certainty.probable = 'possible'", "already stands for another certainty"),
        (
            NAMED + "phrases.en.certainty = {probable = 'Possible', possible = 'Probable'}",
            "already stands for another certainty",
        ),
        (NAMED + "phrases.en.certainty = {probable = 'Likely', possible = 'likely'}", "already stands"),
        ("name = ", "is no TOML in UTF-8"),
        ("a = " + "[" * 3000, "is no TOML in UTF-8"),
        ("#" * 70_000, "larger than 65536 bytes"),
    ],
)
def test_what_is_wrong_is_named_by_file_and_key(text: str, says: str, tmp_path: Path) -> None:
    fault = _fault(tmp_path, text)
    assert fault.startswith("style file site.toml: ")
    assert says in fault


def test_every_fault_is_named_at_once(tmp_path: Path) -> None:
    fault = _fault(tmp_path, "bands.possible = 7\nrecord.quotes = -1\nphrases.en.closing = 'x'")
    assert all(key in fault for key in ("name:", "bands.possible:", "record.quotes:", "phrases.en.closing:"))


def test_what_is_no_text_or_no_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "site.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(PermanentError, match="no TOML in UTF-8"):
        read_style(tmp_path / "site.toml")
    with pytest.raises(PermanentError, match="cannot be read"):
        read_style(tmp_path / "none.toml")


@pytest.mark.parametrize("language", LANGUAGES)
def test_sentences_about_what_the_ai_did_and_did_not_do_are_locked(language: str) -> None:
    locked = {key for key in catalogue(language).phrases if not restylable(key)}
    assert {"notice", "finding.called", "finding.none", "finding.prior_not_seen", "record.quote"} <= locked
    assert {key for key in catalogue(language).phrases if key.startswith(("relation.", "hedge."))} <= locked


@pytest.mark.parametrize(
    ("probability", "certainty"),
    [
        (0.39, Certainty.QUESTIONABLE),
        (0.4, Certainty.POSSIBLE),
        (0.75, Certainty.PROBABLE),
        (0.98, Certainty.CERTAIN),
    ],
)
def test_a_limit_belongs_to_the_surer_band(probability: float, certainty: Certainty) -> None:
    assert Bands(certain=0.98).certainty(probability) is certainty
    assert Bands().certainty(1.0) is Certainty.PROBABLE
