"""C-FIND, C-MOVE and C-GET as SCP over the own archive (PS3.4 annex C, PS3.7 §9.1.2 to §9.1.4), Patient Root and Study Root.

| status | of | meaning here (PS3.4 tables C.4-1 to C.4-3) |
|---|---|---|
| FF00, FF01 | all; C-FIND | pending; FF01: a key with a value is none that we match by, it matched everything |
| FE00 | all | cancelled as asked |
| A700 | C-FIND | more matches than one answer may have: what was sent is not all |
| A701, A702 | retrieve | more instances than one retrieve may have; none of the sub-operations succeeded |
| A801 | C-MOVE | the destination is not on the list |
| A900 | all | the identifier does not fit the model |
| B000 | retrieve | some sub-operations failed, or warned |
| C000 | all | the identifier is no data set, or we failed |

Bytes go out as they were stored, hashed just before; what the other side does not take in that transfer syntax is a failed sub-operation. pynetdicom's own SCPs hold each instance in
memory, decode it and write it anew, so these are ours.
"""

import logging
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from pydicom.datadict import keyword_for_tag
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError
from pynetdicom import _config
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import C_FIND, C_GET, C_MOVE
from pynetdicom.dsutils import encode
from pynetdicom.presentation import PresentationContext
from pynetdicom.sop_class import (
    PatientRootQueryRetrieveInformationModelFind,
    PatientRootQueryRetrieveInformationModelGet,
    PatientRootQueryRetrieveInformationModelMove,
    StudyRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelGet,
    StudyRootQueryRetrieveInformationModelMove,
)

from wetread.dicom.dimse_archive import OwnArchive, Row
from wetread.dicom.dimse_identifier import Question, read_question, read_selection
from wetread.dicom.dimse_stream import PacedProvider
from wetread.dicom.remote_ae import RemoteAe, associate
from wetread.dicom.store_scu import store_outcome
from wetread.domain.audit import AuditEvent
from wetread.domain.errors import HostileInput, PermanentError, TransientError, WetreadError
from wetread.domain.identifiers import StudyKey
from wetread.ports.vault import VaultInstance

__all__ = ["MODELS", "QueryRetrieve"]

# A file is streamed from disk in its own encoding; otherwise it would be read whole and written anew.
_config.STORE_SEND_CHUNKED_DATASET = True

_log = logging.getLogger(__name__)

_PATIENT_ROOT = {
    C_FIND: str(PatientRootQueryRetrieveInformationModelFind),
    C_MOVE: str(PatientRootQueryRetrieveInformationModelMove),
    C_GET: str(PatientRootQueryRetrieveInformationModelGet),
}
_STUDY_ROOT = {
    C_FIND: str(StudyRootQueryRetrieveInformationModelFind),
    C_MOVE: str(StudyRootQueryRetrieveInformationModelMove),
    C_GET: str(StudyRootQueryRetrieveInformationModelGet),
}
MODELS = {kind: (_PATIENT_ROOT[kind], _STUDY_ROOT[kind]) for kind in _PATIENT_ROOT}
"""The information models by the service that is asked of them."""

