"""The decoding children may die, hang or be killed at any time, and nobody but the file that did it notices."""

import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from tests.hostile import INSTANCE, data_set, element, film, part10, tags_of_a_film
from tests.unit.dicom.test_frame import encapsulated, smooth, tags

from wetread.dicom.limits import Limits
from wetread.dicom.sandbox import Sandbox
from wetread.domain.errors import HostileInput, PermanentError, TransientError, UnsuitableImage

_SOURCE = str(Path(__file__).resolve().parents[2] / "src")


@pytest.fixture
def valid(tmp_path: Path) -> Path:
    path = tmp_path / "valid.dcm"
    path.write_bytes(film())
    return path


def children_of(parent: int) -> list[int]:
    """Living decoding children, from /proc."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            state, its_parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
            command = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if int(its_parent) == parent and state != "Z" and b"sandbox_child" in command:
            found.append(int(entry.name))
    return found


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(children=1) as made:
        yield made


def test_no_process_starts_before_it_is_needed_and_none_stays(valid: Path) -> None:
    sandbox = Sandbox(children=2)
    assert children_of(os.getpid()) == []
    sandbox.inspect(valid)
    assert len(children_of(os.getpid())) == 1
    sandbox.close()
    assert children_of(os.getpid()) == []
    sandbox.close()


def test_what_is_taken_away_from_a_child_is_reported(sandbox: Sandbox) -> None:
    assert {"rlimit_as", "rlimit_core", "rlimit_nofile", "rlimit_fsize", "rlimit_cpu"} <= set(sandbox.protections())
    assert {"pdeathsig", "no_new_privs"} <= set(sandbox.protections())


def test_a_child_holds_no_descriptor_of_its_parents(sandbox: Sandbox, valid: Path) -> None:
    with valid.open("rb"):
        sandbox.inspect(valid)
        (child,) = children_of(os.getpid())
        held = {str(entry.readlink()) for entry in Path(f"/proc/{child}/fd").iterdir()}
    assert {name.split(":")[0] for name in held} == {"/dev/null", "socket"}


def test_a_child_knows_nothing_of_the_environment(
    sandbox: Sandbox, valid: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WETREAD_CANARY", "secret")
    sandbox.inspect(valid)
    (child,) = children_of(os.getpid())
    assert b"CANARY" not in Path(f"/proc/{child}/environ").read_bytes()
    assert str(Path(f"/proc/{child}/cwd").readlink()) == "/"


def test_a_child_that_died_while_idle_is_replaced(sandbox: Sandbox, valid: Path) -> None:
    sandbox.inspect(valid)
    (child,) = children_of(os.getpid())
    os.kill(child, signal.SIGKILL)
    assert sandbox.inspect(valid).sop_instance_uid == INSTANCE
    assert children_of(os.getpid()) != [child]


def test_a_child_that_hangs_is_killed_and_the_file_read_by_a_fresh_one(valid: Path) -> None:
    with Sandbox(children=1, limits=Limits(inspect_wall_s=1.5)) as sandbox:
        sandbox.inspect(valid)
        (child,) = children_of(os.getpid())
        os.kill(child, signal.SIGSTOP)
        assert sandbox.inspect(valid).sop_instance_uid == INSTANCE
        assert child not in children_of(os.getpid())


@pytest.fixture
def heeds_ctrl_c() -> Iterator[None]:
    """A shell starts its background jobs with SIGINT ignored; then Python raises no KeyboardInterrupt."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeds_ctrl_c")
def test_a_request_given_up_half_way_never_answers_the_next_one(tmp_path: Path, valid: Path) -> None:
    """Ctrl-C while a child works: its late answer is about another patient's film."""
    other = tmp_path / "other.dcm"
    other.write_bytes(film({0x00100010: ("PN", b"OTHER^OSCAR")}))
    with Sandbox(children=1) as sandbox:
        sandbox.inspect(valid)
        (child,) = children_of(os.getpid())
        os.kill(child, signal.SIGSTOP)
        interrupt = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))

        def inspected() -> None:
            interrupt.start()
            sandbox.inspect(valid)

        with pytest.raises(KeyboardInterrupt):
            inspected()
        interrupt.join()
        assert sandbox.inspect(other).identity.patient_name == "OTHER^OSCAR"


def test_a_file_that_takes_two_children_down_is_refused_for_good(valid: Path) -> None:
    with Sandbox(children=1, limits=Limits(decode_wall_s=1e-6)) as sandbox:
        with pytest.raises(UnsuitableImage) as caught:
            sandbox.decode(valid)
        assert caught.value.code == "decoder_killed"
        assert sandbox.inspect(valid).sop_instance_uid == INSTANCE


