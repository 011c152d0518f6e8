"""The settings of the Redis that wakes workers. Without them workers look into the database by themselves."""

from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator

from wetread.domain.loopback import is_loopback
from wetread.settings_channels import secret_text
from wetread.settings_group import SettingsGroup

__all__ = ["DispatchSettings"]


class DispatchSettings(SettingsGroup):
    """`url` is rediss://[user@]host:port/number, redis:// (no TLS) to this machine only or with `allow_plain`; the password stands in its own file. `name` begins the names of our streams."""

    url: str = Field(pattern=r"^rediss?://([^\s?#@:/]+@)?[^\s?#@]+$")
    password: SecretStr = SecretStr("")
    password_file: Path | None = None
    ca_file: Path | None = None
    allow_plain: bool = False
    name: str = Field(default="wetread", pattern=r"^[A-Za-z0-9_-]{1,32}$")

    def __str__(self) -> str:
        return f"redis at {urlsplit(self.url).hostname}"

    @property
    def resolved_password(self) -> str:
        """From the settings or its own file; raises SettingsError when that cannot be read."""
        return secret_text(self.password, self.password_file)

    @model_validator(mode="after")
    def _is_safe(self) -> "DispatchSettings":
        parts = urlsplit(self.url)
        if parts.scheme != "rediss" and not (self.allow_plain or is_loopback(parts.hostname)):
            raise ValueError("the URL must be rediss (redis only to this machine, or with allow_plain)")
        return self
