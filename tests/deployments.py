"""What the manifests of deploy/ start: each role with its words, environment, files and probes, as Kubernetes and compose would give them."""

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

Json = dict[str, Any]
DEPLOY = Path(__file__).parents[1] / "deploy"
BASE = DEPLOY / "kubernetes" / "base"
OVERLAYS = tuple(sorted((DEPLOY / "kubernetes" / "overlays").iterdir()))
COMPOSE = DEPLOY / "compose.yaml"
_WORKLOADS = {"Deployment", "Job"}


@dataclass(frozen=True, slots=True)
class Role:
    """`files`: path in the container to what lies there, as "secret wetread-keys/audit.key" or "settings/wetread.toml"; `spec` is the container, or the compose service."""

    name: str
    words: tuple[str, ...]
    environment: Mapping[str, str]
    files: Mapping[str, str]
    spec: Json = field(repr=False)


def documents(folder: Path) -> Iterator[tuple[Path, Json]]:
    """Every object that a kustomization's own files hold."""
    for name in loaded(folder / "kustomization.yaml")["resources"]:
        if (file := folder / name).is_file():
            yield from ((file, each) for each in _all(file))


def patches(folder: Path) -> Iterator[tuple[Path, Json]]:
    """Parts of objects that a kustomization lays over those of its base."""
    for each in loaded(folder / "kustomization.yaml").get("patches", ()):
        yield folder / each["path"], loaded(folder / each["path"])


def loaded(file: Path) -> Json:
    (only,) = _all(file)
    return only


def _all(file: Path) -> list[Json]:
    return [each for each in YAML(typ="safe").load_all(file.read_text("utf-8")) if each is not None]


def workloads(folder: Path = BASE) -> dict[str, Json]:
    """By component: each Deployment and Job."""
    found = [each for _, each in documents(folder) if each["kind"] in _WORKLOADS]
    return {each["metadata"]["labels"]["app.kubernetes.io/component"]: each for each in found}


def kubernetes_roles() -> dict[str, Role]:
    roles = {}
    for name, each in workloads().items():
        pod = each["spec"]["template"]["spec"]
        (container,) = pod["containers"]
        assert "command" not in container, "the image's entry point is the command"
        environment = {entry["name"]: entry.get("value", "of the pod") for entry in container.get("env", ())}
        roles[name] = Role(name, tuple(container["args"]), environment, dict(_mounted(pod, container)), container)
    return roles


def _mounted(pod: Json, container: Json) -> Iterator[tuple[str, str]]:
    volumes = {each["name"]: each for each in pod["volumes"]}
    for mount in container["volumeMounts"]:
        volume, at = volumes[mount["name"]], mount["mountPath"]
        if "configMap" in volume:
            yield f"{at}/wetread.toml", "settings/wetread.toml"
        secrets = [each["secret"] for each in volume.get("projected", {}).get("sources", ())]
        for secret in (*secrets, *filter(None, [volume.get("secret")])):
            name = secret.get("name") or secret["secretName"]
            yield from ((f"{at}/{each['path']}", f"secret {name}/{each['key']}") for each in secret["items"])


def compose_roles() -> dict[str, Role]:
    """Those that run our image."""
    services = loaded(COMPOSE)["services"]
    return {
        name: Role(name, tuple(each["command"]), dict(each.get("environment", {})), dict(_in_compose(each)), each)
        for name, each in services.items()
        if str(each["image"]).startswith("wetread:")
    }


def _in_compose(service: Json) -> Iterator[tuple[str, str]]:
    yield from ((f"/run/secrets/{name}", f"secret {name}") for name in service.get("secrets", ()))
    for bound in service["volumes"]:
        source, target, *_ = bound.split(":")
        if source.startswith("./"):
            yield target, source


def unit_words() -> list[str]:
    """What the systemd unit starts."""
    unit = (DEPLOY / "systemd" / "wetread.service").read_text("utf-8")
    (line,) = re.findall(r"^ExecStart=(.*)$", unit, re.MULTILINE)
    return shlex.split(line)
