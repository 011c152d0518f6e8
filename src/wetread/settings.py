"""Settings: one TOML file and WETREAD_* environment variables to one frozen type, read once. Unknown keys are refused; secrets are masked when shown."""

from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, ConfigDict, Field, SecretStr, ValidationError, field_validator

from wetread.dicom.tls_profile import OurTls
from wetread.domain.drafting_context import RecordKind
from wetread.domain.errors import SettingsError
from wetread.domain.reading import ReadingMode
from wetread.domain.role import Role
from wetread.ports.sink import ReportPicture
from wetread.settings_archives import Archives, PriorFetch
from wetread.settings_audit import AuditRepository
from wetread.settings_channels import (
    ChannelName,
    ChannelSettings,
    ChatChannel,
    EmailChannel,
    FhirChannel,
    Hl7Channel,
    HttpChannel,
    ResultWebhookSettings,
    SmsChannel,
    WebhookChannel,
)
from wetread.settings_dimse import AllowedCaller, AllowedCallers, DimseTls, EntitySettings, Remote, Remotes
from wetread.settings_dispatch import DispatchSettings
from wetread.settings_fhir import FhirRequests
from wetread.settings_file import (
    ENVIRONMENT_PREFIX,
    in_words,
    read_environment,
    read_secret_files,
    read_settings_file,
    refuse_unknown_environment,
    secret_files,
)
from wetread.settings_hl7 import Hl7Listener, Hl7Receiver
from wetread.settings_identity import IdentitySettings
from wetread.settings_keys import NamedKey
from wetread.settings_retention import StudyRetention
from wetread.settings_ups import UpsManagerSettings

__all__ = [
    "ENVIRONMENT_PREFIX",
    "AllowedCaller",
    "ChannelSettings",
    "ChatChannel",
    "EmailChannel",
    "FhirChannel",
    "Hl7Channel",
    "HttpChannel",
    "Remote",
    "Settings",
    "SettingsError",
    "SmsChannel",
    "WebhookChannel",
    "load_settings",
    "read_settings_file",
]


def _split(value: object) -> object:
    return tuple(filter(None, map(str.strip, value.split(",")))) if isinstance(value, str) else value


_COMMA_SEPARATED = BeforeValidator(_split)


