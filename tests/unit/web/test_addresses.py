"""Where somebody acts from: in the audit log, under its hash; by a proxy's word where the settings name it, and by nobody else's."""

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_network

import pytest
from builders_web import PASSWORD, Browser, World, a_world, open_door

from wetread.domain.acting_from import acting_from, located
from wetread.domain.audit import AuditEvent, verify_chain
from wetread.ingest.group_commit import GroupCommit
from wetread.testing.builders import NOON
from wetread.testing.memory_database import MemoryDatabase
from wetread.web.lockout import FREE_FAILURES
from wetread.web.proxies import TrustedProxies
from wetread.web.services import WebSettings

HERE, FAR = "127.0.0.1", "203.0.113.9"
PROXIES = TrustedProxies((ip_network("10.0.0.0/24"), ip_network("2001:db8::/64")))
EVENT = AuditEvent("study.read", "dr-roe", detail=(("by", "hand"),))


@pytest.fixture
def behind() -> Iterator[tuple[World, Browser]]:
    """A door whose callers all come by a proxy at 127.0.0.1."""
    world = a_world(settings=WebSettings(trusted_proxies=(ip_network("127.0.0.1/32"),)))
    with open_door(world) as door:
        yield world, door


def acts(world: World) -> list[tuple[str, str, str]]:
    return [
        (each.event.action, each.event.outcome, each.event.address) for each in world.services.database.audit_records()
    ]


def test_signing_in_and_out_and_what_is_refused_say_from_where(world: World, door: Browser) -> None:
    door.log_in("radiologist", "not the password")
    door.log_in("nobody.known", "not the password")
    technologist = door.as_("technologist")
    technologist.get("/api/accounts")
    technologist.post("/api/logout")
    assert acts(world) == [
        ("login", "bad_credentials", HERE),
        ("login", "bad_credentials", HERE),
        ("login", "success", HERE),
        ("refused", "not_permitted", HERE),
        ("logout", "success", HERE),
    ]
    assert verify_chain(world.services.database.audit_records()) is None


def test_acts_on_accounts_and_exports_say_from_where(world: World, door: Browser) -> None:
    admin = door.as_("admin")
    sites = {"sites": ["north"], "password": PASSWORD}
    assert admin.send("PUT", "/api/accounts/radiologist/sites", sites).status == 200
    assert admin.get("/api/audit.csv").status == 200
    assert acts(world)[-2:] == [("account.sites", "success", HERE), ("audit.export", "success", HERE)]


def test_the_log_is_searched_by_address(world: World, door: Browser) -> None:
    with world.services.database.begin() as unit:
        unit.audit(EVENT, NOON)
        unit.commit()
    admin = door.as_("admin")
    found = admin.get(f"/api/audit/search?address={HERE}").json()["records"]
    assert [each["action"] for each in found] == ["login"]
    assert admin.get("/api/audit/search?address=192.0.2.1").json()["records"] == []


def test_nobody_says_that_they_come_from_elsewhere(world: World, door: Browser) -> None:
    door.defaults |= {"X-Forwarded-For": FAR, "Forwarded": f"for={FAR}", "X-Real-IP": FAR}
    door.log_in("radiologist")
    assert acts(world) == [("login", "success", HERE)]


def test_a_proxy_that_is_named_says_where_its_clients_are(behind: tuple[World, Browser]) -> None:
    world, door = behind
    door.defaults |= {"X-Forwarded-For": f"198.51.100.1, {FAR}"}  # the first was written by the client
    door.log_in("radiologist")
    assert acts(world) == [("login", "success", FAR)]
    assert [each.address for each in _sessions(world)] == [FAR]


def test_behind_it_one_address_locks_out_itself_and_no_other(behind: tuple[World, Browser]) -> None:
    _, door = behind
    other = replace(door, defaults={"X-Forwarded-For": "198.51.100.7"})
    door.defaults |= {"X-Forwarded-For": FAR}
    for _ in range(FREE_FAILURES):
        assert door.log_in("radiologist", "not the password").status == 401
    assert (door.log_in("radiologist").status, other.log_in("radiologist").status) == (429, 200)


def test_of_certificates_only_a_proxy_that_is_named_may_speak(
    world: World, door: Browser, behind: tuple[World, Browser]
) -> None:
    said = {"Client-Cert": ":AAAA:"}
    answer = door.get("/healthz", said)
    assert (answer.status, answer.json()["code"]) == (400, "untrusted_certificate")
    assert behind[1].get("/healthz", said).status == 200


@pytest.mark.parametrize(
    ("peer", "forwarded", "origin"),
    [
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", [FAR], FAR),
        ("10.0.0.1", [f"{FAR}, 10.0.0.2"], FAR),
        ("10.0.0.1", [f"192.0.2.66, {FAR}"], FAR),
        ("10.0.0.1", ["192.0.2.66", FAR], FAR),
        ("10.0.0.1", ["10.0.0.3"], "10.0.0.3"),
        ("10.0.0.1", [f"{FAR}, unknown"], "10.0.0.1"),
        ("10.0.0.1", ["", ","], "10.0.0.1"),
        ("10.0.1.1", [FAR], "10.0.1.1"),
        ("::ffff:10.0.0.1", [FAR], FAR),
        ("2001:db8::5", [f"::ffff:{FAR}"], FAR),
        ("", [FAR], ""),
    ],
)
def test_forwarded_addresses_are_read_from_their_end(peer: str, forwarded: list[str], origin: str) -> None:
    assert PROXIES.origin(peer, forwarded) == origin


@pytest.mark.parametrize(
    ("address", "kept"),
    [(FAR, FAR), (f"::ffff:{FAR}", FAR), ("fe80::1%eth0", "fe80::1"), ("testclient", ""), ("", "")],
)
def test_an_address_is_one_fact_of_the_record(address: str, kept: str) -> None:
    with acting_from(address):
        event = located(located(EVENT))
    assert event.detail == (*EVENT.detail, *([("address", kept)] if kept else []))
    assert located(EVENT) == EVENT


def test_what_is_committed_for_many_is_from_nowhere() -> None:
    """Whoever comes first commits for all who wait: their address would be put to the acts of others."""
    database = MemoryDatabase()

    def commit(items: object) -> list[str]:
        with database.begin() as unit:
            unit.audit(EVENT, NOON)
            unit.commit()
        return ["kept"]

    with acting_from(FAR):
        GroupCommit(commit).submit(["film"])
    assert [each.event.address for each in database.audit_records()] == [""]


def _sessions(world: World) -> tuple[object, ...]:
    with world.services.database.begin(write=False) as unit:
        return unit.sessions()
