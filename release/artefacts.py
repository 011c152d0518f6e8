"""Makes a release that can be checked without us: wheel, source, bill of materials, SHA256SUMS over them, and an Ed25519 signature (RFC 8032) of SHA256SUMS.

artefacts.py keygen KEY             a new key (PEM, readable by its owner only); its public half goes beside it as KEY.pub
artefacts.py build FOLDER           wheel, sdist and bill of materials
artefacts.py sign FOLDER --key KEY
artefacts.py verify FOLDER --public-key PUB

`verify` needs Python and `cryptography`, no network and nothing of wetread. OpenSSL 3 and coreutils do the same: see docs/security.md.
"""

import argparse
import os
import subprocess
import sys
from hashlib import file_digest
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ROOT = Path(__file__).parents[1]
SUMS, SIGNATURE = "SHA256SUMS", "SHA256SUMS.sig"


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("act", choices=("keygen", "build", "sign", "verify"))
    parser.add_argument("where", type=Path)
    parser.add_argument("--key", type=Path)
    parser.add_argument("--public-key", type=Path)
    args = parser.parse_args(argv)
    if args.act == "keygen":
        return keygen(args.where)
    if args.act == "build":
        return build(args.where)
    if args.act == "sign" and args.key:
        return sign(args.where, args.key)
    if args.act == "verify" and args.public_key:
        return verify(args.where, args.public_key)
    return parser.error(f"{args.act} needs {'--key' if args.act == 'sign' else '--public-key'}")


def keygen(file: Path) -> int:
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(private)
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    Path(f"{file}.pub").write_bytes(public)
    print(f"{file}: keep it off the machines that build; {file}.pub goes to whoever installs")
    return 0


def build(folder: Path) -> int:
    """Into a folder that is not there yet, so that nothing old is signed with it."""
    folder.mkdir(parents=True)
    made = f"from setuptools import build_meta as b; b.build_sdist({str(folder)!r}); b.build_wheel({str(folder)!r})"
    subprocess.run([sys.executable, "-c", made], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(
        [sys.executable, "-P", str(ROOT / "release" / "sbom.py"), str(folder / "wetread.cdx.json")], check=True
    )
    print("\n".join(sorted(each.name for each in folder.iterdir())))
    return 0


def sign(folder: Path, key_file: Path) -> int:
    key = serialization.load_pem_private_key(key_file.read_bytes(), None)
    if not isinstance(key, Ed25519PrivateKey):
        print(f"{key_file} is no Ed25519 key", file=sys.stderr)
        return 1
    files = _signed(folder)
    sums = "".join(f"{_digest(each)}  {each.name}\n" for each in files).encode()
    (folder / SUMS).write_bytes(sums)
    (folder / SIGNATURE).write_bytes(key.sign(sums))
    print(f"{folder / SUMS}: {len(files)} files signed")
    return 0


def verify(folder: Path, public_file: Path) -> int:
    """0 when the signature is this key's and every file is there, unchanged, and none besides."""
    public = serialization.load_pem_public_key(public_file.read_bytes())
    sums = (folder / SUMS).read_bytes()
    try:
        if not isinstance(public, Ed25519PublicKey):
            raise InvalidSignature
        public.verify((folder / SIGNATURE).read_bytes(), sums)
    except InvalidSignature:
        print("NOT SIGNED by this key: use nothing of it", file=sys.stderr)
        return 1
    named = {name: digest for digest, _, name in (line.partition("  ") for line in sums.decode().splitlines())}
    held = {each.name: _digest(each) for each in _signed(folder)}
    wrong = sorted(name for name in named.keys() | held.keys() if named.get(name) != held.get(name))
    for name in wrong:
        how = "is missing" if name not in held else "was not signed" if name not in named else "was changed"
        print(f"{name} {how}", file=sys.stderr)
    held_up = f"{len(named.keys() - set(wrong))} of " if wrong else ""
    print(f"{held_up}{len(named)} files are as they were signed")
    return 1 if wrong else 0


def _signed(folder: Path) -> list[Path]:
    return sorted(each for each in folder.iterdir() if each.is_file() and each.name not in (SUMS, SIGNATURE))


def _digest(file: Path) -> str:
    with file.open("rb") as content:
        return file_digest(content, "sha256").hexdigest()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
