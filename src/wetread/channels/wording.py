"""A page as plain text, whatever it holds: nothing in it can end a line, a header or a field it stands in."""

import re

from wetread.domain.page import PageMessage, PagePatient

__all__ = ["identity_lines", "one_line", "paragraphs", "plain_text", "shortened"]

_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
"""Controls, line separators, zero-width and direction marks (which reorder what is read), and lone surrogates."""


def one_line(text: str, limit: int = 200) -> str:
    """Text without line ends or control characters, runs of white space made one, at most `limit` characters."""
    return shortened(" ".join(_CONTROL.sub(" ", text).split()), limit)


def paragraphs(text: str, limit: int = 8000) -> str:
    """The same for text that may have line ends (\\n only)."""
    unified = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    return shortened(_CONTROL.sub(" ", unified).strip(), limit)


def shortened(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 3].rstrip() + "..."


def identity_lines(patient: PagePatient) -> list[tuple[str, str]]:
    """Who it is about, as (label, value); empty values are left out."""
    lines = [
        ("Patient", patient.patient_name.replace("^", " ")),
        ("Patient ID", patient.patient_id),
        ("Born", patient.patient_birth_date),
        ("Sex", patient.patient_sex),
        ("Accession", patient.accession_number),
    ]
    return [(label, said) for label, value in lines if (said := one_line(value))]


def plain_text(message: PageMessage) -> str:
    """The whole page for a person to read, the link on a line of its own."""
    who = [f"{label}: {value}" for label, value in identity_lines(message.patient)] if message.patient else []
    where = [f"Priority: {message.priority.value}", f"Site: {one_line(message.site)}"]
    study = [f"Study: {one_line(message.study_key)}"] if message.study_key else []
    footer = "Sent by wetread, an assistive research tool, not a cleared device. AI may be wrong: look at the film."
    return "\n".join(
        [paragraphs(message.body), "", *who, *where, *study, "", one_line(message.link, 2000), "", footer, ""]
    )
