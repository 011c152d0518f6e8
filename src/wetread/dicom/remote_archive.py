"""Another archive by DIMSE (PS3.4 annex C): C-FIND to ask what it holds, C-GET to bring it, C-MOVE to a port of our own where C-GET is not offered.

Nothing it says is believed: rows that were not asked for are left out, what is sent is held to what was listed, and what came is counted here.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from pynetdicom import evt
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import C_GET, C_MOVE

from wetread.dicom.ae_probe import probe_ae
from wetread.dicom.archive_question import RetrieveBounds, asked_for, checked_uid, keys_of
from wetread.dicom.move_door import MovePort, opened_for
from wetread.dicom.query_scu import CANCELLED, SUCCESS, WARNED, ask, find, no_file, spooled
from wetread.dicom.remote_ae import UNCOMPRESSED, RemoteAe, associate
from wetread.dicom.retrieve_arrivals import Arrivals
from wetread.dicom.transfer_syntax import TRANSFER_SYNTAXES
from wetread.domain.archive import (
    ArchivedInstance,
    ArchivedStudy,
    ArchiveIdentity,
    Changes,
    FoundStudies,
    Retrieved,
    StudyQuery,
    Unretrieved,
)
from wetread.domain.capability import Capability
from wetread.domain.errors import PermanentError, TransientError
from wetread.domain.identifiers import is_valid_uid
from wetread.ports.archive import Inbox

__all__ = ["DimseArchive"]

_FIND, _MOVE, _GET = (f"1.2.840.10008.5.1.4.1.2.2.{number}" for number in (1, 2, 3))
_FILMS = ("1.2.840.10008.5.1.4.1.1.1", "1.2.840.10008.5.1.4.1.1.1.1", "1.2.840.10008.5.1.4.1.1.7")
"""What is proposed where an archive does not say of which SOP class its instances are: CR, DX, SC."""
_MOST_CONTEXTS = 128
_SYNTAXES = tuple((uid,) for uid in TRANSFER_SYNTAXES if uid not in UNCOMPRESSED)
_STUDY_KEYS = (
    "StudyInstanceUID", "PatientID", "IssuerOfPatientID", "PatientBirthDate", "StudyDate", "AccessionNumber", "StudyDescription",
    "ModalitiesInStudy", "NumberOfStudyRelatedInstances",
)  # fmt: skip
_SERIES_KEYS = ("SeriesInstanceUID", "Modality", "BodyPartExamined", "StationName")
_MOST_SERIES, _MOST_ROWS = 200, 5000


@dataclass(slots=True)
class DimseArchive:
    """Implements `ports.archive.Archive` without a change feed: DIMSE has none. `move_port`: where a C-MOVE may send to; None: only C-GET."""

    name: str
    peer: RemoteAe
    bounds: RetrieveBounds = field(default_factory=RetrieveBounds)
    move_port: MovePort | None = None

    def identity(self) -> ArchiveIdentity:
        with associate(self.peer, [(_FIND, UNCOMPRESSED)]) as association:
            version = association.acceptor.implementation_version_name
        return ArchiveIdentity("DIMSE", str(version or ""))

    def capabilities(self) -> Iterator[Capability]:
        return probe_ae(self.peer)

    def studies(self, query: StudyQuery, limit: int) -> FoundStudies:
        asked = keys_of(query)
        if any("\\" in value or not value.isprintable() for value in asked.values()):
            return FoundStudies(())  # no such value can be in an archive, and a backslash would ask for others
        with self._asking() as association:
            keys = {"QueryRetrieveLevel": "STUDY", **dict.fromkeys(_STUDY_KEYS, ""), **asked}
            rows, complete = find(association, _FIND, keys, limit, ends_at := self._ends_at(), self.name)
            told = [_study(row) for row in rows]
            if query.modality:
                said = (each and self._with_modalities(association, each, ends_at) for each in told)
                told = [each if each and query.modality in each.modalities else None for each in said]
        studies, is_all = asked_for(told, query)
        return FoundStudies(studies, complete and is_all)

    def _with_modalities(self, association: Association, study: ArchivedStudy, ends_at: float) -> ArchivedStudy:
        """ModalitiesInStudy is optional (PS3.4 table C.6-5): where an archive does not say it, its series do."""
        if study.modalities:
            return study
        keys = {
            "QueryRetrieveLevel": "SERIES",
            "StudyInstanceUID": study.study_instance_uid,
            "SeriesInstanceUID": "",
            "Modality": "",
        }
        series, _ = find(association, _FIND, keys, _MOST_SERIES, ends_at, self.name)
        return replace(study, modalities=tuple({each["Modality"] for each in series if each.get("Modality")}))

    def instances(self, study_instance_uid: str) -> tuple[ArchivedInstance, ...]:
        """Raises PermanentError 'too_many' where the archive tells of more than it may."""
        checked_uid(study_instance_uid)
        found: dict[str, ArchivedInstance] = {}
        with self._asking() as association:
            ends_at = self._ends_at()
            above = {"QueryRetrieveLevel": "SERIES", "StudyInstanceUID": study_instance_uid}
            keys = above | dict.fromkeys(_SERIES_KEYS, "")
            listed, whole = find(association, _FIND, keys, _MOST_SERIES, ends_at, self.name)
            for series in listed:
                uid = series.get("SeriesInstanceUID", "")
                if not is_valid_uid(uid) or series.get("StudyInstanceUID") not in (None, "", study_instance_uid):
                    continue
                keys = above | {
                    "QueryRetrieveLevel": "IMAGE",
                    "SeriesInstanceUID": uid,
                    "SOPInstanceUID": "",
                    "SOPClassUID": "",
                }
                rows, all_of_it = find(association, _FIND, keys, _MOST_ROWS - len(found), ends_at, self.name)
                whole = whole and all_of_it
                for each in (_instance(row, study_instance_uid, uid, series) for row in rows):
                    if each is not None:
                        found.setdefault(each.sop_instance_uid, each)
        if not whole:
            raise PermanentError(f"{self.name} lists more of one study than it may have, or not all", code="too_many")
        return tuple(found.values())

    def changes(self, cursor: str, limit: int) -> Changes:
        raise PermanentError(f"{self.name} has no change feed: only a sweep finds what is new", code="no_change_feed")

    def retrieve(self, wanted: ArchivedInstance, inbox: Inbox) -> Retrieved:
        alone = bool(wanted.series_instance_uid and wanted.sop_instance_uid)
        listed = [wanted] if alone else self._listed(wanted)
        if not listed:
            return self._gone(wanted)
        if len(listed) > self.bounds.instances:
            raise PermanentError(f"{self.name} has more than {self.bounds.instances} instances of it", code="too_many")
        arrivals = Arrivals(inbox, listed, self.bounds.total_bytes, self.name)
        status = self._get(wanted, listed, arrivals)
        if status is None:
            status = self._move(wanted, arrivals)
        retrieved = self._judged(status, arrivals)
        if alone and not retrieved.handed_over and not self._listed(wanted):
            return self._gone(wanted)
        return retrieved

    def _listed(self, wanted: ArchivedInstance) -> list[ArchivedInstance]:
        return [each for each in self.instances(wanted.study_instance_uid) if _is_part(each, wanted)]

    def _gone(self, wanted: ArchivedInstance) -> Retrieved:
        return Retrieved(0, (Unretrieved(wanted.locator, "gone", f"{self.name} does not have it any more"),))

    def _get(self, wanted: ArchivedInstance, listed: Sequence[ArchivedInstance], arrivals: Arrivals) -> int | None:
        """None where it does not offer C-GET."""
        classes = sorted({each.sop_class_uid for each in listed if each.sop_class_uid} or _FILMS)
        contexts = [(uid, syntaxes) for syntaxes in (UNCOMPRESSED, *_SYNTAXES) for uid in classes]
        offered = [(_GET, UNCOMPRESSED), *contexts[: _MOST_CONTEXTS - 1]]
        answers = [(evt.EVT_C_STORE, lambda event: _stored(event, arrivals))]
        try:
            with associate(
                self.peer, offered, roles=dict.fromkeys(classes, (True, True)), answers=answers
            ) as association:
                if all(str(each.abstract_syntax) != _GET for each in association.accepted_contexts):
                    return None
                spooled(association, arrivals.inbox.receive, self.bounds.instance_bytes)
                return self._asked(association, C_GET, _GET, wanted, arrivals)
        except PermanentError as error:
            if error.code == "sop_class_refused":
                return None
            raise

    def _move(self, wanted: ArchivedInstance, arrivals: Arrivals) -> int:
        if self.move_port is None:
            raise PermanentError(
                f"{self.name} offers no C-GET, and there is no port for a C-MOVE: set move_port, and enter it there",
                code="service_refused",
            )
        with (
            opened_for(self.move_port, self.peer, arrivals, self.bounds.instance_bytes) as title,
            associate(self.peer, [(_MOVE, UNCOMPRESSED)]) as association,
        ):
            spooled(association, no_file, 0)
            association.dimse_timeout = (
                self.bounds.seconds
            )  # the instances come elsewhere, and some archives say nothing meanwhile
            return self._asked(association, C_MOVE, _MOVE, wanted, arrivals, MoveDestination=title)

    def _asked(
        self,
        association: Association,
        kind: type,
        model: str,
        wanted: ArchivedInstance,
        arrivals: Arrivals,
        **more: str,
    ) -> int:
        """The final status; an error of ours while it sends ends it."""
        status = CANCELLED
        for answer in ask(
            association,
            kind,
            model,
            _selection(wanted),
            self._ends_at(),
            self.name,
            lambda: arrivals.error is not None,
            **more,
        ):
            status = answer.status
        return status

    def _judged(self, status: int, arrivals: Arrivals) -> Retrieved:
        if arrivals.error:
            raise arrivals.error
        if status == 0xA801:
            raise PermanentError(
                f"{self.name} does not know where to send to: enter our AE title, address and move_port there",
                code="destination_unknown",
            )
        if 0xA700 <= status <= 0xA701 or status == CANCELLED:
            raise TransientError(f"{self.name} cannot send now (status 0x{status:04X})", code="receiver_busy")
        if status in (SUCCESS, WARNED):
            reason = f"{self.name} says that it is done, and did not send it"
            return Retrieved(arrivals.handed_over, arrivals.missing("not_sent", reason))
        reason = f"{self.name} refuses it (status 0x{status:04X})"
        return Retrieved(arrivals.handed_over, arrivals.missing("refused", reason))

    @contextmanager
    def _asking(self) -> Iterator[Association]:
        with associate(self.peer, [(_FIND, UNCOMPRESSED)]) as association:
            spooled(association, no_file, 0)
            yield association

    def _ends_at(self) -> float:
        return time.monotonic() + self.bounds.seconds


def _stored(event: evt.Event, arrivals: Arrivals) -> int:
    """A C-STORE over the association of the C-GET."""
    spool = event.assoc.dimse.take(event.request.DataSet)
    if spool is None or spool.file is None:
        return arrivals.lost((spool and spool.error) or TransientError("the data set is gone"))
    request = event.request
    return arrivals.take(spool.file, str(request.AffectedSOPClassUID), str(request.AffectedSOPInstanceUID))


def _selection(wanted: ArchivedInstance) -> dict[str, str]:
    """The unique keys of the level and of those above (PS3.4 §C.4.2.1.4)."""
    uids = {
        "StudyInstanceUID": wanted.study_instance_uid,
        "SeriesInstanceUID": wanted.series_instance_uid,
        "SOPInstanceUID": wanted.sop_instance_uid,
    }
    level = "IMAGE" if wanted.sop_instance_uid else "SERIES" if wanted.series_instance_uid else "STUDY"
    return {"QueryRetrieveLevel": level, **{keyword: checked_uid(uid) for keyword, uid in uids.items() if uid}}


def _is_part(each: ArchivedInstance, wanted: ArchivedInstance) -> bool:
    return wanted.series_instance_uid in ("", each.series_instance_uid) and wanted.sop_instance_uid in (
        "",
        each.sop_instance_uid,
    )


def _study(row: Mapping[str, str]) -> ArchivedStudy | None:
    uid = row.get("StudyInstanceUID", "")
    if not is_valid_uid(uid):
        return None
    count = row.get("NumberOfStudyRelatedInstances", "")
    return ArchivedStudy(
        study_instance_uid=uid,
        patient_id=row.get("PatientID", ""),
        issuer_of_patient_id=row.get("IssuerOfPatientID", ""),
        patient_birth_date=row.get("PatientBirthDate", ""),
        study_date=row.get("StudyDate", ""),
        accession_number=row.get("AccessionNumber", ""),
        study_description=row.get("StudyDescription", ""),
        modalities=tuple(filter(None, row.get("ModalitiesInStudy", "").split("\\"))),
        number_of_instances=int(count) if count.isascii() and count.isdigit() else 0,
    )


def _instance(row: Mapping[str, str], study: str, series: str, told: Mapping[str, str]) -> ArchivedInstance | None:
    uid, sop_class_uid = row.get("SOPInstanceUID", ""), row.get("SOPClassUID", "")
    if not is_valid_uid(uid) or row.get("StudyInstanceUID", study) not in ("", study):
        return None
    if sop_class_uid and not is_valid_uid(sop_class_uid):
        return None
    return ArchivedInstance(
        study,
        series,
        uid,
        sop_class_uid,
        told.get("Modality", ""),
        told.get("BodyPartExamined", ""),
        told.get("StudyDate", ""),
        station_name=told.get("StationName", ""),
    )
