"""The manifests of deploy/ against the code: what they name exists, and what they promise about doors and secrets is so."""

import re
import tomllib
from pathlib import Path

import pytest
from deployments import (
    BASE,
    COMPOSE,
    DEPLOY,
    OVERLAYS,
    Role,
    compose_roles,
    documents,
    kubernetes_roles,
    loaded,
    patches,
    unit_words,
    workloads,
)
from network_edges import edges_of
from pydantic import SecretStr

from wetread.cli import COMMANDS
from wetread.cli.serve import _companions
from wetread.dicom.dimse import DimseLimits
from wetread.settings import Settings, load_settings
from wetread.settings_file import secret_files
from wetread.web.operation_table import OPERATIONS
from wetread.web.stow_listener import ListenerLimits

PROJECT = tomllib.loads((DEPLOY.parent / "pyproject.toml").read_text("utf-8"))["project"]
SETTINGS_FILES = (BASE / "wetread.toml", *(each / "wetread.toml" for each in OVERLAYS), DEPLOY / "compose/wetread.toml")
ROLES = {
    **{f"kubernetes {name}": each for name, each in kubernetes_roles().items()},
    **{f"compose {name}": each for name, each in compose_roles().items()},
}
of_every_role = pytest.mark.parametrize("role", ROLES.values(), ids=ROLES)
of_every_workload = pytest.mark.parametrize("name", workloads())


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WETREAD_CONFIG", raising=False)


@pytest.mark.parametrize("file", SETTINGS_FILES, ids=lambda each: str(each.relative_to(DEPLOY)))
def test_every_settings_file_is_read_and_holds_no_secret(file: Path) -> None:
    settings = load_settings(file)
    assert (settings.port, settings.dimse_ports[0][0]) == (8470, 11112)
    text = file.read_text("utf-8")
    secret = [name for name, each in Settings.model_fields.items() if each.annotation is SecretStr]
    assert not [name for name in (*secret, "password", "authorization") if re.search(rf"^{name}\s*=", text, re.M)]


@of_every_role
def test_what_a_role_is_told_exists(role: Role) -> None:
    assert role.words[0] in COMMANDS
    fields = Settings.model_fields
    known = {"WETREAD_CONFIG", *(f"WETREAD_{name.upper()}" for name in fields), *secret_files(fields)}
    assert {each for each in role.environment if each.startswith("WETREAD_")} <= known
    for name, value in role.environment.items():
        assert not value.startswith(("/run/secrets/", "/etc/wetread/")) or value in role.files, name
        assert name not in {f"WETREAD_{each.upper()}" for each in ("database_url", "vault_url", "snippets_url")}


@of_every_role
def test_an_image_is_the_release_that_is_here(role: Role) -> None:
    assert role.spec["image"] == f"wetread:{PROJECT['version']}"


def test_every_image_has_a_version() -> None:
    others = [each["image"] for each in loaded(COMPOSE)["services"].values()]
    built = re.findall(r"_IMAGE=(\S+)", (DEPLOY / "container/Containerfile").read_text("utf-8"))
    assert built
    for image in (*others, *built):
        assert re.fullmatch(r"[a-z0-9./-]+:\d+\.\d+\.\d+[a-z0-9.-]*", image), image


def test_variables_that_refer_to_others_stand_after_them() -> None:
    """Kubernetes leaves $(NAME) as it is where NAME comes later."""
    for file, each in (*documents(BASE), *(found for folder in OVERLAYS for found in patches(folder))):
        for container in each.get("spec", {}).get("template", {}).get("spec", {}).get("containers", ()):
            before: set[str] = set()
            for variable in container.get("env", ()):
                assert set(re.findall(r"\$\((\w+)\)", variable.get("value", ""))) <= before, (file, variable)
                before.add(variable["name"])


