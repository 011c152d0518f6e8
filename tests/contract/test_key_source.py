"""Where a key comes from: a file, the environment, a program as of a key management service, and the twin."""

import base64
import os
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from wetread.domain.errors import PermanentError
from wetread.keys.sources import CommandKey, EnvironmentKey, FileKey
from wetread.ports.keys import LEAST_KEY_BYTES, MOST_KEY_BYTES, KeySource
from wetread.testing.memory_keys import MemoryKey

KEY = bytes(range(200, 232))
Holding = Callable[[bytes | None], KeySource]
_NUMBERS = count()


@pytest.fixture(params=["memory", "file", "env", "hex in env", "command", "text of a command"])
def holding(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Holding:
    """A source that holds these bytes, or nothing."""
    kind, number = request.param, next(_NUMBERS)

    def holds(content: bytes | None) -> KeySource:
        if kind == "memory":
            return MemoryKey(content)
        if "env" in kind:
            name = f"KEY_OF_TEST_{number}"
            if content is not None:
                text = content.hex() if kind.startswith("hex") else base64.b64encode(content).decode()
                monkeypatch.setenv(name, text)
            return EnvironmentKey(name)
        file = tmp_path / "key"
        if content is not None:
            file.write_bytes(content)
        if kind == "file":
            return FileKey(file)
        if content is None:
            return CommandKey((str(tmp_path / "no-such-program"),))
        return CommandKey(("base64", str(file)) if kind.startswith("text") else ("cat", str(file)))

    return holds


@pytest.mark.parametrize("key", [KEY, b"\xfe\n" * 16, os.urandom(MOST_KEY_BYTES - 1) + b"\xff"])
def test_the_same_bytes_come_each_time(holding: Holding, key: bytes) -> None:
    source = holding(key)
    assert source.read() == source.read() == key


def test_where_nothing_is_that_is_said_with_the_place(holding: Holding) -> None:
    source = holding(None)
    with pytest.raises(PermanentError, match=r"[Nn]o such file|not set|missing|holds none") as refused:
        source.read()
    assert refused.value.code == "no_key"


@pytest.mark.parametrize("length", [1, LEAST_KEY_BYTES - 1, MOST_KEY_BYTES + 1])
def test_what_is_too_short_or_too_long_is_no_key(holding: Holding, length: int) -> None:
    with pytest.raises(PermanentError) as refused:
        holding(b"\xfe" * length).read()
    assert refused.value.code == "bad_key"


def test_neither_its_text_nor_its_refusal_says_the_key(holding: Holding) -> None:
    told = []
    for content in (KEY, KEY[:20]):
        source = holding(content)
        try:
            source.read()
        except PermanentError as error:
            told.append(str(error) + repr(error.__cause__) + repr(error.__context__))
        told += [str(source), repr(source)]
    for form in (KEY[:20].hex(), base64.b64encode(KEY[:18]).decode(), KEY[:20].decode("latin-1"), repr(KEY[:20])[2:-1]):
        assert all(form not in each for each in told)
