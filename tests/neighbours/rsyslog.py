"""Debian's rsyslog as an Audit Record Repository: TLS on a free port, what it got as one JSON string a line; it sees nothing of the machine's own log."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from neighbours.certificate import Certificates
from neighbours.process import listens, running

__all__ = ["repository", "rsyslog"]

_SETTINGS = """
global(workDirectory="{folder}" maxMessageSize="128k" parser.escapeControlCharactersOnReceive="off"
    defaultNetstreamDriver="ossl" defaultNetstreamDriverCAFile="{tls}/ca.pem"
    defaultNetstreamDriverCertFile="{tls}/server.pem" defaultNetstreamDriverKeyFile="{tls}/server.pem")
main_queue(queue.type="Direct")
module(load="imtcp" streamDriver.name="ossl" streamDriver.mode="1" streamDriver.authMode="x509/certvalid")
template(name="whole" type="list") {{ property(name="rawmsg" format="json") constant(value="\\n") }}
input(type="imtcp" address="127.0.0.1" port="{port}" ruleset="kept")
ruleset(name="kept") {{ action(type="omfile" file="{folder}/{kept}" template="whole" fileCreateMode="0600") }}
"""


@contextmanager
def rsyslog(folder: Path, certificates: Certificates, port: int) -> Iterator[int]:
    """Its process id, while it listens. Started again on the same folder it keeps what comes in another file: a line that a kill tore stays the last."""
    folder.mkdir(exist_ok=True)
    kept = f"{len(_files(folder)):04d}.kept"
    (folder / kept).touch(mode=0o600)
    settings = folder / "rsyslog.conf"
    settings.write_text(_SETTINGS.format(folder=folder, tls=certificates.folder, port=port, kept=kept))
    command = ["setpriv", "--pdeathsig", "KILL", "rsyslogd", "-n", "-f", str(settings), "-i", "NONE"]
    with running(command, folder / "rsyslog.log", partial(listens, port)) as process:
        yield process.pid


def repository(folder: Path) -> list[bytes]:
    """What it kept, in its order; a line that is not whole is not kept."""
    lines = [line for file in _files(folder) for line in file.read_bytes().split(b"\n")[:-1]]
    return [json.loads(b'"%b"' % each).encode() for each in lines]


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.kept"))
