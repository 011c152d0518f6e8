"""Reads our ORU^R01 back with hl7apy, a parser that is not ours: what the message says, by its codes."""

from dataclasses import dataclass

from hl7apy.consts import VALIDATION_LEVEL
from hl7apy.parser import parse_message

from wetread.domain.finding import VOCABULARY, FindingName
from wetread.domain.report import ReportFinding, Section
from wetread.hl7.character_sets import CODECS, CharacterSet

SECTIONS = dict(zip(("18785-6", "55111-9", "55114-3", "59776-5", "19005-8"), Section, strict=True))
SIDES = {"7771000": "left", "24028007": "right", "51440002": "bilateral"}
BY_CODE = {known.codes[0].value: name for name, known in VOCABULARY.items()}
_ESCAPED = {"F": "|", "S": "^", "T": "&", "R": "~", "E": "\\", ".br": "\n"}


@dataclass(frozen=True)
class Observation:
    """OBX-2, OBX-3.1, OBX-4, OBX-5.1, OBX-11, unescaped."""

    kind: str
    code: str
    group: str
    value: str
    status: str


@dataclass(frozen=True)
class ReadOru:
    """`status` is OBR-25; `fields` are of PID and OBR by name, unescaped."""

    control_id: str
    status: str
    fields: dict[str, str]
    observations: tuple[Observation, ...]

    @property
    def findings(self) -> tuple[ReportFinding, ...]:
        return tuple(self._finding(each) for each in self.observations if each.code in BY_CODE and each.status != "D")

    def _finding(self, said: Observation) -> ReportFinding:
        facets = {
            each.code: each.value
            for each in self.observations
            if each.group.startswith(f"{said.group}.") and each.status != "D"
        }
        probability = facets.get("calibrated_probability")
        present = {"52101004": True, "272519000": False}[said.value]
        side = SIDES.get(facets.get("272741003", ""), "")
        return ReportFinding(BY_CODE[said.code], present, side, float(probability) if probability else None)

    @property
    def texts(self) -> dict[Section, str]:
        pieces: dict[Section, str] = {}
        for each in self.observations:
            if each.code in SECTIONS and each.status != "D":
                pieces[SECTIONS[each.code]] = pieces.get(SECTIONS[each.code], "") + each.value
        return pieces

    def statuses(self, name: FindingName) -> list[str]:
        group = next(each.group for each in self.observations if BY_CODE.get(each.code) is name)
        return [
            each.status
            for each in self.observations
            if each.group.partition(".")[0] == group and each.kind in ("CWE", "NM")
        ]


def unescaped(text: str) -> str:
    parts = text.split("\\")
    return "".join(_ESCAPED[part] if number % 2 else part for number, part in enumerate(parts))


def read_oru(message: bytes, *, strict: bool = True) -> ReadOru:
    """In the character set that MSH-18 names. Strict: hl7apy finds the message valid, but for the length of FT, which it takes for that of ST."""
    text = message.decode(CODECS[_character_set(message)])
    if strict:
        short = "\r".join(_shortened(line) for line in text.split("\r"))
        assert parse_message(short, validation_level=VALIDATION_LEVEL.STRICT).validate()
    named: dict[str, str] = {}
    observations = []
    sent = text.removesuffix("\r").split("\r")
    for each, raw in zip(parse_message(text, find_groups=False).children, sent, strict=True):
        line = each.to_er7()
        if each.name == "OBX":
            observations.append(_observation(line, raw.split("|")[5]))  # OBX-5 as sent: hl7apy escapes .br anew
        named |= {f"{each.name}-{number}": field for number, field in enumerate(line.split("|"))}
    return ReadOru(named["MSH-9"], named["OBR-25"], named, tuple(observations))


def _shortened(line: str) -> str:
    """OBX-5 of an FT at a length that is also an ST's, not ending within an escape."""
    fields = line.split("|")
    if fields[0] == "OBX" and fields[2] == "FT":
        cut = fields[5][:150]
        fields[5] = cut[: cut.rindex("\\")] if cut.count("\\") % 2 else cut
    return "|".join(fields)


def _observation(line: str, value: str) -> Observation:
    fields = line.split("|")
    return Observation(fields[2], fields[3].split("^")[0], fields[4], unescaped(value.split("^")[0]), fields[11])


def _character_set(message: bytes) -> CharacterSet:
    named = message.partition(b"\r")[0].split(b"|")[17].decode("ascii")
    assert named in CODECS
    return named
