"""Translates one encoded frame into an array of raw stored values with the fastest decoder measured for its transfer syntax.

Runs only inside the sandbox child: every decoder here is native code fed by strangers.
"""

from collections.abc import Callable
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from wetread.dicom.codec_header import FrameShape, check_frame, rle_segments
from wetread.domain.errors import UnsuitableImage

__all__ = ["decode_frame"]

# Named here, not where they are called: imagecodecs loads each library on first mention, and later no file can be opened.
_DICOMRLE_DECODE = imagecodecs.dicomrle_decode
_DECODERS: dict[str, Callable[..., Any]] = {
    "jpeg": imagecodecs.jpeg8_decode,
    "jpeg_lossless": imagecodecs.jpeg8_decode,
    "jpeg_ls": imagecodecs.jpegls_decode,
    "jpeg_2000": imagecodecs.jpeg2k_decode,
    "htj2k": imagecodecs.htj2k_decode,
}


def decode_frame(codec: str, frame: bytes, shape: FrameShape, *, rgb: bool = False) -> NDArray[Any]:
    """(row, column) or (row, column, sample) integers; a colour JPEG gives its luma alone. Raises UnsuitableImage('codec_mismatch' or 'codec_failed')."""
    if codec == "rle":
        rle_segments(frame, shape)
    else:
        check_frame(codec, frame, shape)
    try:
        decoded = _decode(codec, frame, shape, rgb)
    except (MemoryError, UnsuitableImage):
        raise
    except Exception as error:
        raise UnsuitableImage("The compressed frame cannot be decoded.", code="codec_failed") from error
    samples = () if shape.samples == 1 or codec == "jpeg" else (shape.samples,)
    if (
        decoded.shape != (shape.rows, shape.columns, *samples)
        or decoded.dtype.kind not in "ui"
        or decoded.dtype.itemsize > 2
    ):
        raise UnsuitableImage("The decoder gave another image than the data set promises.", code="codec_mismatch")
    return np.ascontiguousarray(decoded)


def _decode(codec: str, frame: bytes, shape: FrameShape, rgb: bool) -> NDArray[Any]:
    if codec == "rle":
        return _rle(frame, shape)
    if codec == "jpeg_ls":
        return _jpeg_ls(frame)
    if codec == "jpeg" and shape.samples == 3:
        luma: NDArray[Any] = _DECODERS["jpeg"](frame, colorspace="RGB" if rgb else "YCBCR", outcolorspace="GRAYSCALE")
        return luma
    if codec == "htj2k" and not _ends(frame):
        # OpenJPH's wrapper swallows its own errors: a cut stream would come out as a film with wrong pixels.
        raise UnsuitableImage("The compressed frame ends before its end marker.", code="codec_failed")
    decoded: NDArray[Any] = _DECODERS[codec](frame)
    return decoded


def _ends(frame: bytes) -> bool:
    """True when the stream closes with its end marker (EOI, EOC: FF D9), padding apart."""
    return frame[-16:].rstrip(b"\0").endswith(b"\xff\xd9")


def _jpeg_ls(frame: bytes) -> NDArray[Any]:
    """CharLS 2.4 spends seconds of CPU on a stream that ends too early, unless it meets an end-of-image marker there."""
    decoded: NDArray[Any] = _DECODERS["jpeg_ls"](frame if _ends(frame) else frame + b"\xff\xd9")
    return decoded


def _rle(frame: bytes, shape: FrameShape) -> NDArray[Any]:
    """imagecodecs gives one plane after the other, in native byte order (RLE segments hold the most significant bytes first)."""
    dtype = np.dtype(np.uint8 if shape.bits_allocated == 8 else np.uint16)
    planes = np.frombuffer(_DICOMRLE_DECODE(frame, dtype), dtype)
    planes = planes.reshape(shape.samples, shape.rows, shape.columns)
    return np.moveaxis(planes, 0, -1) if shape.samples > 1 else planes[0]
