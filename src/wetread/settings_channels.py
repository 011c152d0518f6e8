"""The settings of the channels that pages leave by: one frozen type per kind. Their secrets are masked, or read from files of their own."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr

from wetread.domain.errors import SettingsError
from wetread.settings_group import SettingsGroup

__all__ = [
    "ChannelName",
    "ChannelSettings",
    "ChatChannel",
    "EmailChannel",
    "FhirChannel",
    "Hl7Channel",
    "HttpChannel",
    "LocalFile",
    "ResultWebhookSettings",
    "SmsChannel",
    "WebhookChannel",
    "secret_text",
]


class _Channel(SettingsGroup):
    """What every notification channel has. `carries_phi` is the site's word that identity may travel on it."""

    carries_phi: bool = False
    timeout_s: float = Field(default=10.0, gt=0, le=60)
    secret: SecretStr = SecretStr("")
    secret_file: Path | None = None
    ca_file: Path | None = None

    @property
    def resolved_secret(self) -> str:
        """The password, token or signing secret, from the settings or its own file; raises SettingsError when that cannot be read."""
        return secret_text(self.secret, self.secret_file)


class EmailChannel(_Channel):
    kind: Literal["email"]
    host: str = Field(min_length=1)
    port: int = Field(default=587, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str = ""
    sender: str


class HttpChannel(_Channel):
    """The URL is a secret too: chat systems put their token into it."""

    url: SecretStr = SecretStr("")
    url_file: Path | None = None
    allow_http: bool = False

    @property
    def resolved_url(self) -> str:
        return secret_text(self.url, self.url_file)


class WebhookChannel(HttpChannel):
    kind: Literal["webhook"]


class ResultWebhookSettings(HttpChannel):
    """Who is told that a report was signed, without identity."""

    carries_phi: Literal[False] = False

    def __str__(self) -> str:
        return "webhook"


class ChatChannel(HttpChannel):
    kind: Literal["slack", "teams"]


class SmsChannel(HttpChannel):
    """An SMS is never marked for identity: it crosses networks in clear and stays on locked screens."""

    kind: Literal["sms"]
    carries_phi: Literal[False] = False
    body: Literal["form", "json"] = "form"
    to_field: str = "to"
    text_field: str = "text"
    key_field: str = ""
    extra_fields: dict[str, str] = Field(default={})


class FhirChannel(HttpChannel):
    kind: Literal["fhir"]
    patient_system: str = "urn:wetread:mrn"


class Hl7Channel(_Channel):
    """A result without its patient cannot be filed, so this channel exists only where it is marked for identity."""

    kind: Literal["hl7"]
    carries_phi: Literal[True]
    host: str = Field(min_length=1)
    port: int = Field(default=2575, ge=1, le=65535)
    tls: bool = False
    receiving_application: str = ""
    receiving_facility: str = ""
    processing_id: Literal["P", "T", "D"] = "P"


ChannelSettings = Annotated[
    EmailChannel | WebhookChannel | ChatChannel | SmsChannel | FhirChannel | Hl7Channel, Field(discriminator="kind")
]
ChannelName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")]
LocalFile = Annotated[Path, AfterValidator(lambda path: path.expanduser().absolute())]


def secret_text(given: SecretStr, file: Path | None) -> str:
    """What is given, or what its own file holds; raises SettingsError."""
    if file is None:
        return given.get_secret_value()
    try:
        return file.expanduser().read_text("utf-8").strip()
    except OSError as error:
        raise SettingsError(f"secret file {file.name} cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise SettingsError(f"secret file {file.name} cannot be read (it is not UTF-8)") from None
