"""A sheet of paper as data: the print page and the PDF are made of the same, so they say the same."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell. strong: it matters (an abnormal result, an allergy); shown bold, and in words besides."""

    text: str
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a sheet: a table with headings, or (without headings) lines of one cell.

    widths: shares of the columns. empty: what is said when there are no rows.
    """

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    widths: tuple[int, ...] = ()
    empty: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A document of one or more pages. facts: pairs of label and value on top; foot: on every page."""

    title: str
    language: str
    facts: tuple[tuple[str, str], ...]
    parts: tuple[Part, ...]
    notes: tuple[str, ...] = ()
    foot: str = ""


def texts_of(sheet: Sheet) -> tuple[str, ...]:
    """Give every text of a sheet, in reading order."""
    found = [sheet.title, *sheet.notes, *(text for pair in sheet.facts for text in pair)]
    for part in sheet.parts:
        found.append(part.title)
        if not part.rows:
            found.append(part.empty)
            continue
        found += [*part.heads, *(cell.text for row in part.rows for cell in row)]
    return tuple(text for text in (*found, sheet.foot) if text)
