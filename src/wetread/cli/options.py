"""The options every subcommand shares: where the settings are."""

import argparse
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from wetread.domain.errors import PermanentError
from wetread.domain.finding import FindingName

if TYPE_CHECKING:
    from wetread.settings import Settings

__all__ = [
    "account_options",
    "count",
    "day",
    "do_act",
    "finding_option",
    "moment",
    "needs_polars",
    "new_file",
    "parser_for",
    "settings_from",
]


def parser_for(name: str, description: str) -> argparse.ArgumentParser:
    """A parser with --config and --data-dir; `name` is the subcommand."""
    parser = argparse.ArgumentParser(prog=f"wetread {name}", description=description)
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings file (TOML); default: $WETREAD_CONFIG")
    parser.add_argument("--data-dir", type=Path, metavar="DIR", help="where databases, films and keys live")
    return parser


def do_act(argv: list[str], name: str, says: str, acts: Mapping[str, Callable[[list[str]], int]], each: str) -> int:
    """The act that the first word names, with the words after it; else the help of `wetread NAME`, which `says` what it is for, and of its acts says `each`."""
    if argv[:1] and argv[0] in acts:
        return acts[argv[0]](argv[1:])
    parser = parser_for(name, says)
    parser.add_argument("act", choices=tuple(acts), help=each)
    parser.parse_args(argv)
    return 2


def account_options(parser: argparse.ArgumentParser, who: str, *, required: bool = True) -> None:
    """--as and --password-stdin, as `sign.opened` reads them; `who` is the help of the first."""
    parser.add_argument("--as", dest="account", required=required, metavar="USER", help=who)
    parser.add_argument("--password-stdin", action="store_true", help="read the password from standard input")


def finding_option(parser: argparse.ArgumentParser, flag: str, says: str, *, required: bool = False) -> None:
    """A finding by its name in our vocabulary; may be repeated."""
    names = [each.value for each in FindingName]
    parser.add_argument(flag, action="append", default=[], required=required, choices=names, metavar="NAME", help=says)


def settings_from(args: argparse.Namespace, **overrides: object) -> "Settings":
    """The settings under the command line's own options; raises SettingsError."""
    from wetread.settings import load_settings  # here, so that wrong arguments are told of before settings are built

    return load_settings(args.config, data_dir=args.data_dir, **overrides)


def new_file(file: Path) -> TextIO:
    """A text file that was not there before. Raises PermanentError(code='file_unwritable')."""
    try:
        return file.open("x", encoding="utf-8", newline="")
    except FileExistsError:
        raise PermanentError(
            f"{file} exists and is not written over: name another file", code="file_unwritable"
        ) from None
    except OSError as error:
        raise PermanentError(f"{file} cannot be written ({error.strerror})", code="file_unwritable") from error


def needs_polars(extra: str) -> None:
    """Before anything is imported that wants it. Raises PermanentError(code='missing_extra'), which names wetread[`extra`]."""
    if find_spec("polars") is None:
        raise PermanentError(f"polars is missing: pip install 'wetread[{extra}]'", code="missing_extra")


def count(text: str) -> int:
    """Of an option: how many, from 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def day(text: str) -> date:
    """Of an option: ISO 8601."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no day, like 2026-01-31") from None


def moment(text: str) -> datetime:
    """Of an option: ISO 8601; without a zone UTC."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
