"""Nobody but the key's holder makes a checkpoint, and none can be changed."""

from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from wetread.checkpoints.note import (
    Checkpoint,
    log_name,
    private_pem,
    public_bytes,
    public_pem,
    read_note,
    read_private_key,
    read_public_key,
    sign_note,
)
from wetread.domain.errors import PermanentError

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
MADE = Checkpoint("wetread/north/audit", 1042, sha256(b"root").digest(), datetime(2026, 11, 29, 16, tzinfo=UTC))
NOTE = sign_note(MADE, KEY)


def test_what_was_signed_is_read() -> None:
    assert read_note(NOTE, public_bytes(KEY)) == MADE


def test_it_has_the_form_of_a_signed_note() -> None:
    body, signature = NOTE.split("\n\n")
    assert body.split("\n")[:2] == ["wetread/north/audit", "1042"]
    assert signature.startswith("\u2014 wetread/north/audit ")
    assert NOTE.endswith("\n")


@pytest.mark.parametrize("at", range(0, len(NOTE), 3))
def test_no_character_can_be_changed(at: int) -> None:
    changed = NOTE[:at] + ("a" if NOTE[at] != "a" else "b") + NOTE[at + 1 :]
    with pytest.raises(PermanentError, match="cannot be believed") as refused:
        read_note(changed, public_bytes(KEY))
    assert refused.value.code == "bad_checkpoint"


@pytest.mark.parametrize(
    "text",
    ["", "\n\n", NOTE + NOTE, NOTE.replace("1042", "01042"), NOTE.replace("+00:00", ""), NOTE.replace("\n\n", "\nx\n\n"), "\u2014" * 100],
)  # fmt: skip
def test_what_is_no_note_is_refused(text: str) -> None:
    with pytest.raises(PermanentError, match="cannot be believed"):
        read_note(text, public_bytes(KEY))


def test_another_key_signs_nothing_for_us() -> None:
    with pytest.raises(PermanentError, match="another key"):
        read_note(sign_note(MADE, Ed25519PrivateKey.generate()), public_bytes(KEY))


def test_a_key_is_read_back(tmp_path: Path) -> None:
    assert public_bytes(read_private_key(private_pem(KEY), "here")) == public_bytes(KEY)
    (tmp_path / "public.pem").write_bytes(public_pem(KEY))
    assert read_public_key(tmp_path / "public.pem") == public_bytes(KEY)


def test_what_is_no_key_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"

    def read_private(file: Path) -> object:
        return read_private_key(file.read_bytes(), file.name)

    for content in (b"", b"not a key"):
        file.write_bytes(content)
        for read in (read_private, read_public_key):
            with pytest.raises(PermanentError) as refused:
                read(file)
            assert refused.value.code == "bad_key"
    rsa = generate_private_key(65537, 2048)
    file.write_bytes(rsa.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(PermanentError, match="Ed25519"):
        read_private(file)
    file.write_bytes(rsa.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    with pytest.raises(PermanentError, match="Ed25519"):
        read_public_key(file)


@pytest.mark.parametrize(("site", "name"), [("north", "wetread/north/audit"), ("St. Mary+1", "wetread/St.-Mary-1/audit"), ("", "wetread/site/audit")])  # fmt: skip
def test_a_log_is_called_after_its_site(site: str, name: str) -> None:
    assert log_name(site) == name
