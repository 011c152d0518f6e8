"""The settings of a worklist manager elsewhere."""

from pathlib import Path

import pytest

from wetread.settings import SettingsError
from wetread.settings_ups import UpsManagerSettings


@pytest.mark.parametrize("content", [None, b"Bearer \xff"])
def test_an_authorization_that_cannot_be_read_is_a_setting_that_is_wrong(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "authorization"
    if content:
        file.write_bytes(content)
    manager = UpsManagerSettings(url="https://ris.example/dicom-web", authorization_file=file)
    with pytest.raises(SettingsError, match="authorization"):
        _ = manager.resolved_authorization
    file.write_text("Bearer abc\n")
    assert manager.resolved_authorization == "Bearer abc"
