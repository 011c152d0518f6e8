"""What is published is what is routed; probes and metrics say the truth and no name."""

import json
import re
from contextlib import contextmanager
from dataclasses import replace

import pytest
from builders_web import Browser, World, a_world, open_door
from starlette.routing import Route

from wetread.domain.audit import AuditRecord
from wetread.domain.errors import TransientError
from wetread.domain.job import JobKind
from wetread.ports.dispatcher import DispatchState
from wetread.testing.builders import a_job_request
from wetread.testing.memory_database import MemoryDatabase
from wetread.web.app import create_app
from wetread.web.operation_table import OPERATIONS


def routed(world: World) -> set[tuple[str, str]]:
    routes = [each for each in create_app(world.services).routes if isinstance(each, Route)]
    return {(method, route.path) for route in routes for method in (route.methods or set()) - {"HEAD"}}


def test_the_contract_names_every_route_and_no_other(world: World, door: Browser) -> None:
    contract = door.get("/api/openapi.json").json()
    assert contract["openapi"] == "3.1.0"
    published = {(method.upper(), path) for path, each in contract["paths"].items() for method in each}  # type: ignore[attr-defined]
    names = (
        "/",
        "/login",
        "/studies/{study_key}",
        "/film/{study_key}",
        "/criticals",
        "/identity",
        "/alarms",
        "/roster",
        "/quality",
        "/administration",
        "/administration/{part}",
        "/assets/{name}",
        "/arrived",
        "/launch",
    )
    pages = {("GET", name) for name in names}
    assert published == routed(world) - pages - OAUTH


OAUTH = {
    ("GET", "/oidc/login"),
    ("GET", "/oidc/callback"),
    ("POST", "/oidc/back-channel-logout"),
    ("GET", "/smart/launch"),
    ("GET", "/smart/callback"),
    ("POST", "/oauth/token"),
    ("GET", "/.well-known/oauth-authorization-server"),
    ("GET", "/fhir/.well-known/smart-configuration"),
}
"""Ways of browsers and forms whose shape is OAuth's and OpenID's: their own documents describe them (docs/identity.md)."""


def test_the_contract_publishes_the_very_schemas_that_are_enforced(door: Browser) -> None:
    paths = door.get("/api/openapi.json").json()["paths"]
    for operation in OPERATIONS:
        described = paths[operation.path][operation.method.lower()]  # type: ignore[index, call-overload]
        body = described.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
        assert body == json.loads(json.dumps(operation.body))
        assert {each["name"] for each in described["parameters"] if each["in"] == "path"} == set(
            re.findall(r"{(\w+)}", operation.path)
        )


def test_operation_names_are_unique() -> None:
    names = [each.name for each in OPERATIONS]
    assert len(set(names)) == len(names)


def test_every_schema_is_valid_json_schema() -> None:
    from jsonschema import Draft202012Validator

    for operation in OPERATIONS:
        if operation.body is not None:
            Draft202012Validator.check_schema(json.loads(json.dumps(operation.body)))


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/api",
        "/api/studies",
        "/assets/../app.py",
        "/assets/login.html",
        "/dicom-web/studies/",
    ],
)
def test_an_address_that_is_not_there_is_a_problem_document(door: Browser, path: str) -> None:
    answer = door.get(path)
    assert answer.status in (400, 404)
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(answer.json()) == {"title", "status", "code", "detail"}


def test_a_wrong_method_is_a_problem_document(door: Browser) -> None:
    answer = door.send("DELETE", "/api/worklist")
    assert (answer.status, answer.json()["code"]) == (405, "method_not_allowed")


def test_readiness_names_what_is_wrong() -> None:
    world = a_world()
    world.services = replace(world.services, probes={"workers": lambda: "no worker has been heard of for 40 s"})
    with open_door(world) as door:
        answer = door.get("/readyz")
        assert answer.status == 503
        assert answer.json() == {
            "ready": False,
            "checks": {
                "database": "ok",
                "store": "ok",
                "workers": "no worker has been heard of for 40 s",
                "dispatcher": "ok",
            },
        }
        assert door.get("/healthz").status == 200


def test_a_door_is_ready_without_workers_and_not_without_its_database() -> None:
    database = DeadDatabase()
    world = a_world(database)
    world.services = replace(world.services, probes={"workers": lambda: "no worker has started yet"})
    with open_door(world) as door:
        answer = door.get("/readyz/door")
        assert (answer.status, answer.json()) == (200, {"ready": True, "checks": {"database": "ok", "store": "ok"}})
        database.dead = True
        answer = door.get("/readyz/door")
        assert answer.status == 503
        assert answer.json()["checks"] == {"database": "failed: database_down", "store": "ok"}


def test_a_service_whose_database_only_reads_is_not_ready() -> None:
    database = StandbyDatabase()
    with open_door(a_world(database)) as door:
        database.only_reads = True
        answer = door.get("/readyz")
    assert answer.status == 503
    assert answer.json()["checks"]["database"] == "failed: database_read_only"  # type: ignore[index]


