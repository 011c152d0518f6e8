from pathlib import Path

import pytest

from wetread.bootstrap import build_drafter
from wetread.domain.errors import PermanentError
from wetread.rpc.rehearsal import example_request
from wetread.settings import SettingsError, load_settings
from wetread.settings_explained import explain


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WETREAD_CONFIG", raising=False)


def _file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "wetread.toml"
    path.write_text(text)
    return path


def test_the_command_line_beats_the_environment_which_beats_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = _file(tmp_path, "port = 1000\nworkers = 3\nsite = 'north'")
    monkeypatch.setenv("WETREAD_PORT", "2000")
    monkeypatch.setenv("WETREAD_WORKERS", "4")
    settings = load_settings(config, port=3000)
    assert (settings.port, settings.workers, settings.site) == (3000, 4, "north")


def test_each_value_names_its_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = _file(tmp_path, "site = 'north'")
    monkeypatch.setenv("WETREAD_WORKERS", "4")
    sources = {row.name: row.source for row in explain(load_settings(config), config)}
    assert (sources["site"], sources["workers"], sources["port"]) == ("file", "environment WETREAD_WORKERS", "default")


def test_secrets_are_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WETREAD_DATABASE_URL", "postgresql://u:hunter2@db/w")
    rows = explain(load_settings())
    assert {row.name: row.value for row in rows}["database_url"] == "********"
    assert "hunter2" not in repr(rows) + repr(load_settings())


@pytest.mark.parametrize("text", ["prot = 1", "port = 'many'", "port = 70000", "port = [", "log_level = 'loud'"])
def test_a_wrong_file_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError):
        load_settings(_file(tmp_path, text))


def test_an_unknown_variable_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WETREAD_PROT", "1")
    with pytest.raises(SettingsError, match="WETREAD_PROT"):
        load_settings()


def test_callers_and_remotes_are_parsed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WETREAD_DIMSE_CALLERS", "CT1@10.0.0.5, PACS")
    monkeypatch.setenv("WETREAD_DIMSE_QUERIERS", "VIEWER@10.0.0.6")
    monkeypatch.setenv("WETREAD_DIMSE_DESTINATIONS", "VIEWER@10.0.0.6:11113, PACS@pacs.example:104")
    monkeypatch.setenv("WETREAD_CSTORE_SINK", "PACS@pacs.example:104")
    settings = load_settings()
    assert [(c.ae_title, c.address) for c in settings.dimse_queriers] == [("VIEWER", "10.0.0.6")]
    assert [(d.ae_title, d.host, d.port) for d in settings.dimse_destinations] == [
        ("VIEWER", "10.0.0.6", 11113),
        ("PACS", "pacs.example", 104),
    ]
    assert [(c.ae_title, c.address) for c in settings.dimse_callers] == [("CT1", "10.0.0.5"), ("PACS", "")]
    assert settings.cstore_sink is not None
    assert (settings.cstore_sink.ae_title, settings.cstore_sink.port) == ("PACS", 104)


def test_tables_and_lists_come_as_json_and_words_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WETREAD_PRIOR_FETCH", '{"most": 1}')
    monkeypatch.setenv("WETREAD_ARCHIVES", '[{"name": "pacs", "url": "https://pacs.example"}]')
    monkeypatch.setenv("WETREAD_DISPATCH", "null")
    monkeypatch.setenv("WETREAD_ALLOWED_HOSTS", "reading.example, ,10.0.0.1")
    monkeypatch.setenv("WETREAD_ORGANISATION", '["a name that looks like a list"]')
    settings = load_settings()
    assert (settings.prior_fetch.most, settings.archives[0].name, settings.dispatch) == (1, "pacs", None)
    assert settings.allowed_hosts == ("reading.example", "10.0.0.1")
    assert settings.organisation == '["a name that looks like a list"]'


def test_what_is_no_json_is_named_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WETREAD_ARCHIVES", "[{hunter2")
    with pytest.raises(SettingsError, match="archives") as refused:
        load_settings()
    assert "hunter2" not in str(refused.value)


def test_drafts_are_written_in_the_sites_style(tmp_path: Path) -> None:
    style = tmp_path / "style.toml"
    style.write_text('name = "north-1"\n')
    drafter = build_drafter(load_settings(drafting_style_file=style))
    assert drafter.draft(example_request()).composer == "grammar/2 (style north-1)"
    style.write_text("nmae = 'north-1'\n")
    with pytest.raises(PermanentError, match="nmae"):
        build_drafter(load_settings(drafting_style_file=style))


def test_a_secret_comes_from_a_file_that_the_environment_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "url").write_text("postgresql://wetread_work:pw@db/wetread\n")
    monkeypatch.setenv("WETREAD_DATABASE_URL_FILE", str(tmp_path / "url"))
    settings = load_settings(_file(tmp_path, "database_url = 'sqlite:///other.db'"))
    assert settings.resolved_database_url == "postgresql://wetread_work:pw@db/wetread"
    (shown,) = (row for row in explain(settings) if row.name == "database_url")
    assert (shown.value, shown.source) == ("********", "environment WETREAD_DATABASE_URL_FILE")


def test_a_secret_named_twice_or_not_to_be_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WETREAD_VAULT_URL_FILE", str(tmp_path / "gone"))
    with pytest.raises(SettingsError, match=r"WETREAD_VAULT_URL_FILE: .*gone cannot be read"):
        load_settings()
    monkeypatch.setenv("WETREAD_VAULT_URL", "sqlite:///vault.db")
    with pytest.raises(SettingsError, match="WETREAD_VAULT_URL and WETREAD_VAULT_URL_FILE are both set"):
        load_settings()


def test_only_secrets_come_from_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WETREAD_SITE_FILE", "/etc/hostname")
    with pytest.raises(SettingsError, match="WETREAD_SITE_FILE"):
        load_settings()
