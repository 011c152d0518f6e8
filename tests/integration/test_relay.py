"""The relay: a confined process gets connections to the one server and to nothing else, and neither of the two can do more than it must."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from tests.neighbours.openai_server import LanguageModelServer, language_model_server

from wetread.rpc.landlock import landlock_abi


@pytest.fixture
def server() -> Iterator[LanguageModelServer]:
    with language_model_server() as running:
        yield running


def _run(script: str, *arguments: object) -> list[object]:
    command = [sys.executable, "-c", script, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    answer: list[object] = json.loads(done.stdout)
    return answer


SERVICE = """
import json, socket, sys
from wetread.composers.chat import Question
from wetread.composers.endpoint import read_endpoint, resolve
from wetread.composers.openai_chat import OpenAiChat
from wetread.composers.relay import start_relay
from wetread.rpc.confinement import close_doors
endpoint = read_endpoint(sys.argv[1])
relay = start_relay(resolve(endpoint), lambda: close_doors(but=("socket", "connect")))
made = socket.socket()
close_doors()
def tried(work):
    try:
        work()
    except OSError as error:
        return error.errno or type(error).__name__
    return 0
def asked():
    OpenAiChat(endpoint, relay, "tiny").ask(Question("x", ("a", "b"), "findings\\n1. Possible mass.", {}, 9), 60)
def reached():
    with relay(60) as connection:
        return connection.getpeername()[1]
other = ("127.0.0.1", int(sys.argv[2]))
results = [tried(asked), reached()]
with relay(60) as connection:
    results += [tried(lambda: connection.connect(other)), tried(lambda: made.connect(other)), tried(lambda: socket.socket())]
    connection.shutdown(socket.SHUT_RDWR)
    results.append(tried(lambda: connection.sendto(b"x", socket.MSG_FASTOPEN, other)))
relay.close()
results.append(tried(lambda: relay(60)))
print(json.dumps(results))
"""


def test_a_confined_process_reaches_its_server_and_no_other(server: LanguageModelServer) -> None:
    with language_model_server() as other:
        results = _run(SERVICE, server.url, other.port)
        assert results == [0, server.port, 1, 1, 1, 1, 9]
        assert len(server.asked) == 1
        assert other.asked == []


RELAY = """
import json, os, socket, sys
from wetread.composers.relay import _connected
from wetread.rpc.confinement import close_doors
from wetread.rpc.landlock import connect_only_to
free = sys.argv[3] == "free"
if not free:
    close_doors(but=("socket", "connect"))
locked = not free and connect_only_to(int(sys.argv[1]))
def tried(work):
    try:
        work()
    except OSError as error:
        return error.errno
    return 0
def to(port):
    with socket.socket() as connection:
        connection.connect(("127.0.0.1", int(port)))
def bind():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
print(json.dumps([locked, tried(lambda: to(sys.argv[1])), tried(lambda: to(sys.argv[2])), tried(bind), tried(lambda: open("/etc/hostname")), tried(lambda: os.kill(os.getppid(), 0))]))
"""


def test_the_relay_itself_can_connect_and_no_more(server: LanguageModelServer) -> None:
    """With Landlock only to that port, without a signal to others; the free run proves that the probe would have succeeded."""
    with language_model_server() as other:
        assert _run(RELAY, server.port, other.port, "free") == [False, 0, 0, 0, 0, 0]
        abi = landlock_abi()
        elsewhere, signalled = (13 if abi >= 4 else 0), (1 if abi >= 6 else 0)
        assert _run(RELAY, server.port, other.port, "confined") == [abi >= 4, 0, elsewhere, 1, 1, signalled]


STAYS = """
import os, sys, time
from wetread.composers.endpoint import read_endpoint, resolve
from wetread.composers.relay import start_relay
relay = start_relay(resolve(read_endpoint(sys.argv[1])), lambda: None)
print(relay.pid, flush=True)
time.sleep(60)
"""


def test_the_relay_outlives_no_service(server: LanguageModelServer) -> None:
    service = subprocess.Popen([sys.executable, "-c", STAYS, server.url], stdout=subprocess.PIPE, text=True)
    assert service.stdout is not None
    relay = int(service.stdout.readline())
    service.kill()
    service.wait(20)
    assert service.stdout.read() == "", "the pipe is held open: the relay lives"
    service.stdout.close()
    assert relay != os.getpid()


REFUSED = """
import json, sys
from wetread.composers.endpoint import read_endpoint, resolve
from wetread.composers.relay import start_relay
from wetread.domain.errors import PermanentError
def confine():
    raise PermanentError("no", code="not_confined")
try:
    start_relay(resolve(read_endpoint(sys.argv[1])), confine)
except PermanentError as error:
    print(json.dumps([error.code]))
"""


def test_a_relay_that_cannot_be_confined_does_not_serve(server: LanguageModelServer) -> None:
    assert _run(REFUSED, server.url) == ["relay_failed"]
