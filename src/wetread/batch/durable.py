"""What a run remembers of itself: small files that are there whole or not at all."""

import json
from collections.abc import Mapping
from pathlib import Path

from wetread.storage.files import sync

__all__ = ["write_whole"]


def write_whole(place: Path, told: Mapping[str, object]) -> None:
    """As JSON, durable when this returns."""
    unfinished = place.with_suffix(".part")
    unfinished.write_text(json.dumps(told, indent=1) + "\n", "utf-8")
    sync(unfinished)
    unfinished.replace(place)
    sync(place.parent)
