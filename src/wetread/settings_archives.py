"""The settings of other archives: one table each, [[archives]] in the file."""

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, model_validator

from wetread.settings_channels import ChannelName, secret_text
from wetread.settings_group import SettingsGroup

__all__ = ["ArchiveSettings", "Archives", "PriorFetch"]

_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class ArchiveSettings(SettingsGroup):
    """`url`: an Orthanc's own base (kind orthanc), or a DICOMweb root; of kind dimse the `ae_title` of an application entity instead. `authorization` is the header's whole value, sent there and nowhere else.

    `feed`: read its change log (orthanc only). `modalities` and `max_age_days` say what is wanted of it. `issuer_of_patient_id`: whose patient numbers it uses, where it does not say so.
    """

    name: ChannelName
    kind: Literal["orthanc", "dicomweb", "dimse"] = "dicomweb"
    url: str = ""
    ae_title: str = ""
    dicomweb_url: str = ""
    authorization: SecretStr = SecretStr("")
    authorization_file: Path | None = None
    ca_file: Path | None = None
    allow_http: bool = False
    timeout_s: float = Field(default=10.0, gt=0, le=120)
    feed: bool = True
    poll_s: float = Field(default=10.0, ge=1, le=3600)
    sweep_days: int = Field(default=3, ge=0, le=365)
    sweep_every_h: float = Field(default=6.0, gt=0, le=168)
    modalities: tuple[str, ...] = ("CR", "DX")
    max_age_days: int = Field(default=7, ge=1, le=36500)
    priors: bool = True
    issuer_of_patient_id: str = ""
    max_instance_bytes: int = Field(default=512 * 2**20, ge=2**20)
    max_retrieve_s: float = Field(default=300.0, gt=0, le=3600)

    @property
    def resolved_authorization(self) -> str:
        """From the settings or its own file; raises SettingsError when that cannot be read."""
        return secret_text(self.authorization, self.authorization_file)

    @property
    def resolved_dicomweb_url(self) -> str:
        if self.kind == "dicomweb":
            return self.url.rstrip("/")
        return (self.dicomweb_url or f"{self.url.rstrip('/')}/dicom-web").rstrip("/")

    @property
    def has_feed(self) -> bool:
        return self.kind == "orthanc" and self.feed

    @property
    def host(self) -> str:
        """Or the AE title, where it has no URL."""
        return self.ae_title or urlsplit(self.url).hostname or ""

    def __str__(self) -> str:
        return f"{self.name} ({self.kind}, {self.host})"

    @model_validator(mode="after")
    def _can_be_asked(self) -> "ArchiveSettings":
        if (self.kind == "dimse") != bool(self.ae_title) or (self.ae_title and (self.url or self.dicomweb_url)):
            raise ValueError("an archive of kind dimse has an ae_title and no url, any other a url and no ae_title")
        if self.kind == "dimse":
            return self
        for url in (self.url, self.resolved_dicomweb_url):
            parts = urlsplit(url)
            plain = parts.hostname and not (parts.username or parts.password or parts.query or parts.fragment)
            secure = parts.scheme == "https" or (
                parts.scheme == "http" and (self.allow_http or parts.hostname in _LOOPBACK)
            )
            if not (plain and secure):
                raise ValueError(
                    "an archive's url is https (http only to this machine, or with allow_http), without credentials or query"
                )
        return self


class PriorFetch(SettingsGroup):
    """At most `most` earlier studies of each archive (0: none), none older than `days`; copies are dropped after `retention_days`, unless a study waits for them."""

    most: int = Field(default=3, ge=0, le=20)
    days: int = Field(default=1825, ge=1, le=36500)
    retention_days: float = Field(default=30.0, gt=0)

    def __str__(self) -> str:
        return f"most {self.most}, days {self.days}, retention_days {self.retention_days:g}"


def _named_once(value: tuple[ArchiveSettings, ...]) -> tuple[ArchiveSettings, ...]:
    if len({each.name for each in value}) != len(value):
        raise ValueError("each archive has a name of its own")
    return value


Archives = Annotated[tuple[ArchiveSettings, ...], AfterValidator(_named_once)]
