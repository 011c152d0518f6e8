"""No words make another line, move a cursor, or read backwards."""

import json
import logging
import sys

import pytest

from wetread.cli.log_lines import JsonLines, TextLines

HOSTILE = "code=a\r\n2026-01-01 CRITICAL wetread forged\x1b[2J\0\u202e\u2028end"


def a_record(words: str, *, failed: bool = False) -> logging.LogRecord:
    error = None
    if failed:
        try:
            raise ValueError("first\nsecond")
        except ValueError:
            error = sys.exc_info()
    return logging.LogRecord("wetread.web", logging.ERROR, __file__, 1, "refused %s", (words,), error)


@pytest.mark.parametrize("form", [TextLines(), JsonLines()])
@pytest.mark.parametrize("failed", [False, True])
def test_no_words_make_another_line(form: logging.Formatter, failed: bool) -> None:
    line = form.format(a_record(HOSTILE, failed=failed))
    assert len(line.splitlines()) == 1
    assert not any(each in line for each in ("\x1b", "\0", "\u202e"))


def test_json_says_what_happened_word_for_word() -> None:
    said = json.loads(JsonLines().format(a_record(HOSTILE, failed=True)))
    assert (said["level"], said["logger"], said["message"]) == ("ERROR", "wetread.web", f"refused {HOSTILE}")
    assert said["at"].endswith("+00:00")
    assert "ValueError: first" in said["error"]


def test_ordinary_words_stay_as_they_are() -> None:
    assert TextLines().format(a_record("Grüße 数")).endswith("ERROR wetread.web refused Grüße 数")
