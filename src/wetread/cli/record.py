"""`wetread record check|new-key|public-key`: does the record server answer us, and the key that we register there."""

import json
from pathlib import Path

from wetread.bootstrap_context import build_record_server
from wetread.bootstrap_retrieval import build_text_encoder
from wetread.cli.options import parser_for, settings_from
from wetread.domain.errors import PermanentError, WetreadError
from wetread.fhir.bounded_http import Budget
from wetread.fhir.client_assertion import ClientKey, load_client_key, new_client_key
from wetread.fhir.record_check import check_record
from wetread.settings import Settings

__all__ = ["run"]

_ANSWER_BYTES = 1024 * 1024


def run(argv: list[str]) -> int:
    parser = parser_for("record", "The patient record's FHIR server: try it out; make and show our key for it.")
    acts = parser.add_subparsers(dest="act", required=True)
    acts.add_parser("check", help="ask it for a patient that nobody is; exit status 1 when anything is refused")
    new = acts.add_parser("new-key", help="make a P-384 key and print its public half as the server registers it")
    new.add_argument("file", type=Path, help="where the private key goes; never overwritten")
    acts.add_parser("public-key", help="print the public half of record_key_file")
    args = parser.parse_args(argv)
    if args.act == "new-key":
        return _print_public(new_client_key(args.file))
    settings = settings_from(args)
    if args.act == "check":
        return _check(settings)
    if settings.record_key_file is None:
        raise PermanentError("record_key_file is not set: `wetread record new-key` makes one", code="bad_settings")
    return _print_public(load_client_key(settings.record_key_file, settings.record_key_id))


def _print_public(key: ClientKey) -> int:
    print(json.dumps({"keys": [dict(key.jwk)]}, indent=2))
    return 0


def _check(settings: Settings) -> int:
    if not settings.record_fhir_url:
        print("record_fhir_url is not set: drafts are given priors and the indication, no record")
        return 0
    server = build_record_server(settings)

    def budget() -> Budget:
        return Budget(settings.record_deadline_s, _ANSWER_BYTES, _ANSWER_BYTES)

    answers = [*check_record(server, settings.record_kinds, budget), *_ours(settings)]
    for what, problem in answers:
        print(f"{what:<20} {problem or 'ok'}")
    return int(any(problem for _, problem in answers))


def _ours(settings: Settings) -> list[tuple[str, str]]:
    """What we need ourselves to use it."""
    systems = settings.record_patient_systems
    missing = "" if systems else "record_patient_systems is empty: no patient can be found"
    try:
        build_text_encoder(settings)
        encoder = ""
    except WetreadError as error:
        encoder = str(error)
    return [("patient systems", missing), (f"encoder {settings.text_encoder}", encoder)]
