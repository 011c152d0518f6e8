"""`wetread model sign BUNDLE --key private.pem` and `wetread model keygen OUT`: say who made a bundle."""

import argparse
import json
import os
from pathlib import Path

from wetread.domain.errors import PermanentError
from wetread.inference.bundle import load_bundle
from wetread.inference.bundle_signature import new_key_pair, read_private_key, sign

__all__ = ["keygen", "sign_bundle"]


def sign_bundle(argv: list[str]) -> int:
    """`wetread model sign`."""
    parser = argparse.ArgumentParser(prog="wetread model sign", description="Sign a bundle; replaces a signature.")
    parser.add_argument("bundle", type=Path, help="bundle folder")
    parser.add_argument("--key", type=Path, required=True, help="private key (PEM) from `wetread model keygen`")
    args = parser.parse_args(argv)
    bundle: Path = args.bundle
    if not bundle.is_dir():
        raise PermanentError("only a bundle folder can be signed: unpack the zip first", code="bad_bundle")
    load_bundle(bundle)  # nobody should put a name under a bundle that does not load
    file = bundle / "bundle.json"
    signed = sign(json.loads(file.read_text("utf-8")), read_private_key(args.key))
    fresh = file.with_suffix(".json.new")
    fresh.write_text(json.dumps(signed, indent=1) + "\n", "utf-8")
    fresh.replace(file)
    print(f"{bundle.name}: {load_bundle(bundle).signature}")
    return 0


def keygen(argv: list[str]) -> int:
    """`wetread model keygen`."""
    parser = argparse.ArgumentParser(prog="wetread model keygen", description="Make an Ed25519 key pair.")
    parser.add_argument("out", type=Path, help="private key; the public one goes beside it as NAME.pub.pem")
    out: Path = parser.parse_args(argv).out
    public_out = out.with_suffix(".pub.pem")
    taken = [file.name for file in (out, public_out) if file.exists()]
    if taken:
        raise PermanentError(f"{', '.join(taken)} exists: keys are never overwritten", code="bad_key")
    private, public = new_key_pair()
    _write_new(out, private, 0o600)
    _write_new(public_out, public, 0o644)
    print(f"{out}: private key, keep it secret\n{public_out}: public key, for those who load your bundles")
    return 0


def _write_new(file: Path, content: bytes, mode: int) -> None:
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as out:
        out.write(content)
