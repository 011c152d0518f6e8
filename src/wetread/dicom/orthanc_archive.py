"""Orthanc as the archive: its change log says what is new (REST `/changes`), its files come by their own names; searches and whole studies by its DICOMweb plugin.

Orthanc drops an instance's changes when the instance is deleted and counts anew in a new database, so a position alone proves nothing: a cursor also remembers what stood at
that position and at the beginning.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from wetread.dicom.archive_question import RetrieveBounds
from wetread.dicom.dicomweb_archive import DicomwebArchive, json_of, take_alone
from wetread.dicom.dicomweb_exchange import DicomwebExchange
from wetread.domain.archive import (
    ArchivedInstance,
    ArchiveIdentity,
    Changes,
    FoundStudies,
    Retrieved,
    StudyQuery,
    Unretrieved,
)
from wetread.domain.capability import Capability
from wetread.domain.errors import PermanentError
from wetread.domain.identifiers import is_valid_uid
from wetread.ports.archive import Inbox

__all__ = ["OrthancArchive"]

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{8}){4}", re.ASCII)
_NEW_INSTANCE = "NewInstance"
_Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Cursor:
    """`at`: the last change seen; `anchor` and `oldest` are what stood there and at the beginning."""

    at: int = 0
    anchor: str = ""
    oldest: str = ""

    @classmethod
    def of(cls, text: str) -> "_Cursor":
        at, anchor, oldest = [*text.split(":"), "", ""][:3]
        return cls(int(at), anchor, oldest) if at.isdecimal() else cls()

    def __str__(self) -> str:
        return f"{self.at}:{self.anchor}:{self.oldest}"


class OrthancArchive:
    """Implements `ports.archive.Archive`. `rest` is Orthanc's own base, `web` its DICOMweb root."""

    def __init__(
        self, name: str, rest: DicomwebExchange, web: DicomwebArchive, bounds: RetrieveBounds | None = None
    ) -> None:
        self.name = name
        self._rest = rest
        self._web = web
        self._bounds = bounds or RetrieveBounds()

    def identity(self) -> ArchiveIdentity:
        said = self._object("/system")
        if "DatabaseVersion" not in said:
            raise PermanentError(f"{self.name} is no Orthanc: give kind = 'dicomweb'", code="not_orthanc")
        return ArchiveIdentity("Orthanc", str(said.get("Version", ""))[:32], feeds=True)

    def capabilities(self) -> Iterator[Capability]:
        return self._web.capabilities()

    def studies(self, query: StudyQuery, limit: int) -> FoundStudies:
        return self._web.studies(query, limit)

    def instances(self, study_instance_uid: str) -> tuple[ArchivedInstance, ...]:
        return self._web.instances(study_instance_uid)

    def retrieve(self, wanted: ArchivedInstance, inbox: Inbox) -> Retrieved:
        if not wanted.locator:
            return self._web.retrieve(wanted, inbox)
        path = f"/instances/{_checked(wanted.locator)}/file"
        failed = take_alone(self._rest, path, wanted, inbox, self._bounds, self.name)
        return Retrieved(0, (failed,)) if failed else Retrieved(1)

    def changes(self, cursor: str, limit: int) -> Changes:
        known = _Cursor.of(cursor)
        page = self._page(max(known.at - 1, 0), limit + 1) if known.at else self._page(0, limit)
        if known.at and not self._is_of_this_database(known, page):
            return self._read(self._page(0, limit), _Cursor(), restarted=True)
        return self._read(page, known, restarted=False)

    def _is_of_this_database(self, known: _Cursor, page: _Json) -> bool:
        there = next((each for each in page["Changes"] if each["Seq"] == known.at), None)
        if there is not None:
            return _print_of(there) == known.anchor
        if self._page(None, 1)["Last"] < known.at:
            return False
        first = self._page(0, 1)["Changes"]
        return bool(first) and _print_of(first[0]) == known.oldest

    def _read(self, page: _Json, known: _Cursor, *, restarted: bool) -> Changes:
        new = [each for each in page["Changes"] if each["Seq"] > known.at]
        named = dict.fromkeys(each["ID"] for each in new if each["ChangeType"] == _NEW_INSTANCE)
        instances, unusable, gone = [], [], 0
        described = _Described(self)
        for each in named:
            try:
                instance = described.instance(each)
            except PermanentError as error:
                unusable.append(Unretrieved(each, error.code, str(error)))
                continue
            if instance is None:
                gone += 1
            else:
                instances.append(instance)
        oldest = known.oldest or (_print_of(new[0]) if new else "")
        reached = _Cursor(new[-1]["Seq"], _print_of(new[-1]), oldest) if new else known
        more = not page["Done"]
        return Changes(tuple(instances), str(reached), more, restarted, gone, tuple(unusable))

    def _page(self, since: int | None, limit: int) -> _Json:
        """Changes behind `since`, or the last one; each with what is read of it. Raises PermanentError for another answer."""
        page = self._object("/changes?last" if since is None else f"/changes?since={since}&limit={limit}")
        changes = page.get("Changes")
        whole = isinstance(changes, list) and all(_is_change(each) for each in changes)
        if not (whole and isinstance(page.get("Done"), bool) and isinstance(page.get("Last"), int)):
            raise PermanentError(f"{self.name} answers with something that is no change log", code="bad_answer")
        return page

    def _object(self, path: str) -> _Json:
        found = self.find_object(path)
        if found is None:
            raise PermanentError(f"{self.name} has no {path.partition('?')[0]}: is it an Orthanc?", code="not_orthanc")
        return found

    def find_object(self, path: str) -> _Json | None:
        """A JSON object of the REST API; None where it is not there."""
        answer = self._rest.ask("GET", path, "application/json")
        if answer.status == 404:
            return None
        found = json_of(answer, self.name)
        if not isinstance(found, dict):
            raise PermanentError(f"{self.name} answers with something that is no JSON object", code="bad_answer")
        return found


