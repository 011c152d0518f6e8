"""docs/rollout.md as a reader would use it: every command of it, in its order, with the bundled network under another version."""

import json
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from migrated import data_folder
from tests.films import film
from tests.signed_studies import add_study

from wetread.bootstrap import Core, build_core, build_reception, build_sandbox, build_worker
from wetread.bootstrap_models import build_registered, build_shelf, build_version_card, watch_rollouts
from wetread.cli import main
from wetread.domain.errors import PermanentError
from wetread.domain.role import Actor, Role
from wetread.domain.rollout import GatePlan, RolloutDecision, ShadowRead, Traffic, Verdict
from wetread.governance.desk import RolloutDesk
from wetread.inference.bundle import BUNDLED, load_bundle
from wetread.ports.database import Account
from wetread.settings import load_settings
from wetread.testing.builders import a_finding
from wetread.testing.rollout_builders import a_decision_of_gates
from wetread.web.accounts import hash_password, token_sha256
from wetread.web.argon2 import Argon2Cost

DOCS = (Path(__file__).parents[2] / "docs" / "rollout.md").read_text("utf-8")
COMMANDS = re.findall(r"^\$ wetread (.*)$", DOCS, flags=re.M)
KEY, PASSWORD = "wetread-cxr-small@0.4.0", "correct horse battery"
PEOPLE = {"m-engineer": Role.ML_ENGINEER, "q-lee": Role.QUALITY, "a-kim": Role.ADMIN}
Run = Callable[[str], tuple[int, str]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rollout")


@pytest.fixture(scope="module")
def core(folder: Path) -> Iterator[Core]:
    """One house for all: each test has a site of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WETREAD_DATA_DIR", str(data_folder(folder / "data")))
        patch.setattr("getpass.getpass", lambda _: PASSWORD)
        core = build_core(load_settings())
        with core.database.begin() as unit:
            for name, role in PEOPLE.items():
                secret = hash_password(PASSWORD, salt=bytes(16), cost=Argon2Cost(8, 1))
                unit.save_account(Account(Actor(name, role, name), secret))
            unit.commit()
        yield core


@pytest.fixture(scope="module")
def bundle(folder: Path) -> Path:
    """The bundled network as another version; nothing but the version differs."""
    given = folder / "new-model"
    shutil.copytree(BUNDLED, given)
    document = json.loads((given / "bundle.json").read_text("utf-8"))
    del document["signature"]  # it holds for the version that ships
    (given / "bundle.json").write_text(json.dumps({**document, "version": "0.4.0"}))
    return given


@pytest.fixture
def run(core: Core, bundle: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def command(text: str) -> tuple[int, str]:
        words = [each.strip('"') for each in re.findall(r'"[^"]*"|\S+', text.replace("new-model/", str(bundle)))]
        try:
            status = main(words)
        except SystemExit as error:
            status = int(error.code or 0)
        printed = capsys.readouterr()
        return status, printed.out + printed.err

    return command


@pytest.fixture
def registered(core: Core, run: Run) -> Run:
    with core.database.begin(write=False) as unit:
        known = unit.version(KEY)
    if known is None:
        assert "is registered" in run("rollout register new-model/ --as m-engineer")[1]
    return run


def recommend(core: Core) -> RolloutDecision:
    """The look of the gates that a fortnight of studies would have given."""
    with core.database.begin(write=False) as unit:
        rollout, (last, *_) = unit.rollout(KEY, "main"), unit.decisions(KEY, "main", limit=1)
    assert rollout is not None
    decision = a_decision_of_gates(
        model_key=KEY, site="main", look=last.look + 1, decided_at=core.clock.now(), verdict=Verdict.PROMOTE,
        reason="every gate passes: two people may let it go on", state=rollout.state,
    )  # fmt: skip
    RolloutDesk(core.database, core.clock).record(decision, rollout.etag)
    return decision


def test_every_command_of_the_docs_in_its_order(core: Core, run: Run) -> None:
    said: dict[str, str] = {}
    for text in COMMANDS:
        if text.startswith("rollout ask"):
            recommend(core)
        status, said[text] = run(text)
        assert status == 0, (text, said[text])
    first = {text.split()[1]: output for text, output in reversed(said.items())}
    assert f"{KEY} is registered" in first["register"]
    assert "pneumothorax" in first["start"]
    assert "17.6 % of the error budget" in first["start"]
    assert "main: only 0 days with signed studies are recorded, 14 are needed" in first["start"]
    assert "main: how many patients are expected in 60 days is not known" in first["start"]
    assert re.search(r"with a chance of 90 % when [\d,]+ patients without it come, \d+ a day", first["start"])
    assert "read nothing yet" in first["evaluate"]
    assert "CONTINUE" in first["explain"]
    assert re.search(r"sensitivity +pneumothorax +insufficient", first["explain"])
    assert "m-engineer asks for 5 %" in first["ask"]
    approvals = [output for text, output in said.items() if " approve " in text]
    assert "q-lee (quality): every gate passes" in approvals[0]
    assert "canary 5 %" in approvals[1]
    assert "HELD: the new detector sends twice" in first["hold"]
    rows = json.loads(said["rollout status --json"])["rollouts"]
    assert [(each["state"], each["reason"]) for each in rows] == [("retired", "two missed pneumothoraces")]
    assert [each["last_look"]["verdict"] for each in rows] == ["promote"]
    assert (rows[0]["plan"]["stake"], rows[0]["plan"]["sites"], rows[0]["plan"]["traffic"]) == (0.8, 1, None)
    assert "staked on the end of the stay" in first["explain"]
    token = said["user token argo --days 90"].strip()
    with core.database.begin(write=False) as unit:
        session = unit.session(token_sha256(token))
    assert session is not None
    assert session.expires_at - core.clock.now() > timedelta(days=89)
    assert token not in repr(list(core.database.audit_records()))


def test_a_look_tells_and_leaves_what_it_said(registered: Run) -> None:
    registered(f"rollout start {KEY} --site east --as m-engineer --only pneumothorax --reason trying")
    status, told = registered(f"rollout evaluate --model {KEY} --json")
    (look,) = [each for each in json.loads(told)["looks"] if each["site"] == "east"]
    assert (status, look["verdict"], look["look"]) == (0, "continue", 1)
    assert {each["finding"] for each in look["evidence"]} == {"pneumothorax", None}
    assert "none is due" in registered("rollout evaluate --only-due")[1]
    explained = json.loads(registered(f"rollout explain {KEY} --site east --json")[1])
    assert [each["look"] for each in explained["looks"]] == [1]
    registered(f'rollout hold {KEY} --site east --as q-lee --reason "a look first"')
    assert registered("rollout status")[0] == 1
    registered(f'rollout rollback {KEY} --site east --as q-lee --reason "tried"')
    assert registered("rollout status")[0] == 0


def test_a_start_learns_from_what_the_site_recorded_and_never_reads_it_again(core: Core, registered: Run) -> None:
    """Two months at two sites, half of the patients seen before, and what comes after the start changes nothing."""
    now = core.clock.now()
    for site, a_day in (("harbour", 4), ("village", 1)):
        for at in range(60 * a_day):
            text = "Left pneumothorax." if at % 10 == 0 else "No acute finding."
            patient = f"{site}{at // 2}"
            add_study(
                core.database, core.vault, f"{site}{at}", now - timedelta(days=60 - at / a_day, hours=-2),
                site=site, patient=patient, text=text,
            )  # fmt: skip
    start = f"rollout start {KEY} --site harbour --site village --as m-engineer --only pneumothorax --reason trying"
    status, told = registered(start)
    assert status == 0
    assert "learned from 120 patients with 240 signed studies in the 60 days before" in told
    assert "village: only 30 patients with signed studies are recorded in 60 days, 50 are needed" in told
    assert "village: how many patients are expected in 60 days is not known" in told
    assert re.search(r"WARNING: .*for 1 of 1 .*: pneumothorax \d+ % \([\d,]+ days\)", told)
    assert "To see it in nine of ten rollouts: --max-days" in told
    plan = _plan_of(core, "harbour")
    (limits,) = plan.limits
    # of each tenth study's patient the other film is the first without the finding
    assert (plan.traffic, plan.sites) == (Traffic(pytest.approx(60.0, abs=0.2), 240, 120), 2)
    assert 0 < limits.least < 120 < limits.most < 160
    expected = f"{limits.least:,} to {limits.most:,} different patients without a finding are expected in 60 days"
    assert expected in registered("rollout status")[1]
    for at in range(40):
        add_study(core.database, core.vault, f"later{at}", core.clock.now(), site="harbour", shadow=_shadow(core))
    told = registered(f"rollout evaluate --model {KEY} --json")[1]
    (look,) = [each for each in json.loads(told)["looks"] if each["site"] == "harbour"]
    (said,) = [each for each in look["evidence"] if each["gate"] == "false_positives"]
    assert (said["n"], f"or the first {limits.most:,}" in said["statistic"]) == (40, True)
    assert _plan_of(core, "harbour") == plan
    explained = registered(f"rollout explain {KEY} --site harbour")[1]
    assert expected in explained
    for site in ("harbour", "village"):
        registered(f"rollout rollback {KEY} --site {site} --as q-lee --reason tried")


def test_a_person_may_say_how_many_or_that_nothing_waits(core: Core, registered: Run) -> None:
    start = f"rollout start {KEY} --site lake --as m-engineer --only pneumothorax --reason trying"
    assert "1,100 different patients without a finding are expected" in registered(f"{start} --expect-patients 1100")[1]
    assert [(each.least, each.most) for each in _plan_of(core, "lake").limits] == [(1100, 1100)]
    registered(f"rollout rollback {KEY} --site lake --as q-lee --reason tried")
    assert "is not known" in registered(f"{start} --expect-patients 0")[1]
    assert _plan_of(core, "lake").stake == 0
    registered(f"rollout rollback {KEY} --site lake --as q-lee --reason tried")


def _plan_of(core: Core, site: str) -> GatePlan:
    with core.database.begin(write=False) as unit:
        rollout = unit.rollout(KEY, site)
    assert rollout is not None
    return rollout.plan


def _shadow(core: Core) -> ShadowRead:
    with core.database.begin(write=False) as unit:
        version = unit.version(KEY)
    assert version is not None
    return ShadowRead(version.model, core.clock.now(), (a_finding(probability=0.01),))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (f"rollout start {KEY} --as m-engineer --reason trying --stages 25,5", "stages rise"),
        (f"rollout start {KEY} --as m-engineer --reason trying --min-days 60", "longest stay"),
        (f"rollout start {KEY} --as m-engineer --reason trying --budget pneumothorax=1.5", "between 0 and 1"),
        (
            f"rollout start {KEY} --as m-engineer --reason trying --only edema --critical pneumothorax",
            "has no pneumothorax",
        ),
        (f"rollout start {KEY} --as q-lee --reason trying", "may not register model"),
        (f"rollout start {KEY} --as m-engineer --reason trying --expect-patients 99", "100 to 100,000"),
        (f"rollout start {KEY} --as m-engineer --reason x", "say why"),
        ("rollout start nobody@1.0.0 --as m-engineer --reason trying", "not registered"),
        (f"rollout explain {KEY}", "no rollout at this site"),
        (f"rollout ask {KEY} --as m-engineer", "no rollout at this site"),
        (f"rollout register {BUNDLED} --as m-engineer", "the installed model"),
        ("user token nobody", "no account nobody"),
        ("user token q-lee --days 0", "1 to 3650"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_reason(registered: Run, text: str, problem: str) -> None:
    status, told = registered(text if "user" in text or "register" in text else f"{text} --site nowhere")
    assert status == 1
    assert problem in told


def test_words_that_are_no_act_tell_the_acts(run: Run) -> None:
    assert run("rollout")[0] == 2
    status, told = run("rollout --help")
    assert status == 0
    assert all(act in told for act in ("register", "approve", "rollback", "evaluate"))


def test_a_registered_version_is_loaded_from_the_shelf_by_its_hash(core: Core, registered: Run) -> None:
    with core.database.begin(write=False) as unit:
        version = unit.version(KEY)
    assert version is not None
    load = build_registered(core.settings)
    bundle, predictor = load(version)
    assert bundle.identity == version.model
    side = bundle.input_side_px
    assert len(predictor.predict(np.zeros((side, side), np.float32)).logits) >= len(bundle.heads)
    assert load(version)[1] is predictor
    assert build_version_card(core.settings)(version) == bundle.card
    kept = build_shelf(core.settings).folder / version.bundle_sha256 / "model.onnx"
    network = kept.read_bytes()
    kept.write_bytes(b"another network")
    with pytest.raises(PermanentError):
        build_registered(core.settings)(version)
    assert "cannot be shown" in build_version_card(core.settings)(version)
    kept.write_bytes(network)
    with pytest.raises(PermanentError):
        load(replace(version, bundle_sha256="0" * 64))


def test_the_worker_of_a_real_house_reads_along_and_looks(
    core: Core, registered: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Film, sandbox, network and shelf are real: the shadow's numbers are the installed model's, for the network is the same; then the worker's own look is written down."""
    registered(f"rollout start {KEY} --site west --as m-engineer --only pneumothorax --reason trying")
    settings = load_settings(quiet_period_s=0.0, site="west")
    with build_sandbox(settings) as sandbox:
        incoming = core.files.receive()
        incoming.write(film(5, side=512))
        build_reception(replace(core, settings=settings), sandbox).receive([incoming], "test")
    worker, _ = build_worker(settings)
    while worker.run_one():
        pass
    worker.pipeline.decoder.close()  # type: ignore[attr-defined]
    with core.database.begin(write=False) as unit:
        (study,) = [each for each in unit.studies() if each.traits.site == "west"]
        (read,), analysis = unit.shadow_reads(study.study_key), unit.analysis(study.study_key)
    assert analysis is not None
    assert (read.model_key, analysis.model.version) == (KEY, load_bundle(BUNDLED).identity.version)
    assert [each.raw_score for each in read.findings] == [each.raw_score for each in analysis.findings]
    stop = threading.Event()
    monkeypatch.setattr("wetread.bootstrap_models._PAUSE_S", 0.01)
    watch_rollouts(
        load_settings(rollout_evaluate_every_h=0), core.database, core.vault, core.clock, stop
    )  # never: returns at once
    looking = threading.Thread(target=watch_rollouts, args=(settings, core.database, core.vault, core.clock, stop))
    looking.start()
    until = time.monotonic() + 60
    while not (looks := _looks(core)) and time.monotonic() < until:
        stop.wait(0.05)
    stop.set()
    looking.join()
    assert [each.left_out for each in looks] == [(("not signed yet", 1),)]
    registered(f"rollout rollback {KEY} --site west --as q-lee --reason tried")


def _looks(core: Core) -> tuple[RolloutDecision, ...]:
    with core.database.begin(write=False) as unit:
        return unit.decisions(KEY, "west")
