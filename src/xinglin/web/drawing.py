"""Drawing a sheet on A4: Chinese text that can be searched and copied, the font inside (ADR 75)."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from fpdf import FPDF
from fpdf.enums import TableBordersLayout, XPos, YPos
from fpdf.fonts import FontFace

from xinglin.web.files import folder_of
from xinglin.web.sheet import Cell, Part, Sheet

# It would name characters that the font has not: they may be of somebody's name.
logging.getLogger("fpdf").setLevel(logging.ERROR)

FONT: Final = "sheet"
MARGIN: Final = 15.0  # mm
TEXT: Final = 9.5  # pt
SMALL: Final = 8.0
LINE: Final = 5.4  # mm
HEAD: Final = FontFace(emphasis="", color=(70, 84, 88), fill_color=(238, 243, 243))
RED: Final = (179, 38, 30)
INK: Final = (28, 42, 43)
GREEN: Final = (11, 107, 107)
GREY: Final = (85, 102, 106)
LINES: Final = (200, 212, 214)


def font() -> Path:
    """Give the file of the font: Noto Sans SC, from the package pylopdf-fonts-zh-cn (SIL OFL)."""
    return folder_of("pylopdf_fonts_zh_cn") / "NotoSansSC-Regular.otf"


class _Paper(FPDF):
    """Pages with the sheet's foot and their number."""

    def __init__(self, foot: str) -> None:
        super().__init__(format="A4")
        self._foot = foot
        self.set_margins(MARGIN, MARGIN)
        self.set_auto_page_break(auto=True, margin=MARGIN + 5)
        self.add_font(FONT, fname=font())

    def footer(self) -> None:
        """Write the foot and the number of the page."""
        self.set_y(-MARGIN)
        self.set_font(FONT, size=SMALL)
        self.set_text_color(*GREY)
        self.cell(0, LINE, self._foot)
        self.cell(0, LINE, f"{self.page_no()} / {{nb}}", align="R")


def drawn(sheet: Sheet) -> bytes:
    """Make the PDF of a sheet; a character that the font has not is left out."""
    paper = _Paper(sheet.foot)
    paper.set_title(sheet.title)
    paper.set_lang("zh-CN" if sheet.language == "zh" else "en")
    paper.set_draw_color(*LINES)
    paper.set_line_width(0.15)
    paper.add_page()
    paper.set_font(FONT, size=16)
    paper.set_text_color(*INK)
    paper.cell(0, 9, sheet.title, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    paper.set_font(FONT, size=TEXT)
    for note in sheet.notes:
        paper.set_text_color(*RED)
        paper.multi_cell(0, LINE, note, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    _facts(paper, sheet.facts)
    for part in sheet.parts:
        _part(paper, part)
    return bytes(paper.output())


def _facts(paper: FPDF, facts: Sequence[tuple[str, str]]) -> None:
    """Write label and value, two pairs a line."""
    paper.ln(1)
    pairs = [*facts, ("", "")] if len(facts) % 2 else list(facts)
    with paper.table(
        borders_layout=TableBordersLayout.NONE,
        first_row_as_headings=False,
        col_widths=(16, 34, 16, 34),
        line_height=LINE,
        text_align="LEFT",
    ) as table:
        for left, right in zip(pairs[::2], pairs[1::2], strict=True):
            row = table.row()
            for label, value in (left, right):
                row.cell(label, style=FontFace(color=GREY))
                row.cell(value, style=FontFace(color=INK))


def _part(paper: FPDF, part: Part) -> None:
    paper.ln(3)
    if paper.get_y() > paper.h - 45:  # a title does not stand alone at the end of a page
        paper.add_page()
    paper.set_font(FONT, size=11)
    paper.set_text_color(*GREEN)
    paper.cell(0, 7, part.title, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    paper.set_font(FONT, size=TEXT)
    paper.set_text_color(*INK)
    if not part.rows:
        paper.set_text_color(*GREY)
        paper.multi_cell(0, LINE, part.empty, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        return
    with paper.table(
        borders_layout=TableBordersLayout.HORIZONTAL_LINES if part.heads else TableBordersLayout.NONE,
        first_row_as_headings=bool(part.heads),
        headings_style=HEAD,
        col_widths=part.widths or None,
        line_height=LINE,
        text_align="LEFT",
        padding=0.6,
    ) as table:
        if part.heads:
            table.row(part.heads)
        for cells in part.rows:
            row = table.row()
            for one in cells:
                row.cell(one.text, style=_face(one))


def _face(cell: Cell) -> FontFace:
    return FontFace(color=RED if cell.strong else INK)
