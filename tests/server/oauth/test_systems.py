"""Systems that act for themselves: assertions signed by their keys (SMART Backend Services)."""

import hmac
from base64 import urlsafe_b64encode
from typing import Any

import httpx
import msgspec
import pytest
from joserfc.jwk import ECKey, RSAKey

from tests.server.oauth.conftest import Time
from tests.server.oauth.people import ASSERTION_TYPE, BASE, App, assertion, bearer, register, register_system, sign_in
from xinglin.server.oauth.bearer import Bearers
from xinglin.server.oauth.clientkeys import ClientKeys, read_keys
from xinglin.server.oauth.service import Oauth
from xinglin.store.door import Door
from xinglin.store.identity import clients, tokens
from xinglin.store.identity.clients import Client

EC = ECKey.generate_key("P-384", {"kid": "ec"})
RSA = RSAKey.generate_key(2048, {"kid": "rsa"})
OTHER = ECKey.generate_key("P-384", {"kid": "ec"})


def jwks(*keys: ECKey | RSAKey) -> str:
    return msgspec.json.encode({"keys": [dict(key.as_dict(private=False)) for key in keys]}).decode()


def part(value: object) -> str:
    """Write one part of a JWT."""
    return urlsafe_b64encode(msgspec.json.encode(value)).decode().rstrip("=")


def publishing(time: Time) -> Client:
    at = f"{BASE}/keys"
    return Client(id="c", name="c", method="private_key_jwt", grants=(), scopes="", made=time(), jwks_uri=at)


@pytest.fixture
async def system(door: Door) -> Client:
    return await register_system(door, jwks(EC, RSA))


async def ask(http: httpx.AsyncClient, signed: str, scope: str = "system/*.rs", **fields: str) -> httpx.Response:
    form = {
        "grant_type": "client_credentials",
        "scope": scope,
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": signed,
    }
    return await http.post("/oauth/token", data=form | fields)


@pytest.mark.parametrize(("key", "alg"), [(EC, "ES384"), (RSA, "RS384")])
async def test_a_system_comes_in_by_its_key(
    http: httpx.AsyncClient, system: Client, time: Time, key: ECKey | RSAKey, alg: str
) -> None:
    answer = await ask(http, assertion(system.id, key, time(), alg))
    assert answer.status_code == 200, answer.text
    given = answer.json()
    assert given["scope"] == "system/*.rs"
    assert "refresh_token" not in given
    read = await http.get("/fhir/Patient/2", headers=bearer(given["access_token"]))
    assert read.status_code == 200
    denied = await http.get("/fhir/Encounter", headers=bearer(given["access_token"]))
    assert denied.status_code == 403  # scopes do not widen what the role reaches


async def test_a_system_acts_for_its_institution(
    http: httpx.AsyncClient, system: Client, oauth: Oauth, time: Time
) -> None:
    given = (await ask(http, assertion(system.id, EC, time()))).json()
    principal = await Bearers(oauth.store, oauth.settings).principal_of(given["access_token"])
    assert principal.id == f"client/{system.id}"
    assert principal.roles == {"partner"}
    assert principal.organization == "Organization/h"
    assert principal.purpose == "PUBHLTH"
    assert principal.client == system.id


async def test_an_assertion_counts_once(http: httpx.AsyncClient, system: Client, time: Time) -> None:
    signed = assertion(system.id, EC, time())
    assert (await ask(http, signed)).status_code == 200
    again = await ask(http, signed)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_client")


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "https://elsewhere.example/token"},
        {"aud": None},
        {"iss": "somebody"},
        {"iss": None},
        {"sub": None},
        {"jti": None},
        {"jti": 7},
        {"exp": None},
        {"exp": 1},
        {"exp": "soon"},
        {"exp": 4102444800},  # far away
    ],
)
async def test_an_assertion_for_another_place_or_time_is_none(
    http: httpx.AsyncClient, system: Client, time: Time, claims: dict[str, Any]
) -> None:
    answer = await ask(http, assertion(system.id, EC, time(), **claims))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client")


async def test_a_foreign_key_opens_nothing(http: httpx.AsyncClient, system: Client, time: Time) -> None:
    assert (await ask(http, assertion(system.id, OTHER, time()))).json()["error"] == "invalid_client"


async def test_an_unsigned_assertion_is_none(http: httpx.AsyncClient, system: Client, time: Time) -> None:
    at = int(time().timestamp())
    claims = {"iss": system.id, "sub": system.id, "aud": f"{BASE}/oauth/token", "exp": at + 100, "jti": "n"}
    for header in ({"alg": "none"}, {"alg": "none", "kid": "ec"}, {"alg": "NONE"}, {}, {"alg": 3}):
        answer = await ask(http, f"{part(header)}.{part(claims)}.")
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client")


