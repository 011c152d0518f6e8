"""The error tree. Retry policy reads only the two middle classes; messages never carry patient data.

WetreadError
├── TransientError        try again later: the world may change (archive down, database busy)
└── PermanentError        trying again cannot help: a person must act
    ├── UnsuitableImage   the film may not be read by the model; the reason says why
    ├── HostileInput      the bytes break a limit or the standard; nothing was stored
    ├── SettingsError     a setting is wrong
    ├── IllegalTransition the act does not fit the study's state
    └── StudyLocked       somebody else has the study open for writing
"""

__all__ = [
    "HostileInput",
    "IllegalTransition",
    "NotPermitted",
    "PermanentError",
    "SettingsError",
    "StaleVersion",
    "StudyLocked",
    "StudyNotFound",
    "TransientError",
    "UnsuitableImage",
    "WetreadError",
]


class WetreadError(Exception):
    """Anything wetread refuses or cannot do. `code` is stable and safe to log."""

    code = "error"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        if code is not None:
            self.code = code


class TransientError(WetreadError):
    """Try again later; `retry_after_s` above 0: whoever refused says in how many seconds."""

    code = "transient"

    def __init__(self, message: str, *, code: str | None = None, retry_after_s: float = 0.0) -> None:
        super().__init__(message, code=code)
        self.retry_after_s = retry_after_s


class PermanentError(WetreadError):
    """Trying again cannot help; the message says what a person can do."""

    code = "permanent"


class SettingsError(PermanentError):
    """A setting is wrong; the message names it and says what would be right."""

    code = "bad_settings"


class UnsuitableImage(PermanentError):
    """The film is kept and readable, but the model must not read it."""

    code = "unsuitable_image"


class HostileInput(PermanentError):
    """The bytes are malformed or exceed a limit; refused before anything is stored."""

    code = "hostile_input"


class IllegalTransition(PermanentError):
    """The requested act is not allowed in the study's present state."""

    code = "illegal_transition"


class NotPermitted(PermanentError):
    """The actor's role may not do this."""

    code = "not_permitted"


class StaleVersion(PermanentError):
    """Somebody else changed the report first; load it again."""

    code = "stale_version"


class StudyLocked(PermanentError):
    """Another person, or another screen of this one, has the study open for writing: read along, or take it over."""

    code = "study_locked"


class StudyNotFound(PermanentError):
    """No such study, or none that the actor may see."""

    code = "study_not_found"
