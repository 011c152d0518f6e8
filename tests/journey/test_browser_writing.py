"""Writing a report by keyboard: the AI's sentences one by one, macros, contradictions before the signature, and how few keys a normal film takes."""

from dataclasses import replace
from io import BytesIO

import pytest
from builders_web import PASSWORD
from playwright.sync_api import Page, expect
from pypdf import PdfReader
from reading_room import Room, film_is_shown, held, open_study, until

from wetread.domain.finding import FindingName
from wetread.domain.identifiers import StudyKey
from wetread.domain.identity_access import Purpose, of_service
from wetread.domain.reading import Macro, ReaderProfile
from wetread.domain.report import Evidence, Section, Sentence
from wetread.testing.builders import a_draft

pytestmark = pytest.mark.real


def findings_of(page: Page):  # type: ignore[no-untyped-def]
    return page.get_by_label("findings", exact=True)


def selected(page: Page) -> str:
    found: str = page.evaluate(
        "() => document.activeElement.value.slice(document.activeElement.selectionStart, document.activeElement.selectionEnd)"
    )
    return found


def a_draft_of_three() -> object:
    evidence = (Evidence("model", FindingName.PNEUMOTHORAX, 0.86, 0.31),)
    prior = (Evidence("prior:1", FindingName.EFFUSION, None, None, 34),)
    sentences = (
        Sentence(Section.FINDINGS, "Right pneumothorax is likely.", evidence),
        Sentence(Section.FINDINGS, "The effusion seen before is gone.", prior),
        Sentence(Section.IMPRESSION, "Right pneumothorax.", evidence),
    )
    return a_draft(sentences=sentences, findings=())


def test_the_ais_sentences_are_gone_through_by_keyboard(page: Page, room: Room) -> None:
    key = room.add(1, draft=a_draft_of_three())
    open_study(page, room, key)
    film_is_shown(page)
    page.keyboard.press("E")
    assert selected(page) == "Right pneumothorax is likely."
    expect(page.locator("#evidence")).to_contain_text("pneumothorax 0.86, operating point 0.31")
    expect(page.locator("#film .box")).to_be_visible()
    page.keyboard.press("Alt+Enter")
    expect(page.locator("mark.accepted")).to_have_text("Right pneumothorax is likely.")
    assert selected(page) == "The effusion seen before is gone."
    expect(page.locator("#evidence")).to_contain_text("prior report, 34 days before (20")
    page.keyboard.press("Alt+Delete")
    expect(findings_of(page)).to_have_value("Right pneumothorax is likely.")
    expect(page.locator("#saved")).to_contain_text("Saved ")
    with room.world.services.database.begin(write=False) as unit:
        report = unit.report(StudyKey(key))
    assert [(str(each.fate), each.by) for each in report.judged] == [("accepted", "m.frost"), ("deleted", "m.frost")]  # type: ignore[union-attr]
    page.keyboard.press("Control+z")
    expect(findings_of(page)).to_have_value("Right pneumothorax is likely. The effusion seen before is gone.")
    page.keyboard.press("Alt+Delete")
    page.keyboard.press("Alt+ArrowDown")
    assert selected(page) == "Right pneumothorax."
    page.keyboard.type("Small right pneumothorax.")
    page.get_by_role("button", name="Changes").click()
    dialog = page.get_by_role("dialog", name="What you changed against the draft")
    expect(dialog.locator("del")).to_have_text(["The effusion seen before is gone.", "Right "])
    expect(dialog.locator("ins")).to_have_text("Small right ")
    page.keyboard.press("Enter")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("dialog", name="Sign this report")).to_contain_text(
        "You accepted 1 of the AI's 1 sentences"
    )


def test_macros_and_begun_sentences_are_written_by_tab(page: Page, room: Room) -> None:
    with room.world.services.database.begin() as unit:
        unit.save_reader_profile(ReaderProfile("m.frost", macros=(Macro(".nl", "The lungs are clear."),)))
        unit.commit()
    open_study(page, room, room.add(1))
    findings_of(page).fill("")
    page.keyboard.type(".nl")
    expect(page.locator("#evidence")).to_have_text("Tab The lungs are clear.")
    page.keyboard.press("Tab")
    expect(findings_of(page)).to_have_value("The lungs are clear.")
    page.keyboard.type(" right pn")
    page.keyboard.press("Tab")
    expect(findings_of(page)).to_have_value("The lungs are clear. Right pneumothorax is likely.")
    page.keyboard.press("Tab")
    expect(page.get_by_label("impression", exact=True)).to_be_focused()
    page.get_by_role("button", name="Macros").click()
    page.get_by_label("Yours, one a line").fill(".nh = The heart is not enlarged.")
    page.get_by_role("button", name="Keep").click()
    expect(findings_of(page)).to_be_focused()
    page.keyboard.type(" .nh")
    page.keyboard.press("Tab")
    expect(findings_of(page)).to_have_value(
        "The lungs are clear. Right pneumothorax is likely. The heart is not enlarged."
    )


