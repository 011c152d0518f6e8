"""One C-FIND, C-GET or C-MOVE as SCU (PS3.7 §9.1.2 to §9.1.4): a request, its answers as they come, and an end that does not depend on the peer.

pynetdicom's own generators decode each answer with pydicom and wait as long as the peer likes; here bytes are read by our walker, within bounds of number and time.
"""

import queue
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from pydicom.datadict import dictionary_VR
from pydicom.dataset import Dataset
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import C_FIND, C_STORE
from pynetdicom.dsutils import encode

from wetread.dicom.dimse_identifier import texts_of
from wetread.dicom.dimse_stream import SpoolingProvider
from wetread.domain.errors import PermanentError, TransientError
from wetread.ports.file_store import IncomingFile

__all__ = ["CANCELLED", "IS_PENDING", "SUCCESS", "WARNED", "Answer", "Keys", "ask", "find", "no_file", "spooled"]

SUCCESS, WARNED, CANCELLED = 0x0000, 0xB000, 0xFE00
IS_PENDING = (0xFF00, 0xFF01)
Keys = Mapping[str, "str | Mapping[str, str]"]
"""By keyword; a sequence is asked for whole with "", or with the keys of its item."""
_LOOK_EVERY_S = 0.25
_MOST_WAITING = 5000
"""Answers that came and were not read yet."""
_AFTER_CANCEL = 200
_MESSAGE_ID = 1


@dataclass(frozen=True, slots=True)
class Answer:
    """`texts`: of a pending C-FIND answer, by keyword, and by "Sequence.Keyword" of the first items."""

    status: int
    texts: Mapping[str, str]


def spooled(association: Association, receive: Callable[[], IncomingFile], max_bytes: int) -> None:
    """What the peer stores goes to files of `receive`, and answers are kept as bytes. Before anything is asked."""
    association.dimse = SpoolingProvider(association, receive, max_bytes)


def no_file() -> IncomingFile:
    """For an association over which nothing may be stored."""
    raise PermanentError("nothing may be stored over this association", code="not_asked")


def find(
    association: Association, model: str, keys: Keys, limit: int, ends_at: float, peer: str
) -> tuple[list[Mapping[str, str]], bool]:
    """At most `limit` matches, and whether these are all. With more the query is cancelled, and a peer that goes on is hung up on, or breaks off as it likes."""
    found: list[Mapping[str, str]] = []
    further = 0
    try:
        for answer in ask(association, C_FIND, model, keys, ends_at, peer):
            if answer.status in IS_PENDING and len(found) < limit:
                found.append(answer.texts)
            elif answer.status in IS_PENDING:
                further += 1
                if further == 1:
                    association.send_c_cancel(_MESSAGE_ID, query_model=model)
                if further > _AFTER_CANCEL:
                    association.abort()
                    break
            elif answer.status not in (SUCCESS, CANCELLED) and not found:
                raise _failed(answer.status, peer)
            else:
                return found, answer.status == SUCCESS and not further
    except TransientError:
        if not further:
            raise
    return found, False


def ask(
    association: Association,
    kind: type[Any],
    model: str,
    keys: Keys,
    ends_at: float,
    peer: str,
    is_enough: Callable[[], bool] = lambda: False,
    **more: object,
) -> Iterator[Answer]:
    """Every answer, the final one last, or until it `is_enough`: then the peer is hung up on. What is stored meanwhile goes to the association's EVT_C_STORE. `ends_at` is monotonic.

    Raises TransientError 'broke_off' or 'too_slow', PermanentError for an answer that is none; the association is over then.
    """
    request, context = _request(association, kind, model, keys)
    for name, value in more.items():
        setattr(request, name, value)
    with _answering(association):
        association.dimse.send_msg(request, context.context_id)
        while True:
            message = _next(association, ends_at, peer)
            if is_enough():
                association.abort()
                return
            if isinstance(message, C_STORE) and kind is not C_FIND and message.MessageIDBeingRespondedTo is None:
                association._c_store_scp(message)
                continue
            if not isinstance(message, kind) or not message.is_valid_response:
                association.abort()
                raise PermanentError(f"{peer} answers with something else than was asked for", code="bad_answer")
            answer = _read(association, message, context)
            yield answer
            if answer.status not in IS_PENDING:
                return


def _request(association: Association, kind: type[Any], model: str, keys: Keys) -> tuple[Any, Any]:
    context = next((each for each in association.accepted_contexts if str(each.abstract_syntax) == model), None)
    if context is None:
        raise PermanentError("the peer does not offer this service: see `wetread ae check`", code="service_refused")
    identifier = _identifier(keys)
    if not all(value.isascii() for value in keys.values() if isinstance(value, str)):
        identifier.SpecificCharacterSet = "ISO_IR 192"
    syntax = context.transfer_syntax[0]
    content = encode(identifier, syntax.is_implicit_VR, syntax.is_little_endian)
    if content is None:
        raise PermanentError("the question cannot be written", code="bad_query")
    request = kind()
    request.MessageID, request.AffectedSOPClassUID, request.Priority = _MESSAGE_ID, model, 2
    request.Identifier = BytesIO(content)
    return request, context


def _identifier(keys: Keys) -> Dataset:
    made = Dataset()
    for keyword, value in keys.items():
        if isinstance(value, str) and dictionary_VR(keyword) == "SQ":
            setattr(made, keyword, [])
        else:
            setattr(made, keyword, value if isinstance(value, str) else [_identifier(value)])
    return made


@contextmanager
def _answering(association: Association) -> Iterator[None]:
    """pynetdicom's reactor would take the answers for requests: it is paused meanwhile, as its own SCUs do."""
    association._reactor_checkpoint.clear()
    while not association._is_paused and association.is_alive():
        time.sleep(0.0001)
    try:
        yield
    finally:
        association._reactor_checkpoint.set()


def _next(association: Association, ends_at: float, peer: str) -> Any:
    """The next message; looks now and then whether the peer is still there."""
    silent_until = time.monotonic() + (association.dimse_timeout or 0)
    waiting = association.dimse.msg_queue
    if waiting.qsize() > _MOST_WAITING:
        association.abort()
        raise PermanentError(f"{peer} sends answers without end", code="bad_answer")
    while True:
        try:
            message = waiting.get(timeout=_LOOK_EVERY_S)[1]
        except queue.Empty:
            message = None
        if message is not None:
            return message
        now = time.monotonic()
        if not association.is_established or _is_over(association):
            raise TransientError(f"{peer} ended the association before its last answer", code="broke_off")
        if association.dimse.is_receiving:
            silent_until = now + (association.dimse_timeout or 0)
        if now > min(ends_at, silent_until):
            association.abort()
            raise TransientError(f"{peer} did not finish in time", code="too_slow")


def _is_over(association: Association) -> bool:
    """A release or an abort waits, or nothing can come any more."""
    return association.dul.peek_next_pdu() is not None or not association.dul.is_alive()


def _read(association: Association, message: Any, context: Any) -> Answer:
    status = int(message.Status)
    if status not in IS_PENDING or not isinstance(message, C_FIND):
        return Answer(status, {})
    content = association.dimse.take_identifier(message.Identifier)
    return Answer(status, texts_of(content, str(context.transfer_syntax[0]), with_items=True))


def _failed(status: int, peer: str) -> PermanentError | TransientError:
    if 0xA700 <= status < 0xA800:
        return TransientError(f"{peer} cannot search now (status 0x{status:04X})", code="receiver_busy")
    return PermanentError(f"{peer} refuses the search (status 0x{status:04X}): look into its log", code="query_refused")
