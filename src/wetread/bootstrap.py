"""The only place where a port meets an adapter (channels: `bootstrap_notifiers`): settings in, working parts out. Adapters are imported by the part that needs them, when it is built: a command pays for what it uses, and a server at rest holds no more."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from ipaddress import IPv4Network, IPv6Network, ip_address
from pathlib import Path
from typing import TYPE_CHECKING

from wetread.domain.errors import PermanentError
from wetread.domain.role import Actor, Role

if TYPE_CHECKING:
    from wetread.delivery.owed_desk import OwedDesk
    from wetread.dicom.sandbox import Sandbox
    from wetread.fhir.issued import IssuedResults
    from wetread.heartbeats import Heartbeats
    from wetread.inference.draft_film import DraftFilms
    from wetread.ingest.reception import Reception
    from wetread.ingest.suitability import SuitabilityPolicy
    from wetread.ports.decoder import Decoder
    from wetread.ports.dispatcher import Dispatcher
    from wetread.ports.drafter import Drafter
    from wetread.ports.recorded_vault import RecordedVault
    from wetread.settings import Settings
    from wetread.signoff.desk import ReadingDesk
    from wetread.storage.database import SqlDatabase
    from wetread.storage.files import DiskFileStore
    from wetread.triage.policy_book import PolicyBook
    from wetread.web.doorkeeper import Doorkeeper
    from wetread.web.services import WebServices
    from wetread.web.stow_listener import FrontServer
    from wetread.worker import Worker

__all__ = [
    "Core",
    "StowSenders",
    "SystemClock",
    "build_core",
    "build_desk",
    "build_drafter",
    "build_owed_desk",
    "build_reception",
    "build_sandbox",
    "build_server",
    "build_web",
    "build_worker",
]


class SystemClock:
    """The Clock port over the machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Core:
    """What every part of the service stands on. `secret` is the key behind all pseudonyms and derived UIDs."""

    settings: "Settings"
    database: "SqlDatabase"
    vault: "RecordedVault"
    files: "DiskFileStore"
    clock: SystemClock
    secret: bytes
    dispatcher: "Dispatcher"


def build_core(settings: "Settings") -> Core:
    """Open (and on first start create) the data folder, the key, both databases and the file store."""
    from wetread.bootstrap_dispatch import build_dispatcher
    from wetread.bootstrap_keys import pseudonym_key, take_from_environment
    from wetread.ports.recorded_vault import RecordedVault
    from wetread.storage.database import SqlDatabase
    from wetread.storage.files import DiskFileStore
    from wetread.storage.migrate import bring_up_to_date
    from wetread.storage.vault import SqlVault

    _make_data_dir(settings.data_dir)
    take_from_environment(settings)
    secret = pseudonym_key(settings).key()
    bring_up_to_date(settings.resolved_database_url, "work")
    bring_up_to_date(settings.resolved_vault_url, "vault")
    dispatcher = build_dispatcher(settings)
    database, clock = SqlDatabase(settings.resolved_database_url, dispatcher.announce), SystemClock()
    return Core(
        settings,
        database,
        RecordedVault(SqlVault(settings.resolved_vault_url), database, clock),
        DiskFileStore(settings.films_dir, settings.disk_reserve_bytes),
        clock,
        secret,
        dispatcher,
    )


def _make_data_dir(folder: Path) -> None:
    try:
        (folder / "vault").mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / "vault").chmod(0o700)  # also where somebody had made it before
    except OSError as error:
        raise PermanentError(
            f"data_dir {folder} cannot be made or is not ours ({error.strerror}): name another (--data-dir), or correct its owner",
            code="bad_settings",
        ) from None


def build_sandbox(settings: "Settings") -> "Sandbox":
    from wetread.dicom.limits import Limits
    from wetread.dicom.sandbox import Sandbox

    limits = Limits(address_space_bytes=settings.sandbox_memory_bytes, decode_wall_s=settings.sandbox_wall_s)
    return Sandbox(children=settings.sandbox_children, limits=limits)


def build_reception(core: Core, sandbox: "Sandbox", *, takes_own: bool = True) -> "Reception":
    """Without `takes_own`, what we delivered ourselves is turned away: an archive offers it again."""
    from wetread.bootstrap_archives import asked_elsewhere
    from wetread.bootstrap_orders import build_arrival_check
    from wetread.ingest.noted_inspector import NotedInspector
    from wetread.ingest.reception import Reception

    return Reception(
        files=core.files,
        decoder=NotedInspector(sandbox, core.database, core.clock),
        vault=core.vault,
        database=core.database,
        clock=core.clock,
        secret=core.secret,
        quiet_period_s=core.settings.quiet_period_s,
        site_of=lambda _: core.settings.site,
        policy=_suitability(core.settings),
        check_identity=build_arrival_check(core.settings, core.secret),
        asks=asked_elsewhere(core.settings),
        takes_own=takes_own,
    )


def _suitability(settings: "Settings") -> "SuitabilityPolicy":
    from wetread.ingest.suitability import SuitabilityPolicy

    return SuitabilityPolicy(read_secondary_capture=settings.read_secondary_capture)


