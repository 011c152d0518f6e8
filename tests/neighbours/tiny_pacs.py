"""A third DICOM stack: tiny-pacs (pynetdicom2), an archive by DIMSE on a free loopback port."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from neighbours.dcmtk import DimsePeer
from neighbours.process import free_port, listens, running

__all__ = ["tiny_pacs"]


@contextmanager
def tiny_pacs(folder: Path) -> Iterator[DimsePeer]:
    """It takes whoever calls it by its name. Of several matches its C-FIND (0.4.1) tells the last one as often as there are matches, so nobody searches it here. An instance
    that comes again replaces the first: its other way is A700, "out of resources", for ever.
    """
    (folder / "archive").mkdir(parents=True)
    peer = DimsePeer("TINY_PACS", free_port(), folder / "archive")
    config = {
        "ae": {"ae_title": peer.ae_title, "port": peer.port, "dump_ds": False},
        "components": {
            "Database": {"on": True, "driver": "sqlite", "db_name": str(folder / "index.db"), "mode": "rwc"},
            "Devices": {"on": True},
            "PACS": {"on": True},
            "InMemoryStorage": {"on": False},
            "FileStorage": {"on": True, "storage_dir": str(peer.folder), "overwrite": True},
        },
    }
    (folder / "config.json").write_text(json.dumps(config))
    command = [sys.executable, "-P", "-m", "tiny_pacs", "run", "-c", str(folder / "config.json")]
    with running(command, folder / "tiny_pacs.log", lambda: listens(peer.port)):
        yield peer
