"""The settings of who signs in elsewhere, of systems that prove themselves by a key, and of EHRs that open studies here."""

from pathlib import Path

from pydantic import Field, SecretStr, model_validator

from wetread.domain.loopback import is_loopback
from wetread.domain.role import SYSTEMS, Role
from wetread.settings_channels import secret_text
from wetread.settings_group import SettingsGroup

__all__ = ["EhrSettings", "IdentityProviderSettings", "IdentitySettings", "ServiceClientSettings"]

_URL = r"^https?://[^\s?#@\\]+$"


class _Client(SettingsGroup):
    """Who we are to a token endpoint: by `key_file` (private_key_jwt; P-384 or RSA), by a secret, or with neither by PKCE alone. `origins`: what else than its own it may name."""

    issuer: str = Field(pattern=_URL)
    client_id: str = Field(min_length=1, max_length=255)
    client_secret: SecretStr = SecretStr("")
    client_secret_file: Path | None = None
    key_file: Path | None = None
    key_id: str = ""
    ca_file: Path | None = None
    origins: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.issuer

    @property
    def resolved_client_secret(self) -> str:
        """From the settings or its own file; raises SettingsError when that cannot be read."""
        return secret_text(self.client_secret, self.client_secret_file)

    @model_validator(mode="after")
    def _is_safe(self) -> "_Client":
        for url in (self.issuer, *self.origins):
            scheme, _, rest = url.partition("://")
            host = rest.partition("/")[0]
            name = host.partition("]")[0].lstrip("[") if host.startswith("[") else host.partition(":")[0]
            if scheme != "https" and not (scheme == "http" and is_loopback(name)):
                raise ValueError("its addresses must be https (http only to this machine)")
        if (self.client_secret.get_secret_value() or self.client_secret_file) and self.key_file:
            raise ValueError("give key_file or a client secret, not both")
        return self


class IdentityProviderSettings(_Client):
    """`issuer` as its discovery document names itself. `roles`: value of `role_claim` (member names down to it) to our role; the first of the table that somebody has counts. `sites`: the same, to lists of sites, empty for all; without the table everybody reaches all.
    `local_accounts`: the accounts that may still sign in here with a password; unset: all, empty: none. `sign_levels`: `acr` values of which signing asks one.
    """

    name: str = Field(default="the hospital's sign-in", min_length=1, max_length=60)
    scopes: tuple[str, ...] = ("openid", "profile")
    role_claim: tuple[str, ...] = ("groups",)
    roles: dict[str, Role] = Field(min_length=1)
    site_claim: tuple[str, ...] = ("groups",)
    sites: dict[str, tuple[str, ...]] = Field(default={})
    account_claim: str = "preferred_username"
    name_claim: str = "name"
    sign_levels: tuple[str, ...] = ()
    local_accounts: tuple[str, ...] | None = None
    check_every_s: float = Field(default=30.0, ge=5, le=45)
    unreachable_grace_s: float = Field(default=900.0, ge=60, le=3600)

    @model_validator(mode="after")
    def _gives_people_roles(self) -> "IdentityProviderSettings":
        if any(role in SYSTEMS for role in self.roles.values()):
            raise ValueError("the roles service and workflow are for systems: nobody signs in with them")
        if "openid" not in self.scopes:
            raise ValueError("`scopes` needs openid")
        return self


class ServiceClientSettings(SettingsGroup):
    """A system that gets its tokens by private_key_jwt, by mutual TLS (RFC 8705), or either. `account`: its account here, and its client id; `keys_file`: its public keys (JWK set), `certificates_file`: its certificates (PEM), read at each use."""

    account: str = Field(pattern=r"^[a-z0-9][a-z0-9._@-]{0,63}$")
    keys_file: Path | None = None
    certificates_file: Path | None = None

    @model_validator(mode="after")
    def _has_a_way(self) -> "ServiceClientSettings":
        if not (self.keys_file or self.certificates_file):
            raise ValueError("give keys_file, certificates_file or both")
        return self

    def __str__(self) -> str:
        return self.account


class EhrSettings(_Client):
    """An EHR that opens studies here (SMART App Launch 2.2, EHR launch). `issuer` is its FHIR base URL; `patient_systems`: identifier system by IssuerOfPatientID, "" for none."""

    name: str = Field(default="the record system", min_length=1, max_length=60)
    scope: str = "launch patient/Patient.r patient/ImagingStudy.rs"
    patient_systems: dict[str, str] = Field(min_length=1)


class IdentitySettings(SettingsGroup):
    """The part of the settings that says who comes in how, and by whose word."""

    behind_https: bool = Field(
        default=False, description="Browsers reach us by https only: cookies carry Secure, HSTS is sent."
    )
    session_idle_s: int = Field(default=15 * 60, ge=60, description="Log-off after this long without a request.")
    session_absolute_s: int = Field(default=12 * 3600, ge=60, description="Log-off after this long in any case.")
    emergency_minutes: int = Field(default=60, ge=5, le=480, description="How long an emergency opens a study.")
    identity_provider: IdentityProviderSettings | None = Field(
        default=None, description="OpenID provider that people sign in with: a table (file) or JSON."
    )
    service_clients: tuple[ServiceClientSettings, ...] = Field(
        default=(), description="Systems that get tokens by private_key_jwt or mutual TLS: tables (file) or JSON."
    )
    ehr_launches: tuple[EhrSettings, ...] = Field(
        default=(), description="EHRs that open studies here (SMART launch): tables (file) or JSON."
    )
