"""Tables of codes in files of users: CSV (UTF-8 or GB 18030) and XLSX, read row by row."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from xinglin.fhir.outcome import Issue, OutcomeError

# Titles and remarks may stand above the headings.
HEADINGS_WITHIN: Final = 10
MOST_ROWS: Final = 300_000
LONGEST_CELL: Final = 1_000
_ENCODINGS: Final = ("utf-8-sig", "gb18030")
_PROBE: Final = 2**20

# What columns are called in the national files and elsewhere, compared without spaces and case.
HEADINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "code": (
        *(
            "代码",
            "编码",
            "主要编码",
            "疾病代码",
            "疾病编码",
            "诊断代码",
            "诊断编码",
            "手术代码",
            "手术编码",
            "操作编码",
        ),
        *("手术操作代码", "手术操作编码", "icd编码", "icd10编码", "code", "id"),
    ),
    "name": (
        *("名称", "疾病名称", "诊断名称", "手术名称", "操作名称", "手术操作名称", "中文名称", "病证名称", "name"),
        *("display", "title"),
    ),
    "parent": ("上级代码", "上级编码", "父代码", "父编码", "类目代码", "parent"),
    "en": ("英文名称", "英文名", "en", "english", "name_en"),
    "kind": ("类别", "操作类别", "手术类别", "录入选项", "kind", "type"),
    "level": ("手术级别", "手术分级", "级别", "level"),
    "since": ("启用日期", "生效日期", "from", "since"),
    "until": ("停用日期", "失效日期", "until", "retired"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One row: its number in the file (from 1), and its values by column, trimmed."""

    number: int
    values: Mapping[str, str]


def lines(path: Path, columns: Mapping[str, str] | None = None) -> Iterator[Line]:
    """Give the rows below the headings.

    columns: our names of columns → headings of the file, instead of a guess. OutcomeError 400 when the file cannot be
    read, or has no column for code and name.
    """
    headings: dict[str, int] | None = None
    for number, cells in enumerate(_cells(path), 1):
        if headings is None:
            headings = found_in(cells, columns or {})
            if headings is None and number == HEADINGS_WITHIN:
                break
            continue
        if number > MOST_ROWS:
            raise OutcomeError(
                Issue("too-costly", "file-rows", text=f"A file has at most {MOST_ROWS:,} rows."), status=422
            )
        values = {name: _clean(cells[place]) for name, place in headings.items() if place < len(cells)}
        if any(values.values()):
            yield Line(number, values)
    if headings is None:
        wanted = ", ".join(f"{name}={heading}" for name, heading in (columns or {}).items()) or "code, name"
        text = f"No row of the first {HEADINGS_WITHIN} holds the headings of code and name ({wanted})."
        raise OutcomeError(Issue("structure", "headings-missing", text=text))


def found_in(cells: Sequence[str], columns: Mapping[str, str]) -> dict[str, int] | None:
    """Find the columns in a row of headings; None when code or name is not among them."""
    plain = [_plain(cell) for cell in cells]
    found: dict[str, int] = {}
    for name, known in HEADINGS.items():
        wanted = (_plain(columns[name]),) if name in columns else known
        place = next((plain.index(_plain(one)) for one in wanted if _plain(one) in plain), None)
        if place is not None:
            found[name] = place
    return found if {"code", "name"} <= found.keys() else None


def _clean(cell: str) -> str:
    """Trim, and drop what no database takes."""
    return cell.replace("\0", "").strip()[:LONGEST_CELL]


def _plain(heading: str) -> str:
    return "".join(heading.split()).casefold().replace("-", "")


def _cells(path: Path) -> Iterator[list[str]]:
    if path.suffix.lower() in {".xlsx", ".xlsm"}:
        yield from _of_workbook(path)
        return
    encoding = _encoding(path)
    with path.open(encoding=encoding, newline="") as file:
        first = file.readline()
        file.seek(0)
        yield from csv.reader(file, delimiter="\t" if first.count("\t") > first.count(",") else ",")


def _of_workbook(path: Path) -> Iterator[list[str]]:
    from openpyxl import load_workbook  # noqa: PLC0415  half a second that most processes never need

    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except Exception as fault:  # whatever a damaged file brings out of the reader
        text = f"{path.name} cannot be read as XLSX: {fault}"
        raise OutcomeError(Issue("structure", "file-unreadable", text=text)) from fault
    with closing(book):
        sheet = book.worksheets[0]
        for row in sheet.iter_rows(values_only=True):
            yield ["" if cell is None else str(cell) for cell in row]


def _encoding(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(_PROBE)
    for encoding in _ENCODINGS:
        try:
            # The end may cut a character in two.
            head[: max(len(head) - 4, 0)].decode(encoding) if len(head) == _PROBE else head.decode(encoding)
        except UnicodeDecodeError as fault:
            if len(head) == _PROBE and fault.start > _PROBE - 8:
                return encoding
            continue
        return encoding
    raise OutcomeError(Issue("structure", "file-encoding", text=f"{path.name} is neither UTF-8 nor GB 18030."))


def pairs(texts: Iterable[str]) -> dict[str, str]:
    """Read ``code=主要编码,name=诊断名称``; OutcomeError 400 for names that no column has."""
    found: dict[str, str] = {}
    for text in texts:
        for part in filter(None, text.split(",")):
            name, mark, heading = part.partition("=")
            if not mark or name.strip() not in HEADINGS:
                known = ", ".join(HEADINGS)
                raise OutcomeError(Issue("value", "columns", text=f"{part!r}: write name=heading; names are {known}."))
            found[name.strip()] = heading.strip()
    return found
