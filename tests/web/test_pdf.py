"""The PDF of a sheet: its text can be read back, on as many pages as it takes, and the font is inside."""

import pypdfium2

from xinglin.web.pdf import pdf
from xinglin.web.sheet import Cell, Part, Sheet, texts_of

ROWS = tuple((Cell(f"空腹血糖 {at}"), Cell("7.4 mmol/L ↑ 偏高", strong=True), Cell("≤ 6.1")) for at in range(45))
SHEET = Sheet(
    "张桂兰 健康档案摘要",
    "zh",
    (("姓名", "张桂兰"), ("性别", "女"), ("住址", "焦作市")),
    (Part("结果", ("项目", "结果", "参考范围"), ROWS, (4, 3, 2)), Part("警示", ("名称",), (), empty="没有记录。")),
    ("这是 2026-06-01 00:00 时的档案",),
    "含个人健康信息",
)


def read(body: bytes) -> tuple[pypdfium2.PdfDocument, str]:
    """Read the text of a PDF as a viewer does, without blanks."""
    document = pypdfium2.PdfDocument(body)
    return document, "".join("".join(page.get_textpage().get_text_range().split()) for page in document)


def test_every_text_of_the_sheet_stands_in_its_pdf_in_order() -> None:
    document, text = read(pdf(SHEET))
    assert len(document) > 1
    at = 0
    for said in texts_of(SHEET)[:-1]:
        found = text.find("".join(said.split()), at)
        assert found >= 0, said
        at = found
    assert text.count("含个人健康信息") == len(document)
    assert f"1/{len(document)}" in text
    assert document.get_metadata_dict()["Title"] == SHEET.title


def test_the_font_is_inside_and_only_what_is_used_of_it() -> None:
    body = pdf(SHEET)
    assert b"NotoSansSC" in body
    assert len(body) < 200_000


def test_a_character_that_the_font_has_not_leaves_the_rest_readable() -> None:
    _, text = read(pdf(Sheet("𠮷野 健康档案", "zh", (), ())))
    assert "健康档案" in text
