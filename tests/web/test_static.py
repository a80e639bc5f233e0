"""Static files are found, packed and never lead out of their folder."""

import gzip
from pathlib import Path

import pytest

from xinglin.web.static import A_DAY, FOREVER, Static


@pytest.fixture
def static(tmp_path: Path) -> Static:
    root = tmp_path / "static"
    root.mkdir()
    (tmp_path / "secret.css").write_text("secret")
    (root / "a.css").write_text("a {}" * 100)
    (root / "b.js").write_text("plain")
    (root / "b.js.br").write_bytes(b"packed")
    (root / "notes.txt").write_text("not served")
    return Static(root)


def test_an_address_changes_with_the_content(static: Static) -> None:
    first = static.address("a.css")
    (static.root / "a.css").write_text("b {}")
    assert first.startswith("/static/a.css?v=")
    assert Static(static.root).address("a.css") != first


def test_the_best_encoding_is_given(static: Static) -> None:
    packed = static.serve("b.js", accepts="gzip, br;q=1.0")
    zipped = static.serve("a.css", accepts="gzip, br")
    plain = static.serve("a.css")
    assert packed is not None
    assert zipped is not None
    assert plain is not None
    assert packed.body == b"packed"
    assert ("content-encoding", "br") in packed.headers
    assert gzip.decompress(zipped.body) == plain.body
    assert ("cache-control", A_DAY) in plain.headers
    assert plain.etag != zipped.etag


def test_only_a_versioned_address_is_kept_for_ever(static: Static) -> None:
    served = static.serve("a.css", versioned=True)
    assert served is not None
    assert ("cache-control", FOREVER) in served.headers


@pytest.mark.parametrize(
    "name", ["../secret.css", "/etc/passwd", "..%2fsecret.css", "notes.txt", "b.js.br", "", "none.css"]
)
def test_nothing_else_is_given(static: Static, name: str) -> None:
    assert static.serve(name) is None
