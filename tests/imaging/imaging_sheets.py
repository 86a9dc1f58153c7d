"""Sheets for these tests: small forms drawn here, and a rough life for them with known truth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from pipeline.domain.documents import FieldName, FormName
from pipeline.domain.geometry import PX_PER_MM, BoxMm
from pipeline.forms.definition import FormDefinition, ReaderKind, Zone
from pipeline.imaging.pages import PageImage

_FONTS = (
    "/usr/share/fonts/opentype/ipaexfont-gothic/ipaexg.ttf",
    "/usr/share/fonts/truetype/fonts-japanese-gothic.ttf",
    "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
)
_WORDS = [
    "氏名",
    "住所",
    "生年月日",
    "性別",
    "電話番号",
    "個人番号",
    "申請日",
    "署名",
    "代理人",
    "本人との関係",
    "郵便番号",
    "在留期間",
    "満了日",
    "点字表記",
    "電子証明書",
    "旧氏又は通称",
    "区分",
    "有無",
    "備考",
    "発行",
    "更新",
    "窓口",
    "受付",
    "記入例",
    "太枠",
]


def font(size_px: int) -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    for name in _FONTS:
        if Path(name).is_file():
            return ImageFont.truetype(name, size_px)
    return ImageFont.load_default(size_px)


def draw_form(
    seed: int, *, rows: int = 14, row_shift_mm: float = 0.0
) -> tuple[FormDefinition, np.ndarray]:
    """A made-up A4 form: title, labelled rows, cells, a photo box, notes; BGR at 300 dpi."""
    rng = np.random.default_rng(seed)
    w, h = round(210 * PX_PER_MM), round(297 * PX_PER_MM)
    image = Image.new("RGB", (w, h), "white")
    pen = ImageDraw.Draw(image)
    line = tuple(int(v) for v in rng.integers(90, 215, 3))
    zones: list[Zone] = []

    def mm(*v: float) -> list[int]:
        return [round(x * PX_PER_MM) for x in v]

    def words(n: int) -> str:
        return "　".join(rng.choice(_WORDS, n))

    pen.text(mm(25, 10), words(3) + "申請書", "black", font(58))
    pen.text(mm(25, 19), words(4), "black", font(34))
    top = 28.0 + float(rng.uniform(0, 4))
    left, label_w = float(rng.uniform(12, 18)), float(rng.uniform(26, 38))
    kinds = rng.permutation(rows)
    fields = list(FieldName)
    for i in range(rows):
        row_h = float(rng.uniform(9, 15)) + row_shift_mm
        right = 150.0 if top < 110 else 195.0
        pen.rectangle(mm(left, top, right, top + row_h), outline=line, width=3)
        pen.rectangle(mm(left, top, left + label_w, top + row_h), outline=line, width=3)
        pen.text(mm(left + 1.5, top + 1.5), words(2)[:6], "black", font(30))
        pen.text(mm(left + 1.5, top + 5.4), words(2)[:9], (90, 90, 90), font(20))
        x0 = left + label_w + 3
        if kinds[i] % 3 == 0:
            cells = tuple(
                BoxMm(x0 + 6.0 * k, top + 1.5, 6.0, row_h - 3)
                for k in range(12)
                if x0 + 6.0 * (k + 1) < right
            )
            for c in cells:
                pen.rectangle(mm(c.x, c.y, c.x + c.w, c.y + c.h), outline=line, width=2)
            box = BoxMm(x0, top + 1.5, 6.0 * len(cells), row_h - 3)
            zones.append(Zone(fields[i], ReaderKind.BOXES, box, cells, "0123456789"))
        else:
            box = BoxMm(x0, top + 1, right - x0 - 1, row_h - 2)
            zones.append(Zone(fields[i], ReaderKind.TEXT, box))
        top += row_h
    photo = BoxMm(157, 34, 35, 45)
    pen.rectangle(mm(157, 34, 192, 79), outline=(0, 0, 0), width=2)
    pen.text(mm(163, 50), "写真貼付", (120, 120, 120), font(36))
    zones.append(Zone(FieldName.PHOTO, ReaderKind.PHOTO, photo))
    for k in range(6):
        y = top + 4 + 4.5 * k
        if y < 290:
            pen.text(mm(left, y), f"※{k + 1} " + words(9), "black", font(24))
    for k in range(5):
        pen.text(mm(157, 84 + 4.2 * k), words(2)[:9], "black", font(24))
    form = FormDefinition(
        FormName.APPLICATION_HANDWRITTEN, f"test-{seed}", "t", 210.0, 297.0, tuple(zones)
    )
    return form, np.ascontiguousarray(np.asarray(image)[:, :, ::-1])


@dataclass
class Life:
    """What happens to a sheet between the printer and the file."""

    angle_deg: float = 0.0
    scale_x: float = 1.0
    scale_y: float = 1.0
    keystone: float = 0.0
    stretch_mm: float = 0.0
    fold_mm: float = 0.0
    crop_mm: float = 0.0
    dpi: float = 300.0
    bilevel: bool = False
    cast: tuple[float, float, float] = (1.0, 1.0, 1.0)
    contrast: float = 1.0
    blur_px: float = 0.0
    noise: float = 0.0
    jpeg: int = 0
    fill: bool = True
    state_dpi: bool = True
    seed: int = 0


def random_life(rng: np.random.Generator) -> Life:
    quarter = 90.0 * int(rng.integers(0, 4))
    return Life(
        angle_deg=quarter + float(rng.uniform(-6, 6) if rng.random() < 0.8 else rng.uniform(0, 90)),
        scale_x=float(rng.uniform(0.92, 1.08)),
        scale_y=float(rng.uniform(0.92, 1.08)),
        keystone=float(rng.uniform(0, 0.02)) if rng.random() < 0.3 else 0.0,
        stretch_mm=float(rng.uniform(0, 1.0)) if rng.random() < 0.4 else 0.0,
        fold_mm=float(rng.uniform(0, 0.3)) if rng.random() < 0.3 else 0.0,
        crop_mm=float(rng.uniform(0, 6)) if rng.random() < 0.4 else 0.0,
        dpi=float(rng.choice([150, 200, 240, 300, 400, 600], p=[0.2, 0.25, 0.1, 0.3, 0.1, 0.05])),
        bilevel=bool(rng.random() < 0.2),
        cast=tuple(rng.uniform(0.82, 1.0, 3)),
        contrast=float(rng.uniform(0.45, 1.0)),
        blur_px=float(rng.uniform(0, 1.3)),
        noise=float(rng.uniform(0, 9)),
        jpeg=int(rng.integers(35, 90)) if rng.random() < 0.6 else 0,
        state_dpi=bool(rng.random() < 0.7),
        seed=int(rng.integers(1 << 30)),
    )


def scribble(image: np.ndarray, form: FormDefinition, rng: np.random.Generator) -> None:
    """Heavy handwriting over the lines, a portrait, red stamps, dirt."""
    for zone in form.zones:
        b = zone.box
        if zone.reader == ReaderKind.PHOTO:
            x, y, w, h = (round(v * PX_PER_MM) for v in (b.x, b.y, b.w, b.h))
            face = cv2.resize(rng.integers(30, 220, (9, 7, 3), dtype=np.uint8), (w, h))
            image[y : y + h, x : x + w] = face
            continue
        ink = tuple(int(v) for v in rng.integers(0, 90, 3))
        for _ in range(max(6, int(b.w / 4))):
            cx, cy = b.x + rng.uniform(0, b.w), b.y + rng.uniform(0, b.h)
            pts = np.cumsum(rng.normal(0, 1.6, (7, 2)), axis=0) + np.array([cx, cy])
            cv2.polylines(
                image,
                [np.round(pts * PX_PER_MM).astype(np.int32)],
                False,
                ink,
                int(rng.integers(3, 9)),
                cv2.LINE_AA,
            )
    for _ in range(int(rng.integers(0, 3))):
        centre = (int(rng.integers(300, 2100)), int(rng.integers(300, 3200)))
        over = image.copy()
        cv2.circle(over, centre, int(rng.integers(60, 140)), (60, 50, 205), 10, cv2.LINE_AA)
        cv2.putText(over, "SAMPLE", (centre[0] - 90, centre[1]), 0, 1.6, (60, 50, 205), 6)
        cv2.addWeighted(over, 0.8, image, 0.2, 0, dst=image)
    for _ in range(int(rng.integers(0, 30))):
        cv2.circle(
            image,
            (int(rng.integers(0, 2480)), int(rng.integers(0, 3508))),
            int(rng.integers(1, 6)),
            (70, 80, 90),
            -1,
        )


def live(
    form: FormDefinition, blank: np.ndarray, life: Life
) -> tuple[PageImage, Callable[[np.ndarray], np.ndarray]]:
    """The scan of a sheet, and where each of its places (N x 2, 300 dpi) lies on it."""
    rng = np.random.default_rng(life.seed)
    sheet = blank.copy()
    if life.fill:
        scribble(sheet, form, rng)
    h, w = sheet.shape[:2]
    k = life.dpi / 300.0
    angle = np.deg2rad(life.angle_deg)
    quarter = round(life.angle_deg / 90) % 2
    out_w, out_h = (h, w) if quarter else (w, h)
    crop = 2 * life.crop_mm * PX_PER_MM
    out_w, out_h = out_w - crop, out_h - crop
    rest = abs((life.angle_deg + 45) % 90 - 45)
    if rest > 6.5 or max(life.scale_x, life.scale_y) > 1.0:
        # The glass is large enough for the sheet as it lies.
        c, s = abs(np.cos(angle)), abs(np.sin(angle))
        out_w = (
            max(out_w, w * life.scale_x * c + h * life.scale_y * s - crop)
            if rest > 6.5
            else (out_w * max(1.0, life.scale_x))
        )
        out_h = (
            max(out_h, w * life.scale_x * s + h * life.scale_y * c - crop)
            if rest > 6.5
            else (out_h * max(1.0, life.scale_y))
        )
    out_w, out_h = out_w * k, out_h * k
    centre = np.array([[1, 0, -(w - 1) / 2], [0, 1, -(h - 1) / 2], [0, 0, 1.0]])
    size = np.diag([life.scale_x * k, life.scale_y * k, 1.0])
    tilt = np.array([[1, 0, 0], [0, 1, 0], [life.keystone / w / k, -life.keystone / h / k, 1.0]])
    turn = np.array(
        [[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1.0]]
    )
    jitter = rng.uniform(-1, 1, 2) * 8 * k
    back = np.array(
        [[1, 0, (out_w - 1) / 2 + jitter[0]], [0, 1, (out_h - 1) / 2 + jitter[1]], [0, 0, 1.0]]
    )
    to_page = back @ turn @ tilt @ size @ centre
    phase = rng.uniform(0, 2 * np.pi, 4)
    fold_at = h * float(rng.choice([1 / 3, 1 / 2, 2 / 3]))

    def shift(q: np.ndarray) -> np.ndarray:
        a = life.stretch_mm * PX_PER_MM
        x, y = q[..., 0] / w, q[..., 1] / h
        dx = a * (np.sin(2.3 * y + phase[0]) * 0.6 + 0.4 * np.sin(3.1 * x + phase[1]))
        dy = a * (np.sin(2.7 * x + phase[2]) * 0.5 + 0.5 * np.sin(3.6 * y + phase[3]))
        dy = dy + life.fold_mm * PX_PER_MM * np.clip((q[..., 1] - fold_at) / 120, 0, 1)
        return np.stack([dx, dy], axis=-1)

    def truth(q: np.ndarray) -> np.ndarray:
        # A scan place p shows the form place u(p) = H^-1 p + shift(H^-1 p); solve for p.
        r = q.astype(float).copy()
        for _ in range(30):
            r = q - shift(r)
        m = np.column_stack([r, np.ones(len(r))]) @ to_page.T
        return m[:, :2] / m[:, 2:]

    size_px = (round(out_w), round(out_h))
    # Area sampling: draw at an integer multiple where the scan is coarser than the sheet.
    source, pre = sheet, np.eye(3)
    if k < 0.95:
        f = k * 1.0
        small = cv2.resize(sheet, (round(w * f), round(h * f)), interpolation=cv2.INTER_AREA)
        fx, fy = small.shape[1] / w, small.shape[0] / h
        pre = np.array([[fx, 0, (fx - 1) / 2], [0, fy, (fy - 1) / 2], [0, 0, 1]])
        source = small
    step = 8
    gx, gy = np.meshgrid(
        (np.arange(size_px[0] // step + 3) - 0.5) * step - 0.5,
        (np.arange(size_px[1] // step + 3) - 0.5) * step - 0.5,
    )
    p = np.stack([gx, gy, np.ones_like(gx)], -1) @ np.linalg.inv(to_page).T
    r = p[..., :2] / p[..., 2:]
    u = r + shift(r)
    u = u @ pre[:2, :2].T + pre[:2, 2]
    grown = cv2.resize(u.astype(np.float32), (gx.shape[1] * step, gx.shape[0] * step))
    grown = grown[step : step + size_px[1], step : step + size_px[0]]
    desk = (235, 235, 235) if rng.random() < 0.7 else (25, 25, 25)
    page = cv2.remap(
        source,
        grown[..., 0],
        grown[..., 1],
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=desk,
    )
    if life.blur_px:
        page = cv2.GaussianBlur(page, (0, 0), life.blur_px * max(0.5, k))
    level = 255 - (255 - page.astype(np.float32)) * life.contrast
    level *= np.array(life.cast, np.float32) * 0.97
    if life.noise:
        level += rng.normal(0, life.noise, page.shape[:2]).astype(np.float32)[..., None]
    page = np.clip(level, 0, 255).astype(np.uint8)
    if life.jpeg:
        page = cv2.imdecode(cv2.imencode(".jpg", page, [1, life.jpeg])[1], cv2.IMREAD_COLOR)
    if life.bilevel:
        grey = cv2.cvtColor(page, cv2.COLOR_BGR2GRAY)
        paper = float(np.percentile(grey, 80))
        grey = np.where(grey > paper * (1 - 0.33 * life.contrast), 255, 0).astype(np.uint8)
        page = cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)
    return (
        PageImage(page, 1, life.dpi if life.state_dpi else None, life.bilevel),
        truth,
    )
