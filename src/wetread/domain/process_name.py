"""What a process calls itself where others write beside it."""

import os
import socket

__all__ = ["process_name"]


def process_name() -> str:
    """Host and process id: containers that share a folder count their processes apart, so that each may be number 1."""
    return f"{socket.gethostname()}-{os.getpid()}"
