"""`wetread conformance check NEIGHBOUR`: what an archive or another system can do, found by asking it."""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from wetread.dicom.ae_probe import probe_ae
from wetread.dicom.dicomweb_exchange import DicomwebExchange
from wetread.dicom.dicomweb_probe import probe_dicomweb
from wetread.dicom.remote_ae import RemoteAe
from wetread.domain.capability import Capability, Verdict
from wetread.domain.errors import PermanentError
from wetread.settings_dimse import Remote

__all__ = ["as_they_come", "run", "tell"]


def run(argv: list[str]) -> int:
    parser = ArgumentParser(
        prog="wetread conformance",
        description="Ask a DICOM neighbour what it can do. Nothing there is changed and nothing of a patient is printed.",
    )
    parser.add_argument("act", choices=("check",), help="try everything, one after the other")
    parser.add_argument("neighbour", help="a DICOMweb base URL, or AE@host:port")
    parser.add_argument("--calling", default="WETREAD", metavar="AE", help="our AE title (WETREAD)")
    parser.add_argument(
        "--authorization-file", type=Path, metavar="FILE", help="holds the Authorization header's value"
    )
    parser.add_argument("--ca-file", type=Path, metavar="PEM", help="trust this authority and no other")
    parser.add_argument("--timeout", type=float, default=10.0, metavar="S", help="for each question (10)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    args = parser.parse_args(argv)
    if args.neighbour.startswith(("http://", "https://")):
        authorization = _first_line(args.authorization_file)
        ca_file = str(args.ca_file or "")
        exchange = DicomwebExchange(
            args.neighbour, authorization=authorization, ca_file=ca_file, timeout_s=args.timeout
        )
        found = probe_dicomweb(exchange)
    else:
        found = probe_ae(_peer(args.neighbour, args.calling, args.timeout))
    return tell(found, as_json=args.json)


def _peer(text: str, calling: str, timeout_s: float) -> RemoteAe:
    try:
        remote = Remote.of(text)
    except ValueError:
        raise PermanentError("a neighbour is http://..., https://... or AE@host:port", code="bad_usage") from None
    return RemoteAe(remote.ae_title, remote.host, remote.port, calling, timeout_s)


def _first_line(file: Path | None) -> str:
    try:
        return file.read_text("utf-8").strip() if file else ""
    except OSError as error:
        raise PermanentError(f"{file} cannot be read ({error.strerror})", code="bad_usage") from error


def as_they_come(found: Iterable[Capability], *, quiet: bool, of: str = "") -> list[Capability]:
    """A line each, at a terminal the wait is seen; `of` begins every line."""
    tried: list[Capability] = []
    for each in found:
        tried.append(each)
        if not quiet:
            print(f"{of}{each.verdict:<10} {each.service:<15} {each.name:<34} {each.note}".rstrip(), flush=True)
    return tried


def tell(found: Iterable[Capability], *, as_json: bool) -> int:
    """Each capability, then how many of each verdict; exit status 1 where nothing can be done."""
    tried = as_they_come(found, quiet=as_json)
    if as_json:
        print(json.dumps([asdict(each) for each in tried], indent=1))
    counts = [f"{sum(each.verdict is verdict for each in tried)} {verdict}" for verdict in Verdict]
    print(", ".join(counts), file=sys.stderr if as_json else sys.stdout)
    return 0 if any(each.verdict is Verdict.YES for each in tried) else 1
