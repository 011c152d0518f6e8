"""One message in, one acknowledgement out: parsed, understood, taken by the order desk, and only then answered. Nothing of a message goes into a log."""

import logging
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import PurePath

from wetread.domain.acting_from import acting_from
from wetread.domain.errors import PermanentError, TransientError
from wetread.domain.once_per_hour import OncePerHour
from wetread.hl7.answer import acknowledgement
from wetread.hl7.instructions import HospitalWays, instruction_of
from wetread.hl7.parse import MessageRefused, ParseLimits, parse_message, read_header
from wetread.orders.desk import OrderDesk, Said

__all__ = ["MessageDesk"]

_LOG = logging.getLogger(__name__)
_DUPLICATE, _INTERNAL = "205", "207"


@dataclass(frozen=True, slots=True)
class MessageDesk:
    """Answers each message; `refuse` is for what never became one."""

    desk: OrderDesk
    ways: HospitalWays
    limits: ParseLimits
    now: Callable[[], datetime]
    once: OncePerHour = field(default_factory=OncePerHour)

    def answer(self, body: bytes, peer: str) -> bytes:
        """Never raises."""
        header, now = read_header(body), self.now()
        try:
            said = parse_message(body, self.limits)
            instruction = instruction_of(said, self.ways, now)
            digest = sha256(body).hexdigest()
            self.desk.take(Said(said.header.sender, f"hl7@{peer}", said.header.control_id, digest, instruction))
        except MessageRefused as error:
            self._refused(peer, error.error_code)
            return acknowledgement(
                header, "R" if error.rejects else "E", now, error_code=error.error_code, words=str(error)
            )
        except PermanentError as error:
            self._refused(peer, error.code)
            told = _DUPLICATE if error.code == "control_id_reused" else _INTERNAL
            return acknowledgement(header, "E", now, error_code=told, words=str(error))
        except TransientError as error:
            _LOG.warning("hl7_postponed code=%s", error.code)
            return acknowledgement(header, "E", now, error_code=_INTERNAL, words="not taken now: send it again")
        except Exception as error:  # noqa: BLE001 - a bug must be an answer and a line in the log, not a sender that waits
            at = traceback.extract_tb(error.__traceback__)[-1]
            _LOG.error("hl7_crashed error=%s at=%s:%s", type(error).__name__, PurePath(at.filename).name, at.lineno)
            return acknowledgement(header, "E", now, error_code=_INTERNAL, words="not taken: an error of ours")
        return acknowledgement(header, "A", now)

    def refuse(self, peer: str, words: str) -> bytes:
        """The answer to bytes that are no frame."""
        self._refused(peer, "frame")
        return acknowledgement(None, "R", self.now(), error_code="100", words=words)

    def turned_away(self, peer: str, code: str) -> None:
        """Who is not listed, finds the door full, or fails in TLS is written down, once an hour for each."""
        _LOG.warning("hl7_connection_refused peer=%s why=%s", peer, code)
        if self.once.is_new((peer, code)):
            with acting_from(peer):
                self._refused(peer, code)

    def _refused(self, peer: str, code: str) -> None:
        _LOG.warning("hl7_refused peer=%s code=%s", peer, code)
        try:
            self.desk.refused(f"hl7@{peer}", code)
        except (PermanentError, TransientError) as error:
            _LOG.error("hl7_refusal_not_audited code=%s", error.code)
