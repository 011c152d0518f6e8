"""The administration pages' server side: each act by who may, its refusals, and what it leaves in the log."""

import csv
from dataclasses import replace
from functools import partial
from io import StringIO

import pytest
from builders_web import PASSWORD, Browser, World, open_door

from wetread.domain.capability import Capability, Verdict
from wetread.domain.errors import TransientError
from wetread.domain.identifiers import StudyKey
from wetread.domain.job import JobKind
from wetread.domain.priority import Priority
from wetread.domain.role import Role
from wetread.governance.audit_look import look
from wetread.testing.builders import a_decision, a_job_request, an_analysis
from wetread.testing.rollout_builders import a_gate_plan as a_plan
from wetread.testing.rollout_builders import a_model_version as a_version
from wetread.triage.policy import DEFAULT_POLICY
from wetread.web.audit_view import ChainWatch
from wetread.web.services import Administration, Connection


def _bury(world: World, *, reason: str = "decoder_died") -> StudyKey:
    key = world.add_study()
    with world.services.database.begin() as unit:
        unit.enqueue(a_job_request(study_key=key, dedupe_key=f"analyse {key}"))
        unit.commit()
    job = world.services.database.claim_job(frozenset(JobKind), now=world.clock.now(), lease_s=60)
    assert job is not None
    world.services.database.bury_job(job, reason=reason)
    return key


def test_dead_work_is_listed_put_back_and_audited(world: World, door: Browser) -> None:
    keys = [_bury(world), _bury(world)]
    admin = door.as_("admin")
    said = admin.get("/api/dead-letters").json()
    assert said["total"] == 2
    assert [(each["study_key"], each["kind"], each["reason"]) for each in said["dead"]] == [  # type: ignore[attr-defined]
        (key, "analyse", "decoder_died") for key in keys
    ]
    jobs = [each["job"] for each in said["dead"]]  # type: ignore[attr-defined]
    assert admin.post("/api/dead-letters/retry", {"jobs": jobs[:1]}).json() == {"retried": jobs[:1]}
    assert admin.get("/api/dead-letters").json()["total"] == 1
    assert admin.post("/api/dead-letters/retry", {"jobs": jobs}).json() == {"retried": jobs[1:]}
    assert world.audited().count(("job.retry", "admin", "success")) == 2


def test_the_log_is_searched_by_who_what_which_and_when(world: World, door: Browser) -> None:
    key = world.add_study()
    door.as_("radiologist").get(f"/api/studies/{key}")
    world.clock.advance(60)
    quality = door.as_("quality")
    found = quality.get("/api/audit/search?actor=radiologist&action=study.").json()
    assert (found["scope"], found["chain"]["holds"]) == ("all", True)  # type: ignore[index]
    assert [(each["action"], each["study_key"]) for each in found["records"]] == [("study.read", key)]  # type: ignore[attr-defined]
    since = world.clock.now().isoformat().replace("+00:00", "Z")
    later = quality.get(f"/api/audit/search?since={since}").json()["records"]
    assert {each["actor_id"] for each in later} == {"quality"}  # type: ignore[attr-defined]
    page = quality.get("/api/audit/search?limit=2").json()
    after = quality.get(f"/api/audit/search?limit=2&before={page['next_before']}").json()
    numbers = [each["sequence"] for each in (*page["records"], *after["records"])]  # type: ignore[misc]
    assert numbers == sorted(numbers, reverse=True)
    for bad in ("since=yesterday", "since=2026-01-01T00:00:00", "limit=0", "before=x", "actor=" + "a" * 101):
        assert quality.get(f"/api/audit/search?{bad}").status == 400, bad


def test_others_see_their_own_acts_only(world: World, door: Browser) -> None:
    reader = door.as_("radiologist")
    door.as_("quality")
    own = reader.get("/api/audit/search").json()
    assert own["scope"] == "own"
    assert {each["actor_id"] for each in own["records"]} == {"radiologist"}  # type: ignore[attr-defined]
    assert reader.get("/api/audit/search?actor=quality").status == 403
    rows = list(csv.DictReader(StringIO(reader.get("/api/audit.csv").body.decode())))
    assert {each["actor_id"] for each in rows} == {"radiologist"}
    assert reader.get("/api/audit.csv?actor=quality").status == 403


