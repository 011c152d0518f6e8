"""What the kernel still lets a child see, tried in a process of its own."""

import subprocess
import sys
from pathlib import Path

_CHILD = """
import os, sys
sys.path.append(sys.argv[1])
from wetread.dicom import landlock, seccomp
seccomp.forbid_new_privileges()
if not landlock.keep_to_libraries(sys.argv[1]):
    print("unsupported")
    raise SystemExit

def denied(path, flags=os.O_RDONLY):
    try:
        os.close(os.open(path, flags))
    except PermissionError:
        return True
    return False

secret = sys.argv[2]
print([denied(secret), denied("/etc/passwd"), denied("/"), denied(secret, os.O_WRONLY), denied(os.path.dirname(secret) + "/new", os.O_CREAT | os.O_WRONLY)])
print([denied(os.__file__), denied(sys.argv[1] + "/wetread/__init__.py"), denied("/proc/self/status"), denied("/dev/null")])
import numpy, imagecodecs, wetread.dicom.codecs  # load late, and still do
"""


def test_libraries_are_seen_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "vault.db").write_text("secret")
    source = str(Path(__file__).parents[3] / "src")
    command = [sys.executable, "-I", "-P", "-c", _CHILD, source, str(tmp_path / "vault.db")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout in (f"{[True] * 5}\n{[False] * 4}\n", "unsupported\n"), done.stderr
    assert done.returncode == 0
