"""The numbers of live monitoring at the metrics endpoint, and the dashboard and alert rules that read them: checked by Prometheus' own tool, and against what the endpoint really says."""

import json
import re
import subprocess
from dataclasses import replace
from pathlib import Path

from builders_web import Browser, World

from wetread.domain.alarm import AlarmKind
from wetread.domain.quality import Number
from wetread.monitoring.measures import MEASURES
from wetread.monitoring.quality_rules import KINDS
from wetread.testing.critical_builders import an_alarm
from wetread.testing.quality_builders import a_blind_verdict, a_quality_cell, a_quality_report, a_tag_drift
from wetread.web.quality_metrics import MOST_SCANNERS, quality_metrics

DEPLOY = Path(__file__).parents[3] / "deploy"
RULES = DEPLOY / "prometheus" / "wetread-rules.yml"
DASHBOARD = DEPLOY / "grafana" / "wetread.json"


def promtool(*words: str, said: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["promtool", *words], input=said, capture_output=True, text=True, cwd=RULES.parent, timeout=60, check=False
    )


def scraped(world: World, door: Browser) -> str:
    numbers = tuple(Number(name, 40, 0.5, 0.4, 0.6) for name in MEASURES)
    with world.services.database.begin() as unit:
        unit.save_quality(a_quality_report(cells=(a_quality_cell(numbers=numbers),), blind=(a_blind_verdict(),)))
        unit.save_alarm(an_alarm())
        unit.commit()
    return door.get("/metrics").body.decode()


def test_the_endpoint_says_every_number_with_its_n_and_interval(world: World, door: Browser) -> None:
    said = scraped(world, door)
    place = 'site="north",scanner="Acme P1",finding="effusion",model="phantom-net 1.0.0"'
    for name in MEASURES:
        assert f'wetread_quality_cases{{{place},measure="{name}"}} 40' in said
    assert f'wetread_quality_sensitivity{{{place},bound="low"}} 0.4' in said
    assert f'wetread_quality_turnaround_seconds{{{place},group="missed",bound="point"}} 30' in said
    assert f'wetread_quality_turnaround_delta_seconds{{{place},bound="low"}} 24' in said
    assert "wetread_quality_signed_studies 240" in said
    assert said.endswith("# EOF\n")


def test_the_films_tags_are_said_by_site_and_model(world: World, door: Browser) -> None:
    said = scraped(world, door)
    place = 'site="north",model="phantom-net 1.0.0",tag="view"'
    assert f"wetread_quality_tag_distance{{{place}}} 0.2\n" in said
    assert f"wetread_quality_tag_p{{{place}}} 4.4e-07\n" in said
    assert f"wetread_quality_tag_cases{{{place}}} 220\n" in said
    unsaid = quality_metrics(a_quality_report(tags=(a_tag_drift(distance=None, statistic=None, p=None),)))
    assert not any(each.startswith(("wetread_quality_tag_distance{", "wetread_quality_tag_p{")) for each in unsaid)
    assert f"wetread_quality_tag_cases{{{place}}} 220" in unsaid


def test_adjudicated_numbers_are_a_family_of_their_own_with_their_round(world: World, door: Browser) -> None:
    said = scraped(world, door)
    place = 'site="north",scanner="Acme P1",finding="effusion",model="phantom-net 1.0.0",round="2026-q1"'
    assert f'wetread_quality_adjudicated_sensitivity{{{place},bound="low"}} 0.55\n' in said
    assert f'wetread_quality_adjudicated_specificity{{{place},bound="point"}} 0.88\n' in said
    assert f'wetread_quality_adjudicated_cases{{{place},measure="sensitivity"}} 35\n' in said


def test_the_films_look_is_said_by_site_and_model(world: World, door: Browser) -> None:
    said = scraped(world, door)
    place = 'site="north",model="phantom-net 1.0.0"'
    assert f"wetread_quality_films_auroc{{{place}}} 0.66\n" in said
    assert f"wetread_quality_films_p{{{place}}} 0.001\n" in said
    assert f"wetread_quality_films_cases{{{place}}} 210\n" in said


