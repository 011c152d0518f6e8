"""Statements put into other words as a language model puts them: faithful to a person's eye, and the truth of each known because it is written from the statement, not read from a text.

Two sets of frames: plain ones, and rarer turns. Both are by the author of the guard's vocabulary and older than it, so neither says how a given model writes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from wetread.domain.finding import FindingName, concept
from wetread.domain.report import Certainty
from wetread.domain.statement import Change

__all__ = ["FRAMES", "OTHER_FRAMES", "TERMS", "Frame", "Told", "merged", "one"]

N = FindingName
ADJECTIVES = {
    Certainty.PROBABLE: ("probable", "likely"),
    Certainty.POSSIBLE: ("possible", "potential"),
    Certainty.QUESTIONABLE: ("questionable", "equivocal"),
}
ADVERBS = {
    Certainty.PROBABLE: ("probably", "likely"),
    Certainty.POSSIBLE: ("possibly", "potentially"),
    Certainty.QUESTIONABLE: ("questionably", "equivocally"),
}
TERMS: dict[FindingName, tuple[str, ...]] = {
    N.ATELECTASIS: ("atelectasis", "atelectatic change"),
    N.CARDIOMEGALY: ("cardiomegaly", "cardiac enlargement", "enlargement of the heart", "enlarged cardiac silhouette"),
    N.EFFUSION: ("pleural effusion", "effusion", "pleural fluid"),
    N.INFILTRATION: ("infiltration", "infiltrate", "pulmonary infiltrate"),
    N.MASS: ("mass", "lung mass", "pulmonary mass"),
    N.NODULE: ("nodule", "pulmonary nodule", "lung nodule"),
    N.PNEUMONIA: ("pneumonia",),
    N.PNEUMOTHORAX: ("pneumothorax",),
    N.CONSOLIDATION: ("consolidation", "pulmonary consolidation", "lung consolidation"),
    N.EDEMA: ("pulmonary edema", "pulmonary oedema"),
    N.EMPHYSEMA: ("emphysema", "emphysematous change", "pulmonary emphysema"),
    N.FIBROSIS: ("fibrosis", "fibrotic change", "pulmonary fibrosis"),
    N.PLEURAL_THICKENING: ("pleural thickening", "thickening of the pleura"),
    N.HERNIA: ("diaphragmatic or hiatal hernia", "hiatal or diaphragmatic hernia"),
    N.ENLARGED_CARDIOMEDIASTINUM: (
        "enlarged cardiomediastinum",
        "enlarged cardiomediastinal silhouette",
        "enlargement of the cardiomediastinal silhouette",
    ),
    N.LUNG_LESION: ("lung lesion", "pulmonary lesion"),
    N.LUNG_OPACITY: ("lung opacity", "pulmonary opacity", "opacity"),
    N.PLEURAL_OTHER: ("other pleural abnormality",),
    N.FRACTURE: ("fracture", "bone fracture", "osseous fracture"),
    N.SUPPORT_DEVICES: ("support devices",),
}
MASS_NOUNS = ("atelectasis", "cardiomegaly", "fluid", "infiltration", "pneumonia", "edema", "oedema", "emphysema")
MASS_NOUNS += ("fibrosis", "thickening", "devices", "enlargement", "consolidation", "change", "heart", "pleura")
REGIONS = {"lungs": ("lung", "hemithorax"), "pleura": ("hemithorax", "pleural space"), "bones": ("hemithorax",)}


@dataclass(frozen=True, slots=True)
class Told:
    """One statement to put into words; `days` is the age of the prior that `change` speaks of."""

    name: FindingName
    side: str
    certainty: Certainty
    change: Change = Change.UNSTATED
    days: int = 0


Frame = Callable[[Told, Random], str]


def _article(phrase: str, term: str) -> str:
    if any(term.endswith(noun) for noun in MASS_NOUNS) or "bilateral" in phrase or phrase.startswith("other"):
        return phrase
    return ("an " if phrase[0] in "aeiou" else "a ") + phrase


def _place(told: Told, rng: Random) -> str:
    """ "on the left", "in both lungs": where a side is said after the finding."""
    regions = REGIONS.get(concept(told.name).anatomy, ())
    if told.side == "bilateral":
        return rng.choice(["bilaterally", "on both sides", *(["in both lungs"] if "lung" in regions else [])])
    return rng.choice(
        [f"on the {told.side}", f"on the {told.side} side", *(f"in the {told.side} {r}" for r in regions)]
    )


def _noun(told: Told, rng: Random, *, hedge: bool, side: bool = True, article: bool = True, place: bool = True) -> str:
    """[article] [hedge] [side] term [place]; the side once, before or after the term."""
    term = rng.choice(TERMS[told.name])
    words, after = [], ""
    if hedge:
        words.append(rng.choice(ADJECTIVES[told.certainty]))
    if side and told.side:
        if place and rng.random() < 0.4:
            after = " " + _place(told, rng)
        elif told.side == "bilateral" or rng.random() < 0.6:
            words.append(told.side)
        else:
            words.append(f"{told.side}-sided")
    phrase = " ".join([*words, term])
    return (_article(phrase, term) if article else phrase) + after


def _adjective(told: Told, rng: Random) -> str:
    return rng.choice(ADJECTIVES[told.certainty])


def _adverb(told: Told, rng: Random) -> str:
    return rng.choice(ADVERBS[told.certainty])


def _be(told: Told) -> str:
    return "are" if told.name is N.SUPPORT_DEVICES else "is"


def _seen(rng: Random) -> str:
    return rng.choice(["seen", "noted", "identified", "present", "observed", "visualized", "demonstrated"])


def _film(rng: Random) -> str:
    return rng.choice(["radiograph", "chest radiograph", "image", "examination", "study", "chest x-ray", "film"])


def _modal(told: Told, rng: Random) -> str:
    """For POSSIBLE alone: "may", "might" and "could" say no more and no less."""
    noun = _noun(told, rng, hedge=False)
    modal = rng.choice(["may", "might", "could"])
    return rng.choice([f"there {modal} be {noun}", f"{noun} {modal} be present"])


def _located(told: Told, rng: Random) -> str:
    noun = _noun(told, rng, hedge=True, side=False)
    where = f"{_place(told, rng)}, " if told.side else f"on this {_film(rng)}, "
    return f"{where}there {_be(told)} {noun}"


FRAMES: tuple[Frame, ...] = (
    lambda t, r: _noun(t, r, hedge=True, article=False),
    lambda t, r: f"there {_be(t)} {_noun(t, r, hedge=True)}",
    lambda t, r: f"{_noun(t, r, hedge=True)} {_be(t)} {_seen(r)}",
    lambda t, r: f"{_noun(t, r, hedge=False)} {_be(t)} {_adverb(t, r)} present",
    lambda t, r: f"{_noun(t, r, hedge=False, article=False)} {_be(t)} {_adjective(t, r)}",
    lambda t, r: (
        f"the {_film(r)} {r.choice(['shows', 'demonstrates', 'reveals'])} {_noun(t, r, hedge=True, article=True)}"
    ),
    lambda t, r: f"{_noun(t, r, hedge=False, article=False)}, {_adjective(t, r)}",
    lambda t, r: f"there {_be(t)} {_adverb(t, r)} {_noun(t, r, hedge=False)}",
    lambda t, r: (
        f"it is {_adjective(t, r).replace('potential', 'possible')} that there {_be(t)} {_noun(t, r, hedge=False)}"
    ),
    lambda t, r: _modal(t, r) if t.certainty is Certainty.POSSIBLE else _noun(t, r, hedge=True, article=False),
    _located,
    lambda t, r: f"findings {r.choice(['suggest', 'indicate', 'show'])} {_noun(t, r, hedge=True)}",
    lambda t, r: f"{_noun(t, r, hedge=True, article=False)} on the current {_film(r)}",
    lambda t, r: f"{_noun(t, r, hedge=True, article=False)} {_seen(r)}",
)


def _region_shows(told: Told, rng: Random) -> str:
    regions = REGIONS.get(concept(told.name).anatomy)
    noun = _noun(told, rng, hedge=True, side=False)
    if told.side not in ("left", "right") or not regions:
        return f"there {_be(told)} evidence of {_noun(told, rng, hedge=True, article=False)}"
    return f"the {told.side} {regions[0]} {rng.choice(['demonstrates', 'shows', 'contains'])} {noun}"


OTHER_FRAMES: tuple[Frame, ...] = (
    _region_shows,
    lambda t, r: f"radiographic appearance suggests {_noun(t, r, hedge=True)}",
    lambda t, r: f"{_noun(t, r, hedge=True)} {'have' if _be(t) == 'are' else 'has'} been identified",
    lambda t, r: f"{_noun(t, r, hedge=False)}, which {_be(t)} {_adjective(t, r)}, {_be(t)} present",
    lambda t, r: f"evidence of {_noun(t, r, hedge=True)} is {_seen(r)}",
    lambda t, r: f"{_noun(t, r, hedge=True)} can be seen",
    lambda t, r: f"presence of {_noun(t, r, hedge=True)}",
    lambda t, r: (
        f"the {r.choice(['AI model', 'model', 'AI'])} {r.choice(['identifies', 'detects'])} {_noun(t, r, hedge=True)}"
    ),
    lambda t, r: f"{_noun(t, r, hedge=False)} {_be(t)} considered {_adjective(t, r)}",
    lambda t, r: f"imaging reveals {_noun(t, r, hedge=True)}",
    lambda t, r: f"note is made of {_noun(t, r, hedge=True)}",
    lambda t, r: f"{_noun(t, r, hedge=True)} {_be(t)} suggested",
    lambda t, r: f"{_noun(t, r, hedge=False, article=False)} ({_adjective(t, r)})",
    lambda t, r: f"chest {r.choice(['radiograph', 'x-ray'])} with {_noun(t, r, hedge=True)}",
    lambda t, r: f"{_noun(t, r, hedge=False, article=False)}, {_adverb(t, r)} present",
    lambda t, r: f"there {'appear' if _be(t) == 'are' else 'appears'} to be {_noun(t, r, hedge=True)}",
    lambda t, r: f"findings are {r.choice(['notable', 'remarkable'])} for {_noun(t, r, hedge=True)}",
)


def _since(told: Told, rng: Random) -> str:
    """ ", new since the prior study of 40 days before", "" where nothing is compared."""
    if told.change is Change.UNSTATED:
        return ""
    age = "1 day" if told.days == 1 else f"{told.days} days"
    prior = rng.choice(["prior", "previous"]) + rng.choice(["", " study", " examination", " radiograph"])
    old = "of the same day" if told.days == 0 else f"of {age} before" if rng.random() < 0.5 else f"{age} earlier"
    if told.change is Change.NEW:
        return f", new {rng.choice(['since', 'compared with', 'compared to', 'relative to'])} the {prior} {old}"
    word = rng.choice(
        ["unchanged in presence since", "unchanged in presence compared with", "still present compared to"]
    )
    return f", {word} the {prior} {old}"


def _close(text: str) -> str:
    return text[0].upper() + text[1:] + "."


def one(told: Told, rng: Random, frames: Sequence[Frame] = FRAMES) -> str:
    """One statement in other words."""
    return _close(rng.choice(frames)(told, rng) + _since(told, rng))


def merged(tolds: Sequence[Told], rng: Random) -> str:
    """Several statements in one sentence, each noun phrase complete. Those that are compared come first, so that no reader can take the comparison for the others'."""
    tolds = sorted(tolds, key=lambda each: not each.change)
    if len(tolds) == 2 and not any(each.change for each in tolds) and rng.random() < 0.2:
        return _close(_each_with_its_verb(tolds, rng))
    nouns = [_noun(t, rng, hedge=True, place=False) + _since(t, rng) for t in tolds]
    joins = [", along with ", ", and ", "; "] + (
        [] if any(t.change for t in tolds) else [" and ", " with ", " as well as "]
    )
    listed = ", ".join(nouns[:-1]) + rng.choice(joins) + nouns[-1]
    verb = "are" if _be(tolds[0]) == "are" else "is"
    ways = [listed, f"there {verb} {listed}", f"the {_film(rng)} shows {listed}"]
    if not any(t.change for t in tolds) and ";" not in listed:
        ways.append(f"{listed} are {_seen(rng)}")
    return _close(rng.choice(ways))


def _each_with_its_verb(tolds: Sequence[Told], rng: Random) -> str:
    said = [
        f"{_noun(t, rng, hedge=False, place=False)} {_be(t)} {rng.choice([_adjective(t, rng), _adverb(t, rng) + ' present'])}"
        for t in tolds
    ]
    return rng.choice([" and ", "; ", ", and ", ", while "]).join(said)
