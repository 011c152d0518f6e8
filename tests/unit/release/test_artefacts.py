"""A release is checked by our verifier and by OpenSSL alone; whatever somebody does to it is named."""

import os
import subprocess
from pathlib import Path

import pytest
from release import artefacts


@pytest.fixture
def key(tmp_path: Path) -> Path:
    assert artefacts.main(["keygen", str(tmp_path / "release.key")]) == 0
    return tmp_path / "release.key"


@pytest.fixture
def folder(tmp_path: Path, key: Path) -> Path:
    made = tmp_path / "dist"
    made.mkdir()
    for name in ("wetread-0.1.0.tar.gz", "wetread-0.1.0-cp311-abi3-linux_x86_64.whl", "wetread.cdx.json"):
        (made / name).write_bytes(name.encode() * 1000)
    assert artefacts.main(["sign", str(made), "--key", str(key)]) == 0
    return made


def verified(folder: Path, key: Path) -> int:
    return artefacts.main(["verify", str(folder), "--public-key", f"{key}.pub"])


def test_a_release_as_signed_holds(folder: Path, key: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert verified(folder, key) == 0
    assert "3 files are as they were signed" in capsys.readouterr().out
    assert os.stat(key).st_mode & 0o777 == 0o600  # noqa: PTH116


@pytest.mark.parametrize("how", ["was changed", "is missing", "was not signed"])
def test_what_was_done_to_a_file_is_named(
    folder: Path, key: Path, how: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = folder / ("wetread-0.1.0.tar.gz" if how != "was not signed" else "extra.whl")
    if how == "is missing":
        file.unlink()
    else:
        file.write_bytes(b"another")
    assert verified(folder, key) == 1
    told = capsys.readouterr()
    assert f"{file.name} {how}" in told.err
    assert f"{3 if how == 'was not signed' else 2} of 3 files are as they were signed" in told.out


def test_sums_and_key_of_somebody_else_are_not_believed(folder: Path, key: Path, tmp_path: Path) -> None:
    stranger = tmp_path / "stranger.key"
    artefacts.main(["keygen", str(stranger)])
    assert verified(folder, stranger) == 1
    sums = folder / artefacts.SUMS
    sums.write_bytes(sums.read_bytes().replace(b"a", b"b", 1))
    assert verified(folder, key) == 1


def test_a_key_is_never_written_over(key: Path) -> None:
    before = key.read_bytes()
    with pytest.raises(FileExistsError):
        artefacts.main(["keygen", str(key)])
    assert key.read_bytes() == before


def test_openssl_and_coreutils_say_the_same(folder: Path, key: Path) -> None:
    """The two commands of docs/security.md."""
    public = ["-pubin", "-inkey", f"{key}.pub", "-rawin", "-in", artefacts.SUMS, "-sigfile", artefacts.SIGNATURE]
    signature = ["openssl", "pkeyutl", "-verify", *public]
    files = ["sha256sum", "--check", "--strict", artefacts.SUMS]
    assert [
        subprocess.run(each, cwd=folder, capture_output=True, check=False).returncode for each in (signature, files)
    ] == [0, 0]
    (folder / artefacts.SUMS).write_bytes(b"")
    assert subprocess.run(signature, cwd=folder, capture_output=True, check=False).returncode == 1