def test_prometheus_own_tool_finds_nothing_wrong(world: World, door: Browser) -> None:
    checked = promtool("check", "metrics", said=scraped(world, door))
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


def test_what_is_not_said_is_absent_and_before_the_first_round_all_is() -> None:
    lines = quality_metrics(a_quality_report())
    assert not any(each.startswith("wetread_quality_ece{") for each in lines)
    assert any('measure="ece"' in each for each in lines)
    assert quality_metrics(None) == []


def test_scanners_are_bounded_and_no_two_lines_share_their_labels() -> None:
    cell = a_quality_cell()
    many = [replace(cell, key=replace(cell.key, scanner=f"S{n}"), studies=100 + n) for n in range(MOST_SCANNERS + 5)]
    long = [replace(cell, key=replace(cell.key, scanner="x" * 500 + end), studies=900) for end in ("a", "b")]
    lines = [each for each in quality_metrics(a_quality_report(cells=(*many, *long))) if not each.startswith("#")]
    assert "wetread_quality_scanners_left_out 7" in lines
    assert not any('scanner="S0"' in each for each in lines)
    series = [each.rpartition(" ")[0] for each in lines]
    assert len(series) == len(set(series))
    assert max(map(len, lines)) < 500


def test_the_alert_rules_pass_prometheus_own_checks_and_their_tests() -> None:
    checked = promtool("check", "rules", RULES.name)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    tried = promtool("test", "rules", "wetread-rules.test.yml")
    assert tried.returncode == 0, tried.stdout + tried.stderr
    named = re.findall(r"- alert: (\w+)", RULES.read_text("utf-8"))
    tested = (DEPLOY / "prometheus" / "wetread-rules.test.yml").read_text("utf-8")
    assert all(tested.count(f"alertname: {each}") >= 2 for each in named)


def test_every_kind_of_alarm_rings_by_a_rule() -> None:
    asked = re.findall(r'wetread_alarms\{kind=~"([^"]+)"', RULES.read_text("utf-8"))
    by_their_own_metric = {AlarmKind.CRITICAL_OVERDUE, AlarmKind.DEAD_LETTERS}
    silent = [each for each in AlarmKind if not any(re.fullmatch(kinds, each) for kinds in asked)]
    assert set(silent) == by_their_own_metric


def test_every_metric_that_dashboard_and_rules_name_is_there(world: World, door: Browser) -> None:
    there = set(re.findall(r"^# TYPE (\w+)", scraped(world, door), re.MULTILINE))
    for file in (RULES, DASHBOARD):
        named = set(re.findall(r"\bwetread_\w+", file.read_text("utf-8")))
        assert named
        assert named <= there, named - there


def test_every_label_that_the_dashboard_asks_for_is_there(world: World, door: Browser) -> None:
    said = scraped(world, door)
    dashboard = json.loads(DASHBOARD.read_text("utf-8"))
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
    for expression in asked:
        for metric, labels in re.findall(r"(wetread_\w+)\{([^}]*)\}", expression):
            (sample, *_) = re.findall(rf"^{metric}\{{([^}}]*)\}}", said, re.MULTILINE)
            assert set(re.findall(r"(\w+)=~?", labels)) <= set(re.findall(r"(\w+)=", sample)), expression
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])


def test_every_quality_alarm_is_forwarded() -> None:
    rules = RULES.read_text("utf-8")
    assert all(kind.value in rules for kind in KINDS)
    kinds = set(re.findall(r"[a-z_]{6,}", " ".join(re.findall(r'kind=~"([^"]+)"', rules))))
    assert kinds - {"nothing_"} <= {each.value for each in AlarmKind}


def test_a_new_round_is_said_at_once(world: World, door: Browser) -> None:
    for studies in (240, 241):
        with world.services.database.begin() as unit:
            unit.save_quality(a_quality_report(studies=studies))
            unit.commit()
        for _ in range(2):
            assert f"wetread_quality_signed_studies {studies}" in door.get("/metrics").body.decode()
