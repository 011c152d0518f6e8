"""`wetread draft findings.json`: findings in, the draft out, each sentence with what it rests on."""

import argparse
from dataclasses import replace
from pathlib import Path

from wetread.cli.composer_options import add_composer_options, dial_directly, read_wish
from wetread.composers.assemble import assemble
from wetread.domain.errors import PermanentError
from wetread.domain.report import Draft, Evidence

__all__ = ["run"]


def run(argv: list[str]) -> int:
    args = _parser().parse_args(argv)
    try:
        from wetread.rpc.client import GrpcDrafter
        from wetread.rpc.findings_file import draft_json, example_json, parse_findings
        from wetread.rpc.transport import tls_files
    except ModuleNotFoundError as error:
        raise PermanentError(
            f"{error.name} is missing: pip install 'wetread[drafting]'", code="missing_extra"
        ) from None
    if args.example:
        print(example_json())
        return 0
    if args.findings is None:
        raise PermanentError("name a findings file; --example prints one", code="bad_findings")
    request = parse_findings(_read(args.findings))
    if args.language:
        request = replace(request, language=args.language)
    tls = tls_files(args.tls_ca, args.tls_cert, args.tls_key)
    drafter = GrpcDrafter(args.server, tls) if args.server else assemble(read_wish(args, dial_directly))
    draft = drafter.draft(request)
    print(draft_json(draft) if args.json else _in_words(draft))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="wetread draft", description="Draft a report from a file of findings.")
    parser.add_argument("findings", nargs="?", type=Path, help="DraftRequest in protobuf JSON")
    parser.add_argument("--example", action="store_true", help="print an example of such a file")
    parser.add_argument("--language", choices=("en", "de"), help="instead of the file's")
    parser.add_argument("--server", metavar="HOST:PORT", help="ask this drafting service; default: in this process")
    for name in ("ca", "cert", "key"):
        parser.add_argument(f"--tls-{name}", type=Path, metavar="PEM", help="for --server")
    parser.add_argument("--json", action="store_true", help="print DraftResponse in protobuf JSON")
    add_composer_options(parser)
    return parser


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PermanentError(f"{path.name} cannot be read ({type(error).__name__})", code="bad_findings") from None


def _in_words(draft: Draft) -> str:
    lines, section = [draft.notice, f"Written by {draft.composer}."], None
    for sentence in draft.sentences:
        if sentence.section is not section:
            section = sentence.section
            lines += ["", section.value.upper()]
        lines.append(f"  {sentence.text}")
        lines.append(f"      from {'; '.join(map(_source, sentence.evidence))}")
        lines += [f"      hedge: {sentence.hedge}"] if sentence.hedge else []
        lines += [f"      guarded: {sentence.guarded}"] if sentence.guarded else []
    return "\n".join(lines)


def _source(evidence: Evidence) -> str:
    numbers = [
        f"{name} {value:.2f}"
        for name, value in (("probability", evidence.probability), ("operating point", evidence.threshold))
        if value is not None
    ]
    days = [f"{evidence.days_before} days before"] if evidence.days_before is not None else []
    return ", ".join([evidence.source, *([evidence.finding.value] if evidence.finding else []), *numbers, *days])
