"""What a sentence states, by the rules' promises. The sentences are ours; reports of the Indiana collection are read by benchmarks/labeller.py only."""

import pytest

from wetread.domain.finding import FindingName
from wetread.domain.report import Certainty
from wetread.domain.statement import Presence, Statement
from wetread.labelling.labeller import RuleLabeller
from wetread.ports.labeller import Labeller

LABELLER: Labeller = RuleLabeller()


def stated(text: str) -> set[tuple[str, str]]:
    """What the text says in its own words, without what that implies."""
    return {(each.name.value, each.presence.value) for each in LABELLER.statements(text) if not each.implied}


def only(text: str, name: str) -> Statement:
    (statement,) = (each for each in LABELLER.statements(text) if each.name == name and not each.implied)
    return statement


@pytest.mark.parametrize(
    ("text", "name", "presence"),
    [
        ("Left pleural effusion.", "effusion", "positive"),
        ("No pleural effusion.", "effusion", "negative"),
        ("There is no evidence of pneumothorax.", "pneumothorax", "negative"),
        ("The lungs are free of consolidation.", "consolidation", "negative"),
        ("Negative for pneumonia.", "pneumonia", "negative"),
        ("Cardiomegaly without edema.", "edema", "negative"),
        ("A pneumothorax is not seen.", "pneumothorax", "negative"),
        ("Pneumothorax has been ruled out.", "pneumothorax", "negative"),
        ("Pneumonia cannot be excluded.", "pneumonia", "uncertain"),
        ("Cannot exclude pneumonia.", "pneumonia", "uncertain"),
        ("This may represent atelectasis.", "atelectasis", "uncertain"),
        ("Opacity suspicious for pneumonia.", "pneumonia", "uncertain"),
        ("Pneumothorax is unlikely.", "pneumothorax", "uncertain"),
        ("Recommend CT to exclude mass.", "mass", "uncertain"),
        ("No significant interval change in effusion.", "effusion", "positive"),
        ("Not only effusion was found.", "effusion", "positive"),
        ("Pneumothorax has resolved.", "pneumothorax", "negative"),
        ("Resolution of the left pleural effusion.", "effusion", "negative"),
        ("The heart is mildly enlarged.", "cardiomegaly", "positive"),
        ("Enlargement of the cardiac silhouette.", "cardiomegaly", "positive"),
        ("The heart is not enlarged.", "cardiomegaly", "negative"),
        ("Heart size is at the upper limits of normal.", "cardiomegaly", "uncertain"),
        ("Heart and mediastinum are within normal limits.", "enlarged_cardiomediastinum", "negative"),
        ("Pulmonary vascular congestion.", "edema", "uncertain"),
        ("No pulmonary vascular congestion.", "edema", "negative"),
    ],
)
def test_a_cue_decides_presence(text: str, name: str, presence: str) -> None:
    assert only(text, name).presence == presence


def test_a_denial_reaches_all_of_a_list_and_ends_with_it() -> None:
    assert stated("No focal consolidation, pneumothorax, or large pleural effusion.") == {
        ("consolidation", "negative"),
        ("pneumothorax", "negative"),
        ("effusion", "negative"),
    }
    assert stated("No pneumothorax, small left effusion.") == {("pneumothorax", "negative"), ("effusion", "positive")}
    assert stated("No pneumothorax but cardiomegaly.") == {("pneumothorax", "negative"), ("cardiomegaly", "positive")}
    assert stated("No effusion is seen, mild cardiomegaly.") == {
        ("effusion", "negative"),
        ("cardiomegaly", "positive"),
    }


def test_alternatives_leave_each_other_open() -> None:
    assert stated("Atelectasis versus pneumonia.") == {("atelectasis", "uncertain"), ("pneumonia", "uncertain")}


@pytest.mark.parametrize(
    ("word", "certainty"),
    [
        ("Probable", Certainty.PROBABLE),
        ("Possible", Certainty.POSSIBLE),
        ("Questionable", Certainty.QUESTIONABLE),
        ("", Certainty.CERTAIN),
    ],
)
@pytest.mark.parametrize("side", ["left", "right", "bilateral", ""])
def test_the_grammars_sentences_are_read_back(word: str, certainty: Certainty, side: str) -> None:
    statement = only(f"{word} {side} pleural effusion.".strip().capitalize(), "effusion")
    assert (statement.certainty, statement.laterality) == (certainty, side)


def test_clear_lungs_imply_what_is_an_opacity_and_nothing_else() -> None:
    implied = {each.name for each in LABELLER.statements("The lungs are clear.") if each.implied}
    assert FindingName.CONSOLIDATION in implied
    assert FindingName.NODULE in implied
    assert not implied & {FindingName.PNEUMOTHORAX, FindingName.EFFUSION, FindingName.EMPHYSEMA, FindingName.FRACTURE}
    assert {each.presence for each in LABELLER.statements("The lungs are clear.")} == {Presence.NEGATIVE}


def test_what_is_asked_or_past_is_not_stated() -> None:
    assert stated("INDICATION: rule out pneumonia.\n\nFINDINGS: No effusion.") == {("effusion", "negative")}
    assert stated("History of CHF.") == set()


def test_a_sentence_about_the_model_states_nothing() -> None:
    assert LABELLER.statements("No finding reached its operating point; this does not exclude disease.") == ()
    assert all(each.implied for each in LABELLER.statements("No acute finding."))