_SUCCESS, _PENDING, _PENDING_IGNORED, _CANCEL, _INCOMPLETE = 0x0000, 0xFF00, 0xFF01, 0xFE00, 0xB000
_TOO_MANY_MATCHES, _TOO_MANY_INSTANCES, _NONE_DONE = 0xA700, 0xA701, 0xA702
_UNKNOWN_DESTINATION, _MISFIT, _FAILED = 0xA801, 0xA900, 0xC000
_REFUSALS = {
    "identifier_misfit": _MISFIT,
    "bad_query": _MISFIT,
    "two_patients": _MISFIT,
    "too_many": _TOO_MANY_INSTANCES,
    "unknown_destination": _UNKNOWN_DESTINATION,
}
_NAMES = {C_FIND: "C-FIND", C_MOVE: "C-MOVE", C_GET: "C-GET"}
_UNIQUE_KEYS = frozenset({"StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "PatientID"})
_COMMENT_CHARACTERS = 64
_MOST_CONTEXTS = 128
_LISTED_FAILURES = 900
"""A UI value holds 65,534 bytes in explicit VR."""


_Outcomes = Generator[tuple[VaultInstance, str]]


@dataclass(slots=True)
class _Tally:
    """The sub-operations of one retrieve (PS3.7 §9.1.3.1)."""

    remaining: int
    completed: int = 0
    warning: int = 0
    failed: list[str] = field(default_factory=list)

    def count(self, outcome: str, sop_instance_uid: str) -> None:
        self.remaining -= 1
        if outcome == "failed":
            self.failed.append(sop_instance_uid)
        elif outcome == "stored":
            self.completed += 1
        else:
            self.warning += 1

    @property
    def status(self) -> int:
        if self.failed and not (self.completed or self.warning):
            return _NONE_DONE
        return _INCOMPLETE if self.failed or self.warning else _SUCCESS


class QueryRetrieve:
    """`destinations`: where a C-MOVE may send to, by AE title. Safe to share between associations."""

    def __init__(
        self,
        archive: OwnArchive,
        destinations: Mapping[str, RemoteAe],
        *,
        ae_title: str,
        max_matches: int,
        max_instances: int,
    ) -> None:
        self._archive = archive
        self._destinations = destinations
        self._ae_title = ae_title
        self._max_matches = max_matches
        self._max_instances = max_instances

    def serve(self, association: Association, request: Any, context: PresentationContext) -> None:
        """Answer one request, whatever happens; the association goes on afterwards."""
        asked = _Asked(association, request, context, self._ae_title)
        try:
            self._serve(asked)
        except Exception as error:  # noqa: BLE001  (whatever it was, the caller must not take it for the end of the matches)
            _log.error("%s failed: %s", asked.name, type(error).__name__)
            asked.answer(_FAILED, comment="failed: ask again later")

    def _serve(self, asked: "_Asked") -> None:
        try:
            if isinstance(asked.request, C_FIND):
                self._find(asked)
            else:
                self._retrieve(asked)
        except WetreadError as error:
            self._refuse(asked, error)

    def _refuse(self, asked: "_Asked", error: WetreadError) -> None:
        status = _FAILED if isinstance(error, HostileInput | TransientError) else _REFUSALS.get(error.code, _FAILED)
        if isinstance(error, PermanentError):
            self._archive.audit([AuditEvent(asked.action, asked.actor_id, error.code, detail=(("by", asked.name),))])
        asked.answer(status, comment=str(error))

    def _find(self, asked: "_Asked") -> None:
        question = read_question(*asked.identifier(), patient_root=asked.is_patient_root)
        rows, more = self._archive.find(question, self._max_matches, asked.actor_id)
        self._archive.audit([_queried(asked, question, len(rows))])
        pending = _PENDING_IGNORED if question.ignored else _PENDING
        for row in rows:
            if not asked.association.is_established:
                return
            if asked.is_cancelled:
                asked.answer(_CANCEL)
                return
            asked.answer(pending, asked.told(row, question))
        comment = f"more than {self._max_matches} matches: ask for less" if more else ""
        asked.answer(_TOO_MANY_MATCHES if more else _SUCCESS, comment=comment)

    def _retrieve(self, asked: "_Asked") -> None:
        destination = self._destination(asked)
        question = read_selection(*asked.identifier(), patient_root=asked.is_patient_root)
        instances = self._archive.select(question, self._max_instances, asked.actor_id)
        self._archive.audit(_retrieved(asked, instances, destination))
        tally = _Tally(len(instances))
        outcomes = self._moved(asked, instances, destination) if destination else self._got(asked, instances)
        with closing(outcomes):
            for instance, outcome in outcomes:
                tally.count(outcome, instance.header.sop_instance_uid)
                if not tally.remaining or asked.is_cancelled:
                    break
                asked.answer(_PENDING, tally=tally)
        self._conclude(asked, tally)

    def _conclude(self, asked: "_Asked", tally: _Tally) -> None:
        status = _CANCEL if tally.remaining else tally.status
        if status != _SUCCESS:
            done = (("completed", str(tally.completed)), ("failed", str(len(tally.failed))))
            left = (("warning", str(tally.warning)), ("remaining", str(tally.remaining)))
            outcome = "incomplete" if status != _CANCEL else "cancelled" if asked.is_cancelled else "connection_lost"
            self._archive.audit([AuditEvent(asked.action, asked.actor_id, outcome, detail=(*done, *left))])
        failed = Dataset()
        failed.FailedSOPInstanceUIDList = tally.failed[:_LISTED_FAILURES]
        asked.answer(status, failed if status != _SUCCESS else None, tally=tally)

    def _destination(self, asked: "_Asked") -> RemoteAe | None:
        """None for a C-GET; raises PermanentError(code='unknown_destination')."""
        if isinstance(asked.request, C_GET):
            return None
        found = self._destinations.get(str(asked.request.MoveDestination or "").strip())
        if found is None:
            raise PermanentError("the destination is not on the list: dimse_destinations", code="unknown_destination")
        return found

    def _got(self, asked: "_Asked", instances: Sequence[VaultInstance]) -> _Outcomes:
        """Over the association itself; what was not tried when it ends is not told."""
        for number, instance in enumerate(instances, 1):
            if not asked.association.is_established:
                return
            yield instance, self._send(asked.association, instance, "the caller", msg_id=number)

    def _moved(self, asked: "_Asked", instances: Sequence[VaultInstance], destination: RemoteAe) -> _Outcomes:
        """Over associations of our own, each with as many presentation contexts as one may have."""
        originator = {"originator_aet": asked.caller, "originator_id": asked.request.MessageID}
        for batch, contexts in _batches(instances):
            try:
                with associate(destination, [(uid, [syntax]) for uid, syntax in sorted(contexts)]) as association:
                    association.dimse.__class__ = PacedProvider
                    for number, instance in enumerate(batch, 1):
                        if not asked.association.is_established:
                            return
                        yield (
                            instance,
                            self._send(association, instance, destination.ae_title, msg_id=number, **originator),
                        )
            except WetreadError as error:
                _log.warning("C-MOVE: %s (%s)", error, error.code)
                yield from ((instance, "failed") for instance in batch)

    def _send(self, association: Association, instance: VaultInstance, peer: str, **how: Any) -> str:
        """ "stored", "failed", or what the other side warned of."""
        try:
            path = self._archive.bytes_of(instance)
            return store_outcome(association.send_c_store(path, **how).get("Status"), peer).replace(
                "duplicate", "failed"
            )
        except WetreadError as error:
            _log.warning("sub-operation failed: %s", error.code)
        except (ValueError, AttributeError, RuntimeError, OSError, InvalidDicomError) as error:
            # no context for it, or the association ended
            _log.warning("sub-operation failed: %s", type(error).__name__)
        return "failed"


@dataclass(frozen=True, slots=True)
class _Asked:
    """One request and the way its answers go."""

    association: Association
    request: Any
    context: PresentationContext
    ae_title: str

    @property
    def name(self) -> str:
        return _NAMES[type(self.request)]

    @property
    def action(self) -> str:
        return "dimse.query" if isinstance(self.request, C_FIND) else "dimse.retrieve"

    @property
    def caller(self) -> str:
        return str(self.association.requestor.ae_title).strip()

    @property
    def actor_id(self) -> str:
        return f"dimse@{self.caller}"

    @property
    def is_patient_root(self) -> bool:
        return str(self.context.abstract_syntax) == _PATIENT_ROOT[type(self.request)]

    @property
    def is_cancelled(self) -> bool:
        return self.request.MessageID in self.association.dimse.cancel_req

    def identifier(self) -> tuple[bytes, str]:
        """Its bytes and their transfer syntax."""
        return self.association.dimse.take_identifier(self.request.Identifier), str(self.context.transfer_syntax[0])

    def told(self, row: Row, question: Question) -> Dataset:
        """The row's attributes that were asked for, and the unique keys (PS3.4 §C.4.1.1.3.2)."""
        wanted = question.asked | _UNIQUE_KEYS
        data_set = Dataset.from_json({tag: value for tag, value in row.items() if keyword_for_tag(tag) in wanted})
        data_set.SpecificCharacterSet = "ISO_IR 192"
        data_set.QueryRetrieveLevel = question.level
        data_set.RetrieveAETitle = self.ae_title
        return data_set

    def answer(
        self, status: int, identifier: Dataset | None = None, *, tally: _Tally | None = None, comment: str = ""
    ) -> None:
        answer = type(self.request)()
        answer.MessageIDBeingRespondedTo = self.request.MessageID
        answer.AffectedSOPClassUID = self.request.AffectedSOPClassUID
        answer.Status = status
        if comment:
            answer.ErrorComment = comment[:_COMMENT_CHARACTERS]
        if tally is not None:
            answer.NumberOfCompletedSuboperations = tally.completed
            answer.NumberOfFailedSuboperations = len(tally.failed)
            answer.NumberOfWarningSuboperations = tally.warning
            if status in (_PENDING, _CANCEL):
                answer.NumberOfRemainingSuboperations = tally.remaining
        if identifier is not None:
            syntax = self.context.transfer_syntax[0]
            content = encode(identifier, syntax.is_implicit_VR, syntax.is_little_endian)
            if content is None:
                raise PermanentError("an answer could not be written", code="unwritable")
            answer.Identifier = BytesIO(content)
        self.association.dimse.send_msg(answer, self.context.context_id)


def _queried(asked: _Asked, question: Question, results: int) -> AuditEvent:
    keys = ",".join(sorted(question.match))
    detail = (("level", question.level), ("keys", keys), ("results", str(results)))
    return AuditEvent(asked.action, asked.actor_id, detail=detail)


def _retrieved(asked: _Asked, instances: Sequence[VaultInstance], destination: RemoteAe | None) -> list[AuditEvent]:
    """One for each study, before anything of it leaves."""
    counts: dict[StudyKey, int] = {}
    for each in instances:
        counts[each.study_key] = counts.get(each.study_key, 0) + 1
    to = (("by", asked.name), ("to", destination.ae_title if destination else asked.caller))
    return [
        AuditEvent(asked.action, asked.actor_id, study_key=key, detail=(*to, ("instances", str(number))))
        for key, number in counts.items()
    ] or [AuditEvent(asked.action, asked.actor_id, "nothing_found", detail=to)]


def _batches(instances: Sequence[VaultInstance]) -> Iterator[tuple[list[VaultInstance], set[tuple[str, str]]]]:
    """As many as the presentation contexts of one association are enough for, with these contexts."""
    batch: list[VaultInstance] = []
    contexts: set[tuple[str, str]] = set()
    for each in instances:
        needed = each.header.traits.sop_class_uid, each.header.traits.transfer_syntax_uid
        if len(contexts | {needed}) > _MOST_CONTEXTS:
            yield batch, contexts
            batch, contexts = [], set()
        batch.append(each)
        contexts.add(needed)
    if batch:
        yield batch, contexts
