"""A C-FIND, C-MOVE or C-GET identifier as a question to the vault (PS3.4 §C.4.1.1.3 and §C.4.2.1.4): hierarchical, with the unique keys of the levels above."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydicom.datadict import keyword_for_tag

from wetread.dicom.charset import codecs_of, decode_text
from wetread.dicom.limits import Limits
from wetread.dicom.part10 import DataSet, read_elements
from wetread.dicom.transfer_syntax import TRANSFER_SYNTAXES
from wetread.domain.errors import PermanentError
from wetread.domain.identifiers import is_valid_uid
from wetread.ports.vault import INSTANCE_KEYS, SERIES_KEYS, STUDY_KEYS

__all__ = ["IMAGE", "PATIENT", "SERIES", "STUDY", "Question", "read_question", "read_selection", "texts_of"]

_MAX_BYTES = 256 * 1024
PATIENT, STUDY, SERIES, IMAGE = "PATIENT", "STUDY", "SERIES", "IMAGE"
_UNIQUE = {PATIENT: "PatientID", STUDY: "StudyInstanceUID", SERIES: "SeriesInstanceUID", IMAGE: "SOPInstanceUID"}
_PATIENT_KEYS = frozenset({"PatientID", "IssuerOfPatientID", "PatientName", "PatientBirthDate"})
_MATCHED = {
    PATIENT: _PATIENT_KEYS,
    STUDY: STUDY_KEYS,
    SERIES: STUDY_KEYS | SERIES_KEYS,
    IMAGE: STUDY_KEYS | SERIES_KEYS | INSTANCE_KEYS,
}
_CHARACTER_SET, _REQUEST = 0x00080005, 0x00400275
_NOT_KEYS = frozenset({"QueryRetrieveLevel", "SpecificCharacterSet", "RetrieveAETitle", "TimezoneOffsetFromUTC"})
_MAX_VALUE = 256
_BOUNDS = Limits(nesting_depth=4, elements=1000, header_bytes=_MAX_BYTES, value_bytes=_MAX_BYTES)


class _Every:
    """Keeps every element: keys that we do not match by must be seen to be told."""

    def __contains__(self, _: object) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class Question:
    """`match`: value by keyword; `asked`: the keywords of all keys; `ignored`: some key with a value is none that we match by, so it matched everything (status FF01)."""

    level: str
    match: Mapping[str, str] = field(default_factory=dict)
    asked: frozenset[str] = frozenset()
    ignored: bool = False


def read_question(identifier: bytes, transfer_syntax_uid: str, *, patient_root: bool) -> Question:
    """Of a C-FIND. Raises HostileInput for bytes that are no data set, PermanentError(code='identifier_misfit') for what this model cannot be asked."""
    level, given = _read(identifier, transfer_syntax_uid, patient_root)
    above, below = _around(level, patient_root)
    for keyword in above:
        _one(keyword, given.get(keyword, ""))
    if any(given.get(keyword) for keyword in below):
        raise _misfit("a unique key of a lower level has a value")
    match = {keyword: value for keyword, value in given.items() if value.strip("*") and keyword in _MATCHED[level]}
    for keyword, value in match.items():
        _check(keyword, value)
    ignored = any(value.strip("*") for keyword, value in given.items() if keyword not in _MATCHED[level])
    return Question(level, match, frozenset(given), ignored)


def read_selection(identifier: bytes, transfer_syntax_uid: str, *, patient_root: bool) -> Question:
    """Of a C-MOVE or C-GET: unique keys only, of the level itself one or a list of UIDs. Raises as `read_question`."""
    level, given = _read(identifier, transfer_syntax_uid, patient_root)
    above, below = _around(level, patient_root)
    wanted = {keyword: given.get(keyword, "") for keyword in (*above, _UNIQUE[level])}
    for keyword in above if level != PATIENT else (*above, "PatientID"):
        _one(keyword, wanted[keyword])
    if not wanted[_UNIQUE[level]]:
        raise _misfit("the unique key of the level has no value")
    for keyword, value in wanted.items():
        _check(keyword, value)
    if any(given.get(keyword) for keyword in below):
        raise _misfit("a unique key of a lower level has a value")
    whose = {keyword: given[keyword] for keyword in ("PatientID", "IssuerOfPatientID") if given.get(keyword)}
    return Question(level, whose | wanted, frozenset(given))


def _around(level: str, patient_root: bool) -> tuple[list[str], list[str]]:
    """The unique keys of the levels above and below."""
    levels = [PATIENT, STUDY, SERIES, IMAGE] if patient_root else [STUDY, SERIES, IMAGE]
    at = levels.index(level)
    return [_UNIQUE[each] for each in levels[:at]], [_UNIQUE[each] for each in levels[at + 1 :]]


def texts_of(identifier: bytes, transfer_syntax_uid: str, *, with_items: bool = False) -> dict[str, str]:
    """The text of every attribute by its keyword, "" for one without a value; of a sequence, its first item's, `with_items` each also as "Sequence.Keyword". Raises HostileInput for bytes that are no data set."""
    data_set = read_elements(identifier, TRANSFER_SYNTAXES[transfer_syntax_uid], _Every(), _Every(), _BOUNDS)
    codecs = codecs_of(tuple(_text(data_set, _CHARACTER_SET, ("iso8859_1",)).split("\\")))
    given = {_keyword(tag): _text(data_set, tag, codecs) for tag in data_set.values}
    for sequence, item in data_set.first_items.items():
        texts = {_keyword(tag): _clean(decode_text(each.value, codecs)) for tag, each in item.items()}
        given |= texts if sequence == _REQUEST else {_keyword(sequence): "".join(texts.values())}
        if with_items:
            given |= {f"{_keyword(sequence)}.{keyword}": text for keyword, text in texts.items()}
    return given


def _read(identifier: bytes, transfer_syntax_uid: str, patient_root: bool) -> tuple[str, dict[str, str]]:
    """The level, and the text of every key, "" for a key without a value."""
    given = texts_of(identifier, transfer_syntax_uid)
    level = given.get("QueryRetrieveLevel", "")
    if level not in _UNIQUE or (level == PATIENT and not patient_root):
        raise _misfit("the query/retrieve level is none of this model")
    return level, {keyword: value for keyword, value in given.items() if keyword not in _NOT_KEYS}


def _keyword(tag: int) -> str:
    return keyword_for_tag(tag) or f"{tag:08X}"


def _text(data_set: DataSet, tag: int, codecs: tuple[str, ...]) -> str:
    element = data_set.values.get(tag)
    return _clean(decode_text(element.value, codecs, b"\\^=")) if element else ""


def _clean(text: str) -> str:
    return text.strip(" \0")


def _one(keyword: str, value: str) -> None:
    if not value or any(each in value for each in "\\*?"):
        raise _misfit("a unique key of a level above has not one value")
    _check(keyword, value)


def _check(keyword: str, value: str) -> None:
    if keyword.endswith("UID"):
        if not all(map(is_valid_uid, value.split("\\"))):
            raise _misfit("a UID is not one (PS3.5 section 9.1)")
    elif len(value) > _MAX_VALUE or any(ord(each) < 32 for each in value):
        raise _misfit("a value is too long or holds control characters")


def _misfit(what: str) -> PermanentError:
    return PermanentError(what, code="identifier_misfit")
