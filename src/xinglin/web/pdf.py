"""PDF of a sheet."""

from xinglin.web.sheet import Sheet


def pdf(sheet: Sheet) -> bytes:
    """Make the PDF of a sheet; a character that the font has not is left out. Blocks: call it in a thread."""
    from xinglin.web.drawing import drawn  # noqa: PLC0415  a second that most processes never need

    return drawn(sheet)
