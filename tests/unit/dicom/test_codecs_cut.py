"""A stream that was cut must never come out as a picture."""

import imagecodecs
import numpy as np
import pytest

from wetread.dicom.codec_header import FrameShape
from wetread.dicom.codecs import decode_frame
from wetread.domain.errors import UnsuitableImage


@pytest.mark.parametrize("share", [0.5, 0.9, 0.999])
def test_a_cut_htj2k_stream_is_refused(share: float) -> None:
    image = np.random.default_rng(1).integers(0, 4096, (256, 256), np.uint16)
    whole = imagecodecs.htj2k_encode(image, reversible=True)
    shape = FrameShape(256, 256, 1, 16, 16, False)
    assert (decode_frame("htj2k", whole, shape) == image).all()
    with pytest.raises(UnsuitableImage):
        decode_frame("htj2k", whole[: int(len(whole) * share)], shape)