class Settings(IdentitySettings):
    """Every switch of wetread, with the embedded defaults: SQLite and files under `data_dir`, loopback only."""

    model_config = ConfigDict(validate_default=True)

    data_dir: Path = Field(default=Path("~/.local/share/wetread"), description="Where databases, films and keys live.")
    site: str = Field(default="main", pattern=r"^[A-Za-z0-9_-]{1,32}$", description="Name of this site, as logged.")
    organisation: str = Field(default="wetread research site", description="Verifying organisation in reports.")
    database_url: SecretStr = Field(default=SecretStr(""), description="Working database; empty: SQLite in data_dir.")
    vault_url: SecretStr = Field(default=SecretStr(""), description="Identity vault; empty: SQLite in data_dir/vault.")
    snippets_url: SecretStr = Field(
        default=SecretStr(""), description="De-identified record snippets; empty: SQLite in data_dir/snippets."
    )
    pseudonym_key: NamedKey = Field(
        default=None, description="Secret behind study keys: file:, env: or command:; unset: made in data_dir/vault."
    )
    audit_key: NamedKey = Field(default=None, description="Signs audit checkpoints: named or made in the same way.")
    second_factor_key: NamedKey = Field(
        default=None, description="Seals the seeds of authenticators: named or made in the same way."
    )
    audit_checkpoints_dir: Path | None = Field(
        default=None, description="Where audit checkpoints go: a place that who runs the database cannot change."
    )
    audit_checkpoint_every_s: float = Field(default=3600.0, ge=10, description="Seconds between audit checkpoints.")
    audit_repository: AuditRepository | None = Field(
        default=None, description="Syslog receiver (TLS) of the audit log: a table (file) or JSON; unset: none."
    )

    host: str = Field(default="127.0.0.1", description="Address the HTTP door listens on.")
    port: int = Field(default=8470, ge=0, le=65535, description="Port of the HTTP door; 0 picks a free one.")
    allowed_hosts: Annotated[tuple[str, ...], _COMMA_SEPARATED] = Field(
        default=("127.0.0.1", "localhost", "::1"), description="Host headers answered; others get 421."
    )
    trusted_proxies: Annotated[tuple[IPv4Network | IPv6Network, ...], _COMMA_SEPARATED] = Field(
        default=(), description="Proxies whose X-Forwarded-For and Client-Cert are taken; of nobody else."
    )
    stow_networks: Annotated[tuple[IPv4Network | IPv6Network, ...], _COMMA_SEPARATED] = Field(
        default=(IPv4Network("127.0.0.0/8"), IPv6Network("::1/128")),
        description="Addresses that may store by DICOMweb without a token.",
    )
    disk_reserve_mib: int = Field(
        default=1024, ge=0, description="MiB that films leave free on a disk: with less they are refused; 0: none."
    )
    max_body_bytes: int = Field(default=2 * 1024**3, ge=1024, description="Largest STOW request.")
    second_factor_roles: Annotated[tuple[Role, ...], _COMMA_SEPARATED] = Field(default=(), description="Must have one.")

    dimse_port: int | None = Field(
        default=None,
        ge=1,
        le=65535,
        description="Port of the DIMSE door (C-STORE, C-FIND, C-MOVE, C-GET); unset: none without TLS.",
    )
    dimse_host: str = Field(default="127.0.0.1", description="Address the DIMSE door listens on.")
    ae_title: str = Field(default="WETREAD", pattern=r"^[\x21-\x5b\x5d-\x7e ]{1,16}$", description="Our AE title.")
    dimse_tls: DimseTls | None = Field(
        default=None, description="DICOM in TLS, a port of its own and towards neighbours: a table (file) or JSON."
    )
    application_entities: tuple[EntitySettings, ...] = Field(
        default=(), description="DICOM neighbours, what each may and what we use of it: tables (file) or JSON."
    )
    dimse_callers: AllowedCallers = Field(default=(), description="Who may C-STORE: AE or AE@address, comma separated.")
    dimse_queriers: AllowedCallers = Field(
        default=(), description="Who may C-FIND, C-MOVE and C-GET: AE or AE@address, comma separated."
    )
    dimse_destinations: Remotes = Field(
        default=(), description="Where a C-MOVE may send to: AE@host:port, comma separated."
    )
    watch_folder: Path | None = Field(default=None, description="Folder watched for DICOM files; unset: none.")

    archives: Archives = Field(default=(), description="Other archives: tables [[archives]] (file) or JSON.")
    archive_silent_min: float = Field(
        default=15.0,
        gt=0,
        description="An archive, or another neighbour that is asked, that does not answer so long is an alarm.",
    )
    prior_fetch: PriorFetch = Field(default=PriorFetch(), description="Earlier films from them: a table or JSON.")
    quiet_period_s: float = Field(
        default=20.0, ge=0, le=1800, description="A study is complete this long after its last image."
    )
    read_secondary_capture: bool = Field(default=False, description="Read SC images that hold a film (scanned films).")
    sandbox_children: int = Field(default=2, ge=1, le=64, description="Parsing and decoding child processes.")
    sandbox_memory_bytes: int = Field(default=1536 * 1024**2, ge=256 * 1024**2, description="Memory limit of a child.")
    sandbox_wall_s: float = Field(default=20.0, gt=0, description="Time limit of one parse or decode.")

    model_bundle: Path | None = Field(default=None, description="Model bundle; unset: the one that ships.")
    further_model_bundles: Annotated[tuple[Path, ...], _COMMA_SEPARATED] = Field(
        default=(), description="More models that read each film; triage weighs them (models.conflict)."
    )
    model_trusted_keys_dir: Path | None = Field(
        default=None, description="Folder of public keys (*.pem) that may sign bundles, besides those that ship."
    )
    model_require_signature: bool = Field(default=False, description="Refuse bundles that no trusted key signed.")
    triage_policy: Path | None = Field(default=None, description="Triage policy YAML; unset: the one that ships.")

    reading_mode: ReadingMode = Field(
        default=ReadingMode.CONCURRENT, description="How studies are read: concurrent, second_reader or ai_off."
    )
    reading_mode_choices: dict[str, tuple[ReadingMode, ...]] = Field(
        default={}, description="Modes a role or an account may choose: a table (file) or JSON; else no less strict."
    )

    report_macros_file: Path | None = Field(default=None, description="Site macros (TOML: a table of .name = text).")
    dictation: bool = Field(
        default=False, description="Speech recognition of the browser; Chrome sends the audio to its maker."
    )

    workers: int = Field(default=1, ge=0, le=64, description="Worker processes `wetread serve` starts.")
    dispatch: DispatchSettings | None = Field(default=None, description="Redis that wakes workers: a table or JSON.")
    lease_s: float = Field(default=60.0, ge=1, description="A worker that is silent this long loses its job.")
    job_limit_s: float = Field(default=300.0, gt=0, description="A job that runs longer hangs: its worker ends.")
    max_attempts: int = Field(default=4, ge=1, description="Tries before a job is given up with a reason.")
    delivery_max_attempts: int = Field(default=50, ge=1, description="Tries before a delivery is given up.")
    commitment_tried_h: float = Field(
        default=168.0, ge=0, le=2000, description="Hours for which whoever asked for storage commitment is called."
    )

    folder_sink: Path | None = Field(default=None, description="Folder for signed reports; unset: data_dir/outbox.")
    report_pictures: Annotated[tuple[ReportPicture, ...], _COMMA_SEPARATED] = Field(
        default=("heatmap",), description="DICOM objects that go with each SR, of heatmap, boxes, regions, pdf."
    )
    report_pdf_fonts: Annotated[tuple[Path, ...], _COMMA_SEPARATED] = Field(
        default=(), description="TrueType files for letters that the PDF's own fonts lack."
    )
    stow_sink_url: str = Field(default="", description="DICOMweb base URL that receives SR and pictures.")
    cstore_sink: Remote | None = Field(default=None, description="DIMSE receiver of SR and pictures: AE@host:port.")
    stow_sink_authorization: SecretStr = Field(default=SecretStr(""), description="Authorization for stow_sink_url.")
    fhir_sink_url: str = Field(default="", description="FHIR base URL that receives reports.")
    fhir_sink_version: Literal["R4", "R5"] = Field(default="R4", description="FHIR version of what it gets: R4 or R5.")
    fhir_sink_authorization: SecretStr = Field(default=SecretStr(""), description="Authorization for fhir_sink_url.")
    result_webhook: ResultWebhookSettings | None = Field(
        default=None, description="Whom to tell of signed reports, without identity: a table (file) or JSON."
    )
    hl7_sink: Hl7Receiver | None = Field(
        default=None, description="HL7 v2 receiver of reports (ORU^R01): a table (file) or JSON."
    )
    order_retention_days: int = Field(default=0, ge=0, description="Orders older than this are removed; 0: never.")
    hl7_listener: Hl7Listener | None = Field(
        default=None, description="HL7 v2 door for orders and patient data: a table (file) or JSON; unset: none."
    )
    fhir_requests: FhirRequests | None = Field(
        default=None,
        description="Orders and requests for a read in FHIR, polled and handed in: a table (file) or JSON.",
    )
    ups_manager: UpsManagerSettings | None = Field(default=None, description="UPS-RS worklist whose reads we perform.")
    fhir_sink_max_entries: int = Field(default=1000, ge=2, description="Most entries it takes in a transaction.")

    public_url: str = Field(
        default="", pattern=r"^(https?://[^\s<>|\"]+)?$", description="Base of links in pages; empty: http://host:port."
    )
    hanging_protocols_file: Path | None = Field(
        default=None, description="Which films hang where (JSON); unset: the shipped hanging protocols."
    )
    roster_file: Path | None = Field(default=None, description="Who is on call (YAML); unset: nobody is paged.")
    notification_channels: dict[ChannelName, ChannelSettings] = Field(
        default={}, description="How pages leave: a table per channel (file) or one JSON object (environment)."
    )
    deadman_ping_url: SecretStr = Field(
        default=SecretStr(""), description="URL an outside watcher expects to hear from while escalation runs."
    )
    deadman_after_s: float = Field(default=60.0, ge=15, description="Escalation that is silent this long has stopped.")

    drafting_language: Literal["en", "de"] = Field(
        default="en", description="Language of drafts, signed reports and records: en or de."
    )
    drafting_style_file: Path | None = Field(
        default=None, description="Site style of drafts (TOML, docs/drafting.md); none: the built-in one."
    )
    drafter_address: str = Field(default="", description="Drafting service, host:port or unix:path; empty: in process.")
    drafter_ca_file: Path | None = Field(default=None, description="CA (PEM) of the drafting service.")
    drafter_cert_file: Path | None = Field(default=None, description="Our certificate (PEM) for the drafting service.")
    drafter_key_file: Path | None = Field(default=None, description="Its key (PEM).")
    drafter_deadline_s: float = Field(
        default=5.0, gt=0, le=60, description="After this the grammar drafts and says so."
    )
    drafter_sends_film: bool = Field(
        default=False, description="Send the film, small and grey, to the drafting service, for a composer that sees."
    )

    record_fhir_url: str = Field(default="", description="FHIR R4 base URL of the patient record; empty: not asked.")
    record_ca_file: Path | None = Field(default=None, description="CA (PEM) of that server; unset: the system's.")
    record_patient_systems: dict[str, str] = Field(
        default={}, description='Identifier system by IssuerOfPatientID, "" for none: a table (file) or JSON.'
    )
    record_token_file: Path | None = Field(default=None, description="Bearer token for it, read at each use.")
    record_client_id: str = Field(default="", description="Our client id there: SMART Backend Services.")
    record_key_file: Path | None = Field(default=None, description="Our private key (PEM) for that: P-384 or RSA.")
    record_key_id: str = Field(default="", description="Its kid, where it is registered under another than our own.")
    record_token_url: str = Field(default="", description="Token endpoint; empty: what the server itself names.")
    record_scope: str = Field(default="", description="Scope asked for; empty: system/KIND.rs for what is read.")
    record_kinds: Annotated[tuple[RecordKind, ...], _COMMA_SEPARATED] = Field(
        default=tuple(RecordKind), description="FHIR resources that are read, comma separated."
    )
    record_look_back_days: int = Field(default=1825, ge=1, le=36500, description="Of so many days before the study.")
    record_deadline_s: float = Field(default=5.0, gt=0, le=60, description="After this the draft goes on without it.")
    context_priors: int = Field(default=5, ge=0, le=50, description="Most signed priors that a draft is given.")
    context_snippets: int = Field(default=5, ge=0, le=20, description="Most pieces of the record that it is given.")
    trials_enabled: bool = Field(default=False, description="Let trial criteria be tried on studies and records.")

    text_encoder: Literal["hashing", "minilm"] = Field(
        default="hashing",
        description="How record snippets are compared: hashing (words), or minilm (extra: retrieval).",
    )
    snippet_retention_days: int = Field(default=90, ge=1, description="Record snippets older than this are purged.")
    snippet_half_life_days: float = Field(
        default=365.0, gt=0, description="A record snippet so long before the study counts half."
    )
    study_retention: StudyRetention | None = Field(default=None, description="How long studies are kept: a table.")
    similar_cases: bool = Field(default=False, description="Keep films' vectors, for `wetread similar` and monitoring.")

    site_time_zone: str = Field(default="UTC", description="The site's IANA time zone, by which its volume is learnt.")
    watch_every_s: float = Field(default=60.0, gt=0, description="Pause between looks for silent failures.")
    watch_false_alarms_per_year: float = Field(default=1.0, gt=0, le=52, description="By each statistical watch.")
    watch_waiting_min: float = Field(default=30.0, gt=0, description="A study not read after this long is an alarm.")
    watch_acknowledging_min: float = Field(default=60.0, gt=0, description="A report not taken after this long is one.")
    watch_in_a_row: int = Field(default=20, ge=5, description="So many studies without AI or of equal scores are one.")
    watch_always_after: int = Field(default=100, ge=20, description="So many studies that one rule fires on are one.")
    backup_within_h: float = Field(
        default=48.0, ge=0, description="Hours without a backup that are an alarm, once one was made; 0: never."
    )

    rollout_evaluate_every_h: float = Field(
        default=24.0, ge=0, le=168, description="Hours between a worker's looks at a rollout; 0: only by command."
    )
    monitor_hour: int = Field(
        default=3, ge=0, le=24, description="Live monitoring runs nightly from this local hour on; 24: by cron only."
    )
    monitor_days: int = Field(default=28, ge=7, le=366, description="Days of studies that its numbers are of.")
    monitor_reference_studies: int = Field(default=500, ge=100, description="A cell is held against so many.")
    monitor_unmentioned: Literal["negative", "ignore"] = Field(
        default="negative", description="What a finding that a signed report does not mention counts as."
    )
    monitor_tolerance: float = Field(default=0.05, ge=0, lt=1, description="How far probabilities may be off.")

    demo: bool = Field(default=False, description="Demo banner, demo accounts, synthetic films.")
    log_format: Literal["text", "json"] = Field(default="text", description="Log lines for people, or JSON objects.")
    log_level: str = Field(default="info", pattern="^(debug|info|warning|error)$", description="Least severe log line.")

    @field_validator("cstore_sink", mode="before")
    @classmethod
    def _remote(cls, value: object) -> object:
        return Remote.of(value) if isinstance(value, str) else value

    @field_validator(
        "data_dir",
        "folder_sink",
        "watch_folder",
        "model_bundle",
        "model_trusted_keys_dir",
        "triage_policy",
        "audit_checkpoints_dir",
        "hanging_protocols_file",
        "roster_file",
        "report_macros_file",
        "drafting_style_file",
        "drafter_ca_file",
        "drafter_cert_file",
        "drafter_key_file",
        "record_ca_file",
        "record_token_file",
        "record_key_file",
    )
    @classmethod
    def _absolute(cls, value: Path | None) -> Path | None:
        return value.expanduser().absolute() if value else value

    @field_validator("further_model_bundles")
    @classmethod
    def _all_absolute(cls, value: tuple[Path, ...]) -> tuple[Path, ...]:
        return tuple(each.expanduser().absolute() for each in value)

    @property
    def resolved_database_url(self) -> str:
        return self.database_url.get_secret_value() or f"sqlite:///{self.data_dir / 'wetread.db'}"

    @property
    def resolved_vault_url(self) -> str:
        return self.vault_url.get_secret_value() or f"sqlite:///{self.data_dir / 'vault' / 'vault.db'}"

    @property
    def resolved_snippets_url(self) -> str:
        return self.snippets_url.get_secret_value() or f"sqlite:///{self.data_dir / 'snippets' / 'snippets.db'}"

    @property
    def films_dir(self) -> Path:
        return self.data_dir / "vault" / "films"

    @property
    def disk_reserve_bytes(self) -> int:
        return self.disk_reserve_mib * 2**20

    @property
    def resolved_audit_checkpoints_dir(self) -> Path:
        return self.audit_checkpoints_dir or self.data_dir / "checkpoints"

    @property
    def dimse_ports(self) -> tuple[tuple[int, OurTls | None], ...]:
        """Where the DIMSE door listens, in TLS or not; none: there is no door."""
        plain = () if self.dimse_port is None else ((self.dimse_port, None),)
        tls = self.dimse_tls
        secured = () if tls is None or tls.port is None else ((tls.port, tls.ours),)
        return (*plain, *secured)

    @property
    def resolved_public_url(self) -> str:
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")

    @property
    def roster_copy(self) -> Path:
        """Where the last good roster is kept while its file is broken."""
        return self.data_dir / "roster.last-good.yaml"

    @property
    def resolved_folder_sink(self) -> Path:
        return self.folder_sink or self.data_dir / "outbox"


def load_settings(config: Path | None = None, **overrides: object) -> Settings:
    """The file (argument, else WETREAD_CONFIG), under the environment, under `overrides` from the command line; raises SettingsError."""
    fields = Settings.model_fields
    refuse_unknown_environment({*(ENVIRONMENT_PREFIX + name.upper() for name in fields), *secret_files(fields)})
    given = {name: value for name, value in overrides.items() if value is not None}
    values = {**read_settings_file(config), **read_environment(fields), **read_secret_files(fields), **given}
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise SettingsError(in_words(error, fields)) from None