def test_a_dispatcher_that_is_away_is_said_and_keeps_nothing_from_being_ready() -> None:
    world = a_world()
    answers = iter([DispatchState("redis", up=False)] * 2 + [DispatchState("redis", up=True, waiting=4, pending=2)])
    world.services = replace(world.services, dispatch=lambda: next(answers))
    with open_door(world) as door:
        answer = door.get("/readyz")
        assert (answer.status, answer.json()["checks"]["dispatcher"]) == (200, "away: workers look for themselves")  # type: ignore[index]
        away, up = (door.get("/metrics").body.decode() for _ in range(2))
    assert 'wetread_dispatcher_up{kind="redis"} 0' in away
    assert "wetread_dispatcher_hints{" not in away
    assert 'wetread_dispatcher_up{kind="redis"} 1' in up
    assert 'wetread_dispatcher_hints{state="waiting"} 4\nwetread_dispatcher_hints{state="pending"} 2' in up


class DeadDatabase(MemoryDatabase):
    dead = False

    def begin(self, *, write: bool = True):  # type: ignore[no-untyped-def, override]
        if self.dead:
            raise TransientError("the database is away", code="database_down")
        return super().begin(write=write)


class StandbyDatabase(MemoryDatabase):
    """As SQLite on a file that may not be written: what begins is not refused, what writes is."""

    only_reads = False

    @contextmanager
    def begin(self, *, write: bool = True):  # type: ignore[no-untyped-def, override]
        with super().begin(write=write) as unit:
            if self.only_reads:
                unit.beat = self._refuse  # type: ignore[method-assign]
            yield unit

    def _refuse(self, *_: object) -> None:
        raise TransientError("the database only reads", code="database_read_only")


def test_a_database_that_is_away_is_503_everywhere_and_comes_back() -> None:
    database = DeadDatabase()
    world = a_world(database)
    with open_door(world) as door:
        reader = door.as_("radiologist")
        database.dead = True
        assert door.get("/readyz").json()["checks"]["database"] == "failed: database_down"  # type: ignore[index]
        answer = reader.get("/api/worklist")
        assert (answer.status, answer.headers["retry-after"]) == (503, "2")
        assert reader.get("/").status == 503
        database.dead = False
        assert reader.get("/api/worklist").status == 200


def test_metrics_count_without_naming(world: World, door: Browser) -> None:
    key = world.add_study(patient_name="Secret^Person", patient_id="SECRET")
    with world.services.database.begin() as unit:
        unit.enqueue(a_job_request(study_key=key))
        unit.commit()
    job = world.services.database.claim_job(frozenset({JobKind.ANALYSE}), now=world.clock.now(), lease_s=10)
    assert job is not None
    world.services.database.bury_job(job, reason="Secret^Person")
    said = door.get("/metrics").body.decode()
    assert 'wetread_studies{state="drafted"} 1' in said
    assert 'wetread_jobs{kind="analyse",state="dead"} 1' in said
    assert "wetread_dead_letters 1" in said
    assert said.endswith("# EOF\n")
    assert "ecret" not in said


def test_one_sees_ones_own_acts_and_quality_sees_all(world: World, door: Browser) -> None:
    door.as_("technologist").get("/api/worklist")
    own = door.as_("resident").get("/api/audit").json()
    assert own["scope"] == "own"
    assert {each["actor_id"] for each in own["records"]} == {"resident"}  # type: ignore[attr-defined]
    whole = door.as_("quality").get("/api/audit").json()
    assert whole["scope"] == "all"
    assert {"technologist", "resident", "quality"} <= {each["actor_id"] for each in whole["records"]}  # type: ignore[attr-defined]
    assert whole["chain"]["holds"] is True  # type: ignore[index]


def test_the_audit_log_comes_in_pages(world: World, door: Browser) -> None:
    reader = door.as_("quality")
    for _ in range(5):
        door.log_in("admin")
    first = reader.get("/api/audit?limit=3").json()
    second = reader.get(f"/api/audit?limit=3&start={first['next_start']}").json()
    assert [each["sequence"] for each in (*first["records"], *second["records"])] == [1, 2, 3, 4, 5, 6]  # type: ignore[misc]
    for bad in ("start=0", "start=-1", "start=x", "limit=501", "limit=1e9", "limit=" + "9" * 30):
        assert reader.get(f"/api/audit?{bad}").status == 400


class TamperedDatabase(MemoryDatabase):
    tampered = 0

    def audit_records(self, *, start: int = 1):  # type: ignore[no-untyped-def, override]
        for record in super().audit_records(start=start):
            if record.sequence == self.tampered:
                yield AuditRecord(
                    record.sequence,
                    record.recorded_at,
                    replace(record.event, actor_id="nobody"),
                    record.previous_hash,
                    record.hash,
                )
            else:
                yield record


def test_a_changed_record_shows() -> None:
    database = TamperedDatabase()
    with open_door(a_world(database)) as door:
        reader = door.as_("quality")
        for _ in range(3):
            door.log_in("admin")
        database.tampered = 3
        chain = reader.get("/api/audit").json()["chain"]
    assert chain == {
        "holds": False,
        "verified_through": 2,
        "newest": len(database.state.audit),
        "problem": "record 3: the record was changed after it was written",
    }
