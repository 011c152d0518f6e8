"""A key is made once, by a new installation alone, and never made anew over what was made with it."""

import re
import stat
import tomllib
from multiprocessing import get_context
from pathlib import Path

import pytest

from wetread.bootstrap_keys import audit_key, own_keys, pseudonym_key, second_factor_key
from wetread.checkpoints.note import read_private_key
from wetread.domain.errors import PermanentError
from wetread.settings import Settings
from wetread.settings_keys import key_from


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data")


def test_a_new_installation_makes_each_for_its_owner_only(settings: Settings) -> None:
    for own in own_keys(settings):
        assert own.key() == own.key() == own.file.read_bytes()
        assert stat.S_IMODE(own.file.stat().st_mode) == 0o600
        (seen,) = own.seen()
        assert seen.fingerprint == own.fingerprint(own.key())
        assert own.key() not in own.seen_file.read_bytes()
    assert read_private_key(audit_key(settings).key(), "")


def test_processes_that_start_at_once_have_the_same_key(settings: Settings) -> None:
    context = get_context("fork")
    at_once, answers = context.Barrier(6), context.Queue()

    def begin() -> None:
        at_once.wait()
        answers.put(pseudonym_key(settings).key())

    children = [context.Process(target=begin) for _ in range(6)]
    for each in children:
        each.start()
    assert {answers.get() for _ in children} == {pseudonym_key(settings).key()}
    for each in children:
        each.join()


def test_one_that_was_used_is_not_made_again(settings: Settings) -> None:
    for own in own_keys(settings):
        own.key()
        own.file.unlink()
        with pytest.raises(PermanentError, match="restore it from a backup") as refused:
            own.key()
        assert refused.value.code == "key_missing"
        assert str(own.file) in str(refused.value)
        assert not own.file.exists()


@pytest.mark.parametrize("made_with", [pseudonym_key, audit_key, second_factor_key])
def test_another_in_its_place_is_refused_by_fingerprint(settings: Settings, made_with: object, tmp_path: Path) -> None:
    own = made_with(settings)  # type: ignore[operator]
    key = own.key()
    own.file.write_bytes(made_with(Settings(data_dir=tmp_path / "other")).key())  # type: ignore[operator]
    with pytest.raises(PermanentError, match="is not the one") as refused:
        own.key()
    assert refused.value.code == "other_key"
    assert own.fingerprint(key) in str(refused.value)


def test_a_named_source_is_never_made_up(settings: Settings, tmp_path: Path) -> None:
    mounted = tmp_path / "secrets" / "pseudonym"
    named = settings.model_copy(update={"pseudonym_key": key_from(f"file:{mounted}")})
    with pytest.raises(PermanentError, match="missing") as refused:
        pseudonym_key(named).key()
    assert (refused.value.code, str(mounted) in str(refused.value), mounted.parent.exists()) == ("no_key", True, False)
    mounted.parent.mkdir()
    mounted.write_bytes(bytes(32))
    mounted.chmod(0o400)
    assert pseudonym_key(named).key() == bytes(32)
    assert not (named.data_dir / "vault" / "pseudonym.key").exists()


def test_where_none_can_be_made_that_is_said(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("wetread.keys.own_key.write_once", full)
    with pytest.raises(PermanentError, match="No space left") as refused:
        pseudonym_key(settings).key()
    assert "pseudonym_key" in str(refused.value)


@pytest.mark.parametrize(
    "text",
    ["a2V5a2V5a2V5", "env:", "env:A B", "env:WETREAD_KEY", "file:", "command:", "command:'open", "vault:x", "0" * 64],
)
def test_a_setting_that_is_no_source_is_refused_without_being_quoted(text: str) -> None:
    with pytest.raises(ValueError, match=r"file:PATH|quotation") as refused:
        key_from(text)
    assert len(text) < 9 or text not in str(refused.value)


def test_the_words_of_a_program_are_not_shown() -> None:
    named = key_from("command:vault read -field=key 'secret/we tread'")
    assert named.words == ("vault", "read", "-field=key", "secret/we tread")
    assert str(named) == "command:vault ..."


def test_the_sources_in_the_docs_are_read() -> None:
    page = (Path(__file__).parents[3] / "docs" / "security.md").read_text("utf-8")
    (example,) = re.findall(r"```toml\n(pseudonym_key.*?)```", page, flags=re.S)
    settings = Settings.model_validate(tomllib.loads(example))
    assert [str(each.source) for each in own_keys(settings)] == [
        "file /run/secrets/wetread-pseudonym",
        "command sops",
        "environment variable SECOND_FACTOR_OF_WETREAD",
    ]
