"""Pages that a mail room also gets: envelopes, address mounts, backs, loose photos, dark scans.

All of our own making, with the SAMPLE mark; none copies a real envelope or mount.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray
from pdf2image import convert_from_bytes
from PIL import Image, ImageDraw

from pipeline.domain.documents import Channel
from pipeline.domain.geometry import PX_PER_MM, REGISTERED_DPI
from pipeline.domain.separators import Separator
from pipeline.forms.separator_sheet import draw_separator
from pipeline.samples import fonts
from pipeline.samples.portraits import PortraitSpec, draw_portrait

Pixels = NDArray[np.uint8]
Line = tuple[float, float, float, str]

A4_MM = (210.0, 297.0)
LONG_3_MM = (120.0, 235.0)
PHOTO_MM = (35.0, 45.0)
_MARK = "SAMPLE（合成データ）"
_MOUNT: tuple[Line, ...] = (
    (24, 14, 4.0, _MARK),
    (24, 34, 5.5, "〒958-0061"),
    (24, 44, 5.5, "新潟県岩船郡粟島浦村見本町1番地"),
    (24, 58, 8.0, "見本　太郎　様"),
    (24, 104, 7.0, "宛名台紙"),
    (24, 122, 4.6, "この台紙は申請書ではありません。切り離して保管してください。"),
    (24, 134, 4.6, "申請書ID　0000 0000 0000 0000 0000 000"),
    (24, 146, 4.6, "同封した交付申請書に記入し、返信用封筒で送ってください。"),
)
_ENVELOPE: tuple[Line, ...] = (
    (12, 10, 3.6, _MARK),
    (12, 20, 4.6, "料金受取人払郵便"),
    (12, 28, 3.6, "差出有効期間　見本"),
    (30, 92, 6.0, "見本市見本町私書箱第2号"),
    (30, 110, 7.0, "交付申請書受付センター　宛"),
    (30, 190, 5.0, "交付申請書在中"),
)
_BACK: tuple[Line, ...] = (
    (20, 14, 4.0, _MARK),
    (20, 26, 7.5, "記入上の注意"),
    (20, 44, 4.4, "１　太枠の中を、黒のボールペンでていねいに記入してください。"),
    (20, 56, 4.4, "２　個人番号は12けたをすべて記入してください。"),
    (20, 68, 4.4, "３　顔写真は縦4.5cm、横3.5cmで、最近6か月以内のものを貼ってください。"),
    (20, 80, 4.4, "４　申請する日と氏名を、本人が記入してください。"),
    (20, 92, 4.4, "５　15歳未満の方は、法定代理人が代理人の欄に記入してください。"),
    (20, 104, 4.4, "６　電子証明書が要らない方だけ、四角を黒く塗りつぶしてください。"),
    (20, 124, 6.0, "記入例"),
    (20, 140, 4.4, "氏名　見本　太郎　　生年月日　平成1年4月1日　　電話　000-0000-0000"),
)


def address_mount(rng: np.random.Generator) -> Pixels:
    """The sheet that shows through the window of an envelope; A4, BGR, 300 dpi."""
    return _printed(A4_MM, _MOUNT, rng)


def envelope(rng: np.random.Generator) -> Pixels:
    """A reply envelope of the long form 3, kraft brown; BGR, 300 dpi."""
    kraft = (float(rng.uniform(140, 160)), float(rng.uniform(175, 195)), 210.0)
    page = _printed(LONG_3_MM, _ENVELOPE, rng)
    return np.clip(page * (np.array(kraft) / 255.0), 0, 255).astype(np.uint8)


def printed_back(rng: np.random.Generator) -> Pixels:
    """The back of a form with its instructions; A4, BGR, 300 dpi."""
    return _printed(A4_MM, _BACK, rng)


def loose_photo(rng: np.random.Generator) -> Pixels:
    """A print of 35 x 45 mm alone on the glass; A4, BGR, 300 dpi."""
    width, height = (round(side * PX_PER_MM) for side in PHOTO_MM)
    photo = draw_portrait(PortraitSpec.good(rng), rng, width, height)
    page = _sheet(A4_MM)
    top = round(float(rng.uniform(40, 200)) * PX_PER_MM)
    left = round(float(rng.uniform(30, 140)) * PX_PER_MM)
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), float(rng.uniform(-8, 8)), 1.0)
    matrix = np.asarray(turn, np.float64) + np.array([[0, 0, left], [0, 0, top]])
    size = (page.shape[1], page.shape[0])
    laid = cv2.warpAffine(
        photo, matrix, size, dst=page, borderMode=cv2.BORDER_TRANSPARENT, flags=cv2.INTER_LINEAR
    )
    return np.asarray(laid, np.uint8)


def dark_page(rng: np.random.Generator) -> Pixels:
    """What a scanner stores whose lamp failed; A4, BGR, 300 dpi."""
    height, width = (round(side * PX_PER_MM) for side in reversed(A4_MM))
    noise = rng.normal(14, 3, (height // 4, width // 4))
    small = np.clip(noise, 0, 60).astype(np.uint8)
    grey = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.ascontiguousarray(np.dstack([grey, grey, grey]).astype(np.uint8))


def fed_together(first: Pixels, second: Pixels, shift_mm: float) -> Pixels:
    """Two sheets drawn in at once, the second lying under the first and ``shift_mm`` behind it."""
    shift = round(shift_mm * PX_PER_MM)
    below = second[max(0, len(second) - shift) :]
    return np.ascontiguousarray(np.vstack([first, below]))


def separator_page(channel: Channel | None, count: int | None, rng: np.random.Generator) -> Pixels:
    """A separator sheet whose identifier follows from the randomness; A4, BGR, 300 dpi."""
    separator = Separator(rng.bytes(8).hex(), channel, count)
    (page,) = convert_from_bytes(draw_separator(separator), dpi=REGISTERED_DPI)
    return np.ascontiguousarray(np.asarray(page.convert("RGB"), np.uint8)[:, :, ::-1])


PRINTED_BACK = "printed_back"
OTHER_PAGES: dict[str, tuple[str, Callable[[np.random.Generator], Pixels]]] = {
    "address_mount": ("address_mount", address_mount),
    "envelope": ("envelope", envelope),
    PRINTED_BACK: ("form_back", printed_back),
    "loose_photo": ("photo", loose_photo),
    "dark": ("dark", dark_page),
}
"""By name: the kind that an examination must tell, and how to draw the page."""


def _sheet(size_mm: tuple[float, float]) -> Pixels:
    width, height = (round(side * PX_PER_MM) for side in size_mm)
    return np.full((height, width, 3), 255, np.uint8)


def _printed(
    size_mm: tuple[float, float], lines: tuple[Line, ...], rng: np.random.Generator
) -> Pixels:
    width, height = (round(side * PX_PER_MM) for side in size_mm)
    image = Image.new("L", (width, height), 255)
    pen = ImageDraw.Draw(image)
    dx, dy = rng.uniform(-3, 3), rng.uniform(-3, 3)
    for x, y, size, text in lines:
        font = fonts.face(fonts.MINCHO if size < 5 else fonts.GOTHIC, round(size * PX_PER_MM))
        pen.text(((x + dx) * PX_PER_MM, (y + dy) * PX_PER_MM), text, font=font, fill=30)
    grey = np.asarray(image)
    return np.ascontiguousarray(np.dstack([grey, grey, grey]))
