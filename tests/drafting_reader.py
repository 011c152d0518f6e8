"""Reads the sentences of the grammar's findings and impression back, by words written here: nothing of `wetread.drafting` is used, so that no mistake is made twice."""

import re
from dataclasses import dataclass

from wetread.domain.finding import FindingName, concept

__all__ = ["GENDERS", "GERMAN", "Said", "names_in", "read"]

GENDERS = {
    "m": ("kein", "linksseitiger", "rechtsseitiger", "beidseitiger"),
    "f": ("keine", "linksseitige", "rechtsseitige", "beidseitige"),
    "n": ("kein", "linksseitiges", "rechtsseitiges", "beidseitiges"),
}
_N = FindingName
GERMAN = {
    _N.ATELECTASIS: ("Atelektase", "f"),
    _N.CARDIOMEGALY: ("Kardiomegalie", "f"),
    _N.EFFUSION: ("Pleuraerguss", "m"),
    _N.INFILTRATION: ("Infiltrat", "n"),
    _N.MASS: ("Raumforderung", "f"),
    _N.NODULE: ("Rundherd", "m"),
    _N.PNEUMONIA: ("Pneumonie", "f"),
    _N.PNEUMOTHORAX: ("Pneumothorax", "m"),
    _N.CONSOLIDATION: ("Konsolidierung", "f"),
    _N.EDEMA: ("Lungenödem", "n"),
    _N.EMPHYSEMA: ("Lungenemphysem", "n"),
    _N.FIBROSIS: ("Lungenfibrose", "f"),
    _N.PLEURAL_THICKENING: ("Pleuraverdickung", "f"),
    _N.HERNIA: ("Zwerchfell- oder Hiatushernie", "f"),
    _N.ENLARGED_CARDIOMEDIASTINUM: ("Verbreiterung des Herz-Mediastinal-Schattens", "f"),
    _N.LUNG_LESION: ("Lungenläsion", "f"),
    _N.LUNG_OPACITY: ("Lungenverschattung", "f"),
    _N.PLEURAL_OTHER: ("sonstige Pleuraveränderung", "f"),
    _N.FRACTURE: ("Fraktur", "f"),
    _N.SUPPORT_DEVICES: ("Fremdmaterial", "n"),
}
"""Nouns and their genders, from the dictionary."""

_SIDE_NAMES = ("left", "right", "bilateral")
_WHAT: dict[str, dict[str, tuple[FindingName, str]]] = {"en": {}, "de": {}}
for _name in FindingName:
    for _side in ("", *_SIDE_NAMES):
        _WHAT["en"][f"{_side} {concept(_name).display}".strip()] = (_name, _side)
    _noun, _gender = GERMAN[_name]
    for _form, _side in zip(("", *GENDERS[_gender][1:]), ("", *_SIDE_NAMES), strict=True):
        _WHAT["de"][f"{_form} {_noun}".strip()] = (_name, _side)
_WHAT = {spoken: {text.lower(): what for text, what in table.items()} for spoken, table in _WHAT.items()}

_WORDS = {
    "en": {"probable": "Probable", "possible": "Possible", "questionable": "Questionable", "certain": ""},
    "de": {"probable": "Wahrscheinlich", "possible": "Möglicherweise", "questionable": "Fraglich", "certain": ""},
}
_AGE = {
    "en": r"of (?:the same (?P<today>day)|1 day (?P<one>before)|(?P<many>\d+) days before)",
    "de": r"(?:vom selben (?P<today>Tag)|von vor 1 (?P<one>Tag)|von vor (?P<many>\d+) Tagen)",
}
_RELATIONS = {
    "en": {
        "new": ", new since the prior AGE",
        "new side": ", new on this side since the prior AGE, which reported the other side",
        "unchanged": ", unchanged in presence since the prior AGE",
        "other side": ", reported on the other side on the prior AGE",
        "also other side": ", reported on the other side as well on the prior AGE",
        "one side only": ", reported on one side only on the prior AGE",
        "side unclear": ", reported on the prior AGE too, sides not comparable",
        "older": ", last reported on the prior AGE",
    },
    "de": {
        "new": ", neu gegenüber dem Vorbefund AGE",
        "new side": ", auf dieser Seite neu gegenüber dem Vorbefund AGE, der die Gegenseite beschreibt",
        "unchanged": ", gegenüber dem Vorbefund AGE weiterhin vorhanden",
        "other side": ", im Vorbefund AGE auf der Gegenseite beschrieben",
        "also other side": ", im Vorbefund AGE auch auf der Gegenseite beschrieben",
        "one side only": ", im Vorbefund AGE nur auf einer Seite beschrieben",
        "side unclear": ", auch im Vorbefund AGE beschrieben, Seiten nicht vergleichbar",
        "older": ", zuletzt im Vorbefund AGE beschrieben",
    },
}
_OTHERS = {
    "en": {
        "not seen": r"(?P<what>.+) reported on the prior AGE (?:is|are) not seen by the AI now "
        r"\(probability (?P<number>[<>]?[\d.]+)\)",
        "not assessed": r"(?P<what>.+) reported on the prior AGE cannot be excluded: not assessed by the AI",
        "negative": r"No (?P<what>.+) seen",
        "uncalibrated": r"(?P<list>.+) cannot be excluded: not assessed by the AI for want of calibration",
        "nothing": r"No finding reached its operating point; this does not exclude disease",
        "nothing assessed": r"The AI assessed no finding; this does not exclude disease",
        "normal": r"No acute finding",
        "note": r"Note for the reader: .+",
        "measured": r"(?:Cardiothoracic ratio|Transverse cardiac diameter|Distance of the tube tip from the carina) .+",
        "measurement left out": r"(?:1 measurement is|\d+ measurements are) left out: .+",
        "questionable": r"Only questionable findings, listed above; to be judged by the reader",
        "further": r"(?P<count>\d+) further findings? (?:is|are) listed above",
        "closing": r"Please correlate clinically",
    },
    "de": {
        "not seen": r"(?P<what>.+), im Vorbefund AGE beschrieben, wird von der KI jetzt nicht erkannt "
        r"\(Wahrscheinlichkeit (?P<number>[<>]?[\d,]+)\)",
        "not assessed": r"(?P<what>.+), im Vorbefund AGE beschrieben, ist nicht ausgeschlossen: von der KI nicht beurteilt",
        "negative": r"Keine? (?P<what>.+) abgrenzbar",
        "uncalibrated": r"Nicht ausgeschlossen, weil mangels Kalibrierung von der KI nicht beurteilt: (?P<list>.+)",
        "nothing": r"Kein Befund erreicht seinen Schwellenwert; das schließt eine Erkrankung nicht aus",
        "nothing assessed": r"Die KI hat keinen Befund beurteilt; das schließt eine Erkrankung nicht aus",
        "normal": r"Kein akuter Befund",
        "note": r"Hinweis für den Befunder.+",
        "measured": r"(?:Herz-Thorax-Quotient|Transversaler Herzdurchmesser|Abstand der Tubusspitze von der Carina) .+",
        "measurement left out": r"(?:1 Messwert ist|\d+ Messwerte sind) ausgelassen: .+",
        "questionable": r"Nur fragliche Befunde, oben aufgeführt; vom Befunder zu beurteilen",
        "further": r"(?P<count>\d+) weiterer? Befunde? (?:ist|sind) oben aufgeführt",
        "closing": r"Please correlate clinically",
    },
}


