"""How a line of the log looks: one event, one line, whatever its words hold (CWE-117)."""

import json
import logging
import re
from datetime import UTC, datetime

__all__ = ["JsonLines", "TextLines"]

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


class TextLines(logging.Formatter):
    """For people: time, level, name, words. What could begin another line, move a terminal's cursor or turn the words round is written out."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        return _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", super().format(record))


class JsonLines(logging.Formatter):
    """For programs: an ASCII JSON object a line (RFC 8259); `error` is a traceback where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        said = {"at": at, "level": record.levelname, "logger": record.name, "message": record.getMessage()}
        if record.exc_info:
            said["error"] = self.formatException(record.exc_info)
        return json.dumps(said)
