"""Every answer of the whole platform carries the headers that keep browsers careful."""

from collections.abc import Iterator

import httpx
import pytest

from tests.server.running import running


@pytest.fixture(scope="module")
def root(postgres_dsn: str) -> Iterator[str]:
    with running(postgres_dsn, target="xinglin.app:create_app", WORKERS="1", LOG_LEVEL="error") as server:
        yield server.root


@pytest.mark.rule("R7-009")
@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/credentials",
        "/login/staff",
        "/nowhere",
        "/static/kit.css",
        "/static/none.css",
        "/fhir/metadata",
        "/fhir/Patient/none",
        "/health/live",
        "/fhir/.well-known/smart-configuration",
        "/oauth/authorize",
    ],
)
def test_every_answer_forbids_foreign_code_and_sniffing(root: str, path: str) -> None:
    headers = httpx.get(root + path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] in {"no-referrer", "same-origin"}


@pytest.mark.parametrize("path", ["/", "/credentials", "/fhir/Patient"])
def test_what_shows_health_data_is_kept_by_no_cache(root: str, path: str) -> None:
    assert httpx.get(root + path).headers["cache-control"] == "no-store"
