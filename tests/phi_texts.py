"""Writes clinical texts with invented identity in them, and says where: every name, place, day and number is made up here, letter by letter.

The hard part for a scrubber without a list of names are names that are words; `word_names` says how many of the surnames are ("White", "Fischer").
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

__all__ = ["WrittenText", "clinical_sentences", "phi_texts"]

STUDY_DATE = date(2026, 11, 29)
_START = [
    "b",
    "br",
    "c",
    "ch",
    "d",
    "f",
    "g",
    "h",
    "j",
    "k",
    "l",
    "m",
    "n",
    "p",
    "r",
    "s",
    "sch",
    "sh",
    "st",
    "t",
    "tr",
    "v",
    "w",
    "z",
    "kr",
    "dj",
    "sz",
]
_MIDDLE = ["a", "e", "i", "o", "u", "ai", "au", "ei", "ie", "ou", "oo"]
_END = [
    "n",
    "r",
    "l",
    "s",
    "ck",
    "m",
    "nd",
    "rt",
    "ng",
    "sch",
    "tz",
    "v",
    "ska",
    "wicz",
    "ez",
    "ini",
    "oglu",
    "sen",
    "son",
    "ov",
    "ides",
]
_ACCENTS = str.maketrans(
    {
        "a": "áàâãäåą",
        "e": "éèêëęě",
        "i": "íìîïı",
        "o": "óòôõöøő",
        "u": "úùûüůű",
        "c": "çčć",
        "s": "šşś",
        "n": "ñń",
        "z": "žźż",
        "l": "ł",
    }
)  # type: ignore[arg-type]
_WORD_SURNAMES = [
    "White",
    "Brown",
    "Green",
    "Gray",
    "Black",
    "Young",
    "Short",
    "Small",
    "Little",
    "King",
    "Knight",
    "Bishop",
    "Price",
    "Rice",
    "Ford",
    "Park",
    "Parker",
    "Hill",
    "Wood",
    "Woods",
    "Field",
    "Fields",
    "Lake",
    "Banks",
    "Brook",
    "Brooks",
    "Stone",
    "Snow",
    "Frost",
    "Winter",
    "Baker",
    "Cook",
    "Carter",
    "Potter",
    "Porter",
    "Fisher",
    "Hunter",
    "Walker",
    "Turner",
    "Miller",
    "Cooper",
    "Mason",
    "Page",
    "Case",
    "Pace",
    "Day",
    "Love",
    "Bell",
    "Ball",
    "Bird",
    "Fox",
    "Wolf",
    "Fuller",
    "Bush",
    "Cross",
    "Chase",
    "Chance",
    "Wise",
    "Sharp",
    "Savage",
    "Rose",
    "May",
    "Klein",
    "Gross",
    "Lange",
    "Schwarz",
    "Weiss",
    "Braun",
    "Fischer",
    "Becker",
    "Koch",
    "Wolf",
    "Vogel",
    "Stein",
    "Berg",
    "Busch",
    "Kurz",
    "Jung",
    "Sommer",
    "Winter",
    "Herbst",
    "Freitag",
    "Sonntag",
    "Engel",
    "Kaiser",
    "König",
    "Richter",
]
_WORD_GIVEN = [
    "Mark",
    "Bill",
    "Frank",
    "Grant",
    "Grace",
    "Hope",
    "Faith",
    "Rose",
    "Iris",
    "Dawn",
    "Joy",
    "Christian",
    "Will",
    "Art",
    "Guy",
]


@dataclass(frozen=True, slots=True)
class WrittenText:
    """A text, the half-open spans of identity in it by kind, and spans that must stay."""

    text: str
    identity: tuple[tuple[str, int, int], ...]
    clinical: tuple[tuple[int, int], ...]


class _Writer:
    """Puts a text together and keeps the places."""

    def __init__(self, rng: random.Random, word_names: float) -> None:
        self.rng, self.word_names = rng, word_names

    def write(self, template: str) -> WrittenText:
        """`{name}` and the like are filled and marked; `<...>` must stay."""
        text, identity, clinical = "", [], []
        for kind, piece in _pieces(template):
            filled = getattr(self, kind)() if kind not in {"", "keep"} else piece
            if kind == "keep":
                clinical.append((len(text), len(text) + len(filled)))
            elif kind:
                identity.append((kind, len(text), len(text) + len(filled)))
            text += filled
        return WrittenText(text, tuple(identity), tuple(clinical))

    def coined(self, syllables: int) -> str:
        rng = self.rng
        word = "".join(rng.choice(_START) + rng.choice(_MIDDLE) for _ in range(syllables)) + rng.choice(_END)
        if rng.random() < 0.3:
            word = "".join(rng.choice(_ACCENTS.get(ord(c), c)) if rng.random() < 0.4 else c for c in word)  # type: ignore[arg-type]
        return word.capitalize()

    def surname(self) -> str:
        rng = self.rng
        if rng.random() < self.word_names:
            return rng.choice(_WORD_SURNAMES)
        shape = rng.random()
        name = self.coined(rng.choice((1, 2)))
        if shape < 0.1:
            return f"{name}-{self.coined(1)}"
        return rng.choice(("Mc", "O'", "van ", "de la ", "von ", "al-")) + name if shape < 0.2 else name

    def given(self) -> str:
        return (
            self.rng.choice(_WORD_GIVEN)
            if self.rng.random() < self.word_names / 2
            else self.coined(self.rng.choice((1, 2)))
        )

    def name(self) -> str:
        form = self.rng.randrange(5)
        given, surname = self.given(), self.surname()
        return (f"{given} {surname}", f"{surname}, {given}", f"{given[0]}. {surname}", f"{given} {self.rng.choice('ABCKMR')}. {surname}", f"{given} {surname}")[form]  # fmt: skip

    def place(self) -> str:
        word = self.coined(2)
        return self.rng.choice((word, f"{word}ville", f"North {word}", f"St. {word}", f"{word} upon {self.coined(1)}"))

    def hospital(self) -> str:
        return f"{self.place()} {self.rng.choice(('General', 'Infirmary', 'Memorial Hospital', 'University Hospital', 'Clinic'))}"

    def address(self) -> str:
        rng, number = self.rng, self.rng.randrange(1, 999)
        street, town = self.coined(2), self.coined(2)
        return rng.choice(
            (
                f"{number} {street} {rng.choice(('Street', 'Road', 'Lane', 'Avenue', 'Close'))}, {town} {rng.randrange(10000, 99999)}",
                f"{street}straße {number}, {rng.randrange(10000, 99999)} {town}",
                f"{number}, rue {street}, {rng.randrange(10000, 99999)} {town}",
                f"ul. {street} {number}/{rng.randrange(1, 99)}, {rng.randrange(10, 99)}-{rng.randrange(100, 999)} {town}",
            )
        )

    def date(self) -> str:
        day = STUDY_DATE - timedelta(days=self.rng.randrange(1, 2500))
        return day.strftime(
            self.rng.choice(
                ("%Y-%m-%d", "%d.%m.%Y", "%d/%m/%y", "%B %d, %Y", "%d %b %Y", "%m/%d/%Y", "%Y%m%d", "%d-%b-%Y", "%b %Y")
            )
        )

    def time(self) -> str:
        return f"{self.rng.randrange(0, 24):02d}:{self.rng.randrange(60):02d}"

    def phone(self) -> str:
        rng = self.rng
        return rng.choice(("+49 30 {} {}", "({}) 555-{}", "0{}/{}", "+1-{}-555-{}", "07{} {}")).format(
            rng.randrange(200, 999), rng.randrange(1000, 9999)
        )

    def extension(self) -> str:
        return str(self.rng.randrange(1000, 9999))

    def record(self) -> str:
        rng = self.rng
        return rng.choice(("{:08d}", "A{:07d}", "{:05d}-{:02d}", "PAT{:06d}", "{:03d} {:03d} {:04d}")).format(
            *(rng.randrange(10, 10**6) for _ in range(3))
        )[:14]

    def email(self) -> str:
        return f"{self.coined(1).lower()}{self.rng.randrange(99)}@{self.coined(1).lower()}.example"

    def url(self) -> str:
        return f"https://{self.coined(1).lower()}.example/p/{self.rng.randrange(10**6)}"

    def age(self) -> str:
        return str(self.rng.randrange(90, 108))

    def serial(self) -> str:
        return f"{self.rng.choice('ABCDX')}{self.rng.randrange(10**6):06d}{self.rng.choice('HKQ')}"

    def user(self) -> str:
        return f"{self.coined(1).lower()}{self.rng.randrange(9)}"


def _pieces(template: str) -> Iterator[tuple[str, str]]:
    for part in template.replace("{", "\0{").replace("}", "}\0").replace("<", "\0<").replace(">", ">\0").split("\0"):
        if part.startswith("{"):
            yield part[1:-1], ""
        elif part.startswith("<"):
            yield "keep", part[1:-1]
        elif part:
            yield "", part


_TEMPLATES = (
    "Indication: <cough and fever>. Requested by Dr. {surname}, {hospital}. Please ring {phone}.",
    "{name} was admitted on {date} with <shortness of breath>.",
    "Pt {name}, MRN {record}, <post-op day 2>, <rule out pneumothorax>.",
    "Seen in clinic by Prof. {surname} ({email}); last film {date} at {time}.",
    "The findings were telephoned to Nurse {surname} on ext. {extension} at {time}.",
    "<Right pleural effusion>, discussed with Dr {name} on {date}.",
    "Transferred from {hospital} to us on {date}. <Hodgkin lymphoma in remission>.",
    "Lives at {address}. <Retired miner>.",
    "Home address: {address}; next of kin {name}, tel. {phone}.",
    "Aged {age}, <frail>, fall at home. <No fracture seen>.",
    "A {age}-year-old woman from {place} with <Kerley B lines>.",
    "Pacemaker serial no. {serial}, implanted {date}. <Swan-Ganz catheter in the right pulmonary artery>.",
    "Accession {record}: <CT chest>, images at {url}.",
    "Dictated by {name}, MD, {date} {time}. <Stable cardiomegaly>.",
    "Patient's wife {given} reports <weight loss>. She can be reached at {phone}.",
    "Mrs {surname} declined <contrast>. Her son {name} agreed.",
    "Logged in as {user}; room {extension}; <portable AP film>.",
    "Compared with the film of {date} from {place}: <Bochdalek hernia unchanged>.",
    "Dear Dr. {surname}, thank you for referring {name} with <persistent cough>.",
    "Patientin {name}, wohnhaft {address}. <Kein Pneumothorax>.",
    "Rücksprache mit Dr. {surname}, Tel. {phone}, am {date}. <Pleuraerguss rechts>.",
    "Überwiesen von Frau Dr. {surname} aus {place}. <Verdacht auf Pneumonie>.",
    "Voraufnahme vom {date} aus {hospital}. <Herz nicht vergrößert>.",
    "Herr {surname}, <Zustand nach Sternotomie>, Fallnummer {record}.",
)
_CASELESS = (
    "pt {name} mrn {record} c/o <chest pain>, seen by dr {surname}",
    "<sob and cough> since {date}, pt of dr. {surname}",
    "{name} <r/o pna>",
)


def phi_texts(count: int, seed: int, *, word_names: float = 0.0) -> Iterator[WrittenText]:
    """`count` texts; a tenth all in capitals, a tenth all in small letters. `word_names`: share of surnames that are words."""
    rng = random.Random(seed)
    writer = _Writer(rng, word_names)
    for number in range(count):
        if number % 10 == 8:
            yield _in_one_case(writer.write(rng.choice(_CASELESS)), str.lower)
        elif number % 10 == 9:
            yield _in_one_case(writer.write(rng.choice(_CASELESS)), str.upper)
        else:
            yield writer.write(rng.choice(_TEMPLATES))


def _in_one_case(written: WrittenText, change: Callable[[str], str]) -> WrittenText:
    """Letter by letter, so that the places stay ("ı" has no other case of one letter)."""
    changed = "".join(change(letter) if len(change(letter)) == 1 else letter for letter in written.text)
    return WrittenText(changed, written.identity, written.clinical)


_FILLED = (
    "The heart is normal in size. The lungs are clear without focal consolidation, pleural effusion or pneumothorax.",
    "Mild cardiomegaly with cephalization of the pulmonary vasculature and bilateral interstitial opacities, consistent with edema.",
    "ET tube tip 4.5 cm above the carina; NG tube below the diaphragm. Right IJ catheter terminates at the cavoatrial junction.",
    "5 mm calcified nodule in the right upper lobe, unchanged since 2019. Follow-up CT in 6-12 months by Fleischner criteria.",
    "64 y/o M, hx of COPD and CHF (EF 35%), s/p CABG x3, presents with SOB x 3 days. WBC 14.2, BNP 4520, SpO2 88% on 2 L.",
    "Compression deformity of T12, degenerative changes of the thoracic spine, old healed fractures of the left 6th and 7th ribs.",
    "Hampton's hump and Westermark sign raise concern for pulmonary embolism; recommend CTPA.",
    "Status post left lower lobectomy with volume loss and elevation of the left hemidiaphragm. No recurrent mass.",
    "Portable AP view, rotated, low lung volumes with bibasilar atelectasis. Pneumonia cannot be excluded at the left base.",
    "Hyperinflated lungs with flattened diaphragms and biapical bullae. No acute osseous abnormality.",
    "Lisinopril 10 mg daily, metoprolol 25 mg bid, apixaban 5 mg BID, prednisone taper. Penicillin allergy: rash.",
    "Hemoglobin 9.8 g/dL, creatinine 1.4 mg/dL, platelets 250,000, troponin 0.04 ng/mL, CRP 120.",
    "Kein Infiltrat, kein Pneumothorax. Kleiner Pleuraerguss links, Plattenatelektase im Unterfeld. Herz grenzwertig groß.",
    "ZVK von rechts jugulär mit Spitze in Projektion auf die Vena cava superior. Herzschrittmacher mit zwei Sonden in regelrechter Lage.",
    "Zunehmende Stauungszeichen mit beidseitigen Pleuraergüssen. Verdacht auf Pneumonie im rechten Mittellappen.",
    "BP 120/80, HR 88, temp 38.4 C, GCS 15, pain 7/10. Grade 2/6 systolic murmur. T2N1M0 adenocarcinoma, stage IIIA.",
)


def clinical_sentences() -> tuple[str, ...]:
    """Texts without identity: all of it should stay."""
    return _FILLED
