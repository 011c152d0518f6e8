"""The words a composer may use for a finding, and what each does. A word that is not here cannot be checked, so it does not pass.

There is no negation, no severity, no cause, no place finer than a side, no advice and no urgency among them: those are never the composer's to say.
Hedges are mapped to the grammar's bands; words on whose strength readers disagree ("consistent with", "concerning for", "suspected") are left out.
"""

from dataclasses import dataclass
from enum import StrEnum

from wetread.domain.finding import FindingName
from wetread.domain.report import Certainty
from wetread.domain.statement import Change

__all__ = ["LONGEST", "PHRASES", "PLACES", "Kind", "Lexeme"]


class Kind(StrEnum):
    TERM = "term"
    PLURAL = "plural term"
    """More than one: said only of a finding on both sides."""
    ENLARGED = "enlarged"
    """Names a finding together with the organ that it is said of."""
    PLACE = "place"
    SIDE = "side"
    HEDGE = "hedge"
    WEAK = "weak"
    """Takes certainty away without saying how much: only beside a hedge."""
    CHANGE = "change"
    DAYS = "days"
    """The age of a prior in days; read from digits, so it has no phrases but "same day"."""
    PRIOR = "prior"
    COMPARED = "compared"
    """Leads to an earlier study; like it, only beside a change."""
    SINGULAR = "singular verb"
    PLURAL_VERB = "plural verb"
    SEEN = "seen"
    IMAGE = "image"
    """What the finding is seen on, or who sees it: it can be questionable itself."""
    NOUN = "noun"
    """Stands for a finding without naming it."""
    RELATIVE = "relative"
    JOIN = "join"
    """`value` is "," for a comma or a parenthesis."""
    BREAK = "break"
    """Nothing said before it holds for what comes after it."""
    FILLER = "filler"


@dataclass(frozen=True, slots=True)
class Lexeme:
    """`value` is the finding, side, certainty, change, place or number of days that the words stand for; "" for the rest. `adverb`: it may qualify the word after it."""

    kind: Kind
    value: str = ""
    adverb: bool = False


