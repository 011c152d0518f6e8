"""Pages for the tests of channels: one without identity, one with, and what none of them may leak."""

from dataclasses import replace
from datetime import UTC, datetime

from wetread.domain.identifiers import StudyKey
from wetread.domain.page import PageMessage, PagePatient
from wetread.domain.priority import Priority

SENT_AT = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
KEY, OTHER_KEY = "0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"
CANARIES = ("Zephyrine", "Quill", "PAT-7731", "19310203", "ACC-9914", "2.25.424242")
PATIENT = PagePatient("PAT-7731", "HOSP", "Quill^Zephyrine", "19310203", "F", "ACC-9914", "2.25.424242")


def a_page(title: str = "Pneumothorax, 3 min old", body: str = "Called by the model at 0.97.") -> PageMessage:
    link = "https://wetread.example/studies/k1"
    return PageMessage(title, body, link, Priority.STAT, "north", StudyKey("k1"), 1, SENT_AT)


def with_identity(page: PageMessage | None = None) -> PageMessage:
    return replace(page or a_page(), patient=PATIENT)
