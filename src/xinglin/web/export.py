"""Tables as files: CSV that spreadsheets open as UTF-8, and XLSX, both written row by row."""

import csv
import io
from collections.abc import Mapping, Sequence
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from openpyxl.cell.cell import Cell

FORMATS: Final[Mapping[str, str]] = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
}
# A spreadsheet takes a text that begins so for a formula.
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_TITLE_MOST: Final = 31
_CELL_MOST: Final = 32_767
_IN_MEMORY: Final = 2**20


class Table(Protocol):
    """A table that is being written."""

    def add(self, cells: Sequence[str]) -> None:
        """Add a row."""

    def done(self) -> bytes:
        """Give the file."""


def table_of(format: str, title: str, heads: Sequence[str]) -> Table:
    """Begin a table of a format of `FORMATS`: its title, and the headings of its columns."""
    return Sheet(title, heads) if format == "xlsx" else Csv(heads)


class Csv:
    """Comma separated values with the byte order mark by which spreadsheets know UTF-8."""

    def __init__(self, heads: Sequence[str]) -> None:
        self._text = io.StringIO("﻿", newline="")
        self._text.seek(0, io.SEEK_END)
        self._writer = csv.writer(self._text)
        self.add(heads)

    def add(self, cells: Sequence[str]) -> None:
        """Add a row; what looks like a formula is kept from being one."""
        self._writer.writerow([harmless(cell) for cell in cells])

    def done(self) -> bytes:
        """Give the file."""
        return self._text.getvalue().encode()


class Sheet:
    """One sheet of a workbook; every cell is a text, so that numbers of people keep their digits."""

    def __init__(self, title: str, heads: Sequence[str]) -> None:
        from openpyxl import Workbook  # noqa: PLC0415  half a second that most processes never need

        self._book = Workbook(write_only=True)
        clean = "".join(sign for sign in title if sign not in r"\/*?:[]")
        self._sheet = self._book.create_sheet(clean[:_TITLE_MOST] or "1")
        self._sheet.freeze_panes = "A2"
        # Written with the first row: a sheet that was begun and is left, as when a search is refused, leaves a file.
        self._heads: Sequence[str] | None = heads

    def _begun(self) -> None:
        from openpyxl.styles import Font  # noqa: PLC0415  as above

        if self._heads is not None:
            bold = [self._cell(head) for head in self._heads]
            for one in bold:
                one.font = Font(bold=True)
            self._sheet.append(bold)
            self._heads = None

    def add(self, cells: Sequence[str]) -> None:
        """Add a row."""
        self._begun()
        self._sheet.append([self._cell(cell) for cell in cells])

    def done(self) -> bytes:
        """Give the file."""
        self._begun()
        with SpooledTemporaryFile(max_size=_IN_MEMORY) as file:
            self._book.save(file)
            file.seek(0)
            return file.read()

    def _cell(self, text: str) -> "Cell":
        from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, WriteOnlyCell  # noqa: PLC0415  as above

        made: Cell = WriteOnlyCell(self._sheet, value=ILLEGAL_CHARACTERS_RE.sub("", text)[:_CELL_MOST])
        made.data_type = "s"  # never a formula
        return made


def harmless(cell: str) -> str:
    """Put an apostrophe before what a spreadsheet would take for a formula; numbers stay numbers."""
    if not cell.startswith(FORMULA):
        return cell
    try:
        float(cell)
    except ValueError:
        return "'" + cell
    return cell
