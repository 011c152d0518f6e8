"""Site macros: read as written, refused with the reason."""

from pathlib import Path

import pytest

from wetread.domain.errors import PermanentError
from wetread.signoff.macros import read_macros


def test_macros_are_read_in_order(tmp_path: Path) -> None:
    (tmp_path / "m.toml").write_text('[macros]\n".nl" = "The lungs are clear."\n".nh" = "Heart of normal size."\n')
    found = read_macros(tmp_path / "m.toml")
    assert list(found.items()) == [(".nl", "The lungs are clear."), (".nh", "Heart of normal size.")]


@pytest.mark.parametrize(
    "text", ['[macros]\nnl = "x"', '[macros]\n".nl" = ""', '[macros]\n".nl" = 1', "[other]", "macros = 1", "no toml"]
)
def test_what_is_no_macro_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "m.toml").write_text(text)
    with pytest.raises(PermanentError) as refused:
        read_macros(tmp_path / "m.toml")
    assert refused.value.code == "bad_macros"


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match=r"m\.toml"):
        read_macros(tmp_path / "m.toml")
