"""The contract's enumerations and codes against the domain's words; anything else is refused, without repeating it."""

from collections.abc import Mapping
from typing import TypeVar

from wetread.domain.errors import PermanentError
from wetread.domain.finding import VOCABULARY, FindingName
from wetread.rpc import drafting_pb2 as pb

__all__ = [
    "PRESENCE",
    "SIDES",
    "VIEWS",
    "from_code",
    "from_enum",
    "is_present",
    "refused",
    "to_code",
    "to_enum",
    "to_presence",
]

Word = TypeVar("Word", bound=str)
Number = TypeVar("Number", bound=int)

SIDES = {
    "": pb.LATERALITY_UNSPECIFIED,
    "left": pb.LATERALITY_LEFT,
    "right": pb.LATERALITY_RIGHT,
    "bilateral": pb.LATERALITY_BILATERAL,
}
VIEWS = {"AP": pb.VIEW_POSITION_AP, "PA": pb.VIEW_POSITION_PA, "LL": pb.VIEW_POSITION_LL, "RL": pb.VIEW_POSITION_RL}
PRESENCE: Mapping[bool | None, pb.Presence] = {
    None: pb.PRESENCE_UNSPECIFIED,
    True: pb.PRESENCE_PRESENT,
    False: pb.PRESENCE_ABSENT,
}
_BY_CODE = {(c.codes[0].scheme, c.codes[0].value): name for name, c in VOCABULARY.items()}


def refused(what: str, code: str) -> PermanentError:
    return PermanentError(f"the drafting message is refused: {what}", code=code)


def to_enum(table: Mapping[Word, Number], word: Word) -> Number:
    """The contract's number of a domain word; raises PermanentError 'unknown_value'."""
    if word not in table:
        raise refused("a value has no word in the contract", "unknown_value")
    return table[word]


def from_enum(table: Mapping[Word, int], number: int) -> Word:
    """The domain word of a contract's number; raises PermanentError 'unknown_value'."""
    for word, each in table.items():
        if each == number:
            return word
    raise refused("an enumeration holds a number this version does not know", "unknown_value")


def to_presence(present: bool) -> pb.Presence:
    return PRESENCE[present]


def is_present(presence: int) -> bool:
    """For findings that a person stated: there is no third answer."""
    if presence not in (pb.PRESENCE_PRESENT, pb.PRESENCE_ABSENT):
        raise refused("a stated finding is neither present nor absent", "unknown_value")
    return presence == pb.PRESENCE_PRESENT


def to_code(name: FindingName) -> pb.Code:
    code = VOCABULARY[name].codes[0]
    return pb.Code(value=code.value, scheme=code.scheme, meaning=code.meaning)


def from_code(message: pb.Code) -> FindingName:
    """By scheme and value; the meaning is for people. Raises PermanentError 'unknown_code'."""
    name = _BY_CODE.get((message.scheme, message.value))
    if name is None:
        raise refused("a finding's code is not in the vocabulary", "unknown_code")
    return name
