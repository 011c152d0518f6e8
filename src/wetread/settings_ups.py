"""The settings of a worklist manager elsewhere, whose reads wetread performs."""

from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator

from wetread.domain.loopback import is_loopback
from wetread.settings_channels import secret_text
from wetread.settings_group import SettingsGroup

__all__ = ["UpsManagerSettings"]


class UpsManagerSettings(SettingsGroup):
    """`url` is a DICOMweb base; `authorization`, or the text of its file, is the value of that header, sent there only. `code` is the Scheduled Workitem Code (DCM) of the reads that are ours there, `subscriber` the AE title under which we are told of them ("": `ae_title`)."""

    url: str = Field(pattern=r"^https?://[^\s?#@]+$")
    authorization: SecretStr = SecretStr("")
    authorization_file: Path | None = None
    ca_file: Path | None = None
    allow_http: bool = False
    code: str = Field(default="110004", pattern=r"^[0-9A-Za-z.-]{1,16}$")
    subscriber: str = Field(default="", pattern=r"^[A-Za-z0-9_.-]{0,16}$")
    every_s: float = Field(default=15.0, ge=1, le=3600)
    timeout_s: float = Field(default=10.0, gt=0, le=60)

    def __str__(self) -> str:
        return f"{urlsplit(self.url).hostname}, every {self.every_s:g} s"

    @property
    def resolved_authorization(self) -> str:
        """From the settings or its own file; raises SettingsError when that cannot be read."""
        return secret_text(self.authorization, self.authorization_file)

    @model_validator(mode="after")
    def _is_safe(self) -> "UpsManagerSettings":
        parts = urlsplit(self.url)
        if parts.scheme != "https" and not (self.allow_http or is_loopback(parts.hostname)):
            raise ValueError("the URL must be https (http only to this machine, or with allow_http)")
        return self
