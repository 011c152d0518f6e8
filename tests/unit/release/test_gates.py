"""What the gates let through and what they stop; an acceptance needs a reason and ends when nothing needs it."""

from datetime import date

import pytest
from release import advisories, bandit_gate

FOUND = {"src/a.py": [("B602", 7, "a shell")], "src/b.py": [("B311", 1, "random"), ("B311", 9, "random")]}
TODAY = date(2026, 11, 29)


def test_what_bandit_finds_stops_unless_a_reason_is_given() -> None:
    assert bandit_gate.judge(FOUND, {"B311": {"*": "no secrets"}}) == ["src/a.py:7: B602 a shell"]
    everything = {"B311": {"*": "no secrets"}, "B602": {"src/a.py": "a constant"}}
    assert bandit_gate.judge(FOUND, everything) == []
    assert bandit_gate.judge(FOUND, {**everything, "B602": {"src/a.py": " "}}) == ["src/a.py:7: B602 a shell"]


def test_an_acceptance_that_nothing_needs_fails() -> None:
    (wrong,) = bandit_gate.judge({}, {"B602": {"src/a.py": "a constant"}})
    assert wrong == "bandit_accepted.toml: nothing needs [B602] src/a.py any more"


def test_bandit_really_looks(tmp_path: object) -> None:
    assert "B602" in {
        test for each in bandit_gate.ask_bandit(["tests/unit/release/badly.txt"]).values() for test, *_ in each
    }


def a_package(*ids: str) -> dict[str, object]:
    return {"name": "lib", "version": "1", "vulns": [{"id": each, "fix_versions": ["2"]} for each in ids]}


@pytest.mark.parametrize(
    ("ignored", "stops"),
    [
        ({}, True),
        ({"CVE-1": {"reason": "not called", "until": "2026-11-29"}}, False),
        ({"CVE-1": {"reason": "not called", "until": "2026-11-28"}}, True),
        ({"CVE-1": {"reason": "not called"}}, True),
        ({"CVE-1": {"reason": " ", "until": "2027-01-01"}}, True),
    ],
)
def test_an_advisory_is_ignored_with_a_reason_until_a_day(ignored: dict[str, dict[str, str]], stops: bool) -> None:
    wrong, unasked = advisories.judge([a_package("CVE-1")], ignored, TODAY)
    assert (wrong, unasked) == (["lib 1: CVE-1, mended in 2"] if stops else [], [])


def test_what_is_ignored_for_nothing_fails() -> None:
    wrong, _ = advisories.judge(
        [a_package("CVE-1")], {"CVE-1": {"reason": "x", "until": "2027-01-01"}, "CVE-2": {}}, TODAY
    )
    assert wrong == ["advisories.toml: CVE-2 is of nothing that is pinned here any more"]


@pytest.mark.parametrize(("report", "said"), [(None, "NOT CHECKED: no package index"), ([{"name": "lib", "skip_reason": "unknown"}], "NOT CHECKED for 1 of 1")])  # fmt: skip
def test_not_asked_is_not_clean(
    report: list[dict[str, object]] | None,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(advisories, "ask", lambda: report)
    assert (advisories.main([]), advisories.main(["--require"])) == (0, 1)
    told = capsys.readouterr()
    assert said in told.err
    assert "no unanswered advisory" not in told.out
