"""What a C-STORE status means (PS3.4 table B.2-1, PS3.7 annex C), and how a receiver is written."""

import pytest

from wetread.dicom.film_store_scu import parse_receiver
from wetread.dicom.remote_ae import RemoteAe
from wetread.dicom.store_scu import store_outcome
from wetread.dicom.stow_client import StowPeer
from wetread.domain.errors import PermanentError, TransientError


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (0x0000, "stored"),
        (0xB000, "stored with warning 0xB000"),
        (0xB006, "stored with warning 0xB006"),
        (0xB007, "stored with warning 0xB007"),
        (0x0111, "duplicate"),
    ],
)
def test_success_warning_and_duplicate_are_acknowledged(status: int, said: str) -> None:
    assert store_outcome(status, "PACS") == said


@pytest.mark.parametrize("status", [None, 0xA700, 0xA7FF, 0x0110, 0x0213])
def test_silence_and_lack_of_resources_are_transient(status: int | None) -> None:
    with pytest.raises(TransientError):
        store_outcome(status, "PACS")


@pytest.mark.parametrize("status", [0xA900, 0xC000, 0xCFFF, 0x0122, 0x0124, 0x0117, 0x0211, 0xFE00, 0x1234])
def test_every_other_status_is_permanent(status: int) -> None:
    with pytest.raises(PermanentError):
        store_outcome(status, "PACS")


def test_a_receiver_is_an_ae_or_a_url() -> None:
    assert parse_receiver("PACS@archive:104", calling_ae_title="ME") == RemoteAe("PACS", "archive", 104, "ME")
    assert parse_receiver("PACS@[::1]:104") == RemoteAe("PACS", "::1", 104)
    assert parse_receiver("https://archive/dicom-web") == StowPeer("https://archive/dicom-web")


@pytest.mark.parametrize(
    "text", ["", "archive:104", "PACS@archive", "ftp://archive", "A" * 17 + "@archive:104", "file:///etc/passwd"]
)
def test_anything_else_is_no_receiver(text: str) -> None:
    with pytest.raises(PermanentError):
        parse_receiver(text)