def test_an_export_is_audited_and_no_cell_is_a_formula(world: World, door: Browser) -> None:
    world.add_account("=cmd", Role.QUALITY)
    answer = door.as_("=cmd").get("/api/audit.csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="wetread-audit.csv"'
    rows = list(csv.DictReader(StringIO(answer.body.decode())))
    assert {each["actor_id"] for each in rows} == {"'=cmd"}
    assert rows[0].keys() == {"sequence", "recorded_at", "actor_id", "action", "outcome", "study_key", "detail", "hash"}
    assert ("audit.export", "=cmd", "success") in world.audited()


NEW = {"actor_id": "dr.new", "role": "resident", "display_name": "Dr. New", "new_password": "a long password"}


def test_an_account_is_made_changed_and_closed(world: World, door: Browser) -> None:
    admin = door.as_("admin")
    made = admin.post("/api/accounts", {**NEW, "password": PASSWORD})
    assert made.status == 200, made.body
    person = Browser(door.port)
    assert person.log_in("dr.new", "a long password").status == 200
    assert person.get("/api/worklist").status == 200
    changed = admin.send("PUT", "/api/accounts/dr.new/role", {"role": "quality", "password": PASSWORD})
    assert {each["actor_id"]: each["role"] for each in changed.json()["accounts"]}["dr.new"] == "quality"  # type: ignore[attr-defined]
    assert person.get("/api/worklist").status == 401
    body = {"new_password": "quite another one", "password": PASSWORD}
    assert admin.send("PUT", "/api/accounts/dr.new/password", body).status == 204
    assert person.log_in("dr.new", "a long password").status == 401
    assert person.log_in("dr.new", "quite another one").status == 200
    assert admin.send("PUT", "/api/accounts/dr.new/disabled", {"disabled": True, "password": PASSWORD}).status == 200
    assert person.get("/api/session").status == 401


@pytest.mark.parametrize(
    ("method", "path", "body", "code"),
    [
        ("POST", "/api/accounts", {**NEW, "actor_id": "radiologist"}, "account_exists"),
        ("POST", "/api/accounts", {**NEW, "actor_id": "console"}, "reserved"),
        ("POST", "/api/accounts", {**NEW, "actor_id": "Dr New"}, "body_misfit"),
        ("POST", "/api/accounts", {**NEW, "new_password": "short"}, "weak_password"),
        ("PUT", "/api/accounts/admin/role", {"role": "radiologist"}, "own_account"),
        ("PUT", "/api/accounts/admin/disabled", {"disabled": True}, "own_account"),
        ("PUT", "/api/accounts/nobody/role", {"role": "resident"}, "no_account"),
    ],
)
def test_what_an_administrator_may_not(
    door: Browser, method: str, path: str, body: dict[str, object], code: str
) -> None:
    answer = door.as_("admin").send(method, path, {**body, "password": PASSWORD})
    assert (answer.status in (400, 422), answer.json()["code"]) == (True, code)


def test_every_act_on_accounts_asks_for_ones_own_password(world: World, door: Browser) -> None:
    answer = door.as_("admin").post("/api/accounts", {**NEW, "password": "not it at all"})
    assert (answer.status, answer.json()["code"]) == (401, "bad_credentials")
    with world.services.database.begin(write=False) as unit:
        assert unit.account("dr.new") is None


def test_a_session_is_ended_by_its_short_name_and_gives_no_token_away(world: World, door: Browser) -> None:
    reader, admin = door.as_("radiologist"), door.as_("admin")
    listed = admin.get("/api/accounts").json()["sessions"]
    (of_reader,) = [each for each in listed if each["actor_id"] == "radiologist"]  # type: ignore[attr-defined]
    assert len(of_reader["session"]) == 16
    assert [each["this"] for each in listed if each["actor_id"] == "admin"] == [True]  # type: ignore[attr-defined]
    assert admin.post("/api/accounts/sessions/end", {"session": of_reader["session"]}).status == 204
    assert reader.get("/api/session").status == 401
    assert admin.post("/api/accounts/sessions/end", {"session": "0" * 16}).json()["code"] == "no_session"
    assert b"hash" not in admin.get("/api/accounts").body


def test_settings_and_connections_are_shown_and_tried(world: World) -> None:
    def dead() -> str:
        raise TransientError("archive does not answer: is it running and reachable?", code="receiver_unreachable")

    reached = Capability("connection", "pacs:104", Verdict.YES)
    rejected = Capability("association", "WETREAD calls PACS", Verdict.NO, "check both AE titles")
    shown = Administration(
        settings=(("site", "north", "file", "Name of the site."), ("key", "********", "default", "Secret.")),
        connections=(
            Connection("stow", "STOW-RS", "https://archive/", dead),
            Connection("fhir", "FHIR", "https://ehr/", lambda: "ehr answers HTTP 200"),
            Connection("ae-PACS", "DICOM, store", "PACS@pacs:104", lambda: (reached, rejected)),
        ),
    )
    world.services = replace(world.services, administration=shown)
    with open_door(world) as door:
        admin = door.as_("admin")
        said = admin.get("/api/settings").json()
        assert [each["name"] for each in said["connections"]] == ["stow", "fhir", "ae-PACS"]  # type: ignore[attr-defined]
        assert [each["last"] for each in said["connections"]] == [None] * 3  # type: ignore[attr-defined]
        assert said["settings"][1]["value"] == "********"  # type: ignore[index]
        good, bad = (admin.post(f"/api/connections/{name}/test").json() for name in ("fhir", "stow"))
        assert (good["answers"], good["said"]) == (True, "ehr answers HTTP 200")
        assert bad["answers"] is False
        assert "does not answer" in str(bad["said"])
        assert admin.post("/api/connections/none/test").status == 404
        step = admin.post("/api/connections/ae-PACS/test").json()
        assert (step["answers"], step["said"]) == (False, "WETREAD calls PACS: check both AE titles")
        assert [each["verdict"] for each in step["steps"]] == ["yes", "no"]  # type: ignore[attr-defined]
        last = {each["name"]: each["last"] for each in admin.get("/api/settings").json()["connections"]}  # type: ignore[attr-defined]
        assert (last["fhir"]["answers"], last["ae-PACS"]["said"]) == (True, step["said"])
    assert ("connection.test", "admin", "receiver_unreachable") in world.audited()


def _start_rollout(world: World) -> str:
    from wetread.domain.role import Actor
    from wetread.governance.desk import RolloutDesk
    from wetread.governance.plan import told_to_expect

    engineer = Actor("ml_engineer", Role.ML_ENGINEER)
    desk, version = RolloutDesk(world.services.database, world.clock), a_version()
    desk.register(engineer, version)
    desk.start(engineer, version.key, "north", told_to_expect(a_plan(), 1100), "read along first")
    return version.key


def test_the_registry_says_what_runs_where_and_who_may_stop_it(world: World, door: Browser) -> None:
    key = _start_rollout(world)
    engineer, admin = door.as_("ml_engineer"), door.as_("admin")
    (version,) = engineer.get("/api/models").json()["versions"]  # type: ignore[misc]
    (rollout,) = version["rollouts"]
    assert (version["model"], rollout["site"], rollout["state"], rollout["look"]) == (key, "north", "shadow", None)
    assert rollout["history"][0]["action"] == "start"
    assert rollout["expects"].startswith("1,100 different patients without a finding are expected in 60 days")
    step = {"site": "north", "reason": "too many calls at night", "password": PASSWORD}
    held = admin.post(f"/api/rollouts/{key}/hold", step)
    assert held.json()["held"] == "too many calls at night"
    assert admin.post(f"/api/rollouts/{key}/resume", {**step, "password": "wrong password"}).status == 401
    assert engineer.post(f"/api/rollouts/{key}/resume", step).status == 403
    back = engineer.post(f"/api/rollouts/{key}/roll-back", step)
    assert (back.json()["state"], back.json()["expects"]) == ("retired", "")
    assert ("rollout.hold", "admin", "success") in world.audited()
    assert b"too many calls" not in repr(world.audited()).encode()
    assert engineer.get(f"/api/models/{key}/card").status == 200
    assert engineer.get("/api/models/nothing@1/card").status == 404


def test_a_policy_is_checked_with_its_lines_and_tried_without_changing_anything(world: World) -> None:
    text = DEFAULT_POLICY.read_text("utf-8")
    world.services = replace(world.services, administration=Administration(policy_text=lambda: text))
    key = world.add_study(analysis=an_analysis(), decision=a_decision(priority=Priority.ROUTINE, critical=False))
    with open_door(world) as door:
        quality = door.as_("quality")
        assert quality.get("/api/policy").json() == {
            "policy": text,
            "site_policy": False,
            "active": None,
            "problem": "",
            "versions": [],
        }
        wrong = quality.post("/api/policy/check", {"policy": text + "\nrubbish: 1\n"}).json()
        assert wrong["version"] is None
        assert wrong["problems"][-1]["line"] > 1  # type: ignore[index]
        before = world.services.database.begin(write=False).__enter__().decision(key)
        tried = quality.post("/api/policy/try", {"policy": text, "hours": 48, "most": 100}).json()
        run = tried["dry_run"]
        assert (run["studies"], run["moved"], run["becoming_critical"]) == (1, 1, 1)  # type: ignore[index]
        assert run["changed"][0]["study_key"] == key  # type: ignore[index]
        assert run["changed"][0]["after"]["priority"] == "stat"  # type: ignore[index]
        assert world.services.database.begin(write=False).__enter__().decision(key) == before
        assert quality.post("/api/policy/try", {"policy": "{", "hours": 48, "most": 100}).json()["dry_run"] is None
    assert ("policy.try", "quality", "success") in world.audited()


def test_a_look_through_a_long_log_ends_and_says_where(
    world: World, door: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wetread.web.audit_view.look", partial(look, part=2))
    quality = door.as_("quality")
    for _ in range(3):
        door.as_("radiologist")
    newest = world.services.database.change_token()
    page = quality.get("/api/audit/search?action=no.such.act").json()
    assert (page["records"], page["next_before"]) == ([], newest - 1)
    assert page["chain"]["newest"] == newest  # type: ignore[index]


def test_the_chain_is_verified_a_part_at_a_time(world: World, door: Browser) -> None:
    chain = ChainWatch(world.services.database)
    door.as_("quality")
    door.as_("radiologist")
    newest = world.services.database.change_token()
    assert newest >= 2
    assert [chain.status(1)["verified_through"] for _ in range(2)] == [1, 2]
    assert chain.status(None) == {"holds": True, "verified_through": newest, "newest": newest, "problem": ""}