def test_a_file_that_eats_the_processor_is_refused_for_good(tmp_path: Path, valid: Path) -> None:
    path = tmp_path / "many.dcm"
    path.write_bytes(part10(data_set(tags_of_a_film()) + element(0x7FE10010, "LO", b"") * 6_000_000))
    limits = Limits(elements=10_000_000, top_elements=10_000_000, inspect_cpu_s=0, inspect_wall_s=120.0)
    with Sandbox(children=1, limits=limits) as sandbox:
        with pytest.raises(HostileInput) as caught:
            sandbox.inspect(path)
        assert caught.value.code == "decoder_killed"
        assert sandbox.inspect(valid).sop_instance_uid == INSTANCE


@pytest.mark.parametrize("length", [116, 500])
def test_a_jpeg_ls_stream_that_ends_early_does_not_use_its_seconds_up(tmp_path: Path, length: int) -> None:
    """CharLS spent 5 s of CPU on such a stream of 116 bytes."""
    image = smooth(12, (200, 160))
    path = tmp_path / "cut.dcm"
    path.write_bytes(encapsulated(tags(image, stored=12), "4.80", bytes(imagecodecs.jpegls_encode(image))[:length]))
    with Sandbox(children=1, limits=Limits(decode_cpu_s=1)) as sandbox, pytest.raises(UnsuitableImage) as caught:
        sandbox.decode(path)
    assert caught.value.code == "codec_failed"


def test_a_child_that_can_open_nothing_any_more_still_leaves_wavelet_levels_out(tmp_path: Path, valid: Path) -> None:
    image = smooth(12, (256, 130))
    stream = imagecodecs.jpeg2k_encode(image, codecformat="J2K", reversible=True, level=0, bitspersample=12)
    path = tmp_path / "film.dcm"
    path.write_bytes(encapsulated(tags(image, stored=12), "4.90", bytes(stream)))
    with Sandbox(children=1) as sandbox:
        sandbox.decode(valid)
        (child,) = children_of(os.getpid())
        assert sandbox.decode(path, needed_side_px=16).stored.shape == (64, 33)
        assert np.array_equal(sandbox.decode(path).stored, image)
        assert children_of(os.getpid()) == [child]


def test_a_small_file_buys_little_processor_time() -> None:
    limits = Limits()
    assert limits.cpu_s("decode", 10_000) == 5
    assert limits.cpu_s("render", 6 << 20) == 17
    assert limits.cpu_s("decode", 1 << 30) == 30
    assert limits.cpu_s("inspect", 1 << 30) == 3


def test_a_file_that_needs_too_much_memory_is_refused_for_good(tmp_path: Path, valid: Path) -> None:
    tags = tags_of_a_film(1, 1) | {0x00280010: ("US", b"\x40\x1f"), 0x00280011: ("US", b"\x40\x1f")}
    del tags[0x7FE00010]
    head = part10(data_set(tags) + element(0x7FE00010, "OW", b"", length=8000 * 8000 * 2))
    path = tmp_path / "large.dcm"
    path.write_bytes(head)
    os.truncate(path, len(head) + 8000 * 8000 * 2)
    with Sandbox(children=1) as sandbox:
        assert sandbox.decode(path).stored.shape == (8000, 8000)
    with Sandbox(children=1, limits=Limits(address_space_bytes=200 << 20)) as sandbox:
        with pytest.raises(UnsuitableImage) as caught:
            sandbox.decode(path)
        assert caught.value.code == "image_too_large"
        assert sandbox.decode(valid).stored.shape == (64, 64)


def test_a_child_is_replaced_after_its_share_of_requests(valid: Path) -> None:
    with Sandbox(children=1, limits=Limits(requests_per_child=2)) as sandbox:
        seen = set()
        for _ in range(4):
            sandbox.inspect(valid)
            seen.update(children_of(os.getpid()))
        assert len(seen) == 2


def test_a_child_outlives_the_thread_that_first_needed_it(sandbox: Sandbox, valid: Path) -> None:
    """PR_SET_PDEATHSIG means the starting thread, not the process: a child started by a request's thread would die with it."""
    thread = threading.Thread(target=sandbox.inspect, args=(valid,))
    thread.start()
    thread.join()
    before = children_of(os.getpid())
    sandbox.inspect(valid)
    assert len(before) == 1
    assert children_of(os.getpid()) == before


