"""Tables that somebody uploads: CSV (UTF-8 or GB 18030) and XLSX, read row by row by the names of their columns."""

import csv
import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Final

from xinglin.capabilities.directory.rules.fields import FIELDS, Field
from xinglin.fhir.outcome import Issue, OutcomeError

ROWS_MOST: Final = 5_000
CELLS_MOST: Final = 100
# What a workbook may grow to when it is unpacked: a small file can hold gigabytes.
UNPACKED_MOST: Final = 64 * 2**20
HEADINGS_WITHIN: Final = 10
_ENCODINGS: Final = ("utf-8-sig", "gb18030")
KINDS: Final = ("departments", "staff", "institutions")


@dataclass(frozen=True, slots=True)
class Line:
    """One row below the headings: its number in the file (from 1), and its values by field."""

    number: int
    values: Mapping[str, str]


def lines(kind: str, name: str, content: bytes) -> list[Line]:
    """Read a table; OutcomeError 422 for one that cannot be read, lacks a column, or is too long."""
    found: list[Line] = []
    places: dict[str, int] | None = None
    for number, cells in enumerate(_cells(name, content), 1):
        if places is None:
            places = _places(FIELDS[kind], cells)
            if places is None and number >= HEADINGS_WITHIN:
                break
            continue
        values = {field: cells[at].strip() for field, at in places.items() if at < len(cells) and cells[at].strip()}
        if values:
            found.append(Line(number, values))
        if len(found) > ROWS_MOST:
            raise _refused("table-rows", f"At most {ROWS_MOST} rows; split the file.")
    if places is None:
        raise _refused("table-headings", f"No row of the first {HEADINGS_WITHIN} holds the headings.")
    missing = [one.title.zh for one in FIELDS[kind] if one.needed and one.name not in places]
    if missing:
        raise _refused("table-columns", f"Columns that are missing: {', '.join(missing)}.")
    return found


def template(kind: str, language: str) -> bytes:
    """Make an XLSX file with the headings of a kind, which `lines` reads back."""
    from openpyxl import Workbook  # noqa: PLC0415  half a second that most processes never need
    from openpyxl.utils import get_column_letter  # noqa: PLC0415  as above

    book = Workbook()
    sheet = book.worksheets[0]
    sheet.append([one.title.zh if language == "zh" else one.title.en for one in FIELDS[kind]])
    for number, one in enumerate(FIELDS[kind], 1):
        sheet.cell(1, number).number_format = "@"
        sheet.column_dimensions[get_column_letter(number)].width = 20 if one.kind != "text" else 28
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def _places(fields: Sequence[Field], cells: Sequence[str]) -> dict[str, int] | None:
    """Find the columns in a row of headings; None when it holds none that is needed."""
    plain = [_plain(one) for one in cells]
    found: dict[str, int] = {}
    for one in fields:
        known = (one.title.zh, one.title.en, one.name, *one.headings)
        place = next((plain.index(_plain(word)) for word in known if _plain(word) in plain), None)
        if place is not None and place not in found.values():
            found[one.name] = place
    return found if any(one.needed and one.name in found for one in fields) else None


def _plain(heading: str) -> str:
    return "".join(heading.split()).casefold().strip("*：:")


def _cells(name: str, content: bytes) -> Iterator[list[str]]:
    if name.lower().endswith((".xlsx", ".xlsm")) or content[:4] == b"PK\x03\x04":
        yield from _of_workbook(content)
        return
    text = _text(content)
    first = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter="\t" if first.count("\t") > first.count(",") else ",")
    try:
        for row in reader:
            yield row[:CELLS_MOST]
    except csv.Error as fault:
        raise _refused("table-unreadable", f"The file cannot be read as CSV: {fault}.") from fault


def _of_workbook(content: bytes) -> Iterator[list[str]]:
    from openpyxl import load_workbook  # noqa: PLC0415  as above

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            unpacked = sum(one.file_size for one in packed.infolist())
        small = unpacked <= UNPACKED_MOST
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True) if small else None
    except Exception as fault:  # whatever a damaged file brings out of the reader
        raise _refused("table-unreadable", "The file cannot be read as XLSX.") from fault
    if book is None:
        raise _refused("table-rows", "The workbook is too large; split it.")
    with closing(book):
        for row in book.worksheets[0].iter_rows(values_only=True, max_col=CELLS_MOST):
            yield ["" if cell is None else str(cell) for cell in row]


def _text(content: bytes) -> str:
    for encoding in _ENCODINGS:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue  # the next one; the last is told below
    raise _refused("table-encoding", "The file is neither UTF-8 nor GB 18030.")


def _refused(key: str, text: str) -> OutcomeError:
    return OutcomeError(Issue("value", key, "file", text), status=422)
