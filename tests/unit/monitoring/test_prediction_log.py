"""What was predicted beside what was signed: the label is the reader's, its source is said, and a contradiction is nobody's truth."""

from dataclasses import replace
from datetime import timedelta

import pytest

from wetread.domain.finding import FindingName
from wetread.domain.reading import OwnFinding, OwnFindings, ReadingMode, ReadingRecord
from wetread.domain.report import Evidence, ReportContent, ReportFinding, ReportStatus, Section, Sentence
from wetread.domain.role import Actor, Role
from wetread.domain.sentence_act import SentenceAct, SentenceFate, sentence_id
from wetread.domain.statement import Presence
from wetread.labelling.aggregation import report_labels
from wetread.labelling.labeller import RuleLabeller
from wetread.monitoring.prediction_log import COLUMNS, PredictionRow, prediction_rows, signed_text
from wetread.signoff.signing import appended
from wetread.testing.builders import (
    NOON,
    STUDY_KEY,
    a_draft,
    a_finding,
    a_report,
    a_signature,
    a_study,
    an_analysis,
    image_traits,
)

N = FindingName


def _rows(
    text: str, *structured: ReportFinding, names: tuple[FindingName, ...] = (N.EFFUSION,)
) -> dict[str, PredictionRow]:
    content = ReportContent(((Section.INDICATION, "Pneumothorax?"), (Section.FINDINGS, text)), structured)
    signature = a_signature(content, signed_at=NOON + timedelta(minutes=42))
    report = a_report(content=content, status=ReportStatus.FINAL, signature=signature)
    analysis = an_analysis(findings=tuple(a_finding(each) for each in names))
    labels = report_labels(RuleLabeller().statements(signed_text(report)))
    said = {name: each.presence for name, each in labels.items()}
    return {each.finding: each for each in prediction_rows(a_study(), "p", image_traits(), analysis, report, said)}


@pytest.mark.parametrize(
    ("text", "structured", "expected"),
    [
        ("Small left pleural effusion.", (), ("positive", "text")),
        ("No pleural effusion.", (), ("negative", "text")),
        ("Possible pleural effusion.", (), ("uncertain", "text")),
        ("Heart size is normal.", (), ("not_mentioned", "none")),
        ("Heart size is normal.", (ReportFinding(N.EFFUSION, True, "left"),), ("positive", "structured")),
        ("Possible effusion.", (ReportFinding(N.EFFUSION, False),), ("negative", "structured")),
        ("No pleural effusion.", (ReportFinding(N.EFFUSION, True, "left"),), ("uncertain", "conflict")),
        ("Left pleural effusion.", (ReportFinding(N.EFFUSION, False),), ("uncertain", "conflict")),
    ],
)
def test_the_label_is_the_readers(text: str, structured: tuple[ReportFinding, ...], expected: tuple[str, str]) -> None:
    row = _rows(text, *structured)["effusion"]
    assert (row.label, row.label_source) == expected


def test_an_indication_is_a_question_and_no_truth() -> None:
    rows = _rows("Lungs are clear.", names=(N.PNEUMOTHORAX,))
    assert rows["pneumothorax"].label != "positive"


def test_a_row_says_which_model_where_and_how_long_it_took_and_not_who() -> None:
    row = _rows("No pleural effusion.")["effusion"]
    assert (row.model, row.probability, row.threshold) == ("phantom-net 1.0.0", 0.82, 0.5)
    assert (row.site, row.scanner, row.view, row.date) == ("north", "P1", "PA", "2026-03-02")
    assert row.turnaround_min == 42.0
    assert tuple(PredictionRow.__slots__) == COLUMNS  # type: ignore[attr-defined]


@pytest.mark.parametrize(("blind", "label"), [(True, "negative"), (False, "")])
def test_how_the_signer_read_it_is_told_and_their_own_word_where_they_were_blind(blind: bool, label: str) -> None:
    own = OwnFindings((OwnFinding(N.PNEUMOTHORAX, Presence.NEGATIVE),), NOON, blind, "" if blind else "paged")
    record = ReadingRecord(STUDY_KEY, "dr.roe", ReadingMode.SECOND_READER, NOON, own, NOON)
    signed = a_report(status=ReportStatus.FINAL, signature=a_signature())
    (row,) = prediction_rows(a_study(), "p", None, an_analysis(), signed, {}, reading=record)
    assert (row.reading_mode, row.own_label, row.label) == ("second_reader", label, "positive")
    (unknown,) = prediction_rows(a_study(), "p", None, an_analysis(), signed, {})
    assert (unknown.reading_mode, unknown.own_label) == ("", "")


def test_what_is_not_calibrated_or_not_signed_measures_nothing() -> None:
    analysis = an_analysis(findings=(a_finding(probability=None),))
    signed = a_report(status=ReportStatus.FINAL, signature=a_signature())
    assert prediction_rows(a_study(), "p", None, analysis, signed, {}) == ()
    with pytest.raises(ValueError, match="unsigned"):
        prediction_rows(
            a_study(), "p", None, analysis, replace(signed, signature=None), {N.EFFUSION: Presence.POSITIVE}
        )


def test_an_addendum_is_part_of_what_was_signed() -> None:
    signed = a_report(status=ReportStatus.FINAL, signature=a_signature())
    doctor = Actor("dr.roe", Role.RADIOLOGIST)
    assert signed_text(appended(signed, doctor, "Right effusion.", "", NOON)).endswith("\n\nADDENDUM:\nRight effusion.")


def test_a_row_tells_the_worst_that_became_of_the_drafts_sentences_on_the_finding() -> None:
    evidence = (Evidence("model", N.PNEUMOTHORAX, 0.82, 0.5),)
    texts = ("There is a left pneumothorax.", "A left pneumothorax, apical.", "The heart is fine.")
    sentences = tuple(Sentence(Section.FINDINGS, text, evidence if at < 2 else ()) for at, text in enumerate(texts))
    draft = a_draft(sentences=sentences)
    off = ReadingRecord(STUDY_KEY, "dr.roe", ReadingMode.AI_OFF, NOON)

    def told(words: str, *accepted: str, reading: ReadingRecord | None = None) -> str:
        content = ReportContent(((Section.FINDINGS, words),), ())
        judged = tuple(
            SentenceAct(sentence_id("findings", each), SentenceFate.ACCEPTED, "dr.roe", NOON) for each in accepted
        )
        signed = a_report(content=content, status=ReportStatus.FINAL, signature=a_signature(content), judged=judged)
        (row,) = prediction_rows(a_study(), "p", None, an_analysis(), signed, {}, reading=reading, draft=draft)
        return row.sentence

    both = f"{texts[0]} {texts[1]}"
    assert told(both) == "kept"
    assert told(both, texts[0]) == "kept"
    assert told(both, *texts[:2]) == "accepted"
    assert told(f"{texts[0]} A right pneumothorax, apical.", texts[0]) == "edited"
    assert told("Nothing.") == "deleted"
    assert told("Nothing.", reading=off) == ""
