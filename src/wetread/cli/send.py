"""`wetread send FILE… --to RECEIVER`: DICOM files to an archive or to wetread, by C-STORE or DICOMweb."""

import sys
from pathlib import Path

from wetread.cli.options import parser_for, settings_from
from wetread.dicom.film_store_scu import FileOutcome, parse_receiver, send_files

__all__ = ["run"]


def run(argv: list[str]) -> int:
    parser = parser_for("send", "Send DICOM files and folders. Exit status 1 when any file was not acknowledged.")
    parser.add_argument("file", nargs="+", type=Path, help="DICOM file or folder")
    parser.add_argument(
        "--to", required=True, metavar="RECEIVER", help="AE@host:port (C-STORE) or http(s)://host/dicom-web (STOW-RS)"
    )
    args = parser.parse_args(argv)
    receiver = parse_receiver(args.to, calling_ae_title=settings_from(args).ae_title)
    outcomes = send_files(args.file, receiver, _tell)
    missed = sum(outcome.outcome != "stored" for outcome in outcomes)
    print(f"{len(outcomes) - missed} of {len(outcomes)} files acknowledged", file=sys.stderr)
    return 1 if missed or not outcomes else 0


def _tell(outcome: FileOutcome) -> None:
    print(f"{outcome.outcome:<12} {outcome.path} {outcome.detail}".rstrip(), flush=True)