def build_desk(core: Core) -> "ReadingDesk":
    from wetread.bootstrap_sinks import sink_names
    from wetread.signoff.desk import ReadingDesk
    from wetread.signoff.modes import ModePolicy

    modes = ModePolicy(core.settings.reading_mode, core.settings.reading_mode_choices)
    return ReadingDesk(core.database, core.clock, sink_names(core.settings), modes)


def build_owed_desk(core: Core) -> "OwedDesk":
    from wetread.delivery.owed_desk import OwedDesk

    return OwedDesk(core.database, core.clock, timedelta(hours=core.settings.commitment_tried_h))


def build_web(core: Core, sandbox: "Sandbox") -> "WebServices":
    from wetread.bootstrap_connections import build_administration
    from wetread.bootstrap_disks import disk_problem, disk_rooms
    from wetread.bootstrap_dispatch import dispatch_state
    from wetread.bootstrap_erasure import build_erasure_desk
    from wetread.bootstrap_identity import (
        build_certificate_clients,
        build_ehr_launches,
        build_identity_provider,
        build_service_clients,
        build_web_settings,
    )
    from wetread.bootstrap_keys import second_factor_keys
    from wetread.bootstrap_models import build_version_card
    from wetread.bootstrap_orders import build_order_door, build_order_store
    from wetread.bootstrap_worklist import build_worklist
    from wetread.dicom.instance_forms import SandboxedForms
    from wetread.dicom.qr_code import qr_modules
    from wetread.fhir.issued import FHIR_FORMS
    from wetread.heartbeats import Heartbeats
    from wetread.labelling.labeller import RuleLabeller
    from wetread.signoff.macros import read_macros
    from wetread.triage.policy_book import LivePaths
    from wetread.triage.roster_book import RosterBook
    from wetread.web.hanging_file import read_hanging
    from wetread.web.services import WebServices

    settings = core.settings
    policies, worklist = build_policies(core), build_worklist(core)
    _policy_problem(policies)  # so that its escalation paths are known from the first answer on
    return WebServices(
        database=core.database,
        vault=core.vault,
        file_store=core.files,
        decoder=sandbox,
        forms=SandboxedForms(sandbox),
        desk=build_desk(core),
        clock=core.clock,
        settings=build_web_settings(settings),
        provider=build_identity_provider(settings, core.clock, core.secret),
        service_clients=build_service_clients(settings, core.clock),
        certificate_clients=build_certificate_clients(settings, core.clock),
        ehr_launches=build_ehr_launches(settings, core.clock, core.secret),
        policies=policies,
        paths=LivePaths(policies),
        book=RosterBook(settings.roster_file, settings.roster_copy),
        version_card=build_version_card(settings),
        hanging=read_hanging(settings.hanging_protocols_file),
        labeller=RuleLabeller(settings.drafting_language),
        macros=read_macros(settings.report_macros_file) if settings.report_macros_file else {},
        order_store=build_order_store(settings),
        erasures=build_erasure_desk(settings, core.database, core.vault, core.clock, core.secret),
        issued=_issued(core),
        second_factor_keys=partial(second_factor_keys, settings),
        qr_modules=qr_modules,
        fhir=FHIR_FORMS,
        order_door=build_order_door(settings, core.database, core.vault, core.clock, core.secret),
        workitems=worklist.desk,
        subscriptions=worklist.subscriptions,
        owed=build_owed_desk(core),
        administration=build_administration(settings),
        dispatch=partial(dispatch_state, settings, core.dispatcher),
        probes={
            "workers": Heartbeats(core.settings.data_dir / "run").problem,
            "triage_policy": partial(_policy_problem, policies),
            "disk": partial(disk_problem, settings),
            "decoder": partial(_decoder_problem, core.database),
        },
        disks=partial(disk_rooms, settings),
    )


def _issued(core: Core) -> "IssuedResults":
    from wetread.delivery.packing import Packing
    from wetread.domain.identity_access import Purpose, of_service
    from wetread.fhir.issued import IssuedResults
    from wetread.ingest.suitability import first_film

    first = partial(first_film, policy=_suitability(core.settings))
    reader = of_service(Purpose.FHIR)
    return IssuedResults(core.database, Packing(core.database, core.vault, core.files, first, core.secret, reader))


def build_policies(core: Core) -> "PolicyBook":
    """Which triage policy decides, at any time."""
    from wetread.triage.policy import DEFAULT_POLICY
    from wetread.triage.policy_book import PolicyBook

    return PolicyBook(core.database, core.settings.triage_policy or DEFAULT_POLICY)


def _policy_problem(policies: "PolicyBook") -> str:
    """Reading goes on by the built-in order while no policy can be read (law 1), and readiness says so."""
    try:
        return policies.deciding().problem
    except PermanentError:
        return "the triage policy cannot be read: `wetread policy check` says why"


def _decoder_problem(database: "SqlDatabase") -> str:
    from wetread.ingest.noted_inspector import DECODER
    from wetread.ports.neighbours import failing_since

    with database.begin(write=False) as unit:
        return "no decoding process can be started: films are refused" if failing_since(unit, DECODER) else ""


