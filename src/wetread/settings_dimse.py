"""The settings of the DIMSE door and of DIMSE neighbours. Keys stay in files of their own."""

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from wetread.dicom.tls_profile import ClientCertificates, OurTls, PeerTls
from wetread.settings_channels import LocalFile
from wetread.settings_group import SettingsGroup

__all__ = ["AllowedCaller", "AllowedCallers", "DimseTls", "EntitySettings", "ItMay", "Remote", "Remotes", "WeUse"]


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


class DimseTls(SettingsGroup):
    """DICOM in TLS: who we are, at a port of its own (unset: none; 2762 is registered for it) and towards neighbours that ask. `ca_file` vouches for clients here, and for neighbours that name no authority."""

    port: int | None = Field(default=None, ge=0, le=65535)
    cert_file: LocalFile
    key_file: LocalFile | None = None
    ca_file: LocalFile | None = None
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


ItMay = Literal["store", "query", "receive"]
"""Of us: store films here; find and retrieve what is here; be sent it by a C-MOVE."""
WeUse = Literal["query_retrieve", "worklist", "store", "commitment"]
"""Of it."""


class EntitySettings(SettingsGroup):
    """A DICOM application entity beside us: where it is, what it may ask of us and what we use of it.

    With `tls` we call it in TLS, and it may call us in no other way; then `client_name` is what its certificate must be for. `calls_from` are the addresses that it calls from; empty: `host`, where that is an address; "*": any.

    `move_port` is opened while a C-MOVE brings films from it, where it offers no C-GET, under `move_ae_title` (empty: ours).
    """

    ae_title: str = Field(
        pattern=r"^[\x21-\x2e\x30-\x5b\x5d-\x7e]([\x20-\x2e\x30-\x5b\x5d-\x7e]{0,14}[\x21-\x2e\x30-\x5b\x5d-\x7e])?$"
    )
    host: str = ""
    port: int | None = Field(default=None, ge=1, le=65535)
    it_may: tuple[ItMay, ...] = ()
    we_use: tuple[WeUse, ...] = ()
    calls_from: tuple[str, ...] = ()
    tls: bool = False
    client_name: str = ""
    server_name: str = ""
    ca_file: LocalFile | None = None
    cert_file: LocalFile | None = None
    key_file: LocalFile | None = None
    timeout_s: float = Field(default=30.0, gt=0, le=300)
    move_port: int | None = Field(default=None, ge=1, le=65535)
    move_ae_title: str = Field(default="", pattern=r"^[\x21-\x5b\x5d-\x7e ]{0,16}$")

    def __str__(self) -> str:
        return f"{self.ae_title}@{self.host}:{self.port}" if self.is_callable else self.ae_title

    @property
    def is_callable(self) -> bool:
        return bool(self.host) and self.port is not None

    @property
    def calling_addresses(self) -> tuple[str, ...]:
        """ "" for any."""
        return tuple("" if each == "*" else each for each in self.calls_from or (self.host,))

    def peer_tls(self, ours: DimseTls | None) -> PeerTls | None:
        """Ours where it names no authority and no certificate of its own."""
        if not self.tls:
            return None
        cert_file, key_file = (
            (self.cert_file, self.key_file) if self.cert_file or not ours else (ours.cert_file, ours.key_file)
        )
        ca_file = self.ca_file or (ours.ca_file if ours else None)
        return PeerTls(ca_file, cert_file, key_file, self.server_name)

    @model_validator(mode="after")
    def _can_do_what_it_says(self) -> "EntitySettings":
        if (self.we_use or "receive" in self.it_may) and not self.is_callable:
            raise ValueError("host and port are needed for who is called")
        if ({"store", "query"} & set(self.it_may) or "commitment" in self.we_use) and not all(
            each == "" or _is_address(each) for each in self.calling_addresses
        ):
            raise ValueError('calls_from must be the addresses that it calls from, or "*" for any')
        if not self.tls and (self.client_name or self.server_name or self.ca_file or self.cert_file):
            raise ValueError("a name, authority or certificate is for tls = true")
        if "commitment" in self.we_use and "store" not in self.we_use:
            raise ValueError("commitment is of what we store there: add store")
        return self


def _is_address(text: str) -> bool:
    try:
        return bool(ip_address(text))
    except ValueError:
        return False
