"""The settings of HL7 v2 neighbours: the receiver of reports and the listener for orders, one frozen type each. Keys stay in files of their own."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from wetread.hl7.character_sets import UTF_8, CharacterSet

__all__ = ["Hl7Receiver"]


class _Neighbour(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

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
