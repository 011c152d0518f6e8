"""`wetread drafter serve`: the drafting service as its own process. It reads no settings, opens no database, and once it listens it can only answer."""

import argparse
import logging
import signal
import sys
from pathlib import Path

from wetread.domain.errors import PermanentError

__all__ = ["run"]


def run(argv: list[str]) -> int:
    args = _parser().parse_args(argv)
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
    stops = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, stops)
    try:
        from wetread.rpc.confinement import become, close_doors, limit_resources
        from wetread.rpc.rehearsal import rehearse
        from wetread.rpc.server import start_server
        from wetread.rpc.transport import tls_files
    except ModuleNotFoundError as error:
        raise PermanentError(
            f"{error.name} is missing: pip install 'wetread[drafting]'", code="missing_extra"
        ) from None
    from wetread.drafting.grammar import GrammarDrafter

    tls = tls_files(args.tls_ca, args.tls_cert, args.tls_key)
    drafter = GrammarDrafter()
    server = start_server(drafter, args.listen, tls, reflection=args.reflection)
    become(args.user)
    limit_resources()
    rehearse(drafter)
    if not args.unconfined:
        close_doors()
    print(f"drafting service ready on {args.listen} (port {server.port})", flush=True)
    signal.sigwait(stops)
    server.stop()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="wetread drafter", description="The drafting service as its own process.")
    serve = parser.add_subparsers(required=True, metavar="serve").add_parser("serve", help="run until stopped")
    serve.add_argument("--listen", default="127.0.0.1:8471", metavar="HOST:PORT", help="or unix:PATH")
    serve.add_argument("--user", default="nobody", help="who to become when started as root")
    for name, what in (("ca", "whose clients are heard"), ("cert", "our certificate"), ("key", "its key")):
        serve.add_argument(f"--tls-{name}", type=Path, metavar="PEM", help=what)
    serve.add_argument("--reflection", action="store_true", help="for development: let clients list the service")
    serve.add_argument("--unconfined", action="store_true", help="for development: no system call filter")
    return parser
