"""What a command may load: by names, as a time would depend on the machine. Whoever waits for `wetread COMMAND --help`, and every server at rest, pays for what is named here too little."""

import os
import subprocess
import sys
from pathlib import Path

from migrated import data_folder

HEAVY = {
    "alembic", "cryptography", "highdicom", "icalendar", "imagecodecs", "joserfc", "numpy", "onnxruntime", "PIL", "polars",
    "pydantic", "pydicom", "pynetdicom", "reportlab", "rich", "ruamel", "scipy", "sqlalchemy", "starlette", "tokenizers",
    "torch", "urllib3", "uvicorn", "websockets",
}  # fmt: skip
STORED = {"pydantic", "sqlalchemy"}
"""Settings and databases."""
BUDGETS: dict[str, set[str]] = {
    "help": set(),
    "status help": set(),
    "status": STORED,
    "door": STORED | {"ruamel", "starlette", "uvicorn"},
}
"""Of the door: YAML for the triage policy, which it reads at start."""
SCRIPT = """
import contextlib, io, sys
from wetread.cli import main

def told(of):
    print(of, *{name.partition(".")[0] for name in sys.modules}, file=sys.__stdout__)

with contextlib.redirect_stdout(io.StringIO()):
    main(["--help"])
    told("help:")
    with contextlib.suppress(SystemExit):
        main(["status", "--help"])
    told("status help:")
    main(["status"])
    told("status:")
from wetread.bootstrap import build_core, build_server
from wetread.bootstrap_paging import build_deadman
from wetread.settings import load_settings
core = build_core(load_settings())
parts = build_server(core), build_deadman(core)
told("door:")
"""


def test_what_is_loaded_stays_within_its_budget(tmp_path: Path) -> None:
    house = {name: text for name, text in os.environ.items() if not name.startswith("WETREAD_")}
    house["WETREAD_DATA_DIR"] = str(data_folder(tmp_path))
    told = subprocess.run(
        [sys.executable, "-P", "-c", SCRIPT], env=house, check=True, capture_output=True, text=True, timeout=240
    ).stdout
    lines = (line.partition(": ") for line in told.splitlines())
    loaded = {of: HEAVY.intersection(names.split()) for of, _, names in lines}
    assert loaded == BUDGETS
