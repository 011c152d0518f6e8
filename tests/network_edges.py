"""Who may connect to whom by Kubernetes NetworkPolicies (networking.k8s.io/v1), as far as ours use them: what they select and whom they name, no further."""

from collections.abc import Iterable, Iterator
from itertools import product
from typing import Any

Json = dict[str, Any]
Edge = tuple[str, str, str]
_COMPONENT = "app.kubernetes.io/component"
_OURS = {"app.kubernetes.io/name": "wetread"}


def edges_of(policies: Iterable[Json], components: set[str]) -> set[Edge]:
    """(from, to, "TCP/port"). Components are our pods; whoever else is named stands as "outside ...". Between two of our pods an edge is there when both ends let it."""
    policies = list(policies)
    out = {name: _allowed(policies, name, components, "Egress") for name in components}
    into = {name: _allowed(policies, name, components, "Ingress") for name in components}
    both = (
        (a, b, port) for a, b in product(components, repeat=2) for other, port in _of(out[a], b) if (a, port) in into[b]
    )
    leaving = ((a, whom, port) for a in components for whom, port in out[a] if whom not in components)
    coming = ((who, b, port) for b in components for who, port in into[b] if who not in components)
    return {*both, *leaving, *coming}


def _of(allowed: set[tuple[str, str]], whom: str) -> Iterator[tuple[str, str]]:
    return (each for each in allowed if each[0] == whom)


def _allowed(policies: list[Json], name: str, components: set[str], way: str) -> set[tuple[str, str]]:
    """Raises AssertionError where no policy selects `name` for this way: then Kubernetes would let everybody."""
    chosen = [
        each["spec"]
        for each in policies
        if way in each["spec"]["policyTypes"] and _selects(each["spec"]["podSelector"], name)
    ]
    assert chosen, f"{name} is open to everybody ({way})"
    key, peers = ("ingress", "from") if way == "Ingress" else ("egress", "to")
    return {
        (whom, f"{port.get('protocol', 'TCP')}/{port['port']}")
        for spec in chosen
        for rule in spec.get(key, ())
        for peer in rule[peers]
        for whom in _named(peer, components)
        for port in rule["ports"]
    }


def _named(peer: Json, components: set[str]) -> Iterator[str]:
    if set(peer) == {"podSelector"}:
        yield from (name for name in components if _selects(peer["podSelector"], name))
    else:
        yield f"outside {peer}"


def _selects(selector: Json, name: str) -> bool:
    labels = {**_OURS, _COMPONENT: name}
    assert set(selector) <= {"matchLabels", "matchExpressions"}, selector
    for each in selector.get("matchExpressions", ()):
        assert each["operator"] == "In", each
        if labels.get(each["key"]) not in each["values"]:
            return False
    return all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items())
