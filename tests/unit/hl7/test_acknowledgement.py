"""Which answers accept a message, which are tried again, and which need a person."""

import pytest

from wetread.domain.errors import PermanentError, TransientError
from wetread.hl7.acknowledgement import Acknowledgement, judge_acknowledgement, read_acknowledgement


def answer(code: str, control_id: str = "ID1", err: str = "") -> bytes:
    error = f"ERR||PID^1^3|{err}|E|Jane Doe\r" if err else ""
    return (
        f"MSH|^~\\&|EHR|H|WETREAD|N|20260101||ACK^R01^ACK|9|P|2.5.1\rMSA|{code}|{control_id}|Jane Doe\r{error}".encode()
    )


@pytest.mark.parametrize("code", ["AA", "CA"])
def test_both_modes_accept(code: str) -> None:
    assert judge_acknowledgement(answer(code), "ID1") == code


@pytest.mark.parametrize(
    ("code", "err", "kind", "named"),
    [
        ("AE", "", TransientError, "receiver_busy"),
        ("CE", "", TransientError, "receiver_busy"),
        ("AE", "207^Application internal error^HL70357", TransientError, "receiver_busy"),
        ("AE", "101^Required field missing^HL70357", PermanentError, "report_refused"),
        ("AR", "", PermanentError, "report_refused"),
        ("CR", "", PermanentError, "report_refused"),
        ("AR", "203", PermanentError, "report_refused"),
        ("AR", "207", TransientError, "receiver_busy"),
        ("AR", "204^Unknown key identifier", TransientError, "receiver_busy"),
        ("AE", "1010", TransientError, "receiver_busy"),
    ],
)
def test_errors_and_rejections(code: str, err: str, kind: type[Exception], named: str) -> None:
    with pytest.raises(kind) as caught:
        judge_acknowledgement(answer(code, err=err), "ID1", of="report")
    assert getattr(caught.value, "code", "") == named
    assert "Doe" not in str(caught.value)


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"\r",
        b"MSH",
        b"MSA|AA",
        answer("AA", "OTHER"),
        answer("AA", ""),
        answer("AR", "OTHER"),
        answer("ZZ"),
        b"\xff\xfe\x00",
        b"HTTP/1.1 200 OK\r\n",
    ],
)
def test_an_answer_to_nothing_of_ours_is_no_success(said: bytes) -> None:
    with pytest.raises(TransientError) as caught:
        judge_acknowledgement(said, "ID1")
    assert caught.value.code == "unconfirmed"


def test_a_rejection_may_leave_out_what_it_could_not_read() -> None:
    with pytest.raises(PermanentError):
        judge_acknowledgement(answer("AR", ""), "ID1")


def test_a_receiver_may_use_its_own_separators_and_line_ends() -> None:
    said = "MSH#*~\\&#EHR#H#W#N#1##ACK#9#P#2.3\r\nMSA#CE#ID1\r\nERR#*#*#207*x"
    assert read_acknowledgement(said.encode()) == Acknowledgement("CE", "ID1", "207")