_N = FindingName
_TERMS = {
    _N.ATELECTASIS: "atelectasis, atelectatic change, atelectatic changes, pulmonary atelectasis, lung atelectasis",
    _N.CARDIOMEGALY: "cardiomegaly, cardiac enlargement, heart enlargement, enlargement of the heart, enlarged heart, "
    "enlarged cardiac silhouette, enlargement of the cardiac silhouette, enlarged heart size",
    _N.EFFUSION: "pleural effusion, effusion, pleural fluid, fluid in the pleural space, pleural fluid collection",
    _N.INFILTRATION: "infiltration, infiltrate, pulmonary infiltrate, lung infiltrate, pulmonary infiltration, "
    "lung infiltration",
    _N.MASS: "mass, lung mass, pulmonary mass",
    _N.NODULE: "nodule, lung nodule, pulmonary nodule",
    _N.PNEUMONIA: "pneumonia",
    _N.PNEUMOTHORAX: "pneumothorax",
    _N.CONSOLIDATION: "consolidation, lung consolidation, pulmonary consolidation",
    _N.EDEMA: "pulmonary edema, pulmonary oedema, lung edema, lung oedema, edema, oedema",
    _N.EMPHYSEMA: "emphysema, pulmonary emphysema, lung emphysema, emphysematous change, emphysematous changes",
    _N.FIBROSIS: "fibrosis, pulmonary fibrosis, lung fibrosis, fibrotic change, fibrotic changes",
    _N.PLEURAL_THICKENING: "pleural thickening, thickening of the pleura, thickened pleura",
    _N.HERNIA: "diaphragmatic or hiatal hernia, hiatal or diaphragmatic hernia",
    _N.ENLARGED_CARDIOMEDIASTINUM: "enlarged cardiomediastinum, enlarged cardiomediastinal silhouette, "
    "enlargement of the cardiomediastinal silhouette, cardiomediastinal enlargement, "
    "enlargement of the cardiomediastinum",
    _N.LUNG_LESION: "lung lesion, pulmonary lesion",
    _N.LUNG_OPACITY: "lung opacity, pulmonary opacity, opacity",
    _N.PLEURAL_OTHER: "other pleural abnormality",
    _N.FRACTURE: "fracture, bone fracture, bony fracture, osseous fracture",
    _N.SUPPORT_DEVICES: "support devices, support device",
}
_PLURALS = {
    _N.EFFUSION: "pleural effusions, effusions",
    _N.INFILTRATION: "infiltrates, pulmonary infiltrates, lung infiltrates",
    _N.MASS: "masses, lung masses, pulmonary masses",
    _N.NODULE: "nodules, lung nodules, pulmonary nodules",
    _N.PNEUMOTHORAX: "pneumothoraces",
    _N.CONSOLIDATION: "consolidations, lung consolidations, pulmonary consolidations",
    _N.LUNG_LESION: "lung lesions, pulmonary lesions",
    _N.LUNG_OPACITY: "lung opacities, pulmonary opacities, opacities",
    _N.FRACTURE: "fractures, bone fractures, osseous fractures",
}
PLACES = {
    "lung": {"lungs"},
    "lungs": {"lungs"},
    "hemithorax": {"lungs", "pleura", "bones"},
    "pleural space": {"pleura"},
    "heart": {"heart"},
    "mediastinum": {"mediastinum"},
}
"""The anatomies (`FindingConcept.anatomy`) of which each place may be said."""
_PLACE_WORDS = {
    "lung": "lung",
    "lungs": "lungs",
    "hemithorax": "hemithorax, thorax",
    "pleural space": "pleural space, pleural cavity",
    "heart": "heart, heart size, cardiac silhouette",
    "mediastinum": "cardiomediastinal silhouette, cardiomediastinum",
}
_SIDES = {
    "left": "left, left sided, left side",
    "right": "right, right sided, right side",
    "bilateral": "bilateral, bilaterally, both sides, both lungs, both hemithoraces, both pleural spaces, "
    "left and right, right and left",
}
_HEDGES = {
    Certainty.PROBABLE: "probable",
    Certainty.POSSIBLE: "possible, potential, may be, might be, could be, may represent, might represent, "
    "could represent",
    Certainty.QUESTIONABLE: "questionable, equivocal",
}
_HEDGING_ADVERBS = {
    Certainty.PROBABLE: "probably, likely",
    Certainty.POSSIBLE: "possibly, potentially",
    Certainty.QUESTIONABLE: "questionably, equivocally",
}
_CHANGES = {
    Change.NEW: "new, newly",
    Change.UNCHANGED: "unchanged in presence, still present, still seen, again present, again seen, again noted, "
    "persistent, remains present, remain present",
}
"""The AI compares presence and side, not extent: "unchanged" alone would say more, so would "stable"."""
_WORDS = {
    Kind.ENLARGED: "enlarged",
    Kind.WEAK: "suggest, suggests, suggested, suggesting, suggestive of, appears, appear, appears to be, appear to be, "
    "considered",
    Kind.PRIOR: "prior, previous, report, signed report",
    Kind.COMPARED: "since, compared, compared with, compared to, when compared with, when compared to, "
    "in comparison with, in comparison to, relative to, from",
    Kind.SINGULAR: "is, shows, demonstrates, reveals, indicates, represents, identifies, detects, contains, finds",
    Kind.PLURAL_VERB: "are, show, demonstrate, reveal, indicate",
    Kind.SEEN: "seen, noted, identified, present, observed, visualized, visualised, visible, detected, demonstrated, "
    "shown, found, can be seen, can be identified, can be noted, can be observed, can be visualized",
    Kind.IMAGE: "radiograph, radiographs, image, images, film, films, examination, exam, study, view, x ray, imaging, "
    "chest radiograph, chest radiographs, chest image, chest film, chest x ray, current, ai, model, ai model",
    Kind.NOUN: "finding, findings, appearance, evidence, presence",
    Kind.RELATIVE: "that, which",
    Kind.JOIN: "and, with, as well as, along with, together with, in addition to, plus",
    Kind.BREAK: "while, whereas",
    Kind.FILLER: "a, an, the, there, this, it, in, on, of, within, at, also, chest, radiographic, note is made of, "
    "notable for, remarkable for",
}
_PERFECT = {Kind.SINGULAR: "has been", Kind.PLURAL_VERB: "have been"}
"""Only with a participle: "the heart has enlarged" would be a comparison."""
_MARKS = {mark: Lexeme(Kind.JOIN, ",") for mark in ",()"} | {mark: Lexeme(Kind.BREAK) for mark in ";."}


def _phrases() -> dict[tuple[str, ...], Lexeme]:
    tables: list[tuple[str, Lexeme]] = [(words, Lexeme(kind)) for kind, words in _WORDS.items()]
    tables += [(words, Lexeme(Kind.TERM, name)) for name, words in _TERMS.items()]
    tables += [(words, Lexeme(Kind.PLURAL, name)) for name, words in _PLURALS.items()]
    tables += [(words, Lexeme(Kind.PLACE, place)) for place, words in _PLACE_WORDS.items()]
    tables += [(words, Lexeme(Kind.SIDE, side)) for side, words in _SIDES.items()]
    tables += [(words, Lexeme(Kind.HEDGE, certainty)) for certainty, words in _HEDGES.items()]
    tables += [(words, Lexeme(Kind.HEDGE, certainty, adverb=True)) for certainty, words in _HEDGING_ADVERBS.items()]
    tables += [(words, Lexeme(Kind.CHANGE, change)) for change, words in _CHANGES.items()]
    tables += [(f"{been} {word}", Lexeme(k)) for k, been in _PERFECT.items() for word in _WORDS[Kind.SEEN].split(", ")]
    tables += [("same day", Lexeme(Kind.DAYS, "0"))]
    found = {tuple(phrase.split()): lexeme for words, lexeme in tables for phrase in words.split(", ")}
    return found | {(mark,): lexeme for mark, lexeme in _MARKS.items()}


PHRASES = _phrases()
LONGEST: dict[str, int] = {}
"""For each first word, the words of the longest phrase that begins with it."""
for _phrase in PHRASES:
    LONGEST[_phrase[0]] = max(len(_phrase), LONGEST.get(_phrase[0], 0))
