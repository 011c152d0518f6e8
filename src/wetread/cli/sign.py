"""`wetread sign STUDY --as USER`: sign a drafted report from the command line, after showing every word of it and asking for the password."""

import argparse
import getpass
import sys
from functools import partial

from wetread.bootstrap import Core, build_core, build_desk
from wetread.bootstrap_keys import second_factor_keys
from wetread.cli.options import parser_for, settings_from
from wetread.domain.errors import NotPermitted
from wetread.domain.identifiers import StudyKey
from wetread.domain.reading import Withheld
from wetread.domain.report import Report
from wetread.domain.role import Actor
from wetread.web.accounts import verify_password
from wetread.web.second_factors import SecondFactors

__all__ = ["authenticate", "opened", "run"]


def run(argv: list[str]) -> int:
    parser = parser_for(
        "sign", "Show a study's report and sign it. Only a person's account can; look at the film first."
    )
    parser.add_argument("study", help="study key, as the worklist shows it")
    parser.add_argument("--as", dest="account", required=True, metavar="USER", help="the signing account")
    parser.add_argument("--meaning", default="authored and approved", help="what the signature means")
    parser.add_argument("--show", action="store_true", help="show the report and stop")
    parser.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    args = parser.parse_args(argv)
    core, actor = opened(args)
    desk, key = build_desk(core), StudyKey(args.study)
    reading = desk.look(actor, key) if args.show else desk.open(actor, key)
    if reading.exposure.withheld in (Withheld.UNTIL_COMMIT, Withheld.ADJUDICATION):
        print("you read this study before you see the AI: commit your own findings on the reading page first")
        return 1
    if reading.report is None:
        print("there is no report yet")
        return 1
    _show(reading.report)
    if args.show:
        return 0
    signed = desk.sign(actor, key, reading.report.etag, args.meaning)
    print(f"\nsigned as {signed.status.value}, version {signed.version}, by {actor.display_name}")
    return 0


def opened(args: argparse.Namespace) -> tuple[Core, Actor]:
    """The installation, and whose account asks (`options.account_options`); raises NotPermitted."""
    core = build_core(settings_from(args))
    return core, authenticate(core, args.account, args.password_stdin)


def authenticate(core: Core, name: str, from_stdin: bool) -> Actor:
    """Whose account it is, by their password and, where they have a second factor, a code of it (with `from_stdin` the next line); raises NotPermitted."""
    password = sys.stdin.readline().rstrip("\n") if from_stdin else getpass.getpass(f"password of {name}: ")
    with core.database.begin(write=False) as unit:
        account = unit.account(name)
    if account is None or account.disabled or not verify_password(password, account.password_hash):
        raise NotPermitted("account or password is wrong")
    factors = SecondFactors(core.database, core.clock, partial(second_factor_keys, core.settings))
    with core.database.begin(write=False) as unit:
        asks = factors.has(unit, name)
    if asks and not factors.takes(name, sys.stdin.readline().strip() if from_stdin else getpass.getpass("code: ")):
        raise NotPermitted("that code is not right, or was used already")
    if account.actor.sites:  # nothing here looks at sites
        raise NotPermitted("an account of some sites acts on the pages, not on the command line")
    return account.actor


def _show(report: Report) -> None:
    print(f"version {report.version}, {report.status.value}\n")
    for section, text in report.content.sections:
        print(f"{section.value.upper()}\n  {text or '-'}")
