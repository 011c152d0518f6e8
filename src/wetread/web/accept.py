"""Which of what we can answer does the caller want most? (RFC 9110 §12.5.1, PS3.18 §8.3.3.1, §8.7.3, §8.7.5: header and query parameter, media types with their parameters and weights.)"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from wetread.web.problems import Refusal

__all__ = ["DICOM", "DICOM_JSON", "DICOM_XML", "RELATED", "MediaRange", "Offer", "choose", "ranges_of"]

DICOM, DICOM_JSON, DICOM_XML, RELATED = (
    "application/dicom",
    "application/dicom+json",
    "application/dicom+xml",
    "multipart/related",
)
_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105
_ENTRY = re.compile(r'(?:[^",]|"(?:[^"\\]|\\.)*")+')
_RANGE = re.compile(rf"\s*({_TOKEN})/({_TOKEN})\s*((?:;.*)?)", re.DOTALL)
_PARAMETER = re.compile(rf';\s*({_TOKEN})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|({_TOKEN}(?:/{_TOKEN})?))\s*')
_WEIGHT = re.compile(r"0(?:\.\d{0,3})?|1(?:\.0{0,3})?")
_LONGEST, _MOST = 4096, 64


@dataclass(frozen=True, slots=True)
class MediaRange:
    """One entry of an Accept header: `*/*`, `type/*` or a media type, in lower case, with its parameters (names in lower case)."""

    media_type: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    weight: float = 1.0

    def covers(self, media_type: str) -> bool:
        main, _, sub = self.media_type.partition("/")
        return (
            self.media_type == "*/*"
            or media_type == self.media_type
            or (sub == "*" and media_type.split("/")[0] == main)
        )


@dataclass(frozen=True, slots=True)
class Offer:
    """One form of the answer. `part_type`: what a multipart holds. `transfer_syntax`: of the DICOM or the pixels inside, "" where there is none to choose.

    `stored`: the syntax is the one the bytes are kept in, which `transfer-syntax=*` asks for. `default`: what a range without a transfer-syntax gets.
    """

    media_type: str
    part_type: str = ""
    transfer_syntax: str = ""
    stored: bool = False
    default: bool = True

    def fits(self, wanted: MediaRange) -> bool:
        if not wanted.covers(self.media_type):
            return False
        inner = wanted.parameters.get("type", "").lower()
        if inner and self.part_type and not MediaRange(inner).covers(self.part_type):
            return False
        return self._syntax_fits(wanted.parameters.get("transfer-syntax", ""))

    def _syntax_fits(self, syntax: str) -> bool:
        if not syntax:
            return self.default
        if not self.transfer_syntax:
            return True
        return self.stored if syntax == "*" else syntax == self.transfer_syntax


def ranges_of(header: str, query: Sequence[tuple[str, str]] = ()) -> list[MediaRange]:
    """What is accepted, most wanted first; the query parameter `accept` stands in for the header. What cannot be read is not accepted."""
    asked = [value for name, value in query if name == "accept"]
    text = ",".join(asked) if asked else header
    found = [_range(entry) for entry in _ENTRY.findall(text[:_LONGEST])[:_MOST]]
    read = [each for each in found if each is not None and each.weight > 0]
    return sorted(read, key=lambda each: -each.weight)


def choose(header: str, query: Sequence[tuple[str, str]], offers: Sequence[Offer]) -> Offer:
    """The offer most wanted: by weight, then by the caller's order, then by ours. Raises Refusal 406, which says what there is."""
    for wanted in ranges_of(header, query):
        for offer in offers:
            if offer.fits(wanted):
                return offer
    known = "; ".join(dict.fromkeys(_described(each) for each in offers))
    raise Refusal(406, "not_acceptable", f"this is answered as: {known}")


def _range(entry: str) -> MediaRange | None:
    match = _RANGE.fullmatch(entry)
    if match is None or (match[1] == "*" and match[2] != "*"):
        return None
    parameters: dict[str, str] = {}
    rest, at = match[3], 0
    while at < len(rest):
        found = _PARAMETER.match(rest, at)
        if found is None:
            return None
        quoted, plain = found[2], found[3]
        parameters.setdefault(found[1].lower(), plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted))
        at = found.end()
    weight = parameters.pop("q", "1")
    if _WEIGHT.fullmatch(weight) is None:
        return None
    return MediaRange(f"{match[1]}/{match[2]}".lower(), parameters, float(weight))


def _described(offer: Offer) -> str:
    return f'{offer.media_type}; type="{offer.part_type}"' if offer.part_type else offer.media_type
