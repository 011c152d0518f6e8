import json
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.inference.test_bundle import write_bundle

from wetread.cli.model import run
from wetread.domain.errors import PermanentError
from wetread.inference.bundle import BUNDLED, load_bundle
from wetread.inference.bundle_signature import (
    Signer,
    TrustedKey,
    new_key_pair,
    read_private_key,
    read_trusted_keys,
    sign,
    verify,
)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of trusted keys with one maker's public key, and `maker.key` beside it."""
    folder = tmp_path_factory.mktemp("keys")
    private, public = new_key_pair()
    (folder / "maker.pem").write_bytes(public)
    (folder / "maker.key").write_bytes(private)
    return folder


def signed_bundle(folder: Path, keys: Path, **changes: object) -> Path:
    run(["sign", str(write_bundle(folder, **changes)), "--key", str(keys / "maker.key")])
    return folder


def _refused(path: Path, keys: Path, told: str = "bundle") -> None:
    with pytest.raises(PermanentError, match=told) as refusal:
        load_bundle(path, trusted_keys_dir=keys, require_signature=True)
    assert refusal.value.code == "bad_bundle"


def test_a_signed_bundle_names_its_trusted_signer(tmp_path: Path, keys: Path) -> None:
    bundle = load_bundle(signed_bundle(tmp_path / "b", keys), trusted_keys_dir=keys, require_signature=True)
    assert bundle.signature.signer is Signer.TRUSTED
    assert bundle.signature.key_name == "maker"


def test_an_unknown_signer_loads_only_where_signatures_are_not_required(tmp_path: Path, keys: Path) -> None:
    folder = signed_bundle(tmp_path / "b", keys)
    assert load_bundle(folder).signature.signer is Signer.UNKNOWN
    _refused(folder, tmp_path / "no keys here", "not trusted")


@pytest.mark.parametrize("changes", [{}, {"signature": {"algorithm": "none", "note": "x"}}])
def test_an_unsigned_bundle_is_refused_where_signatures_are_required(
    tmp_path: Path, keys: Path, changes: dict[str, object]
) -> None:
    folder = write_bundle(tmp_path / "b", **changes)
    assert load_bundle(folder).signature.signer is Signer.NOBODY
    _refused(folder, keys, "unsigned")


def test_any_flipped_byte_of_the_document_is_refused(tmp_path: Path, keys: Path) -> None:
    """Every byte, where the flip changes what is said: white space that stays white space says nothing."""
    document = json.loads((signed_bundle(tmp_path / "b", keys) / "bundle.json").read_text())
    compact = json.dumps(document, separators=(",", ":")).encode()
    trusted = read_trusted_keys(keys)
    assert verify(json.loads(compact), trusted).signer is Signer.TRUSTED
    for place in range(len(compact)):
        flipped = bytearray(compact)
        flipped[place] ^= 1
        try:
            changed = json.loads(flipped)
            state = verify(changed, trusted) if isinstance(changed, dict) else None
        except (ValueError, PermanentError):
            continue
        assert state is None or state.signer is not Signer.TRUSTED, f"byte {place}"


@pytest.mark.parametrize("place", [0, 10, 19])
def test_a_flipped_byte_of_the_network_is_refused(tmp_path: Path, keys: Path, place: int) -> None:
    folder = signed_bundle(tmp_path / "b", keys)
    network = bytearray((folder / "model.onnx").read_bytes())
    network[place] ^= 1
    (folder / "model.onnx").write_bytes(network)
    _refused(folder, keys, "sha256 differs")


def test_a_broken_signature_is_refused_even_where_none_is_required(tmp_path: Path, keys: Path) -> None:
    folder = signed_bundle(tmp_path / "b", keys)
    document = json.loads((folder / "bundle.json").read_text())
    (folder / "bundle.json").write_text(json.dumps({**document, "intended_use": "anything"}))
    with pytest.raises(PermanentError, match="it belongs to other content"):
        load_bundle(folder)


def test_a_signature_copied_to_another_bundle_fails(tmp_path: Path, keys: Path) -> None:
    signature = json.loads((signed_bundle(tmp_path / "a", keys) / "bundle.json").read_text())["signature"]
    _refused(write_bundle(tmp_path / "b", version="1.2.4", signature=signature), keys, "does not hold")


def test_the_order_of_keys_and_white_space_do_not_count(tmp_path: Path, keys: Path) -> None:
    folder = signed_bundle(tmp_path / "b", keys)
    document = json.loads((folder / "bundle.json").read_text())
    (folder / "bundle.json").write_text(json.dumps(dict(reversed(document.items())), indent=7))
    assert load_bundle(folder, trusted_keys_dir=keys).signature.signer is Signer.TRUSTED


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.text(), json_values, max_size=4))
def test_a_signature_survives_writing_and_reading(keys: Path, document: dict[str, object]) -> None:
    signed = sign(document, read_private_key(keys / "maker.key"))
    assert verify(json.loads(json.dumps(signed)), read_trusted_keys(keys)).signer is Signer.TRUSTED
    assert verify(signed, [TrustedKey("other", bytes(32))]).signer is Signer.UNKNOWN


def test_a_new_private_key_is_for_its_owner_only_and_never_overwritten(tmp_path: Path) -> None:
    out = tmp_path / "site.pem"
    run(["keygen", str(out)])
    before = out.read_bytes()
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    with pytest.raises(PermanentError, match="never overwritten"):
        run(["keygen", str(out)])
    out.unlink()
    with pytest.raises(PermanentError, match="never overwritten"):
        run(["keygen", str(out)])
    assert b"PRIVATE" in before


def test_a_private_key_is_no_trusted_key(tmp_path: Path) -> None:
    (tmp_path / "slip.pem").write_bytes(new_key_pair()[0])
    with pytest.raises(PermanentError, match=r"slip\.pem"):
        read_trusted_keys(tmp_path)


def test_verify_prints_who_signed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["verify"])
    assert "signature: signed by the trusted key wetread-" in capsys.readouterr().out
    bundle = shutil.copytree(BUNDLED, tmp_path / "b")
    document = json.loads((bundle / "bundle.json").read_text())
    (bundle / "bundle.json").write_text(json.dumps({**document, "signature": {"algorithm": "none"}}))
    run(["verify", str(bundle)])
    assert "signature: unsigned" in capsys.readouterr().out


def test_an_unsigned_bundle_costs_no_cryptography(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "b")
    code = (
        "import sys; from pathlib import Path; from wetread.inference.bundle import load_bundle; "
        f"load_bundle(Path({str(folder)!r})); print('cryptography' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "False"
