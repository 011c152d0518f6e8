"""The Redis that wakes workers: TLS, and no password where it could be read."""

from pathlib import Path

import pytest
from pydantic import ValidationError

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
