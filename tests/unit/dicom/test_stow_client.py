"""What a STOW-RS answer means: stored, already there, try again, or a person must act."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wetread.dicom.stow_client import StowPeer, read_answer, stow_outcome
from wetread.domain.errors import PermanentError, TransientError

UID = "2.25.7"


def body(stored: tuple[str, ...] = (), failed: dict[str, int] | None = None) -> bytes:
    """PS3.18 table 10.5.3-1 as DICOM JSON."""

    def instance(uid: str, reason: int | None = None) -> dict[str, object]:
        item: dict[str, object] = {"00081155": {"vr": "UI", "Value": [uid]}}
        return item if reason is None else item | {"00081197": {"vr": "US", "Value": [reason]}}

    answer: dict[str, object] = {"00081190": {"vr": "UR", "Value": ["http://archive/studies/1"]}}
    if stored:
        answer["00081199"] = {"vr": "SQ", "Value": [instance(uid) for uid in stored]}
    if failed:
        answer["00081198"] = {"vr": "SQ", "Value": [instance(*each) for each in failed.items()]}
    return json.dumps(answer).encode()


def outcome(status: int, content: bytes) -> str:
    return stow_outcome(read_answer(status, content), UID, "archive")


@pytest.mark.parametrize(
    ("status", "content", "said"),
    [
        (200, body((UID,)), "stored"),
        (202, body((UID, "2.25.8"), {"2.25.9": 0xC000}), "stored"),
        (409, body((), {UID: 45070}), "duplicate"),
        (202, body((), {UID: 0x0111}), "duplicate"),
    ],
)
def test_a_named_instance_is_stored(status: int, content: bytes, said: str) -> None:
    assert outcome(status, content) == said


@pytest.mark.parametrize(
    ("status", "content", "code"),
    [
        (200, body(), "unconfirmed"),
        (200, body(("2.25.70",)), "unconfirmed"),
        (200, b"<html>welcome</html>", "unconfirmed"),
        (200, b"", "unconfirmed"),
        (409, body((), {UID: 0xA900}), "store_refused"),
        (409, body((), {UID: 0}), "store_refused"),
        (400, body(), "store_refused"),
        (302, b"", "store_refused"),
        (413, b"", "store_refused"),
        (401, b"", "not_authorised"),
        (403, body((UID,)), "not_authorised"),
    ],
)
def test_what_only_a_person_can_mend_is_permanent(status: int, content: bytes, code: str) -> None:
    with pytest.raises(PermanentError) as caught:
        outcome(status, content)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("status", "content"),
    [
        (503, b""),
        (500, b"boom"),
        (429, b""),
        (408, b""),
        (507, b""),
        (409, body((), {UID: 0xA700})),
        (202, body((), {UID: 0x0110})),
    ],
)
def test_what_may_pass_is_transient(status: int, content: bytes) -> None:
    with pytest.raises(TransientError):
        outcome(status, content)


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 100_000,
        b"null",
        b"[]",
        b'{"00081199": null}',
        b'{"00081199": {"Value": null}}',
        b'{"00081199": {"Value": [null, 3, {}, {"00081155": []}, {"00081155": {"Value": [{"a": 1}]}}]}}',
        b'{"00081198": {"Value": [{"00081155": {"Value": ["2.25.7"]}, "00081197": {"Value": ["x"]}}]}}',
        b"\xff\xfe",
    ],
)
def test_a_malformed_answer_confirms_nothing(content: bytes) -> None:
    with pytest.raises(PermanentError):
        outcome(200, content)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda each: (
            st.lists(each)
            | st.dictionaries(st.sampled_from(["00081199", "00081198", "00081155", "00081197", "Value"]), each)
        ),
    )
)
def test_no_json_breaks_the_reader(answer: object) -> None:
    read_answer(200, json.dumps(answer).encode())


def test_a_peer_is_called_by_its_host_alone() -> None:
    assert StowPeer("https://user:secret@archive.example/dicom-web?token=secret").host == "archive.example"
