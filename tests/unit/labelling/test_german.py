"""The German lexicon: our own German drafts read back, and how German reports deny, hedge and compare."""

import pytest

from wetread.domain.finding import FindingName
from wetread.domain.report import Certainty
from wetread.domain.statement import Change, Presence
from wetread.drafting.catalogue import catalogue
from wetread.labelling.labeller import RuleLabeller

LABELLER = RuleLabeller("de")
HEDGES = {
    "": Certainty.CERTAIN,
    "Wahrscheinlich ": Certainty.PROBABLE,
    "Möglicherweise ": Certainty.POSSIBLE,
    "Fraglich ": Certainty.QUESTIONABLE,
}
RELATIONS = {
    "": Change.UNSTATED,
    ", neu gegenüber dem Vorbefund von vor 3 Tagen": Change.NEW,
    ", gegenüber dem Vorbefund von vor 3 Tagen weiterhin vorhanden": Change.UNCHANGED,
}


def stated(text: str) -> set[tuple[str, str]]:
    return {(each.name.value, each.presence.value) for each in LABELLER.statements(text) if not each.implied}


@pytest.mark.parametrize("name", list(FindingName))
@pytest.mark.parametrize("hedge", list(HEDGES))
def test_a_called_finding_is_read_as_it_is_drafted(name: FindingName, hedge: str) -> None:
    noun = catalogue("de").nouns[name]
    for side, word in {"": "", **noun.sides}.items():
        for relation, change in RELATIONS.items():
            (said,) = LABELLER.statements(f"{hedge}{word} {noun.text}{relation}.".strip())
            assert (said.name, said.certainty, said.change) == (name, HEDGES[hedge], change)
            assert said.presence is (Presence.UNCERTAIN if hedge else Presence.POSITIVE)
            assert said.laterality in (side, "")


@pytest.mark.parametrize("name", list(FindingName))
def test_a_denial_and_an_open_question_are_read_as_they_are_drafted(name: FindingName) -> None:
    noun = catalogue("de").nouns[name]
    for text, presence in (
        (f"{noun.no.capitalize()} {noun.text} abgrenzbar.", Presence.NEGATIVE),
        (
            f"{noun.text}, im Vorbefund von vor 3 Tagen beschrieben, {noun.is_} von der KI jetzt nicht erkannt.",
            Presence.NEGATIVE,
        ),
        (
            f"{noun.text}, im Vorbefund beschrieben, ist nicht ausgeschlossen: von der KI nicht beurteilt.",
            Presence.UNCERTAIN,
        ),
        (
            f"Nicht ausgeschlossen, weil mangels Kalibrierung von der KI nicht beurteilt: {noun.text}.",
            Presence.UNCERTAIN,
        ),
    ):
        assert {(each.name, each.presence) for each in LABELLER.statements(text)} == {(name, presence)}, text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Kein Pneumothorax, kein Pleuraerguss.", {("pneumothorax", "negative"), ("effusion", "negative")}),
        ("Kein Nachweis von Infiltraten oder Ergüssen.", {("infiltration", "negative")}),
        ("Ohne Hinweis auf Pneumonie.", {("pneumonia", "negative")}),
        ("Weder Erguss noch Pneumothorax.", {("effusion", "negative"), ("pneumothorax", "negative")}),
        ("Pneumothorax nicht nachweisbar.", {("pneumothorax", "negative")}),
        ("Pneumothorax ausgeschlossen.", {("pneumothorax", "negative")}),
        ("Pneumonie nicht auszuschließen.", {("pneumonia", "uncertain")}),
        ("Pneumonie kann nicht ausgeschlossen werden.", {("pneumonia", "uncertain")}),
        ("Verdacht auf Pneumonie.", {("pneumonia", "uncertain")}),
        ("Pleuraerguss nicht mehr nachweisbar.", {("effusion", "negative")}),
        ("Kein Pneumothorax, jedoch Pleuraerguss links.", {("pneumothorax", "negative"), ("effusion", "positive")}),
        ("Keine wesentliche Änderung des Pleuraergusses.", {("effusion", "positive")}),
        ("Herz normal groß.", {("cardiomegaly", "negative")}),
        ("Herz nicht vergrößert.", {("cardiomegaly", "negative")}),
        ("Das Herz ist vergrößert.", {("cardiomegaly", "positive")}),
        ("Grenzwertig großes Herz.", {("cardiomegaly", "uncertain")}),
        ("Randwinkel beidseits verschattet.", {("pleural_other", "positive")}),
        ("CT zum Ausschluss einer Raumforderung empfohlen.", {("mass", "uncertain")}),
        ("Fragestellung: Pneumonie?\n\nBefund: Kein Erguss.", {("effusion", "negative")}),
        ("Fraktur der 3. Rippe links.", {("fracture", "positive")}),
        ("Der ZVK wurde entfernt.", {("support_devices", "negative")}),
        ("Kein Nachweis eines\nPneumothorax.", {("pneumothorax", "negative")}),
    ],
)
def test_a_sentence_states(text: str, expected: set[tuple[str, str]]) -> None:
    assert stated(text) >= expected
    assert {name for name, _ in stated(text)} <= {name for name, _ in expected} | {"effusion"}


@pytest.mark.parametrize(
    ("text", "name", "side"),
    [
        ("Pleuraerguss links.", "effusion", "left"),
        ("Pleuraergüsse beidseits.", "effusion", "bilateral"),
        ("Pleuraerguss links, Infiltrat rechts.", "effusion", "left"),
        ("Pleuraerguss links, Infiltrat rechts.", "infiltration", "right"),
        ("Pleuraerguss links und Infiltrat rechts.", "infiltration", "right"),
        ("Links basale Verschattung.", "lung_opacity", "left"),
        ("Kein Erguss, rechts basales Infiltrat.", "infiltration", "right"),
        ("Infiltrat im rechten Oberlappen.", "infiltration", "right"),
        ("Infiltrat im Mittellappen.", "infiltration", "right"),
    ],
)
def test_the_side(text: str, name: str, side: str) -> None:
    (said,) = (each for each in LABELLER.statements(text) if each.name == name)
    assert said.laterality == side


def test_nothing_is_stated_of_the_model() -> None:
    for text in (
        "Kein Befund erreicht seinen Schwellenwert; das schließt eine Erkrankung nicht aus.",
        "Abstand der Tubusspitze von der Carina 3,2 cm.",
        "Nur fragliche Befunde, oben aufgeführt; vom Befunder zu beurteilen.",
        "Eine Voraufnahme ist vorhanden; die KI hat sie nicht verglichen.",
    ):
        assert LABELLER.statements(text) == ()
    assert all(each.implied for each in LABELLER.statements("Kein akuter Befund."))
    assert LABELLER.statements("Kein akuter Befund.")
