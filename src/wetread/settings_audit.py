"""The settings of an Audit Record Repository that the audit log goes to."""

from typing import Literal

from pydantic import Field

from wetread.dicom.tls_profile import PeerTls
from wetread.settings_channels import LocalFile
from wetread.settings_group import SettingsGroup

__all__ = ["AuditRepository"]


class AuditRepository(SettingsGroup):
    """A syslog receiver in TLS (RFC 5425; 6514 is registered for it). `ca_file` and no other authority vouches for it (unset: the system's), for `server_name` ("": the host).

    `format`: DICOM audit messages, or AuditEvents of BALP. `with_identity`: patients' numbers and names and Study Instance UIDs, from the vault, go with it; else the study's pseudonymous key alone.
    """

    name: str = Field(default="arr", pattern=r"^[A-Za-z0-9_-]{1,32}$")
    host: str = Field(min_length=1, max_length=253, pattern=r"^[^\s/@]+$")
    port: int = Field(default=6514, ge=1, le=65535)
    server_name: str = ""
    ca_file: LocalFile | None = None
    cert_file: LocalFile | None = None
    key_file: LocalFile | None = None
    format: Literal["dicom", "balp"] = "dicom"
    with_identity: bool = False
    every_s: float = Field(default=5.0, ge=1, le=3600)
    silent_min: float = Field(default=15.0, gt=0)

    def __str__(self) -> str:
        whose = "with patients' identity" if self.with_identity else "pseudonymous"
        return f"{self.host}:{self.port}, {self.format}, {whose}"

    @property
    def tls(self) -> PeerTls:
        return PeerTls(self.ca_file, self.cert_file, self.key_file, self.server_name)