@dataclass(frozen=True, slots=True)
class Said:
    """What one sentence says; `kind` is "called" or a key of the tables above, `days` the age of the prior."""

    kind: str
    name: FindingName | None = None
    side: str = ""
    certainty: str = ""
    relation: str = ""
    days: int | None = None
    names: frozenset[FindingName] = frozenset()
    number: str = ""
    count: int = 0


def _compiled(tables: dict[str, dict[str, str]], before: str) -> dict[str, list[tuple[str, re.Pattern[str]]]]:
    return {
        spoken: [(kind, re.compile(before + text.replace("AGE", _AGE[spoken]))) for kind, text in table.items()]
        for spoken, table in tables.items()
    }


_RELATION_PATTERNS = _compiled(_RELATIONS, "(?P<head>[^,]+(?:- oder [^,]+)?)")
_OTHER_PATTERNS = _compiled(_OTHERS, "")
_NAME_PATTERNS = {
    spoken: re.compile("|".join(rf"\b{re.escape(text)}\b" for text in sorted(table, key=len, reverse=True)), re.I)
    for spoken, table in _WHAT.items()
}


def read(text: str, language: str, own_probable: str = "") -> Said:
    """Raises ValueError for a sentence that none of the tables knows. `own_probable` is a style's word for PROBABLE."""
    if not text.endswith("."):
        raise ValueError(f"no full stop: {text}")
    for kind, pattern in _OTHER_PATTERNS[language]:
        if match := pattern.fullmatch(text[:-1]):
            return _other(kind, match, language)
    return _called(text[:-1], language, {**_WORDS[language], **({"probable": own_probable} if own_probable else {})})


def names_in(text: str, language: str) -> set[FindingName]:
    """Every finding that a text names, in whatever way."""
    return {_WHAT[language][found.lower()][0] for found in _NAME_PATTERNS[language].findall(text)}


def _called(text: str, language: str, words: dict[str, str]) -> Said:
    head, relation, days = text, "", None
    for kind, pattern in _RELATION_PATTERNS[language]:
        if match := pattern.fullmatch(text):
            head, relation, days = match["head"], kind, _days(match)
    for certainty, word in words.items():
        rest = head.removeprefix(f"{word} ") if word else head
        if (rest != head or not word) and rest.lower() in _WHAT[language]:
            name, side = _WHAT[language][rest.lower()]
            return Said("called", name, side, certainty, relation, days)
    raise ValueError(f"unreadable: {text}")


def _other(kind: str, match: re.Match[str], language: str) -> Said:
    groups = match.groupdict()
    name, side = _WHAT[language][groups["what"].lower()] if "what" in groups else (None, "")
    names = frozenset(names_in(groups["list"], language)) if "list" in groups else frozenset()
    days = _days(match) if "many" in groups else None
    number = groups.get("number", "").replace(",", ".")
    return Said(kind, name, side, days=days, names=names, number=number, count=int(groups.get("count", 0)))


def _days(match: re.Match[str]) -> int:
    return int(match["many"]) if match["many"] else 1 if match["one"] else 0
