"""The settings of the DIMSE door and of DIMSE neighbours. Keys stay in files of their own."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from wetread.dicom.tls_profile import ClientCertificates, OurTls

__all__ = ["AllowedCaller", "AllowedCallers", "DimseTls", "Remote", "Remotes"]

_File = Annotated[Path, AfterValidator(lambda path: path.expanduser().absolute())]


@dataclass(frozen=True, slots=True)
class AllowedCaller:
    """A calling AE title that may store here, and from which address ('' = any)."""

    ae_title: str
    address: str

    @staticmethod
    def of(text: str) -> "AllowedCaller":
        ae_title, _, address = text.strip().partition("@")
        return AllowedCaller(ae_title, address)


@dataclass(frozen=True, slots=True)
class Remote:
    """A DIMSE neighbour, written AE@host:port."""

    ae_title: str
    host: str
    port: int

    @staticmethod
    def of(text: str) -> "Remote":
        """Raises ValueError."""
        ae_title, _, address = text.partition("@")
        host, _, port = address.rpartition(":")
        if not (ae_title and host and port.isdigit()):
            raise ValueError("expected AE@host:port")
        return Remote(ae_title, host, int(port))


def _several(value: object) -> tuple[object, ...]:
    """A list, or text with commas."""
    entries = value.split(",") if isinstance(value, str) else value
    if not isinstance(entries, list | tuple):
        raise ValueError("expected a list, or text with commas between")
    return tuple(each.strip() if isinstance(each, str) else each for each in entries if str(each).strip())


def _callers(value: object) -> object:
    return tuple(each if isinstance(each, AllowedCaller) else AllowedCaller.of(str(each)) for each in _several(value))


def _remotes(value: object) -> object:
    return tuple(each if isinstance(each, Remote) else Remote.of(str(each)) for each in _several(value))


AllowedCallers = Annotated[tuple[AllowedCaller, ...], BeforeValidator(_callers)]
Remotes = Annotated[tuple[Remote, ...], BeforeValidator(_remotes)]


class DimseTls(BaseModel):
    """DICOM in TLS: who we are, at a port of its own (unset: none; 2762 is registered for it) and towards neighbours that ask. `ca_file` vouches for clients here, and for neighbours that name no authority."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    port: int | None = Field(default=None, ge=0, le=65535)
    cert_file: _File
    key_file: _File | None = None
    ca_file: _File | None = None
    client_certificates: ClientCertificates = "required"

    def __str__(self) -> str:
        return f"{f'port {self.port}' if self.port is not None else 'no port'}, client certificates {self.client_certificates}"

    @model_validator(mode="after")
    def _knows_whom_to_ask(self) -> "DimseTls":
        if self.port is not None and self.client_certificates != "none" and self.ca_file is None:
            raise ValueError(
                'client certificates need ca_file; without them any client is taken: client_certificates = "none"'
            )
        return self

    @property
    def ours(self) -> OurTls:
        return OurTls(self.cert_file, self.key_file, self.ca_file, self.client_certificates)
