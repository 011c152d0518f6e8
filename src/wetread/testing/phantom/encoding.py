"""How stored pixels become Pixel Data in each transfer syntax (PS3.5 Annex A): one table, one function."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset, uid
from pydicom.encaps import encapsulate

__all__ = ["TRANSFER_SYNTAXES", "Encoding", "PixelArray", "encode_pixels"]

PixelArray = NDArray[np.uint8] | NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class Encoding:
    """One transfer syntax: what it is called, which bits it takes, whether it gives back the same pixels.

    `encode` makes one frame's code stream from pixels and bits stored; None for native and RLE, which pydicom writes.
    """

    transfer_syntax_uid: str
    name: str
    lossless: bool
    bits: range
    encode: Callable[[PixelArray, int], bytes] | None = None
    byte_order: Literal["little", "big"] = "little"
    lossy_method: str = ""


def _jpeg_lossy(pixels: PixelArray, bits: int) -> bytes:
    return bytes(imagecodecs.jpeg8_encode(pixels, level=93, bitspersample=bits))


def _jpeg_lossless(pixels: PixelArray, bits: int) -> bytes:
    return bytes(imagecodecs.jpeg8_encode(pixels, lossless=True, predictor=1, bitspersample=bits))


def _jpeg_ls(pixels: PixelArray, bits: int) -> bytes:
    return bytes(imagecodecs.jpegls_encode(pixels))


def _jpeg_2000(pixels: PixelArray, bits: int) -> bytes:
    return bytes(imagecodecs.jpeg2k_encode(pixels, level=0, codecformat="j2k", reversible=True, bitspersample=bits))


def _htj2k(pixels: PixelArray, bits: int) -> bytes:
    return bytes(imagecodecs.htj2k_encode(pixels, reversible=True))


_ANY = range(8, 17)
_TABLE = (
    Encoding(uid.ImplicitVRLittleEndian, "Implicit VR Little Endian", True, _ANY),
    Encoding(uid.ExplicitVRLittleEndian, "Explicit VR Little Endian", True, _ANY),
    Encoding(uid.ExplicitVRBigEndian, "Explicit VR Big Endian (retired)", True, _ANY, byte_order="big"),
    Encoding(uid.DeflatedExplicitVRLittleEndian, "Deflated Explicit VR Little Endian", True, _ANY),
    Encoding(uid.JPEGBaseline8Bit, "JPEG Baseline", False, range(8, 9), _jpeg_lossy, lossy_method="ISO_10918_1"),
    Encoding(uid.JPEGExtended12Bit, "JPEG Extended", False, range(12, 13), _jpeg_lossy, lossy_method="ISO_10918_1"),
    Encoding(uid.JPEGLosslessSV1, "JPEG Lossless SV1", True, _ANY, _jpeg_lossless),
    Encoding(uid.JPEGLSLossless, "JPEG-LS Lossless", True, _ANY, _jpeg_ls),
    Encoding(uid.JPEG2000Lossless, "JPEG 2000 Lossless", True, _ANY, _jpeg_2000),
    Encoding(uid.HTJ2KLossless, "HTJ2K Lossless", True, _ANY, _htj2k),
    Encoding(uid.RLELossless, "RLE Lossless", True, _ANY),
)
TRANSFER_SYNTAXES: dict[str, Encoding] = {str(each.transfer_syntax_uid): each for each in _TABLE}
"""Every transfer syntax the phantom writes, by UID."""


def encode_pixels(dataset: Dataset, pixels: NDArray[np.uint16], transfer_syntax_uid: str) -> None:
    """Puts `pixels` into the dataset (which already states its bits) in the given syntax; in place.

    Raises ValueError for a syntax that is not in the table or does not take the dataset's bits.
    """
    encoding = TRANSFER_SYNTAXES.get(transfer_syntax_uid)
    bits = int(dataset.BitsStored)
    if encoding is None or bits not in encoding.bits:
        raise ValueError(
            f"transfer syntax {transfer_syntax_uid} is not written with {bits} bits stored; see TRANSFER_SYNTAXES"
        )
    stored: PixelArray = pixels.astype(np.uint8) if dataset.BitsAllocated == 8 else pixels
    if encoding.encode is not None:
        dataset.PixelData = encapsulate([encoding.encode(stored, bits)])
    else:
        wide = stored.dtype.newbyteorder(">" if encoding.byte_order == "big" else "<")
        dataset.PixelData = _even(stored.astype(wide).tobytes())
    dataset["PixelData"].VR = "OB" if encoding.encode is not None or dataset.BitsAllocated == 8 else "OW"
    if encoding.lossy_method:
        dataset.LossyImageCompression = "01"
        dataset.LossyImageCompressionMethod = encoding.lossy_method
        ratio = stored.nbytes / len(dataset.PixelData)
        dataset.LossyImageCompressionRatio = f"{ratio:.2f}"
    if transfer_syntax_uid == uid.RLELossless:
        dataset.file_meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
        dataset.compress(uid.RLELossless, generate_instance_uid=False)


def _even(data: bytes) -> bytes:
    return data + b"\0" if len(data) % 2 else data
