"""Both doors, open in a process that is to be killed (tests/soak/forked.py). The faults inside the file store are placed here."""

import os
import threading
from collections.abc import Callable
from pathlib import Path
from tempfile import NamedTemporaryFile

import uvicorn
from builders_ingest import House, JsonInspector
from starlette.applications import Starlette

from wetread.domain.role import Actor, Role
from wetread.domain.study import InstanceHeader
from wetread.ingest.fault_points import reach
from wetread.web.stow import StowDoor
from wetread.web.stow_asgi import stow_routes
from wetread.web.stow_listener import FrontServer


class AfterMeta(JsonInspector):
    """Reads `a_file` behind file meta information, or bare."""

    def inspect(self, path: Path) -> InstanceHeader:
        content = path.read_bytes()
        if content[128:132] != b"DICM":
            return super().inspect(path)
        with NamedTemporaryFile() as bare:  # not beside it: there a sweep may find it
            bare.write(content[144 + int.from_bytes(content[140:144], "little") :])
            bare.flush()
            return super().inspect(Path(bare.name))


def place_faults() -> None:
    """Around the two system calls that make bytes durable."""
    fsync, replace = os.fsync, os.replace

    def slow_fsync(descriptor: int) -> None:
        reach("before_fsync")
        fsync(descriptor)
        reach("after_fsync")

    def replace_and_reach(source: object, target: object) -> None:
        replace(source, target)  # type: ignore[arg-type]
        reach("after_rename")

    os.fsync, os.replace = slow_fsync, replace_and_reach


def serve_stow(house: House, announce: Callable[[int], None]) -> None:
    door = StowDoor(house.reception, lambda headers, peer_ip: Actor(f"stow@{peer_ip}", Role.SERVICE))
    config = uvicorn.Config(
        Starlette(routes=stow_routes(door)), host="127.0.0.1", port=0, lifespan="off", ws="none", log_config=None
    )
    server = FrontServer(config, door, frozenset({"127.0.0.1"}))

    def tell() -> None:
        while not server.started:
            threading.Event().wait(0.01)
        announce(server.port)

    threading.Thread(target=tell, daemon=True).start()
    server.run()


def serve_dimse(house: House, announce: Callable[[int], None]) -> None:
    from wetread.dicom.dimse import DimseDoor

    door = DimseDoor(house.reception, ae_title="WETREAD", callers=[("MODALITY", "")])
    announce(door.start("127.0.0.1", 0))
    threading.Event().wait()
