"""The drafting service over real sockets: contract, mutual TLS, limits, deadline, health, death, and what its process can reach."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tests.neighbours.certificate import make_certificates
from tests.neighbours.process import free_port

from wetread.domain.analysis import QualityFlag
from wetread.domain.errors import PermanentError, TransientError
from wetread.domain.report import Draft
from wetread.drafting.fallback import FallbackDrafter
from wetread.drafting.grammar import GrammarDrafter
from wetread.ports.drafter import Drafter, DraftingRequest
from wetread.rpc.client import GrpcDrafter
from wetread.rpc.rehearsal import example_request
from wetread.rpc.server import DraftingServer, bind_server, start_server
from wetread.rpc.transport import MAX_MESSAGE_BYTES, SERVICE, TlsFiles, tls_files


class Stuck:
    """A drafter that answers when told to."""

    def __init__(self) -> None:
        self.asked, self.release = threading.Event(), threading.Event()

    def draft(self, request: DraftingRequest) -> Draft:
        self.asked.set()
        self.release.wait(60)
        return GrammarDrafter().draft(request)


class Quoting:
    """A drafter whose failure quotes its input."""

    def draft(self, request: DraftingRequest) -> Draft:
        raise ValueError(request.context.indication_text)


@pytest.fixture
def server() -> Iterator[DraftingServer]:
    running = start_server(GrammarDrafter(), "127.0.0.1:0")
    yield running
    running.stop(0)


def _tls(folder: Path) -> TlsFiles:
    folder.mkdir()
    make_certificates(folder)
    return TlsFiles(folder / "ca.pem", folder / "server.pem", folder / "server.pem")


@pytest.mark.parametrize("where", ["in process", "over gRPC"])
def test_a_drafter_writes_the_grammars_draft(where: str, server: DraftingServer) -> None:
    drafter: Drafter = GrammarDrafter() if where == "in process" else GrpcDrafter(f"127.0.0.1:{server.port}")
    assert drafter.draft(example_request()) == GrammarDrafter().draft(example_request())


def test_a_streamed_draft_is_the_same(server: DraftingServer) -> None:
    drafter = GrpcDrafter(f"127.0.0.1:{server.port}")
    assert drafter.draft_streamed(example_request()) == drafter.draft(example_request())


def test_only_clients_of_our_authority_are_heard(tmp_path: Path) -> None:
    ours, theirs = _tls(tmp_path / "ours"), _tls(tmp_path / "theirs")
    running = start_server(GrammarDrafter(), "127.0.0.1:0", ours)
    address = f"127.0.0.1:{running.port}"
    try:
        assert (
            GrpcDrafter(address, ours).draft(example_request()).composer
            == GrammarDrafter().draft(example_request()).composer
        )
        for stranger in (
            replace(ours, cert=theirs.cert, key=theirs.key),
            replace(ours, ca=theirs.ca),
        ):
            with pytest.raises(TransientError):
                GrpcDrafter(address, stranger).draft(example_request())
        bare = grpc.secure_channel(address, grpc.ssl_channel_credentials(ours.ca.read_bytes()))
        with pytest.raises(grpc.RpcError):
            bare.unary_unary(f"/{SERVICE}/Draft")(b"", timeout=60)
        with pytest.raises(TransientError):
            GrpcDrafter(address).draft(example_request())
    finally:
        running.stop(0)


def test_plaintext_stays_on_this_machine() -> None:
    with pytest.raises(PermanentError, match="without TLS"):
        start_server(GrammarDrafter(), "0.0.0.0:0")
    with pytest.raises(PermanentError, match="without TLS"):
        GrpcDrafter("drafter.example:8471")


def test_half_of_mutual_tls_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match="all three"):
        tls_files(tmp_path / "ca.pem", None, None)


def test_a_late_drafter_is_given_up_and_the_grammar_drafts() -> None:
    stuck = Stuck()
    running = start_server(stuck, "127.0.0.1:0")
    remote = GrpcDrafter(f"127.0.0.1:{running.port}", deadline_s=5)
    try:
        draft = FallbackDrafter(remote, GrammarDrafter()).draft(example_request())
        assert stuck.asked.is_set()
        assert draft.sentences == GrammarDrafter().draft(example_request()).sentences
        assert draft.composer.endswith("(drafting service unavailable)")
        assert "drafter_unavailable" in draft.notice
    finally:
        stuck.release.set()
        running.stop(0)


def test_a_service_that_dies_during_a_call_leaves_a_draft() -> None:
    stuck = Stuck()
    running = start_server(stuck, "127.0.0.1:0")

    def die() -> None:
        stuck.asked.wait(60)
        running.stop(0)

    death = threading.Thread(target=die)
    death.start()
    remote = GrpcDrafter(f"127.0.0.1:{running.port}", deadline_s=60)
    draft = FallbackDrafter(remote, GrammarDrafter()).draft(example_request())
    stuck.release.set()
    death.join(60)
    assert draft.composer.endswith("(drafting service unavailable)")


def test_an_oversized_request_is_refused(server: DraftingServer) -> None:
    large = replace(example_request(), quality=(QualityFlag("x", "y" * MAX_MESSAGE_BYTES),))
    with pytest.raises(TransientError, match="RESOURCE_EXHAUSTED"):
        GrpcDrafter(f"127.0.0.1:{server.port}").draft(large)


def test_failures_do_not_repeat_the_request() -> None:
    running = start_server(Quoting(), "127.0.0.1:0")
    try:
        context = replace(example_request().context, indication_text="DOE^JANE")
        with pytest.raises(PermanentError) as refusal:
            GrpcDrafter(f"127.0.0.1:{running.port}").draft(replace(example_request(), context=context))
        assert "DOE" not in str(refusal.value)
    finally:
        running.stop(0)


def test_health_says_serving_and_reflection_is_off(server: DraftingServer) -> None:
    with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(service=SERVICE), timeout=60)
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
        ask = channel.stream_stream("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo")
        with pytest.raises(grpc.RpcError) as refusal:
            list(ask(iter([b""]), timeout=60))
        assert refusal.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_health_can_be_asked_without_a_certificate_and_nothing_else_can(tmp_path: Path) -> None:
    door = f"127.0.0.1:{free_port()}"
    running = bind_server("127.0.0.1:0", _tls(tmp_path / "tls"), health_address=door).start(GrammarDrafter())
    with grpc.insecure_channel(door) as channel:
        asked = health_pb2_grpc.HealthStub(channel).Check
        assert asked(health_pb2.HealthCheckRequest(), timeout=60).status == health_pb2.HealthCheckResponse.SERVING
        with pytest.raises(PermanentError, match="UNIMPLEMENTED"):
            GrpcDrafter(door).draft(example_request())
        running.stop(0)
        with pytest.raises(grpc.RpcError):
            asked(health_pb2.HealthCheckRequest(), timeout=60)


def _serve(*options: str) -> tuple[subprocess.Popen[str], str]:
    command = [sys.executable, "-m", "wetread", "drafter", "serve", "--listen", "127.0.0.1:0", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    said = process.stdout.readline()
    return process, f"127.0.0.1:{said.rpartition('port ')[2].rstrip(')' + chr(10))}"


def test_the_service_process_is_confined_drafts_and_stops_when_asked() -> None:
    process, address = _serve()
    try:
        for request in (example_request(), replace(example_request(), language="de-AT")):
            assert GrpcDrafter(address).draft(request) == GrammarDrafter().draft(request)
        status = Path(f"/proc/{process.pid}/status").read_text()
        assert "NoNewPrivs:\t1" in status
        threads = [(t / "status").read_text() for t in Path(f"/proc/{process.pid}/task").iterdir()]
        assert all("Seccomp:\t2" in each for each in threads)
        if os.geteuid() == 0:
            assert "Uid:\t0" not in status
            assert "Groups:\t \n" in status
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        assert process.stdout is not None
        process.stdout.close()


def test_a_killed_service_leaves_a_draft() -> None:
    process, address = _serve()
    remote = GrpcDrafter(address, deadline_s=60)
    both = FallbackDrafter(remote, GrammarDrafter())
    assert both.draft(example_request()).composer == GrammarDrafter().draft(example_request()).composer
    process.kill()
    process.wait(60)
    assert process.stdout is not None
    process.stdout.close()
    assert both.draft(example_request()).composer.endswith("(drafting service unavailable)")


PROBE = """
import socket, sys, errno, threading
from wetread.rpc.confinement import close_doors
go, results = threading.Event(), []
made, listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM), socket.create_server(("127.0.0.1", 0))
there = ("127.0.0.1", int(sys.argv[1]))
def tried(work):
    try:
        work()
    except OSError as error:
        return error.errno
    return 0
def turn_round():
    listening.shutdown(socket.SHUT_RDWR)
    listening.sendto(b"x", socket.MSG_FASTOPEN, there)
def probe():
    go.wait()
    doors = (lambda: made.connect(there), lambda: socket.socket(), lambda: open(sys.argv[2]), turn_round)
    results.append([tried(door) for door in doors])
other = threading.Thread(target=probe)
other.start()
if sys.argv[3] == "confined":
    close_doors()
go.set()
other.join()
print(results[0])
"""


@pytest.mark.parametrize(("how", "answers"), [("free", "[0, 0, 0, 0]"), ("confined", "[1, 1, 1, 1]")])
def test_a_confined_process_reaches_no_network_and_no_file(
    how: str, answers: str, tmp_path: Path, server: DraftingServer
) -> None:
    """From a thread that ran before the filter; the unconfined run proves that the probe would have succeeded."""
    database = tmp_path / "wetread.db"
    database.write_bytes(b"SQLite format 3")
    command = [sys.executable, "-c", PROBE, str(server.port), str(database), how]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == answers
