"""What a key looks like as text, what a program may answer, and that nobody but the service's own processes inherits one."""

import base64
import os
import subprocess
import sys
from pathlib import Path

import pytest
from stow_front import until

from wetread.domain.errors import PermanentError, TransientError, WetreadError
from wetread.keys.kept import HANDED_ON, handed_on
from wetread.keys.material import key_of_output, key_of_text
from wetread.keys.sources import CommandKey, EnvironmentKey

KEY = bytes(range(200, 232))
PEM = b"-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v\n-----END PRIVATE KEY-----\n"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (base64.b64encode(KEY) + b"\n", KEY),
        (base64.encodebytes(KEY * 4), KEY * 4),
        (KEY.hex().encode(), KEY),
        (KEY.hex().upper().encode() + b"\r\n", KEY),
        (PEM, PEM),
        (PEM.rstrip(), PEM),
    ],
)
def test_a_key_as_text(text: bytes, key: bytes) -> None:
    assert key_of_text(text, "here") == key_of_output(text, "here") == key


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"permission denied: log in to the key service first, then try again",
        b'{"Plaintext": "' + base64.b64encode(KEY) + b'"}',
        base64.b64encode(KEY)[:-2],
        b"*" * 64,
    ],
)
def test_a_message_is_never_taken_for_a_key(text: bytes) -> None:
    for read in (key_of_text, key_of_output):
        with pytest.raises(PermanentError) as refused:
            read(text, "here")
        assert refused.value.code == "bad_key"
        assert text[:16].decode() not in str(refused.value) or not text


def program(folder: Path, code: str, limit_s: float = 60.0) -> CommandKey:
    """A child of this Python, named anew for each test, as an answer is kept."""
    script = folder / "keeper.py"
    script.write_text(f"import os, subprocess, sys, time\nsys.stderr.write({KEY.hex()!r})\n{code}\n")
    return CommandKey((sys.executable, "-P", str(script)), limit_s)


@pytest.mark.parametrize(
    ("code", "kind", "said"),
    [
        ("sys.exit(7)", "key_unavailable", "status 7"),
        ("os.abort()", "key_unavailable", "status -6"),
        ("", "no_key", "printed nothing"),
        ("sys.stdout.write('x' * 2**24)", "bad_key", "more than a key"),
        ("print('{}')", "bad_key", "neither"),
    ],
)
def test_what_went_wrong_with_a_program_is_told_without_its_words(
    code: str, kind: str, said: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(WetreadError, match=said) as refused:
        program(tmp_path, code).read()
    told = capfd.readouterr()
    assert refused.value.code == kind
    assert KEY.hex() not in f"{refused.value}{told.out}{told.err}"
    assert str(tmp_path) not in str(refused.value)


def test_a_program_that_hangs_ends_with_all_that_it_started(tmp_path: Path) -> None:
    child, number = tmp_path / "child.py", tmp_path / "number"
    child.write_text(f"import os, time\nopen({str(number)!r}, 'w').write(str(os.getpid()))\ntime.sleep(600)\n")
    code = f"subprocess.Popen([sys.executable, '-P', {str(child)!r}])\ntime.sleep(600)"
    with pytest.raises(TransientError, match="within 3 s"):
        program(tmp_path, code, limit_s=3.0).read()
    if number.exists() and number.read_text():  # on a busy machine it may have had no time to start one
        until(lambda: ended(int(number.read_text())))


def ended(pid: int) -> bool:
    """One that was killed may take a moment, and waits to be buried."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")")[-1].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_a_program_is_asked_once_and_hears_no_shell_and_no_input(tmp_path: Path) -> None:
    code = f"open({str(tmp_path / 'asked')!r}, 'a').write(repr(sys.argv[1:]) + sys.stdin.read())\nprint({KEY.hex()!r})"
    words = program(tmp_path, code).words
    for _ in range(3):
        assert CommandKey((*words, "$(id)", "; ls")).read() == KEY
    assert (tmp_path / "asked").read_text() == "['$(id)', '; ls']"


def test_a_key_leaves_the_environment_and_goes_to_our_own_processes_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY_OF_THE_HOUSE", KEY.hex())
    source = EnvironmentKey("KEY_OF_THE_HOUSE")
    assert source.read() == KEY
    assert "KEY_OF_THE_HOUSE" not in os.environ
    look = [sys.executable, "-P", "-c", "print(open('/proc/self/environ').read())"]
    assert KEY.hex() not in subprocess.run(look, capture_output=True, text=True, check=True).stdout
    read = "from wetread.keys.sources import EnvironmentKey as E; import os, subprocess, sys; print(E('KEY_OF_THE_HOUSE').read().hex(), os.environ.get('WETREAD_KEYS_FD'))"
    with handed_on() as (added, descriptors):
        own = [sys.executable, "-P", "-c", f"print(open('/proc/self/environ').read()); {read}"]
        told = subprocess.run(
            own, env=os.environ | added, pass_fds=descriptors, capture_output=True, text=True, check=True
        ).stdout
    environment, _, key = told.strip().rpartition("\n")
    assert key == f"{KEY.hex()} None"
    assert HANDED_ON in environment
    assert KEY.hex() not in environment
    assert base64.b64encode(KEY).decode() not in environment


def test_a_key_that_is_set_again_is_the_new_one(monkeypatch: pytest.MonkeyPatch) -> None:
    source = EnvironmentKey("KEY_SET_TWICE")
    for key in (KEY, KEY[::-1]):
        monkeypatch.setenv("KEY_SET_TWICE", key.hex())
        assert source.read() == key