async def test_a_public_key_is_no_shared_secret(http: httpx.AsyncClient, system: Client, time: Time) -> None:
    """Algorithm confusion: an HMAC whose secret is the public key."""
    at = int(time().timestamp())
    claims = {"iss": system.id, "sub": system.id, "aud": f"{BASE}/oauth/token", "exp": at + 100, "jti": "confused"}
    for secret in (RSA.as_pem(private=False), jwks(RSA).encode()):
        unsigned = f"{part({'alg': 'HS256', 'kid': 'rsa'})}.{part(claims)}"
        signature = urlsafe_b64encode(hmac.digest(secret, unsigned.encode(), "sha256")).decode().rstrip("=")
        assert (await ask(http, f"{unsigned}.{signature}")).json()["error"] == "invalid_client"


async def test_a_weaker_algorithm_than_smart_asks_for_is_refused(
    http: httpx.AsyncClient, system: Client, time: Time
) -> None:
    assert (await ask(http, assertion(system.id, RSA, time(), "RS256"))).json()["error"] == "invalid_client"


@pytest.mark.parametrize("signed", ["", "x", "a.b.c", "e30.e30.e30", "é.é.é", "." * 3, "x" * 20_000])
async def test_anything_else_is_no_assertion(http: httpx.AsyncClient, system: Client, signed: str) -> None:
    answer = await ask(http, signed, client_id=system.id)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client")


async def test_an_assertion_of_one_does_not_serve_another(
    http: httpx.AsyncClient, door: Door, system: Client, time: Time
) -> None:
    other = await register_system(door, jwks(OTHER))
    answer = await ask(http, assertion(system.id, EC, time()), client_id=other.id)
    assert answer.json()["error"] == "invalid_client"


async def test_a_system_without_proof_is_not_let_in(http: httpx.AsyncClient, system: Client) -> None:
    form = {"grant_type": "client_credentials", "scope": "system/*.rs", "client_id": system.id}
    assert (await http.post("/oauth/token", data=form)).json()["error"] == "invalid_client"


async def test_the_scopes_of_a_system_are_those_that_were_approved(
    http: httpx.AsyncClient, door: Door, time: Time
) -> None:
    system = await register_system(door, jwks(EC), scopes="system/Patient.rs")
    given = (await ask(http, assertion(system.id, EC, time()), "system/*.cruds user/*.rs patient/*.rs")).json()
    assert given["scope"] == "system/Patient.rs"
    none = await ask(http, assertion(system.id, EC, time()), "system/Observation.rs")
    assert none.json()["error"] == "invalid_scope", none.text


async def test_a_system_that_is_disabled_is_out_at_once(
    http: httpx.AsyncClient, door: Door, system: Client, time: Time
) -> None:
    given = (await ask(http, assertion(system.id, EC, time()))).json()
    async with door.store.begin() as work:
        await clients.decide(work, system.id, "disabled", by="officer", at=work.now)
        assert await tokens.end_client(work, system.id, work.now, "disabled") == 1
    assert (await http.get("/fhir/Patient/2", headers=bearer(given["access_token"]))).status_code == 401
    assert (await ask(http, assertion(system.id, EC, time()))).json()["error"] == "invalid_client"


async def test_keys_that_a_client_publishes_are_fetched_and_kept() -> None:
    asked: list[str] = []
    sets = [jwks(EC), jwks(OTHER)]

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(200, text=sets[min(len(asked), 2) - 1])

    keys = ClientKeys(httpx.MockTransport(answer))
    client = publishing(Time())
    assert await keys.of(client, "ec") is not None
    assert await keys.of(client, "ec") is not None
    assert await keys.of(client, "unknown") is not None  # asked for again, but not within ten seconds
    assert asked == [f"{BASE}/keys"]


@pytest.mark.parametrize(
    "text", [b"", b"{}", b"[]", b'{"keys": 3}', b'{"keys": [{}]}', b'{"keys": [{"kty": "oct", "k": "x"}]}']
)
def test_what_is_no_public_key_set_gives_no_keys(text: bytes) -> None:
    assert read_keys(text) is None


async def test_what_cannot_be_fetched_is_no_key(time: Time) -> None:
    client = publishing(time)
    for answer in (httpx.Response(500), httpx.Response(200, content=b"x" * 200_000), httpx.Response(302)):
        transport = httpx.MockTransport(lambda _, answer=answer: answer)
        assert await ClientKeys(transport).of(client, None) is None


async def test_an_app_with_a_key_redeems_its_code_by_it(http: httpx.AsyncClient, door: Door, time: Time) -> None:
    client = await register(door, method="private_key_jwt", jwks=jwks(EC))
    app = App(http, client, await sign_in(door, "resident", "Patient/1"))
    code = await app.code()
    assert (await app.redeem(code)).json()["error"] == "invalid_client"
    proof = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion(client.id, EC, time())}
    assert (await app.redeem(code, **proof, client_id="-")).status_code == 200
