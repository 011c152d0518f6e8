"""What wetread is made of, as CycloneDX 1.6 JSON: everything pip installs for it, by its own metadata, and the npm packages that build its pages.

A component's scope says when it is there: required, optional (only with an extra), excluded (builds the pages; nothing of it is in a wheel).
"""

import json
import re
import sys
from base64 import b64decode
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
_SPDX = re.compile(r"[A-Za-z0-9.+-]+")
_NAMESPACE = UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")  # RFC 9562 §6.6, of URLs
Json = dict[str, Any]


def main(argv: list[str]) -> int:
    text = json.dumps(bill(), indent=1, ensure_ascii=False) + "\n"
    Path(argv[0]).write_text(text, "utf-8") if argv else sys.stdout.write(text)
    return 0


def bill() -> Json:
    """The same for the same installation: no time and no random number is in it."""
    product = distribution("wetread")
    scopes, edges = _closure(product)
    components = [*(_python(distribution(name), scope) for name, scope in sorted(scopes.items())), *_npm()]
    reference = _purl("pypi", "wetread", product.version)
    relations = [{"ref": ref, "dependsOn": sorted(to)} for ref, to in sorted(edges.items())]
    serial = uuid5(_NAMESPACE, json.dumps([components, relations]))
    about = {
        "type": "application",
        "bom-ref": reference,
        "name": "wetread",
        "version": product.version,
        "purl": reference,
    }
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": {"component": {**about, "licenses": [{"license": {"id": "Apache-2.0"}}]}},
        "components": components,
        "dependencies": relations,
    }


def _closure(product: Distribution) -> tuple[dict[str, str], dict[str, set[str]]]:
    """(scope by name, what each component needs) of all that is installed; required wins over optional. An extra that is not installed is not in the bill."""
    scopes: dict[str, str] = {}
    edges: dict[str, set[str]] = {}
    waiting = [(product, "required")]
    seen = set()
    while waiting:
        known, scope = waiting.pop()
        here = edges.setdefault(_purl("pypi", canonicalize_name(known.name), known.version), set())
        for name, is_extra in _needs(known):
            below = "optional" if is_extra or scope == "optional" else "required"
            try:
                found = distribution(name)
            except PackageNotFoundError:
                continue
            here.add(_purl("pypi", name, found.version))
            if (name, below) not in seen and name != "wetread":
                seen.add((name, below))
                scopes[name] = "required" if "required" in (below, scopes.get(name)) else "optional"
                waiting.append((found, below))
    return scopes, edges


def _needs(known: Distribution) -> Iterator[tuple[str, bool]]:
    """(name, whether only with an extra) for this machine and Python. Of others' extras only those that are asked for matter, and they are in the bill when installed."""
    ours = known.name == "wetread"
    extras = {"", *(known.metadata.get_all("Provides-Extra") or ())} - ({"test", "bench"} if ours else set())
    for requirement in map(Requirement, known.requires or ()):
        marker = requirement.marker
        if marker is None or marker.evaluate({"extra": ""}):
            yield canonicalize_name(requirement.name), False
        elif ours and any(marker.evaluate({"extra": each}) for each in extras):
            yield canonicalize_name(requirement.name), True


def _python(known: Distribution, scope: str) -> Json:
    name = canonicalize_name(known.name)
    purl = _purl("pypi", name, known.version)
    base = {"type": "library", "bom-ref": purl, "name": name, "version": known.version, "scope": scope, "purl": purl}
    licences = _licences(known)
    return {**base, "licenses": licences} if licences else base


def _licences(known: Distribution) -> list[Json]:
    """As its metadata says: an SPDX expression, else the classifiers' words, else the first line of the licence field."""
    if expression := known.metadata.get("License-Expression"):
        return [{"expression": expression}]
    named = [
        each.rpartition(" :: ")[2]
        for each in known.metadata.get_all("Classifier") or ()
        if each.startswith("License ::")
    ]
    words = named or [line for line in [str(known.metadata.get("License") or "").partition("\n")[0].strip()] if line]
    return [{"license": {"name": each}} for each in words]


def _npm() -> Iterator[Json]:
    """By ui/package-lock.json, each with the digest that npm checks."""
    lock = json.loads((ROOT / "ui" / "package-lock.json").read_text("utf-8"))
    for place, package in sorted(lock["packages"].items()):
        if not place:
            continue
        name = package.get("name") or place.rpartition("node_modules/")[2]
        purl = _purl("npm", name.replace("@", "%40"), package["version"])
        base = {
            "type": "library",
            "bom-ref": f"{purl}#{place}",
            "name": name,
            "version": package["version"],
            "scope": "excluded",
        }
        licence = package.get("license", "")
        told = (
            [{"license": {"id": licence}}] if _SPDX.fullmatch(licence) else [{"expression": licence}] if licence else []
        )
        yield {
            **base,
            "purl": purl,
            "hashes": _hashes(package.get("integrity", "")),
            **({"licenses": told} if told else {}),
        }


def _hashes(integrity: str) -> list[Json]:
    """Subresource integrity as CycloneDX has it."""
    kind, _, digest = integrity.partition("-")
    names = {"sha512": "SHA-512", "sha256": "SHA-256", "sha1": "SHA-1"}
    return [{"alg": names[kind], "content": b64decode(digest).hex()}] if kind in names else []


def _purl(kind: str, name: str, version: str) -> str:
    return f"pkg:{kind}/{name}@{version.replace('+', '%2B')}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