@of_every_workload
def test_a_pod_has_nothing_that_it_does_not_need(name: str) -> None:
    pod = workloads()[name]["spec"]["template"]["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["enableServiceLinks"] is False, "WETREAD_..._PORT variables of Services would be refused as settings"
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == 10001
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in pod["containers"]:
        own = container["securityContext"]
        assert (own["allowPrivilegeEscalation"], own["readOnlyRootFilesystem"]) == (False, True)
        assert own["capabilities"] == {"drop": ["ALL"]}
        assert container["resources"]["limits"]["memory"]


def test_who_works_with_films_may_have_all_its_decoders_full_at_once() -> None:
    """Where a container passes its limit the kernel may end all of it, not the decoder alone."""
    settings = Settings()
    needed = settings.sandbox_children * settings.sandbox_memory_bytes + 512 * 1024**2
    for name in ("web", "dimse", "worker"):
        limit = workloads()[name]["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]["memory"]
        assert int(limit.removesuffix("Gi")) * 1024**3 >= needed, name


def test_a_role_is_given_the_time_that_its_end_takes() -> None:
    needed = {
        "web": ListenerLimits().drain_s + 10,
        "dimse": DimseLimits().drain_s + 10,
        "worker": Settings().job_limit_s + 10,
    }
    for name, seconds in needed.items():
        spec = workloads()[name]["spec"]["template"]["spec"]
        waits = spec["containers"][0].get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        assert spec["terminationGracePeriodSeconds"] >= seconds + waits, name
        assert int(compose_roles()[name].spec["stop_grace_period"].removesuffix("s")) >= seconds, name


def test_probes_ask_doors_that_are_there_and_take_no_reading_room_away() -> None:
    paths = {each.path for each in OPERATIONS}
    for name, role in kubernetes_roles().items():
        ports = {each["name"]: each["containerPort"] for each in role.spec.get("ports", ())}
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            for kind, asked in role.spec.get(probe, {}).items():
                if kind in ("httpGet", "tcpSocket", "grpc"):
                    assert asked["port"] in {*ports, *ports.values()}, (name, probe)
                    assert asked.get("path", "/healthz") in paths, (name, probe)
    web = kubernetes_roles()["web"].spec
    assert web["readinessProbe"]["httpGet"]["path"] == "/readyz/door", "by /readyz no worker would mean no reading"
    assert web["livenessProbe"]["httpGet"]["path"] == "/healthz"
    annotations = workloads()["web"]["spec"]["template"]["metadata"]["annotations"]
    assert annotations["prometheus.io/path"] in paths


def test_services_lead_to_ports_that_a_role_opens() -> None:
    opened = {name: {each["name"] for each in role.spec.get("ports", ())} for name, role in kubernetes_roles().items()}
    services = [each for folder in (BASE, *OVERLAYS) for _, each in documents(folder) if each["kind"] == "Service"]
    assert len(services) == 4
    for each in services:
        component = each["spec"]["selector"]["app.kubernetes.io/component"]
        assert {port["targetPort"] for port in each["spec"]["ports"]} <= opened[component]


@pytest.mark.parametrize("folder", [None, *OVERLAYS], ids=lambda each: each.name if each else "base alone")
def test_the_drafting_service_is_asked_by_workers_and_asks_nobody(folder: Path | None) -> None:
    objects = [each for part in (BASE, folder) if part for _, each in documents(part)]
    edges = edges_of([each for each in objects if each["kind"] == "NetworkPolicy"], set(workloads()))
    assert {edge for edge in edges if "drafter" in edge} == {("worker", "drafter", "TCP/8471")}
    assert {edge for edge in edges if {edge[0], edge[1]} <= set(workloads())} == {("worker", "drafter", "TCP/8471")}
    assert folder is None or ("outside", "web") in {(edge[0].split()[0], edge[1]) for edge in edges}


def test_the_drafting_service_holds_neither_films_nor_settings_nor_a_database() -> None:
    for drafter in (kubernetes_roles()["drafter"], compose_roles()["drafter"]):
        assert not [each for each in drafter.environment if each.startswith("WETREAD_")]
        assert not {at for at in drafter.files if not at.startswith("/run/secrets/drafter/")}
        assert "/var/lib/wetread" not in str(drafter.spec.get("volumeMounts")) + str(drafter.spec.get("volumes"))
    assert compose_roles()["drafter"].spec["network_mode"] == "none"


def test_in_compose_nothing_has_a_way_out() -> None:
    compose = loaded(COMPOSE)
    inside, front = compose["networks"]["inside"], compose["networks"]["front"]
    assert inside == {"internal": True}
    assert front["driver_opts"] == {"com.docker.network.bridge.enable_ip_masquerade": "false"}
    for name, each in compose["services"].items():
        assert all(published.startswith("127.0.0.1:") for published in each.get("ports", ())), name
        assert ("front" in each.get("networks", ())) == ("ports" in each), name


def test_only_the_migration_has_the_owners_credentials() -> None:
    for name, role in ROLES.items():
        owns = [each for each in role.files.values() if "owner" in each]
        assert bool(owns) == name.endswith("migrate"), name


def test_secrets_are_named_and_never_written() -> None:
    for folder in (BASE, *OVERLAYS):
        for file, each in (*documents(folder), *patches(folder)):
            assert each["kind"] != "Secret", file
        assert "secretGenerator" not in loaded(folder / "kustomization.yaml")
    for name, each in loaded(COMPOSE)["secrets"].items():
        assert each == {"file": f"./compose/secrets/{name}"}
    assert "/deploy/compose/secrets/" in (DEPLOY.parent / ".gitignore").read_text("utf-8").splitlines()


def test_the_database_is_prepared_by_the_statements_of_the_docs() -> None:
    page = (DEPLOY.parent / "docs/security.md").read_text("utf-8").partition("## PostgreSQL roles")[2]
    everywhere, work, vault = re.findall(r"```sql\n(.*?)```", page.partition("\n## ")[0], re.DOTALL)
    roles, databases = ((DEPLOY / "postgres" / name).read_text("utf-8") for name in ("1-roles.sql", "2-databases.sql"))
    assert roles.partition("\n")[2] == everywhere
    parts = re.split(r"^\\connect (\w+)\n", databases, flags=re.MULTILINE)[1:]
    assert dict(zip(parts[::2], (each.strip() for each in parts[1::2]), strict=True)) == {
        "wetread": work.strip(),
        "wetread_snippets": "CREATE EXTENSION vector;\n" + work.strip(),
        "wetread_vault": vault.strip(),
    }


def test_the_unit_starts_the_service_without_the_current_folder() -> None:
    python, safe, module, name, command, *_ = unit_words()
    assert (Path(python).name, safe, module, name) == ("python3", "-P", "-m", "wetread")
    assert command in COMMANDS
    entry = (DEPLOY / "container/Containerfile").read_text("utf-8")
    assert f'ENTRYPOINT ["{python}", "-P", "-m", "wetread"]' in entry


PAGE = (DEPLOY.parent / "docs/deploy.md").read_text("utf-8")


def test_the_page_tells_which_secrets_there_are_and_who_has_them() -> None:
    rows = re.findall(r"^\| `(wetread-[a-z-]+)` \| (.*?) \| ([a-z, ]+?)(?:, each.*)? \|$", PAGE, re.MULTILINE)
    told = {
        name: (set(re.findall(r"`([a-z._-]+)`", keys)) - {"wetread-drafter"}, set(who.split(", ")))
        for name, keys, who in rows
    }
    found: dict[str, tuple[set[str], set[str]]] = {}
    for role in kubernetes_roles().values():
        for source in (each.removeprefix("secret ") for each in role.files.values() if each.startswith("secret ")):
            name, key = source.split("/")
            keys, who = found.setdefault(name, (set(), set()))
            keys.add(key)
            who.add(role.name)
    assert told == found


def test_what_the_page_names_is_there() -> None:
    made = {"deploy/compose/secrets"}
    paths = set(re.findall(r"(?<![\w./-])deploy/(?!wetread-)[\w./-]+\w", PAGE))
    assert not [each for each in paths - made if not (DEPLOY.parent / each).exists()]
    words = "\n".join(re.findall(r"`[^`\n]+`|```sh\n.*?```", PAGE, re.DOTALL))
    commands = set(re.findall(r"(?<!-[ngu] )\bwetread ([a-z]+)(?![.\w])", words))
    assert {"serve", "user", "backup"} <= commands <= set(COMMANDS)


def test_the_page_names_every_process_that_serve_starts_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    everything = Settings.model_construct(
        workers=1,
        dimse_port=1,
        dimse_tls=None,
        watch_folder=Path("x"),
        hl7_listener=object(),
        fhir_requests=object(),
        archives=("x",),
        ups_manager=object(),
    )
    monkeypatch.setattr("wetread.cli.serve.worklist_of", lambda _: "a neighbour")
    told = {each.split(" ", 1)[1] for each in re.findall(r"^\| `(wetread [a-z0-9 -]+)`", PAGE, re.MULTILINE)}
    assert told == {"serve --alone", *_companions(everything), "drafter serve", "migrate"}
