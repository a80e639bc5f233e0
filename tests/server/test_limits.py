"""Limits per account and address, and the headers that every answer carries."""

import contextlib
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from xinglin.security.principal import Principal
from xinglin.server.allowance import Allowance, Places
from xinglin.server.asgi import Application
from xinglin.server.http import ASGIApp, Request
from xinglin.server.limits import Limits, Throttled
from xinglin.settings import Settings

PARTNER = Principal("partner", frozenset({"partner"}))
DEVELOPER = Principal("dev", frozenset({"developer"}))


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def asked(address: str = "198.51.100.7", method: str = "GET", path: str = "Patient/1") -> Request:
    return Request(method, path, b"", [], base_url="", id="", address=address)


async def passes(limits: Limits, who: Principal | None, request: Request, times: int) -> int:
    async def principal_of(_request: Request) -> Principal | None:
        return who

    limited = limits.around(principal_of)
    count = 0
    for _ in range(times):
        with contextlib.suppress(Throttled):
            await limited(request)
            count += 1
    return count


@pytest.mark.rule("R7-042")
async def test_an_account_asks_a_minutes_worth_whatever_its_address() -> None:
    clock = Clock()
    limits = Limits(Settings(requests_per_account=60), clock)
    assert await passes(limits, PARTNER, asked(), 40) == 40
    assert await passes(limits, PARTNER, asked("198.51.100.8"), 40) == 20
    clock.now = 1
    assert await passes(limits, PARTNER, asked(), 40) == 1
    assert await passes(limits, DEVELOPER, asked(), 100) == 100


@pytest.mark.rule("R7-042")
async def test_an_address_asks_a_minutes_worth_whoever_it_is() -> None:
    limits = Limits(Settings(requests_per_address=60), Clock())
    assert await passes(limits, None, asked(), 100) == 60
    assert await passes(limits, None, asked("198.51.100.8"), 10) == 10
    assert await passes(limits, None, asked("127.0.0.1"), 100) == 100


@pytest.mark.rule("R7-042")
async def test_signing_in_is_limited_tighter() -> None:
    limits = Limits(Settings(logins_per_address=5), Clock())
    assert await passes(limits, None, asked(method="POST", path="/login/staff"), 10) == 5
    assert await passes(limits, None, asked(path="/login/staff"), 10) == 10


async def test_no_limit_where_the_setting_says_so() -> None:
    limits = Limits(Settings(requests_per_account=0, requests_per_address=0, logins_per_address=0), Clock())
    assert await passes(limits, PARTNER, asked(method="POST", path="/login"), 500) == 500


def test_places_do_not_grow_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xinglin.server.allowance.SETS", 1)
    clock = Clock()
    allowance = Allowance(Places(), "address", 1, clock)
    for key in "abcdefghi":
        clock.now += 0.001
        assert allowance.take(key) == 0
    assert allowance.take("i") > 0
    assert allowance.take("a") == 0  # the one asked for longest ago was forgotten, so it begins anew


@pytest.mark.rule("R7-042")
def test_workers_of_a_server_count_together(tmp_path: Path) -> None:
    Places.make(tmp_path / "allowances")
    worker = (
        "import sys; from pathlib import Path; from xinglin.server.allowance import Allowance, Places\n"
        "one = Allowance(Places(Path(sys.argv[1])), 'login', 60, lambda: 1.0)\n"
        "print(sum(not one.take('198.51.100.7') for _ in range(500)))"
    )
    command = [sys.executable, "-c", worker, str(tmp_path / "allowances")]
    workers = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(3)]
    assert sum(int(one.communicate()[0]) for one in workers) == 60


async def answer(
    app: ASGIApp, method: str, path: str, *, scheme: str = "http", address: str = "198.51.100.7"
) -> httpx.Response:
    transport = httpx.ASGITransport(app, client=(address, 1))
    async with httpx.AsyncClient(transport=transport, base_url=f"{scheme}://localhost") as client:
        return await client.request(method, path)


async def test_too_many_requests_are_told_when_to_come_again(application: Application) -> None:
    async def developer(_request: Request) -> Principal | None:
        return DEVELOPER

    limits = Limits(Settings(requests_per_address=2), Clock())
    app = Application(application._service, limits.around(developer), None)
    assert (await answer(app, "GET", "/fhir/Patient")).status_code == 200
    assert (await answer(app, "GET", "/fhir/Patient")).status_code == 200
    refused = await answer(app, "GET", "/fhir/Patient")
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) == 30
    assert refused.json()["issue"][0]["code"] == "throttled"


async def test_attempts_at_the_token_endpoint_are_limited_by_address() -> None:
    async def inner(scope: object, receive: object, send: object) -> None:
        await send({"type": "http.response.start", "status": 400, "headers": []})  # type: ignore[operator]
        await send({"type": "http.response.body", "body": b""})  # type: ignore[operator]

    app = Limits(Settings(logins_per_address=2), Clock()).outside(inner)
    statuses = [(await answer(app, "POST", "/oauth/token")).status_code for _ in range(3)]
    assert statuses == [400, 400, 429]
    assert (await answer(app, "GET", "/oauth/authorize")).status_code == 400


async def test_over_https_browsers_are_told_to_stay_there(application: Application) -> None:
    app = Limits(Settings()).outside(application)
    assert "strict-transport-security" not in (await answer(app, "GET", "/fhir/metadata")).headers
    secure = await answer(app, "GET", "/fhir/metadata", scheme="https")
    assert secure.headers["strict-transport-security"].startswith("max-age=31536000")
    behind_proxy = Limits(Settings(base_url="https://fhir.example.org")).outside(application)
    assert "strict-transport-security" in (await answer(behind_proxy, "GET", "/fhir/metadata")).headers


async def test_every_fhir_answer_is_kept_by_nobody_and_framed_nowhere(client: httpx.AsyncClient) -> None:
    for path in ("/metadata", "/Patient", "/Patient/none", "/nonsense"):
        headers = (await client.get(path)).headers
        assert headers["cache-control"] == "no-store"
        assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"


async def test_an_answer_that_says_nothing_about_browsers_gets_the_careful_headers() -> None:
    async def bare(scope: object, receive: object, send: object) -> None:
        headers = [(b"content-security-policy", b"default-src 'self'")] if scope["path"] == "/page" else []  # type: ignore[index]
        await send({"type": "http.response.start", "status": 200, "headers": headers})  # type: ignore[operator]
        await send({"type": "http.response.body", "body": b""})  # type: ignore[operator]

    app = Limits(Settings()).outside(bare)
    headers = (await answer(app, "GET", "/oauth/jwks")).headers
    assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert (headers["x-content-type-options"], headers["referrer-policy"]) == ("nosniff", "no-referrer")
    page = (await answer(app, "GET", "/page")).headers
    assert page.get_list("content-security-policy") == ["default-src 'self'"]
