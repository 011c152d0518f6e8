"""What we store of a secret, and how long somebody who keeps failing waits."""

import unicodedata
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wetread.domain.errors import PermanentError
from wetread.web.accounts import DECOY, hash_password, token_sha256, verify_password
from wetread.web.argon2 import Argon2Cost
from wetread.web.lockout import FREE_FAILURES, LOCKED_S, wait_s

CHEAP = Argon2Cost(8, 1)
PASSWORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=12, max_size=40)


@given(PASSWORDS, st.binary(min_size=16, max_size=16))
def test_a_password_opens_what_it_made(password: str, salt: bytes) -> None:
    assert verify_password(password, hash_password(password, salt=salt, cost=CHEAP))


@given(PASSWORDS, PASSWORDS)
def test_another_password_does_not(password: str, other: str) -> None:
    same = unicodedata.normalize("NFKC", password) == unicodedata.normalize("NFKC", other)
    assert verify_password(other, hash_password(password, salt=bytes(16), cost=CHEAP)) is same


def test_the_password_is_not_in_what_is_stored() -> None:
    assert "correct horse" not in hash_password("correct horse battery", salt=bytes(16), cost=CHEAP)


def test_the_default_cost_is_the_published_one_and_is_stored_with_the_hash() -> None:
    stored = hash_password("correct horse battery", salt=bytes(16))
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert verify_password("correct horse battery", stored)


def test_the_same_keys_typed_in_another_normal_form_open_too() -> None:
    stored = hash_password("Zürich-Zürich", salt=bytes(16), cost=CHEAP)
    assert verify_password("Zürich-Zürich", stored)


@pytest.mark.parametrize("short", ["", "short", "eleven char"])
def test_a_short_password_is_refused(short: str) -> None:
    with pytest.raises(PermanentError) as refused:
        hash_password(short, salt=bytes(16))
    assert refused.value.code == "weak_password"
    assert not short or short not in str(refused.value)


@pytest.mark.parametrize(
    "stored",
    [
        "",
        "plain",
        "scrypt$",
        "md5$1,1,1$AA==$AA==",
        "scrypt$x,8,5$AA==$AA==",
        "scrypt$1048576,64,5$AA==$AA==",
        "scrypt$2,1,99$AA==$AA==",
        "$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAA",
        "$argon2i$v=19$m=8,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$" + "A" * 43,
        "$argon2id$v=19$m=1,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$" + "A" * 43,
        "$argon2id$v=19$m=9999999,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$" + "A" * 43,
        "$argon2id$v=19$m=8,t=99,p=1$AAAAAAAAAAAAAAAAAAAAAA$" + "A" * 43,
        DECOY,
    ],
)
def test_a_damaged_or_ruinously_dear_hash_opens_to_nobody(stored: str) -> None:
    assert not verify_password("correct horse battery", stored)


def test_a_token_is_kept_as_its_hash_only() -> None:
    assert token_sha256("wrt_secret") == sha256(b"wrt_secret").hexdigest()


def test_waiting_starts_after_the_free_failures_and_is_bounded() -> None:
    waits = [wait_s(failures, FREE_FAILURES) for failures in range(40)]
    assert waits[:FREE_FAILURES] == [0.0] * FREE_FAILURES
    assert waits == sorted(waits)
    assert waits[-1] == LOCKED_S
