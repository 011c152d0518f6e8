"""Identifiers: what a UID is (PS3.5 §9.1), and pseudonyms that say nothing and stay the same."""

import re
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wetread.domain.identifiers import (
    SOPInstanceUID,
    StudyInstanceUID,
    derived_uid,
    instance_key,
    is_valid_uid,
    study_key,
)

UIDS = st.lists(st.integers(0, 10**9 - 1), min_size=2, max_size=6).map(lambda parts: ".".join(map(str, parts)))


@given(UIDS)
def test_a_dotted_number_is_a_uid(uid: str) -> None:
    assert is_valid_uid(uid)


@pytest.mark.parametrize(
    "uid",
    [
        *[
            "",
            "1",
            ".",
            "1.",
            ".1",
            "1..2",
            "1.02",
            "01.2",
            "1.2 ",
            "1.2\n",
            "1.2\0",
            "1.a",
            "1.-2",
            "1.²",
            "1.٣",
            "1/2",
        ],
        *["../1.2", "1." + "2" * 63],
    ],
)
def test_anything_else_is_not(uid: str) -> None:
    assert not is_valid_uid(uid)


def test_a_uid_has_at_most_64_characters() -> None:
    assert is_valid_uid("1." + "2" * 62)


@given(uid=UIDS, secret=st.binary(min_size=1, max_size=64))
def test_a_key_is_the_same_for_the_same_uid_and_secret(uid: str, secret: bytes) -> None:
    key = study_key(secret, StudyInstanceUID(uid))
    assert key == study_key(secret, StudyInstanceUID(uid))
    assert re.fullmatch("[a-z2-7]{24}", key)


@given(uid=UIDS, other=UIDS)
def test_keys_differ_by_uid_secret_and_level(uid: str, other: str) -> None:
    key = study_key(b"secret", StudyInstanceUID(uid))
    assert (key == study_key(b"secret", StudyInstanceUID(other))) == (uid == other)
    assert key != study_key(b"Secret", StudyInstanceUID(uid))
    assert str(key) != str(instance_key(b"secret", SOPInstanceUID(uid)))


def test_keys_never_change_between_releases() -> None:
    """Stored keys must stay valid: these values were computed apart, from the definitions of HMAC (RFC 2104) and base 32 (RFC 4648)."""
    assert study_key(b"secret", StudyInstanceUID("1.2.3")) == "qpzpaledi556p74ibt5qjoqz"
    assert instance_key(b"secret", SOPInstanceUID("1.2.3")) == "ef7f2itsfdlt5yboxesoathc"


@given(parts=st.lists(st.text(max_size=5), min_size=1, max_size=3))
def test_a_derived_uid_is_a_version_4_uuid_fixed_by_its_parts(parts: list[str]) -> None:
    uid = derived_uid(b"secret", *parts)
    assert uid == derived_uid(b"secret", *parts)
    assert is_valid_uid(uid)
    assert uid.startswith("2.25.")
    assert UUID(int=int(uid.removeprefix("2.25."))).version == 4
    assert uid != derived_uid(b"secret", *parts, "more")
