"""Films of an archive read by the thousand: what is handed to a reader, and what comes back. Neither says who the patient is, but for the path of a task, which goes no further."""

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["FilmFate", "FilmRow", "FilmTask", "FindingScore", "Unanswered"]


class FilmFate(StrEnum):
    READ = "read"
    REFUSED = "refused"
    """The model must not read it: no film, no frontal chest, hostile bytes."""
    FAILED = "failed"
    """It could not be read here: no bytes, or its reader died of it again and again."""


@dataclass(frozen=True, slots=True)
class FilmTask:
    """One film: its place in the list of the run, from 1, and the file that holds it. `sop_instance_uid`: which instance it must be, "" where any file will do."""

    number: int
    path: str
    sop_instance_uid: str = ""


@dataclass(frozen=True, slots=True)
class FindingScore:
    """As `domain.analysis.Finding`, without its place on the film. `probability` 0..1; None where the finding is not calibrated."""

    finding: str
    raw_score: float
    probability: float | None
    threshold: float
    called: bool
    laterality: str


@dataclass(frozen=True, slots=True)
class FilmRow:
    """What became of one film. `file_sha256` is of its bytes, "" where there are none to read; `input_sha256` of what the network saw, "" where it saw nothing.

    `code` and `reason` say why it was not read; `flags` are the codes of what a person should know of a film that was. `view`, `manufacturer` and `scanner` are the header's words.
    """

    number: int
    fate: FilmFate
    code: str = ""
    reason: str = ""
    file_sha256: str = ""
    input_sha256: str = ""
    view: str = ""
    manufacturer: str = ""
    scanner: str = ""
    ood_score: float | None = None
    ood_p_value: float | None = None
    flags: tuple[str, ...] = ()
    findings: tuple[FindingScore, ...] = ()


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A film whose reader died, or could not read for now: it may be handed in again."""

    number: int
    code: str
    reason: str
