"""Who signs in elsewhere, put together."""

from dataclasses import replace
from typing import TYPE_CHECKING

from wetread import __version__
from wetread.ports.clock import Clock
from wetread.settings import Settings, SettingsError
from wetread.settings_identity import EhrSettings, IdentityProviderSettings

if TYPE_CHECKING:
    from wetread.oidc.code_flow import Client
    from wetread.oidc.exchange import Exchange
    from wetread.oidc.provider import OpenIdProvider
    from wetread.oidc.service_clients import RegisteredClients
    from wetread.oidc.smart import SmartLaunches
    from wetread.web.client_certificates import CertificateClients
    from wetread.web.services import WebSettings

__all__ = [
    "build_certificate_clients",
    "build_ehr_launches",
    "build_identity_provider",
    "build_service_clients",
    "build_web_settings",
]


def build_web_settings(settings: Settings) -> "WebSettings":
    """What the HTTP door is told: who reaches it how, and how long they stay."""
    from wetread.inference.bundle import BUNDLED
    from wetread.web.services import WebSettings

    card = (settings.model_bundle or BUNDLED) / "card.md"
    told = WebSettings(
        allowed_hosts=settings.allowed_hosts,
        trusted_proxies=settings.trusted_proxies,
        secure=settings.behind_https,
        idle_s=settings.session_idle_s,
        absolute_s=settings.session_absolute_s,
        emergency_minutes=settings.emergency_minutes,
        second_factor_roles=frozenset(settings.second_factor_roles),
        demo=settings.demo,
        dictation=settings.dictation,
        public_url=settings.public_url.rstrip("/"),
        version=__version__,
        model_card=card.read_text("utf-8") if card.is_file() else "",
    )
    given = settings.identity_provider
    if given is None:
        return told
    return replace(
        told,
        local_accounts=given.local_accounts,
        check_every_s=given.check_every_s,
        unreachable_grace_s=given.unreachable_grace_s,
    )


def build_identity_provider(settings: Settings, clock: Clock, secret: bytes) -> "OpenIdProvider | None":
    given = settings.identity_provider
    if given is None:
        return None
    from wetread.oidc.claims import ClaimTable
    from wetread.oidc.provider import OpenIdProvider, ProviderFacts
    from wetread.oidc.sealing import Seal

    table = ClaimTable(
        given.role_claim, given.roles, given.site_claim, given.sites, given.account_claim, given.name_claim
    )
    facts = ProviderFacts(
        given.issuer, given.name, " ".join(given.scopes), table, given.sign_levels, settings.session_absolute_s
    )
    return OpenIdProvider(facts, _client(given), _exchange(given, "the identity provider"), Seal(secret), clock)


def build_service_clients(settings: Settings, clock: Clock) -> "RegisteredClients | None":
    files = {each.account: each.keys_file.expanduser() for each in settings.service_clients if each.keys_file}
    if not files:
        return None
    from wetread.oidc.service_clients import RegisteredClients

    return RegisteredClients(files, clock)


def build_certificate_clients(settings: Settings, clock: Clock) -> "CertificateClients | None":
    """Raises SettingsError where nobody's word for a certificate would be taken."""
    named = ((each.account, each.certificates_file) for each in settings.service_clients)
    files = {account: file.expanduser() for account, file in named if file}
    if not files:
        return None
    if not settings.trusted_proxies:
        raise SettingsError("certificates_file needs trusted_proxies: a proxy ends TLS and passes certificates on")
    from wetread.web.client_certificates import CertificateClients

    return CertificateClients(files, clock)


def build_ehr_launches(settings: Settings, clock: Clock, secret: bytes) -> "SmartLaunches | None":
    if not settings.ehr_launches:
        return None
    from wetread.oidc.sealing import Seal
    from wetread.oidc.smart import Ehr, SmartLaunches

    ehrs = [
        Ehr(
            each.issuer,
            each.name,
            each.scope,
            {system: issuer for issuer, system in each.patient_systems.items()},
            _client(each),
            _exchange(each, each.name),
        )
        for each in settings.ehr_launches
    ]
    return SmartLaunches(ehrs, Seal(secret), clock)


def _client(given: IdentityProviderSettings | EhrSettings) -> "Client":
    from wetread.fhir.client_assertion import load_client_key
    from wetread.oidc.clients import KeyClient, PublicClient, SecretClient

    if given.key_file:
        return KeyClient(given.client_id, load_client_key(given.key_file.expanduser(), given.key_id))
    secret = given.resolved_client_secret
    return SecretClient(given.client_id, secret) if secret else PublicClient(given.client_id)


def _exchange(given: IdentityProviderSettings | EhrSettings, who: str) -> "Exchange":
    from wetread.fhir.bounded_http import BoundedHttp
    from wetread.oidc.exchange import Exchange

    ca_file = given.ca_file.expanduser() if given.ca_file else None
    return Exchange(BoundedHttp(ca_file), given.issuer, given.origins, who)
