"""`wetread drafter serve`: the drafting service as its own process. It reads no settings, opens no database, and once it answers it can only answer."""

import argparse
import logging
import signal
import sys
from pathlib import Path

from wetread.cli.composer_options import add_composer_options, dial_directly, read_wish
from wetread.composers.assemble import assemble, import_runtime
from wetread.composers.endpoint import Endpoint, resolve
from wetread.composers.relay import Dial, Relay, start_relay
from wetread.domain.errors import PermanentError
from wetread.rpc.confinement import become, close_doors, limit_resources
from wetread.rpc.landlock import connect_only_to

__all__ = ["run"]

_LOG = logging.getLogger(__name__)
_RELAY_BYTES = 1 << 30


def run(argv: list[str]) -> int:
    args = _parser().parse_args(argv)
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
    stops = {signal.SIGTERM, signal.SIGINT, signal.SIGCHLD}
    signal.pthread_sigmask(signal.SIG_BLOCK, stops)
    wish = read_wish(args, dial_directly if args.unconfined else lambda endpoint: _relayed(endpoint, args.user))
    try:
        from wetread.rpc.rehearsal import rehearse
        from wetread.rpc.server import bind_server
        from wetread.rpc.transport import tls_files
    except ModuleNotFoundError as error:
        raise PermanentError(
            f"{error.name} is missing: pip install 'wetread[drafting]'", code="missing_extra"
        ) from None

    import_runtime(wish.kind)
    tls = tls_files(args.tls_ca, args.tls_cert, args.tls_key)
    bound = bind_server(args.listen, tls, reflection=args.reflection, health_address=args.health_listen)
    become(args.user)
    limit_resources(int(args.memory_gib * 1024**3))
    drafter = assemble(wish)
    _LOG.info("rehearsed with %s", rehearse(drafter))
    if not args.unconfined:
        close_doors()
    server = bound.start(drafter)
    print(f"drafting service ready on {args.listen} (port {server.port})", flush=True)
    ended = signal.sigwait(stops)
    server.stop()
    if ended == signal.SIGCHLD:
        raise PermanentError(
            "the relay to the language model server has ended: start the service again", code="relay_failed"
        )
    return 0


def _relayed(endpoint: Endpoint, user: str) -> Dial:
    """While this process still has one thread."""

    def confine() -> None:
        become(user)
        limit_resources(_RELAY_BYTES)
        close_doors(but=("socket", "connect"))
        if not connect_only_to(endpoint.port):
            _LOG.warning("the kernel cannot hold the relay to one port (Landlock ABI 4, Linux 6.7)")

    relay: Relay = start_relay(resolve(endpoint), confine)
    return relay


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="wetread drafter", description="The drafting service as its own process.")
    serve = parser.add_subparsers(required=True, metavar="serve").add_parser("serve", help="run until stopped")
    serve.add_argument("--listen", default="127.0.0.1:8471", metavar="HOST:PORT", help="or unix:PATH")
    serve.add_argument("--user", default="nobody", help="who to become when started as root")
    for name, what in (("ca", "whose clients are heard"), ("cert", "our certificate"), ("key", "its key")):
        serve.add_argument(f"--tls-{name}", type=Path, metavar="PEM", help=what)
    serve.add_argument("--health-listen", default="", metavar="HOST:PORT", help="grpc.health.v1 alone, without TLS")
    serve.add_argument("--memory-gib", type=float, default=4.0, metavar="N", help="address space at most (default 4)")
    serve.add_argument("--reflection", action="store_true", help="for development: let clients list the service")
    serve.add_argument("--unconfined", action="store_true", help="for development: no system call filter")
    add_composer_options(serve)
    return parser
