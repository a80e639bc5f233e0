import pytest

from xinglin.fhir.narrative import fault

DIV = '<div xmlns="http://www.w3.org/1999/xhtml">{}</div>'


@pytest.mark.parametrize(
    "inner",
    [
        "<p>a</p>",
        "中文",
        '<img src="data:image/png;base64,AAAA" alt="a"/>',
        '<img src="#image"/>',
        '<a href="#x">x</a> <a href="https://example.org">y</a> <a name="z">z</a>',
        '<table class="grid" border="1"><thead><tr><th colspan="2">a</th></tr></thead></table>',
        '<p style="color: red" id="p1" title="t" xml:lang="zh" lang="zh">a</p>',
        "a &amp; b &lt; &#20013;",
        "<![CDATA[a]]>",
        "<!-- a remark -->b",
    ],
)
def test_markup_of_the_allowed_set_is_sound(inner: str) -> None:
    assert fault(DIV.format(inner)) is None


@pytest.mark.parametrize(
    "inner",
    [
        "<script>alert(1)</script>",
        "<SCRIPT>a</SCRIPT>",
        '<p onclick="a()">b</p>',
        '<p ONCLICK="a()">b</p>',
        "<iframe/>a",
        "<object/>a",
        "<form><p>a</p></form>",
        '<input value="a"/>b',
        "<style>a</style>b",
        '<link rel="stylesheet" href="http://a"/>b',
        "<base href='http://a'/>b",
        "<body>a</body>",
        "<ins>a</ins>",
        '<a href="javascript:alert(1)">a</a>',
        '<a href=" JaVa&#10;Script:alert(1)">a</a>',
        '<a href="data:text/html,a">a</a>',
        '<img src="data:text/html;base64,AAAA"/>',
        '<img src="data:image/svg+xml;base64,AAAA"/>',
        '<img src="x" onerror="a()"/>',
        '<p style="background: url(http://a)">b</p>',
        '<p style="width: expression(a())">b</p>',
        r'<p style="\75rl(a)">b</p>',
        '<svg xmlns="http://www.w3.org/2000/svg"><script>a</script></svg>',
        '<p xmlns="http://a">b</p>',
        '<x:script xmlns:x="http://www.w3.org/1999/xhtml">a</x:script>',
    ],
)
def test_what_could_run_or_load_is_refused(inner: str) -> None:
    found = fault(DIV.format(inner))
    assert found is not None
    assert "allowed" in found or "style" in found


@pytest.mark.parametrize("inner", ["", "  \n ", "<br/>", "<p> </p>", "<!-- a -->"])
def test_a_narrative_has_something_to_read(inner: str) -> None:
    assert fault(DIV.format(inner)) == "it has no text and no image"


@pytest.mark.parametrize(
    "div", ["", "a", "<p>a</p>", "<div>a</div>", DIV.format("<p>"), DIV.format("&nbsp;"), DIV.format("a") * 2]
)
def test_a_narrative_is_one_div_of_well_formed_xhtml(div: str) -> None:
    assert fault(div) is not None


def test_entities_cannot_be_declared() -> None:
    laughs = '<!DOCTYPE d [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>' + DIV.format("&b;")
    assert fault(laughs) == "a document type declaration is not allowed"


def test_a_deep_or_long_narrative_does_no_harm() -> None:
    assert fault(DIV.format("<b>" * 50_000 + "a" + "</b>" * 50_000)) is None
    assert fault(DIV.format("<b>" * 50_000)) is not None