def test_every_text_codec_still_works_when_no_file_can_be_opened(sandbox: Sandbox, tmp_path: Path, valid: Path) -> None:
    """The filter takes `openat` away at the first decode, and Python loads codecs when it first needs them."""
    sandbox.decode(valid)
    for term, name in {
        "GB18030": "王^小东".encode("gb18030"),
        "ISO_IR 13": b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3",
        "\\ISO 2022 IR 87": b"\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B",
        "\\ISO 2022 IR 149": b"\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce",
        "ISO_IR 144": "Люк".encode("iso8859_5"),
    }.items():
        path = tmp_path / "name.dcm"
        path.write_bytes(film({0x00080005: ("CS", term.encode()), 0x00100010: ("PN", name)}))
        assert not sandbox.inspect(path).identity.patient_name.isascii(), term


def test_many_threads_share_the_pool(tmp_path: Path) -> None:
    paths = []
    for number in range(6):
        path = tmp_path / f"{number}.dcm"
        path.write_bytes(film({0x7FE00010: ("OW", bytes([number, 0]) * 64 * 64)}))
        paths.append(path)
    with Sandbox(children=2) as sandbox, ThreadPoolExecutor(8) as pool:
        for number, image in enumerate(pool.map(sandbox.decode, paths * 10)):
            assert np.all(image.stored == number % 6)
        assert len(children_of(os.getpid())) <= 2


@pytest.mark.parametrize("name", ["absent.dcm", "folder", "link.dcm", "pipe"])
def test_only_regular_files_are_opened(sandbox: Sandbox, tmp_path: Path, valid: Path, name: str) -> None:
    path = tmp_path / name
    if name == "folder":
        path.mkdir()
    elif name == "link.dcm":
        path.symlink_to(valid)
    elif name == "pipe":
        os.mkfifo(path)
    with pytest.raises(PermanentError) as caught:
        sandbox.inspect(path)
    assert caught.value.code == "bytes_missing"
    assert str(tmp_path) not in str(caught.value)


def test_running_out_of_descriptors_is_no_fault_of_the_file(sandbox: Sandbox, valid: Path) -> None:
    sandbox.inspect(valid)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest_free = os.dup(0)
    os.close(lowest_free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free, hard))
    try:
        with pytest.raises(TransientError):
            sandbox.inspect(valid)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert sandbox.inspect(valid).sop_instance_uid == INSTANCE


def test_a_closed_sandbox_says_try_again(valid: Path) -> None:
    sandbox = Sandbox(children=1)
    sandbox.close()
    with pytest.raises(TransientError):
        sandbox.inspect(valid)


_PARENT = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from wetread.dicom.sandbox import Sandbox
sandbox = Sandbox(children=1)
sandbox.inspect(Path(sys.argv[2]))
sandbox.render_png(Path(sys.argv[2]), max_side_px=32)
heavy = [name for name in ("numpy", "pydicom", "imagecodecs") if name in sys.modules]
print(heavy, flush=True)
sys.stdin.read()
"""


def test_a_killed_parent_leaves_no_child_and_never_loads_a_decoder(valid: Path) -> None:
    command = [sys.executable, "-c", _PARENT, _SOURCE, str(valid)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline().strip() == "[]"
        (child,) = children_of(parent.pid)
        parent.kill()
    deadline = time.monotonic() + 60
    while Path(f"/proc/{child}").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not Path(f"/proc/{child}").exists()


_PRISON = """
import os, socket, sys
sys.path.insert(0, sys.argv[1])
from wetread.dicom import seccomp
if not (seccomp.forbid_new_privileges() and seccomp.install_filter(may_open=True)):
    print("unsupported"); sys.exit()
def denied(act):
    try:
        act()
    except PermissionError:
        return True
    return False
deeds = [
    socket.socket,
    os.fork,
    lambda: os.kill(os.getppid(), 0),
    lambda: os.execv("/bin/true", ["true"]),
    lambda: os.open("/tmp/PWNED", os.O_WRONLY | os.O_CREAT),
    lambda: os.mkdir("/tmp/PWNED"),
    lambda: os.unlink("/tmp/PWNED"),
    lambda: os.symlink("a", "/tmp/PWNED"),
    lambda: os.setuid(0),
]
readable = os.open("/dev/null", os.O_RDONLY)
answers = [denied(deed) for deed in deeds]
seccomp.install_filter(may_open=False)
answers.append(denied(lambda: os.open("/dev/null", os.O_RDONLY)))
answers.append(os.read(readable, 1) == b"")
print(answers)
"""


def test_the_kernel_denies_what_the_filter_denies() -> None:
    answer = subprocess.run([sys.executable, "-c", _PRISON, _SOURCE], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() in (str([True] * 11), "unsupported")
