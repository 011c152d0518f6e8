"""A QIDO-RS query string read per PS3.18 §8.3.4: matching keys, paging, order, fields, and what had to be ignored, which is said."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from wetread.domain.identifiers import is_valid_uid
from wetread.ports.vault import ORDER_KEYS, Search
from wetread.web.dicom_json import ATTRIBUTES, INSTANCE_EXTRAS, KEYWORDS, SERIES_EXTRAS
from wetread.web.problems import Refusal

__all__ = ["DEFAULT_LIMIT", "MAX_LIMIT", "Asked", "read_query"]

DEFAULT_LIMIT, MAX_LIMIT = 100, 1000
_MAX_OFFSET, _MAX_VALUE, _MAX_FIELDS = 1_000_000, 256, 64
_NOT_INDEXED, _NOT_HELD = (
    "a matching key this server does not index",
    "an attribute asked for that the index does not hold",
)
_MORE = "There are additional results that can be requested"


@dataclass(frozen=True, slots=True)
class Asked:
    """`extras`: keywords of what `includefield` asks for beyond what is always told. `capped`: the limit is ours, not the caller's."""

    search: Search
    extras: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    capped: bool = False

    def warning(self, *, more: bool) -> dict[str, str]:
        """The header that says what was not done as asked; empty where all was."""
        said = [f"ignored: {', '.join(sorted(set(self.ignored)))}"] if self.ignored else []
        said += [_MORE] if more and self.capped else []
        return {"Warning": f'299 wetread "{"; ".join(said)}"'} if said else {}


def read_query(
    query: tuple[tuple[str, str], ...], keys: frozenset[str], keyword_of: Callable[[str], str] | None = None
) -> Asked:
    """`keys`: what this level is matched by; `keyword_of` gives the key for the name of a parameter. Raises Refusal 400 for what makes no sense; what is only not known is ignored and said."""
    reader = _Reader(keys, keyword_of or _keyword)
    for name, value in query:
        reader.take(name, value)
    search = reader.search
    limit = DEFAULT_LIMIT if reader.limit is None else min(reader.limit, MAX_LIMIT)
    capped = reader.limit is None or reader.limit > MAX_LIMIT
    return Asked(replace(search, match=reader.match, limit=limit), tuple(reader.extras), tuple(reader.ignored), capped)


@dataclass(slots=True)
class _Reader:
    keys: frozenset[str]
    keyword_of: Callable[[str], str]
    match: dict[str, str] = field(default_factory=dict)
    limit: int | None = None
    search: Search = field(default_factory=Search)
    extras: dict[str, None] = field(default_factory=dict)
    ignored: list[str] = field(default_factory=list)

    def take(self, name: str, value: str) -> None:
        if len(value) > _MAX_VALUE * (_MAX_FIELDS if name == "includefield" else 1) or any(
            ord(each) < 32 for each in value
        ):
            raise Refusal(400, "query_misfit", "a matching value is too long or holds control characters")
        key = self.keyword_of(name)
        if name == "limit":
            self.limit = _whole(name, value)
        elif name == "offset":
            self.search = replace(self.search, offset=_offset(value))
        elif name == "fuzzymatching":
            self.search = replace(self.search, fuzzy=_flag(name, value))
        elif name == "orderby":
            self.search = replace(self.search, order=_order(value))
        elif name == "includefield":
            self._include(value)
        elif key in self.keys:
            self._match(key, value)
        elif name != "accept":
            self.ignored.append(_NOT_INDEXED)

    def _include(self, value: str) -> None:
        known = {**SERIES_EXTRAS, **INSTANCE_EXTRAS}
        for asked in value.split(",")[:_MAX_FIELDS]:
            key = _keyword(asked.strip())
            if asked == "all":
                self.extras |= dict.fromkeys(known)
            elif key in known:
                self.extras[key] = None
            elif key not in ATTRIBUTES:
                self.ignored.append(_NOT_HELD)

    def _match(self, key: str, value: str) -> None:
        if key in self.match:
            raise Refusal(400, "query_misfit", "a matching key is given twice")
        if key.endswith("UID") and value and not all(map(is_valid_uid, value.replace("\\", ",").split(","))):
            raise Refusal(400, "invalid_uid", "a UID in the query is not one (PS3.5 section 9.1)")
        if value:  # universal matching (PS3.4 §C.2.2.2.3)
            self.match[key] = value


def _keyword(name: str) -> str:
    """Of a keyword or a tag, alone or at the end of a path through the request's sequence: "00400275.00400009"."""
    parent, _, last = name.rpartition(".")
    if parent and KEYWORDS.get(parent.upper(), parent) != "RequestAttributesSequence":
        return ""
    return KEYWORDS.get(last.upper(), last)


def _order(value: str) -> tuple[str, ...]:
    wanted = []
    for each in value.split(","):
        keyword = _keyword(each.removeprefix("-"))
        if keyword not in ORDER_KEYS:
            raise Refusal(
                400, "query_misfit", f"orderby takes {', '.join(sorted(ORDER_KEYS))}, with - before what descends"
            )
        wanted.append("-" * each.startswith("-") + keyword)
    return tuple(wanted)


def _flag(name: str, value: str) -> bool:
    if value not in ("true", "false"):
        raise Refusal(400, "query_misfit", f"{name} is true or false")
    return value == "true"


def _offset(value: str) -> int:
    offset = _whole("offset", value)
    if offset > _MAX_OFFSET:
        raise Refusal(400, "query_misfit", f"offset is at most {_MAX_OFFSET}")
    return offset


def _whole(name: str, value: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) < 16):
        raise Refusal(400, "query_misfit", f"{name} is a whole number")
    return int(value)