def build_server(core: Core) -> "FrontServer":
    """The HTTP door on the configured port: store requests on the fast path, everything else in the application."""
    from wetread.web.app import create_app
    from wetread.web.doorkeeper import Doorkeeper
    from wetread.web.proxies import TrustedProxies
    from wetread.web.server import config_for
    from wetread.web.stow import StowDoor
    from wetread.web.stow_asgi import stow_routes
    from wetread.web.stow_listener import FrontServer

    settings, sandbox = core.settings, build_sandbox(core.settings)
    services = build_web(core, sandbox)
    senders = StowSenders(settings.stow_networks, Doorkeeper(services))
    door = StowDoor(build_reception(core, sandbox), senders, max_body_bytes=settings.max_body_bytes)
    app = create_app(services, stow_routes(door))
    config, proxies = config_for(app, host=settings.host, port=settings.port), TrustedProxies(settings.trusted_proxies)
    return FrontServer(config, door, frozenset(settings.allowed_hosts), proxies=proxies)


@dataclass(frozen=True, slots=True)
class StowSenders:
    """Who may store by DICOMweb: an account with a token, else anybody at an address on the list (a modality has no account)."""

    networks: tuple[IPv4Network | IPv6Network, ...]
    doorkeeper: "Doorkeeper"

    def __call__(self, headers: Mapping[str, str], peer_ip: str) -> Actor | None:
        if headers.get("authorization"):
            return self.doorkeeper.identify(headers, {}).actor
        listed = peer_ip and any(ip_address(peer_ip) in network for network in self.networks)
        return Actor(f"stow@{peer_ip}", Role.SERVICE) if listed else None


def build_worker(settings: "Settings") -> "tuple[Worker, Heartbeats]":
    from wetread.bootstrap_context import build_context
    from wetread.bootstrap_models import build_model, build_registered
    from wetread.bootstrap_orders import build_orders_of
    from wetread.bootstrap_retrieval import build_case_keeper
    from wetread.bootstrap_sinks import build_sinks
    from wetread.bootstrap_worklist import build_outputs, build_worklist
    from wetread.delivery.commitment_book import CommitmentBook
    from wetread.heartbeats import Heartbeats
    from wetread.orders.answering import Answering
    from wetread.pipeline import Pipeline
    from wetread.worker import Worker

    core, sandbox = build_core(settings), build_sandbox(settings)
    orders = build_orders_of(settings, core.vault)
    worklist = build_worklist(core)
    policies = build_policies(core)
    policies.deciding()  # a worker without a policy does not start
    pipeline = Pipeline(
        database=core.database,
        vault=core.vault,
        files=core.files,
        decoder=sandbox,
        model=cache(partial(build_model, settings, settings.model_bundle)),
        further_models=tuple(cache(partial(build_model, settings, each)) for each in settings.further_model_bundles),
        registered=build_registered(settings),
        suitability=_suitability(settings),
        policy=lambda: policies.deciding().policy,
        context=build_context(settings, core.database, core.vault, core.clock, core.secret, orders),
        drafter=build_drafter(settings),
        sinks=build_sinks(settings, core.clock.now, sandbox, CommitmentBook(core.database, core.clock)),
        clock=core.clock,
        uid_seed=core.secret,
        draft_films=_draft_films(settings, core, sandbox),
        cases=build_case_keeper(settings, core.clock),
        drafting_language=settings.drafting_language,
        orders=orders,
        answering=Answering(
            core.database, worklist.requests, build_outputs(core, partial(build_reception, core, sandbox))
        ),
    )
    bounds = settings.lease_s, settings.max_attempts, settings.delivery_max_attempts
    limit_s = settings.job_limit_s
    worker = Worker(
        core.database, pipeline, core.clock, *bounds, core.dispatcher, sweep=worklist.sweep, job_limit_s=limit_s
    )
    return worker, Heartbeats(settings.data_dir / "run")


def _draft_films(settings: "Settings", core: Core, decoder: "Decoder") -> "DraftFilms | None":
    from wetread.inference.draft_film import DraftFilms

    wanted = settings.drafter_sends_film and settings.drafter_address
    return DraftFilms(core.files, decoder) if wanted else None


def build_drafter(settings: "Settings") -> "Drafter":
    """The grammar in this process, or the drafting service with the grammar behind it (law 1), both in the site's style."""
    from wetread.drafting.grammar import GrammarDrafter
    from wetread.drafting.style import DEFAULT_STYLE
    from wetread.drafting.style_file import read_style

    style = read_style(settings.drafting_style_file) if settings.drafting_style_file else DEFAULT_STYLE
    grammar = GrammarDrafter(style)
    if not settings.drafter_address:
        return grammar
    from wetread.drafting.fallback import FallbackDrafter
    from wetread.rpc.client import GrpcDrafter
    from wetread.rpc.transport import tls_files

    tls = tls_files(settings.drafter_ca_file, settings.drafter_cert_file, settings.drafter_key_file)
    return FallbackDrafter(GrpcDrafter(settings.drafter_address, tls, settings.drafter_deadline_s), grammar)
