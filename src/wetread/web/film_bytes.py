"""A film's every stored value as one answer: a JSON head and raw little-endian blocks, so that a browser can window it without decoding anything.

bytes 0..3   length of the head, uint32 little-endian
head         UTF-8 JSON, padded with spaces to a multiple of 64 together with the length
blocks       at the offsets that `blocks` of the head gives, from the first byte of the answer on
"""

import json
from dataclasses import asdict
from struct import pack

from wetread.ports.film_pixels import FilmPixels

__all__ = ["MEDIA_TYPE", "film_bytes"]

MEDIA_TYPE = "application/vnd.wetread.film"
_ALIGNMENT = 64
_HEAD_BYTES = 16 * 1024


def film_bytes(film: FilmPixels) -> bytes:
    """Every machine this runs on is little-endian, so the arrays go as they are. `stored` as uint8 or uint16, `modality` and `voi_lut` as float32, and `film.facts` by their own names in the head."""
    blocks = {"stored": film.stored.data.cast("B"), "modality": film.modality.data.cast("B")}
    if film.voi_lut is not None:
        blocks["voi_lut"] = film.voi_lut.data.cast("B")
    places, end = {}, _HEAD_BYTES
    for name, block in blocks.items():
        places[name] = {"offset": end, "bytes": len(block), "bytes_per_value": 4}
        end += -(-len(block) // _ALIGNMENT) * _ALIGNMENT
    places["stored"]["bytes_per_value"] = film.stored.dtype.itemsize
    head = json.dumps({**asdict(film.facts), "blocks": places}).encode().ljust(_HEAD_BYTES - 4)
    if len(head) > _HEAD_BYTES - 4:
        raise ValueError("a film's head is bounded by the decoder")
    parts = [part for block in blocks.values() for part in (block, bytes(-len(block) % _ALIGNMENT))]
    return b"".join([pack("<I", len(head)), head, *parts])
