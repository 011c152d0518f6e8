"""The Redis that wakes workers: TLS, and no password where it could be read."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from wetread.bootstrap_dispatch import build_dispatcher, dispatch_state
from wetread.ports.dispatcher import DispatchState, Wake
from wetread.settings import Settings
from wetread.settings_dispatch import DispatchSettings


@pytest.mark.parametrize("url", ["redis://queue.example:6379/0", "redis://u:secret@127.0.0.1", "http://127.0.0.1"])
def test_a_plain_redis_elsewhere_and_a_password_in_the_url_are_refused(url: str) -> None:
    with pytest.raises(ValidationError) as refused:
        DispatchSettings(url=url)
    assert "secret" not in str(refused.value)


def test_what_is_taken_and_shown(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("open sesame\n")
    chosen = DispatchSettings(url="rediss://wetread@queue.example:6380/1", password_file=file)
    assert (chosen.resolved_password, str(chosen)) == ("open sesame", "redis at queue.example")
    assert DispatchSettings(url="redis://127.0.0.1:6379")
    assert DispatchSettings(url="redis://queue.example", allow_plain=True)


def test_without_redis_nothing_is_counted_that_workers_in_other_processes_cannot_hear() -> None:
    settings = Settings()
    bell = build_dispatcher(settings)
    bell.announce([Wake(1, 0)])
    assert bell.state().waiting == 1
    assert dispatch_state(settings, bell) == DispatchState("embedded", up=True, waiting=None, pending=None)
