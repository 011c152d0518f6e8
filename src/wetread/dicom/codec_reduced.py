"""Translates one JPEG 2000 frame into a half, a quarter ... of its size by leaving its finest wavelet levels undecoded (ISO/IEC 15444-1 §B.5, §F.3).

Those levels are nine tenths of the cost and finer than a network of 128 px can see. Runs only inside the sandbox child. imagecodecs skips no levels, Pillow does.
Only Pillow's C core is used: its Python side costs every child 20 ms at start, and refuses films of 4n + 1 rows, whose size it rounds down.
"""

from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import _imaging

from wetread.dicom.codec_header import FrameShape, check_frame, wavelet_of

__all__ = ["decode_reduced", "levels_to_skip"]

_OVERSAMPLING = 4
"""Fewest decoded pixels per pixel that the caller averages down to: the low band is not quite a box average."""


def levels_to_skip(shape: FrameShape, spacing: tuple[float, float], needed_side_px: int) -> int:
    """How often the film may be halved when its long side, in true proportions, is then averaged down to `needed_side_px`; 0 where that is 0."""
    if needed_side_px < 1:
        return 0
    longest = max(shape.rows * spacing[0], shape.columns * spacing[1]) / max(spacing)
    return max(0, int(longest / (_OVERSAMPLING * needed_side_px)).bit_length() - 1)


def decode_reduced(frame: bytes, shape: FrameShape, levels: int) -> NDArray[Any] | None:
    """(ceil(rows / 2**n), ceil(columns / 2**n)) raw stored values, n <= `levels` as the stream allows; None where only a full decode is sure to be right.

    Raises UnsuitableImage('codec_mismatch') as `codecs.decode_frame` does.
    """
    check_frame("jpeg_2000", frame, shape)
    wavelet = wavelet_of(frame)
    # The 9/7 wavelet smears hard edges wider: with as many levels left out, one probability of 900 moved by 0.02.
    levels = min(levels if wavelet.reversible else levels - 1, wavelet.levels)
    # Words with a sign, or with more bits than are stored (overlays), are no numbers that can be averaged.
    numbers = shape.samples == 1 and not shape.signed and wavelet.bits <= shape.bits_stored
    if not numbers or not wavelet.at_origin or levels < 1:
        return None
    try:
        low = _low_band(frame, (-(-shape.rows >> levels), -(-shape.columns >> levels)), wavelet.bits, levels)
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - whatever is wrong with the stream, the full decode finds it too and says so
        return None
    moved = _centred(_centred(low.astype(np.float32), shape.rows, 1 << levels).T, shape.columns, 1 << levels).T
    # The integer steps of the 5/3 wavelet (§F.3.8.2) round d up by 1/4 and s by another 1/4, along rows and along columns: a half per level on noisy pixels.
    excess = levels / 2 if wavelet.reversible else 0.0
    return np.ascontiguousarray(np.maximum(moved + np.float32(0.5 - excess), 0), low.dtype)


def _low_band(frame: bytes, size: tuple[int, int], bits: int, levels: int) -> NDArray[Any]:
    """Pillow moves the values up to the top of its 8 or 16 bits; they are moved down again."""
    mode, width = ("L", 8) if bits <= 8 else ("I;16", 16)
    image, area = _imaging.new(mode, size[::-1]), (0, 0, size[1], size[0])
    decoder = _imaging.jpeg2k_decoder(mode, "j2k", levels, 0, -1, len(frame))
    decoder.setimage(image, area)
    decoder.setfd(BytesIO(frame))
    _, error = decoder.decode(b"")
    if error < 0:
        raise ValueError("not decodable")
    encoder = _imaging.raw_encoder(mode, mode, 0, 1)
    encoder.setimage(image, area)
    _, _, words = encoder.encode(size[0] * size[1] * width // 8)
    low: NDArray[Any] = np.frombuffer(words, f"<u{width // 8}").reshape(size)
    return low >> (width - bits)


def _centred(low: NDArray[np.float32], length: int, step: int) -> NDArray[np.float32]:
    """Row i of the low band lies on row i * `step` of the film; interpolated to the centres of as many equal parts of the film's `length`."""
    centres = (np.arange(len(low)) + 0.5) * (length / len(low)) - 0.5
    at = np.minimum(centres / step, len(low) - 1)
    first = at.astype(np.intp)
    share = (at - first).astype(np.float32)[:, np.newaxis]
    moved: NDArray[np.float32] = low[first] + share * (low[np.minimum(first + 1, len(low) - 1)] - low[first])
    return moved