def test_a_macro_that_comes_after_its_name_is_offered_all_the_same(page: Page, room: Room) -> None:
    with room.world.services.database.begin() as unit:
        unit.save_reader_profile(ReaderProfile("m.frost", macros=(Macro(".nl", "The lungs are clear."),)))
        unit.commit()
    late = held(page, "**/api/reader")
    open_study(page, room, room.add(1))
    findings_of(page).fill("")
    page.keyboard.type(".nl")
    until(page, lambda: len(late) == 1)
    late[0].continue_()
    expect(page.locator("#evidence")).to_have_text("Tab The lungs are clear.")


def test_a_contradiction_is_told_while_one_writes_and_before_one_signs_and_blocks_nothing(
    page: Page, room: Room
) -> None:
    key = room.add(1)
    open_study(page, room, key)
    findings_of(page).fill("No pneumothorax.")  # the draft marked it present
    warning = page.get_by_label("Contradictions in this report")
    expect(warning).to_contain_text("You marked pneumothorax present; the text says that it is not there.")
    warning.get_by_role("button").first.click()
    assert selected(page) == "pneumothorax"
    page.keyboard.press("Control+Enter")
    dialog = page.get_by_role("dialog", name="Sign this report")
    expect(dialog.get_by_role("alert").first).to_contain_text("Look again before you sign")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("group", name="Signature")).to_be_visible()


def test_a_verdict_offers_its_sentence_and_writes_it_only_when_told(page: Page, room: Room) -> None:
    open_study(page, room, room.add(1))
    before = "Right pneumothorax is likely."
    page.get_by_role("button", name="pneumothorax: I do not see it").click()
    offer = page.locator("#offer")
    expect(offer).to_contain_text(f"Take out: {before}")
    expect(findings_of(page)).to_have_value(before)
    page.keyboard.press("T")
    expect(findings_of(page)).to_have_value("")
    expect(offer).to_be_empty()


def test_a_normal_film_is_signed_with_two_keys_and_the_password(page: Page, room: Room) -> None:
    """Two key presses, Ctrl+Enter and Enter; the password between them is the second component of the signature (21 CFR 11.200) and is counted as one act."""
    normal = a_draft(
        sentences=(
            Sentence(Section.FINDINGS, "The lungs are clear.", (Evidence("model"),)),
            Sentence(Section.IMPRESSION, "No acute abnormality.", (Evidence("model"),)),
        ),
        findings=(),
    )
    key = room.add(0, draft=normal)
    open_study(page, room, key)
    film_is_shown(page)
    acts = 0
    for act in (
        lambda: page.keyboard.press("Control+Enter"),
        lambda: page.keyboard.type(PASSWORD),
        lambda: page.keyboard.press("Enter"),
    ):
        act()
        acts += 1
        if acts == 1:
            expect(page.get_by_label("Your password, again")).to_be_focused()
    expect(page.get_by_role("group", name="Signature")).to_be_visible()
    with room.world.services.database.begin(write=False) as unit:
        report = unit.report(StudyKey(key))
    assert report is not None
    assert report.signature is not None
    assert acts <= 3
    assert replace(report, etag=0).content.findings == ()


def printed(page: Page) -> tuple[int, str]:
    """Pages and text of what the browser prints."""
    paper = PdfReader(BytesIO(page.pdf(prefer_css_page_size=True)))
    return len(paper.pages), "\n".join(each.extract_text() for each in paper.pages)


def test_a_signed_report_prints_with_identity_signature_version_and_notice_on_numbered_pages(
    page: Page, room: Room
) -> None:
    key = room.add(1)
    open_study(page, room, key)
    findings_of(page).fill("\n".join(f"Line {number} of a long report." for number in range(90)))
    expect(page.locator("#saved")).to_contain_text("Saved ")
    _, draft = printed(page)
    assert "NOT SIGNED" in draft
    assert "Signed by" not in draft
    page.keyboard.press("Control+Enter")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("group", name="Signature")).to_be_visible()
    pages, text = printed(page)
    with room.world.services.database.begin(write=False) as unit:
        report = unit.report(StudyKey(key))
    assert report is not None
    assert report.signature is not None
    identity = room.world.services.vault.on_behalf_of(of_service(Purpose.CONSOLE)).study(StudyKey(key)).identity
    once = ("Line 0 of", "Line 89 of", "Signed by Dr. Mira Frost", "version 1", "NOT SIGNED")
    assert [each in text for each in once] == [True, True, True, True, False]
    assert not set("ﬀﬁﬂﬃﬄ") & set(text)
    assert report.signature.content_sha256 in text.replace("\n", "")
    assert pages >= 2
    for place in range(1, pages + 1):
        assert f"Page {place} of {pages}" in text
    assert text.count(f"accession {identity.accession_number}") == pages
    assert text.count("assistive research tool") == pages
    assert "Ctrl" not in text
