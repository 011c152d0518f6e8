"""The options that say which composer writes the drafts: the same for `wetread draft` and `wetread drafter serve`."""

import argparse
from collections.abc import Callable
from pathlib import Path

from wetread.composers.assemble import ComposerKind, Wish
from wetread.composers.endpoint import Endpoint, read_endpoint, resolve, with_key
from wetread.composers.relay import Dial, Direct
from wetread.domain.errors import PermanentError
from wetread.drafting.style import DEFAULT_STYLE
from wetread.drafting.style_file import read_style

__all__ = ["add_composer_options", "dial_directly", "read_wish"]


def add_composer_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("composer", "who words the draft; all but the grammar stand behind the guard")
    group.add_argument(
        "--composer",
        type=ComposerKind,
        choices=tuple(ComposerKind),
        default=ComposerKind.GRAMMAR,
        metavar="|".join(ComposerKind),
        help="grammar (default); a server that speaks OpenAI's chat completions; SmolLM2-135M or another GGUF file, "
        "or a vision-language model, in this process",
    )
    group.add_argument("--model", default="", help="the server's name of it, a GGUF file, or a folder (vlm)")
    group.add_argument("--style", type=Path, metavar="FILE", help="the site's style (TOML)")
    group.add_argument("--url", default="", help="of the openai server, like http://127.0.0.1:8000/v1")
    group.add_argument("--key-file", type=Path, metavar="FILE", help="holds its key")
    group.add_argument("--ca-file", type=Path, metavar="PEM", help="whom to trust for its TLS; default: the system's")
    group.add_argument("--allow-http", action="store_true", help="plain http beyond this machine")
    group.add_argument(
        "--compose-within", type=float, default=4.0, metavar="S", help="after this the grammar words it (default 4)"
    )
    group.add_argument(
        "--show-record", action="store_true", help="let the model see indication and record, datamarked; default: never"
    )
    group.add_argument(
        "--threads", type=int, default=0, metavar="N", help="of a GGUF model; default: one for two cores"
    )
    group.add_argument("--device", default="cpu", metavar="cpu|cuda", help="where a vlm runs")


def read_wish(args: argparse.Namespace, dial: Callable[[Endpoint], Dial]) -> Wish:
    """Reads the files the options name; `dial` makes the way to the server. Raises PermanentError 'bad_composer' or 'bad_style'."""
    if not args.compose_within > 0:
        raise PermanentError("--compose-within must be more than 0 seconds", code="bad_composer")
    endpoint = way = None
    if args.composer is ComposerKind.OPENAI:
        endpoint = read_endpoint(args.url, ca_file=args.ca_file, allow_http=args.allow_http)
        way = dial(endpoint)  # a relay is forked before the key is in memory
        endpoint = with_key(endpoint, args.key_file)
    return Wish(
        args.composer,
        args.model,
        read_style(args.style) if args.style else DEFAULT_STYLE,
        args.compose_within,
        args.show_record,
        args.threads,
        args.device,
        endpoint,
        way,
    )


def dial_directly(endpoint: Endpoint) -> Dial:
    return Direct(resolve(endpoint))