class _Described:
    """UIDs and kind of the instances of one page; each series and study is asked for once."""

    def __init__(self, archive: OrthancArchive) -> None:
        self._archive = archive
        self._seen: dict[str, _Json | None] = {}

    def instance(self, name: str) -> ArchivedInstance | None:
        """None when it, or what it belongs to, was deleted meanwhile. Raises PermanentError for what cannot be used."""
        instance = self._archive.find_object(f"/instances/{_checked(name)}")
        series = self._once("series", instance, "ParentSeries")
        study = self._once("studies", series, "ParentStudy")
        if instance is None or series is None or study is None:
            return None
        uids = _tag(study, "StudyInstanceUID"), _tag(series, "SeriesInstanceUID"), _tag(instance, "SOPInstanceUID")
        if not all(map(is_valid_uid, uids)):
            raise PermanentError("an instance without valid UIDs", code="bad_uid")
        return ArchivedInstance(
            *uids,
            modality=_tag(series, "Modality"),
            body_part_examined=_tag(series, "BodyPartExamined"),
            study_date=_tag(study, "StudyDate"),
            locator=name,
        )

    def _once(self, level: str, child: _Json | None, parent: str) -> _Json | None:
        if child is None:
            return None
        path = f"/{level}/{_checked(child.get(parent))}"
        if path not in self._seen:
            self._seen[path] = self._archive.find_object(path)
        return self._seen[path]


def _is_change(each: object) -> bool:
    return isinstance(each, dict) and isinstance(each.get("Seq"), int) and all(isinstance(each.get(key), str) for key in ("ID", "ChangeType", "Date"))  # fmt: skip


def _print_of(change: _Json) -> str:
    return sha256(f"{change['Seq']}|{change['ID']}|{change['Date']}".encode()).hexdigest()[:16]


def _checked(name: object) -> str:
    """What goes into a path."""
    if not isinstance(name, str) or not _ID.fullmatch(name):
        raise PermanentError("what the archive calls an Orthanc identifier is none", code="bad_answer")
    return name


def _tag(resource: _Json, keyword: str) -> str:
    tags = resource.get("MainDicomTags")
    value = tags.get(keyword, "") if isinstance(tags, dict) else ""
    return value.strip() if isinstance(value, str) else ""
