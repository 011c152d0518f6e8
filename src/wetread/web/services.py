"""What the HTTP door is handed by bootstrap: ports, the reading desk, and a few settings. It makes none of them itself."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from wetread.delivery.owed_desk import OwedDesk
from wetread.domain.capability import Capability
from wetread.domain.critical import EscalationPath
from wetread.domain.disk_room import DiskRoom
from wetread.domain.model_version import ModelVersion
from wetread.domain.role import Role
from wetread.governance.erasure_desk import ErasureDesk
from wetread.labelling.labeller import RuleLabeller
from wetread.ports.clock import Clock
from wetread.ports.database import Database
from wetread.ports.decoder import Decoder
from wetread.ports.dispatcher import DispatchState
from wetread.ports.ehr import EhrLaunches
from wetread.ports.file_store import FileStore
from wetread.ports.identity_provider import IdentityProvider
from wetread.ports.instance_forms import InstanceForms
from wetread.ports.issued import FhirForms, Issued, nothing_issued
from wetread.ports.labeller import Labeller
from wetread.ports.order_door import OrderDoor
from wetread.ports.order_store import OrderStore
from wetread.ports.service_clients import ServiceClients
from wetread.ports.vault import Vault
from wetread.signoff.desk import ReadingDesk
from wetread.triage.policy import OrderRule
from wetread.triage.policy_book import PolicyBook
from wetread.triage.roster_book import RosterBook
from wetread.web.client_certificates import CertificateClients
from wetread.web.hanging_file import read_hanging
from wetread.web.proxies import Network
from wetread.workitems.desk import WorkitemDesk
from wetread.workitems.subscriptions import SubscriptionDesk

__all__ = ["Administration", "Connection", "Probe", "WebServices", "WebSettings"]

Probe = Callable[[], str]
"""Asks whether one thing we depend on works: "" when it does, else a PHI-free sentence."""


@dataclass(frozen=True, slots=True)
class Connection:
    """Something we send to or ask. `where` without secrets; `test` says what answered, in words or step by step, or raises WetreadError."""

    name: str
    kind: str
    where: str
    test: Callable[[], str | Sequence[Capability]]


@dataclass(frozen=True, slots=True)
class Administration:
    """What the administration pages show. `settings`: name, value, source and description of each, secrets masked. `policy_text`: the triage policy's file as it is now; `site_policy`: it is the site's own, not ours. `archives` are names."""

    connections: Sequence[Connection] = ()
    settings: Sequence[tuple[str, str, str, str]] = ()
    policy_text: Callable[[], str] = lambda: ""
    site_policy: bool = False
    archives: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class WebSettings:
    """`public_url`: where others reach us, "" for the host each request names. `dictation`: pages may use the browser's own speech recognition. `allowed_hosts` are Host names without port. `local_accounts` may sign in with a password, None for all. `check_every_s`, `unreachable_grace_s`: of sessions that stand on the identity provider's (`elsewhere`). `secure` means browsers reach us by https only: cookies then carry Secure."""

    allowed_hosts: tuple[str, ...] = ("localhost", "127.0.0.1", "::1")
    trusted_proxies: tuple[Network, ...] = ()
    secure: bool = False
    idle_s: float = 15 * 60.0
    absolute_s: float = 12 * 3600.0
    local_accounts: tuple[str, ...] | None = None
    check_every_s: float = 30.0
    unreachable_grace_s: float = 900.0
    demo: bool = False
    emergency_minutes: int = 60
    second_factor_roles: frozenset[Role] = frozenset()
    public_url: str = ""
    version: str = "0"
    model_card: str = ""
    dictation: bool = False
    max_live_clients: int = 64
    heartbeat_s: float = 15.0


@dataclass(frozen=True, slots=True)
class WebServices:
    """`policies` say which triage policy decides; `order` is the waiting rule where they are None or cannot be read. `paths` are the policy's escalation paths, to say who is paged next. `labeller` reads a report's text for contradictions; `macros` are the site's, text by name. `version_card`: the model card of a registered version. `second_factor_keys`: what seals seeds of authenticators, and what did before it. `qr_modules`: a QR code of a text as rows of 0 and 1. `probes` name what readiness asks besides the database, for example the file store and the worker's heartbeat. `disks`: what lies on those that we see."""

    database: Database
    vault: Vault
    file_store: FileStore
    decoder: Decoder
    forms: InstanceForms
    desk: ReadingDesk
    clock: Clock
    settings: WebSettings = field(default_factory=WebSettings)
    order: OrderRule = field(default_factory=OrderRule)
    policies: PolicyBook | None = None
    book: RosterBook = field(default_factory=lambda: RosterBook(None))
    paths: Mapping[str, EscalationPath] = field(default_factory=dict)
    hanging: tuple[object, str] = field(default_factory=lambda: read_hanging(None))
    probes: Mapping[str, Probe] = field(default_factory=dict)
    disks: Callable[[], Sequence[DiskRoom]] = tuple
    labeller: Labeller = field(default_factory=RuleLabeller)
    macros: Mapping[str, str] = field(default_factory=dict)
    version_card: Callable[[ModelVersion], str] = lambda _: "Its model card is not at hand."
    order_store: OrderStore | None = None
    erasures: ErasureDesk | None = None
    issued: Issued = nothing_issued
    fhir: FhirForms | None = None
    order_door: OrderDoor | None = None
    workitems: WorkitemDesk | None = None
    subscriptions: SubscriptionDesk | None = None
    owed: OwedDesk | None = None
    provider: IdentityProvider | None = None
    service_clients: ServiceClients | None = None
    certificate_clients: CertificateClients | None = None
    ehr_launches: EhrLaunches | None = None
    administration: Administration = field(default_factory=Administration)
    dispatch: Callable[[], DispatchState] = lambda: DispatchState("embedded", up=True)
    new_secret: Callable[[], str] = secrets.token_urlsafe
    second_factor_keys: Callable[[], Sequence[bytes]] = field(
        default_factory=lambda: partial(tuple, (secrets.token_bytes(32),))
    )
    qr_modules: Callable[[str], Sequence[str]] = lambda _: ()
