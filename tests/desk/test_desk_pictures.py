"""The size of a picture is read from its first bytes, whatever its kind."""

import cv2
import numpy as np
import pytest

from pipeline.desk.pictures import size_px


@pytest.mark.parametrize("kind", [".jpg", ".png", ".webp"])
def test_the_size_of_a_picture(kind: str) -> None:
    done, data = cv2.imencode(kind, np.full((70, 130, 3), 200, np.uint8))
    assert done
    assert size_px(data.tobytes()) == (130, 70)


@pytest.mark.parametrize("data", [b"", b"no picture", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_picture_has_no_size(data: bytes) -> None:
    assert size_px(data) == (0, 0)
