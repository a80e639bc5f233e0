"""Compressed pages: small, and silent about the token of their forms."""

import gzip

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.server.test_pages import client as client  # noqa: PLC0414  the fixture
from xinglin.server.packing import PACKED_FROM, is_of, masked, packed

TOKEN = "k3u9vJ2mXq_0pLr-Zt7yWb4c"
PAGE = b"<p>" + b"word " * PACKED_FROM


@given(st.text(min_size=1, max_size=40), st.text(min_size=1, max_size=40))
def test_a_mask_hides_the_token_and_keeps_it(token: str, other: str) -> None:
    assert is_of(masked(token), token)
    assert is_of(masked(token), other) == (token == other)
    assert is_of(other, token) == (token == other)


def test_no_two_masks_are_alike() -> None:
    made = {masked(TOKEN) for _ in range(50)}
    assert len(made) == 50
    assert not any(TOKEN in one for one in made)


@pytest.mark.parametrize(
    "given",
    # a masked token is another one each time, which must not name the test
    ["", "=", "====", "no token", "AAAA", TOKEN[:-1], pytest.param(masked(TOKEN)[:-4], id="cut"), "\u676f", "A" * 48],
)
def test_what_is_no_token_is_refused(given: str) -> None:
    assert not is_of(given, TOKEN)
    assert not is_of(given, "")


def test_the_length_of_the_same_page_differs() -> None:
    made = [packed(PAGE, "gzip, br", "same-origin") or b"" for _ in range(50)]
    assert all(gzip.decompress(one) == PAGE for one in made)
    assert len({len(one) for one in made}) > 5


@pytest.mark.parametrize(
    ("body", "accepts", "site"),
    [(b"short", "gzip", ""), (PAGE, "", ""), (PAGE, "br", ""), (PAGE, "gzip;q=0", ""), (PAGE, "gzip", "cross-site")],
)
def test_what_is_not_compressed(body: bytes, accepts: str, site: str) -> None:
    assert packed(body, accepts, site) is None


async def test_the_first_page_is_small_and_its_form_works(client: httpx.AsyncClient) -> None:
    plain = await client.get("/", headers={"accept-encoding": "identity"})
    small = await client.get("/", headers={"accept-encoding": "gzip"})
    assert "content-encoding" not in plain.headers
    assert small.headers["content-encoding"] == "gzip"
    assert "accept-encoding" in small.headers["vary"]
    assert int(small.headers["content-length"]) * 2 < int(plain.headers["content-length"])
    shown = [page.text.split('name="csrf" value="')[1].split('"')[0] for page in (plain, small)]
    assert shown[0] != shown[1]
    assert client.cookies["csrf"] not in small.text
    for token in shown:
        answer = await client.post("/preferences", data={"language": "en", "back": "/", "csrf": token})
        assert answer.status_code == 303


async def test_all_that_the_first_page_needs_is_below_100_kilobytes(client: httpx.AsyncClient) -> None:
    wanted = {"accept-encoding": "gzip, br", "accept-language": "zh"}
    page = await client.get("/", headers=wanted)
    total = int(page.headers["content-length"])
    places = {part.split('"')[0] for part in page.text.replace('src="', 'href="').split('href="')[1:]}
    # Fonts come after the page, where the system has none.
    for place in {one.split("#")[0] for one in places if one.startswith("/static/") and "/font.css" not in one}:
        total += int((await client.get(place, headers=wanted)).headers["content-length"])
    assert total < 100_000
