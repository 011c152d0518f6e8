"""The settings that the docs show are settings; a wrong one is named without its value."""

import re
from pathlib import Path

import pytest

from wetread.bootstrap_sinks import build_sinks, sink_names
from wetread.delivery.breaker import Breaker
from wetread.settings import SettingsError, load_settings
from wetread.settings_explained import explain
from wetread.testing.clock import FixedClock

PAGE = Path(__file__).parents[3] / "docs" / "conformance-hl7-fhir.md"


def test_every_example_of_the_page_can_be_loaded(tmp_path: Path) -> None:
    for example in re.findall(r"```toml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL):
        (tmp_path / "wetread.toml").write_text(example, "utf-8")
        assert load_settings(tmp_path / "wetread.toml")


def test_the_receiver_is_a_sink_behind_a_breaker(tmp_path: Path) -> None:
    receiver = {"host": "engine", "tls": True}
    settings = load_settings(data_dir=tmp_path, hl7_sink=receiver)
    assert sink_names(settings) == ("folder", "hl7")
    sinks = build_sinks(settings, FixedClock().now, None)  # type: ignore[arg-type]
    assert list(sinks) == ["folder", "hl7"]
    assert isinstance(sinks["hl7"], Breaker)
    assert sinks["hl7"].name == "hl7"
    assert sink_names(load_settings(result_webhook={"url": "https://x.example/s3cret"})) == ("folder", "webhook")
    (shown,) = (row.value for row in explain(settings) if row.name == "hl7_sink")
    assert shown == "engine:2575 (TLS)"


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"host": ""},
        {"host": "x", "port": 0},
        {"host": "x", "character_set": "KOI8"},
        {"host": "x", "secret": "s3cret"},
    ],
)
def test_a_wrong_receiver_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(hl7_sink=wrong)
    assert "hl7_sink" in str(caught.value)
    assert "s3cret" not in str(caught.value)
