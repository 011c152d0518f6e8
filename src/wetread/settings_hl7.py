"""The settings of HL7 v2 neighbours: the receiver of reports and the listener for orders, one frozen type each. Keys stay in files of their own."""

from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from wetread.hl7.character_sets import UTF_8, CharacterSet
from wetread.settings_group import SettingsGroup

__all__ = ["Hl7Listener", "Hl7Receiver"]


class _Neighbour(SettingsGroup):
    tls: bool = False
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None


class Hl7Receiver(_Neighbour):
    """Where ORU^R01 of signed reports goes. `cert_file` and `key_file` are ours, for a receiver that asks who we are."""

    host: str = Field(min_length=1)
    port: int = Field(default=2575, ge=1, le=65535)
    timeout_s: float = Field(default=20.0, gt=0, le=300)
    receiving_application: str = ""
    receiving_facility: str = ""
    processing_id: Literal["P", "T", "D"] = "P"
    character_set: CharacterSet = UTF_8
    accept_acknowledgement: bool = False

    def __str__(self) -> str:
        return f"{self.host}:{self.port}{' (TLS)' if self.tls else ''}"


class Hl7Listener(_Neighbour):
    """Where orders and patient data come in. With `tls`, `cert_file` and `key_file` are ours, and with `ca_file` only clients that it signed are taken.

    `peers` are the addresses that may connect; `issuers` gives the films' IssuerOfPatientID for an assigning authority of HL7 (CX-4), "" where the films name none.
    """

    host: str = "127.0.0.1"
    port: int = Field(default=2575, ge=0, le=65535)
    peers: tuple[IPv4Network | IPv6Network, ...] = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))
    issuers: dict[str, str] = Field(default={})
    processing_id: Literal["P", "T", "D"] = "P"
    character_set: CharacterSet = UTF_8
    max_message_bytes: int = Field(default=1024 * 1024, ge=1024, le=16 * 1024 * 1024)
    max_segments: int = Field(default=1000, ge=10, le=100_000)
    max_connections: int = Field(default=32, ge=1, le=1000)
    max_connections_per_peer: int = Field(default=8, ge=1, le=1000)
    idle_s: float = Field(default=300.0, gt=0, le=86_400)
    message_s: float = Field(default=30.0, gt=0, le=600)

    def __str__(self) -> str:
        return f"{self.host}:{self.port}{' (TLS)' if self.tls else ''}"

    @model_validator(mode="after")
    def _has_a_certificate(self) -> "Hl7Listener":
        if self.tls and not self.cert_file:
            raise ValueError("tls needs cert_file")
        return self
