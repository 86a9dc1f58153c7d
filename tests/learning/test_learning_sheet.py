"""Lines and boxes are found where they were drawn; what is no blank form is refused by name."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from pipeline.domain.errors import InputError
from pipeline.domain.geometry import PX_PER_MM, BoxMm
from pipeline.imaging.pages import PageImage
from pipeline.learning.definitions import title_of
from pipeline.learning.layout import CellRow
from pipeline.learning.printed_text import PrintedLine
from pipeline.learning.room import free_rectangle
from pipeline.learning.rulings import find_rulings
from pipeline.learning.sheet import only_page, straight_sheet

CELL_TOLERANCE_MM = 0.12
A4_PX = (3508, 2480)


def draw(boxes: list[BoxMm], tone: tuple[int, int, int], width_px: int = 3) -> np.ndarray:
    page = np.full((*A4_PX, 3), 255, np.uint8)
    for b in boxes:
        corners = [round(v * PX_PER_MM) for v in (b.x, b.y, b.x + b.w, b.y + b.h)]
        cv2.rectangle(page, tuple(corners[:2]), tuple(corners[2:]), tone, width_px)
    return page


FRAME = BoxMm(20, 40, 160, 14)
CELLS = [BoxMm(60 + 9 * i + 3 * (i // 4), 41.2, 9, 11.5) for i in range(12)]


@pytest.mark.parametrize(
    ("tone", "noise"),
    [((143, 180, 246), 0.0), ((143, 180, 246), 4.0), ((205, 205, 205), 2.0), ((30, 30, 30), 3.0)],
    ids=["drop-out", "drop-out noisy", "pale grey", "dark"],
)
def test_cells_and_their_frame_are_found_to_a_tenth(
    tone: tuple[int, int, int], noise: float
) -> None:
    page = draw([FRAME, *CELLS], tone)
    if noise:
        rng = np.random.default_rng(1)
        page = np.clip(page + rng.normal(0, noise, page.shape), 0, 255).astype(np.uint8)
    found = find_rulings(page).boxes
    for wanted in (FRAME, *CELLS):
        off = min(
            max(abs(wanted.x - f.x), abs(wanted.y - f.y), abs(wanted.w - f.w), abs(wanted.h - f.h))
            for f in found
        )
        assert off <= CELL_TOLERANCE_MM
    assert len(found) == 1 + len(CELLS)


def test_a_fold_and_the_strokes_of_large_words_are_no_boxes() -> None:
    page = draw([FRAME], (143, 180, 246))
    cv2.line(page, (0, 1500), (2479, 1502), (215, 215, 215), 3)
    # Strokes as of a heading: short, thick, crossing.
    for k in range(6):
        x = 400 + 90 * k
        cv2.line(page, (x, 200), (x + 60, 200), (20, 20, 20), 6)
        cv2.line(page, (x + 30, 170), (x + 30, 260), (20, 20, 20), 6)
    assert len(find_rulings(page).boxes) == 1


def test_groups_of_a_row_follow_its_gaps() -> None:
    assert CellRow(tuple(CELLS)).groups == (4, 4, 4)
    assert CellRow((CELLS[0],)).groups == (1,)
    postal = [BoxMm(x, 0, 5.4, 6.5) for x in (47, 53.6, 60.2, 69.6, 76.2, 82.8, 89.4)]
    assert CellRow(tuple(postal)).groups == (3, 4)


def test_the_free_part_of_a_box_is_a_band_or_beside_the_print() -> None:
    inner = BoxMm(40, 218, 155, 21)
    cells = BoxMm(45, 219, 50, 6.5)
    band = free_rectangle(inner, [cells], band=True)
    assert band is not None
    assert (band.x, band.w) == (40, 155) and band.y >= 225.5
    note = BoxMm(130, 240.5, 60, 7)
    beside = free_rectangle(BoxMm(40, 239, 155, 10), [note])
    assert beside is not None and (beside.x, beside.w) == (40, 90)
    assert free_rectangle(BoxMm(0, 0, 20, 8), [BoxMm(5, 0, 10, 8)]) is None


def page_of(pixels: np.ndarray, dpi: float | None = 300.0) -> PageImage:
    return PageImage(pixels, 1, dpi)


def code_of(pixels: np.ndarray, dpi: float | None = 300.0) -> str:
    with pytest.raises(InputError) as refused:
        straight_sheet(page_of(pixels, dpi))
    assert refused.value.ja and refused.value.remedy_ja and refused.value.remedy_en
    return refused.value.code


def test_what_is_no_blank_form_is_refused_by_name() -> None:
    form = draw([FRAME, *CELLS], (90, 90, 90))
    assert code_of(np.full((*A4_PX, 3), 9, np.uint8)) == "LEARN_BLACK"
    assert code_of(np.full((*A4_PX, 3), 250, np.uint8)) == "LEARN_NO_LINES"
    coarse = cv2.resize(form, (1240, 1754), interpolation=cv2.INTER_AREA)
    assert code_of(coarse, None) == "LEARN_RESOLUTION"
    rng = np.random.default_rng(2)
    tones = rng.integers(30, 220, (20, 15, 3), dtype=np.uint8)
    photo = cv2.resize(tones, A4_PX[::-1], interpolation=cv2.INTER_CUBIC)
    photo[:400] = 250
    assert code_of(photo) == "LEARN_PHOTO"


def test_several_pages_are_refused() -> None:
    buffer = io.BytesIO()
    pages = [Image.new("L", (300, 400), 255) for _ in range(3)]
    pages[0].save(buffer, "TIFF", save_all=True, append_images=pages[1:])
    with pytest.raises(InputError) as refused:
        only_page(buffer.getvalue())
    assert refused.value.code == "LEARN_SEVERAL_PAGES"


@pytest.mark.parametrize("skew_deg", [-7.0, 0.6, 4.0])
@pytest.mark.parametrize("quarters", [0, 1, 2])
def test_a_turned_sheet_is_straightened_and_its_map_leads_back(
    skew_deg: float, quarters: int
) -> None:
    form = draw([FRAME, BoxMm(30, 120, 150, 90)], (60, 60, 60))
    turn = cv2.getRotationMatrix2D((1240, 1754), -skew_deg, 1.0)
    turned = cv2.warpAffine(form, turn, A4_PX[::-1], borderValue=(255, 255, 255))
    seen = np.ascontiguousarray(np.rot90(turned, quarters))
    sheet = straight_sheet(page_of(seen), quarters)
    assert sheet.skew_deg == pytest.approx(skew_deg, abs=0.06)
    assert sheet.page_mm == (210.0, 297.0)
    # A corner of the frame, sought on the sheet through the map back to what was given.
    corner = np.array([FRAME.x, FRAME.y]) * PX_PER_MM
    on_turned = turn @ np.array([*corner, 1.0])
    height, width = turned.shape[:2]
    x, y = on_turned
    for _ in range(quarters):  # rot90 turns anticlockwise
        x, y = y, width - 1 - x
        height, width = width, height
    back = sheet.to_source @ np.array([*corner, 1.0])
    assert np.hypot(back[0] / back[2] - x, back[1] / back[2] - y) < 4.0


def test_a_title_that_a_long_dash_parts_is_read_whole() -> None:
    def line(text: str, *box: float) -> PrintedLine:
        return PrintedLine(BoxMm(*box), text, 0.99, (), 255.0, (0, 0, 0))

    sheet = [
        line("ド交付申請書【手書用】", 61.4, 9.1, 113.0, 4.3),
        line("個人番号カ", 32.3, 9.2, 22.2, 4.1),
        line("見本", 153.0, 9.6, 20.0, 2.9),
        line("地方公共団体", 14.7, 21.4, 40.0, 2.9),
        line("本人確認書類", 14.7, 200.0, 40.0, 9.0),
    ]
    assert title_of(sheet, 297.0) == "個人番号カド交付申請書【手書用】"
    assert title_of(sheet[-1:], 297.0) == ""
