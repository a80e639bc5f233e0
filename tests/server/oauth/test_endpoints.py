"""Discovery, introspection, revocation, registration, keys and cross-origin requests."""

import asyncio
from typing import Any

import httpx
import pytest
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from authlib.oidc.discovery import OpenIDProviderMetadata
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc import jws

from tests.server.oauth.conftest import Time
from tests.server.oauth.people import (
    ASSERTION_TYPE,
    BASE,
    CALLBACK,
    FHIR,
    App,
    Person,
    assertion,
    bearer,
    register,
    register_system,
)
from tests.server.oauth.test_systems import EC, jwks
from xinglin.fhir.outcome import OutcomeError
from xinglin.security.principal import Principal
from xinglin.server.oauth import keys
from xinglin.server.oauth.service import Oauth
from xinglin.store.door import Door
from xinglin.store.identity import apps, clients
from xinglin.store.identity.clients import Client

ORIGIN = "http://127.0.0.1:9999"
OFFLINE = "launch/patient patient/*.rs offline_access"
OFFICER = Principal("officer", frozenset({"security-admin"}), strong=True)
METADATA: dict[str, Any] = {
    "client_name": "血压日记",
    "redirect_uris": ["https://app.example/cb"],
    "scope": "launch/patient patient/Observation.cruds openid",
    "initiate_login_uri": "https://app.example/launch",
}


# -- discovery ------------------------------------------------------------------------------------------------------


async def test_smart_clients_find_the_server(http: httpx.AsyncClient) -> None:
    answer = await http.get("/fhir/.well-known/smart-configuration")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    told = answer.json()
    assert told["authorization_endpoint"] == f"{BASE}/oauth/authorize"
    assert told["token_endpoint"] == f"{BASE}/oauth/token"
    assert told["code_challenge_methods_supported"] == ["S256"]
    assert {"launch-ehr", "launch-standalone", "permission-v1", "permission-v2"} <= set(told["capabilities"])
    AuthorizationServerMetadata(told | {"issuer": "https://x", "jwks_uri": "https://x/k"} | https(told)).validate()


async def test_openid_clients_find_the_server(http: httpx.AsyncClient) -> None:
    told = (await http.get("/.well-known/openid-configuration")).json()
    assert told["issuer"] == BASE
    OpenIDProviderMetadata(told | https(told)).validate()
    assert (await http.get("/.well-known/oauth-authorization-server")).json() == told


def https(told: dict[str, Any]) -> dict[str, str]:
    """Authlib's checks want https, which a test does not speak."""
    return {k: v.replace("http://", "https://") for k, v in told.items() if isinstance(v, str)}


async def test_the_capability_statement_says_where_to_go_and_needs_no_token(http: httpx.AsyncClient) -> None:
    told = (await http.get("/fhir/metadata")).json()
    places = told["rest"][0]["security"]["extension"][0]["extension"]
    assert {"url": "token", "valueUri": f"{BASE}/oauth/token"} in places
    refused = await http.get("/fhir/Patient/1")
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")


# -- bearer tokens --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("header", ["Bearer invented", "Bearer ", "Bearer", "Basic eDp5", "Bearer " + "x" * 10_000])
async def test_what_is_no_token_of_ours_opens_nothing(http: httpx.AsyncClient, header: str) -> None:
    answer = await http.get("/fhir/Patient/1", headers={"authorization": header})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    assert answer.json()["resourceType"] == "OperationOutcome"


async def test_codes_and_refresh_tokens_open_no_records(
    http: httpx.AsyncClient, app_client: Client, resident: Person
) -> None:
    app = App(http, app_client, resident, scope=OFFLINE)
    code, given = await app.code(), await app.enter()
    http.cookies.clear()
    for text in (code, given["refresh_token"]):
        assert (await http.get("/fhir/Patient/1", headers=bearer(text))).status_code == 401


async def test_a_token_does_not_stand_in_the_database(
    http: httpx.AsyncClient, app_client: Client, resident: Person, door: Door
) -> None:
    given = await App(http, app_client, resident, scope=OFFLINE).enter()
    rows = await door.store.fetch("SELECT t::text AS t FROM app_token t UNION ALL SELECT s::text FROM session s")
    kept = "".join(row["t"] for row in rows)
    for text in (given["access_token"], given["refresh_token"]):
        assert text not in kept
        assert text.encode().hex() not in kept


async def test_tokens_are_for_the_record_and_not_for_pages(
    http: httpx.AsyncClient, app_client: Client, resident: Person
) -> None:
    given = await App(http, app_client, resident).enter()
    http.cookies.clear()
    answer = await http.get("/oauth/apps", headers=bearer(given["access_token"]))
    assert answer.status_code == 401


# -- introspection and revocation -----------------------------------------------------------------------------------


async def test_an_app_and_a_system_may_ask_what_a_token_is(
    http: httpx.AsyncClient, app_client: Client, resident: Person, door: Door, time: Time
) -> None:
    given = await App(http, app_client, resident).enter()
    own = {"token": given["access_token"], "client_id": app_client.id}
    told = (await http.post("/oauth/introspect", data=own)).json()
    assert told["active"] is True
    assert told["client_id"] == app_client.id
    assert told["patient"] == "1"
    assert told["sub"] == resident.account
    assert told["exp"] - told["iat"] == 1800
    other = await register(door)
    foreign = {"token": given["access_token"], "client_id": other.id}
    assert (await http.post("/oauth/introspect", data=foreign)).json() == {"active": False}
    system = await register_system(door, jwks(EC))
    proof = {
        "token": given["access_token"],
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": assertion(system.id, EC, time(), aud=f"{BASE}/oauth/introspect"),
    }
    assert (await http.post("/oauth/introspect", data=proof)).json()["active"] is True
    again = await http.post("/oauth/introspect", data=proof)
    assert (again.status_code, again.json()["error"]) == (401, "invalid_client")


async def test_nobody_else_learns_of_tokens(http: httpx.AsyncClient) -> None:
    for path in ("/oauth/introspect", "/oauth/revoke"):
        for form in ({"token": "x"}, {"token": "x", "client_id": "unknown"}):
            answer = await http.post(path, data=form)
            assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
async def test_a_revoked_token_takes_its_family_along_at_once(
    http: httpx.AsyncClient, app_client: Client, resident: Person, which: str
) -> None:
    app = App(http, app_client, resident, scope=OFFLINE)
    given = await app.enter()
    http.cookies.clear()
    headers = bearer(given["access_token"])
    assert (await http.get("/fhir/Patient/1", headers=headers)).status_code == 200
    assert (await http.post("/oauth/revoke", data={"token": given[which], "client_id": app_client.id})).is_success
    # The process knows the token for some seconds more; the ledger's gate does not let its answers out.
    assert (await http.get("/fhir/Patient/1", headers=headers)).status_code == 401
    assert (await http.get("/fhir/Observation", headers=headers)).status_code == 401
    assert (await app.refresh(given["refresh_token"])).json()["error"] == "invalid_grant"


async def test_an_app_revokes_no_token_of_another(
    http: httpx.AsyncClient, app_client: Client, resident: Person, door: Door
) -> None:
    given = await App(http, app_client, resident).enter()
    other = await register(door)
    assert (await http.post("/oauth/revoke", data={"token": given["access_token"], "client_id": other.id})).is_success
    assert (await http.post("/oauth/revoke", data={"token": "unknown", "client_id": other.id})).is_success
    http.cookies.clear()
    assert (await http.get("/fhir/Patient/1", headers=bearer(given["access_token"]))).status_code == 200


# -- registration ---------------------------------------------------------------------------------------------------


async def test_a_registration_waits_for_the_security_officer(
    http: httpx.AsyncClient, door: Door, resident: Person
) -> None:
    answer = await http.post("/oauth/register", json=METADATA)
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert told["registration_state"] == "asked"
    client = await clients.by_id(door.store, told["client_id"])
    assert client is not None
    assert client.origins == ("https://app.example",)
    app = App(http, client, resident, extra={"redirect_uri": "https://app.example/cb"})
    assert (await app.ask()).status_code == 400
    async with door.work(OFFICER) as work:
        assert client.id in [one.id for one in await apps.listed(work, "asked")]
        await apps.decide(work, client.id, "approved", scopes="launch/patient patient/Observation.rs")
    page = await app.ask()
    assert page.status_code == 200
    assert "血压日记" in page.text
    assert "app.example" in page.text


async def test_only_the_security_officer_decides(door: Door) -> None:
    client = await register(door, state="asked")
    for role in ("physician", "system-admin", "audit-admin", "resident"):
        async with door.work(Principal("p", frozenset({role}))) as work:
            with pytest.raises(OutcomeError) as refused:
                await apps.decide(work, client.id, "approved")
            assert refused.value.status == 403


async def test_a_system_is_approved_for_an_institution_and_a_purpose(door: Door) -> None:
    system = await register_system(door, jwks(EC), state="asked", organization=None, purpose="")
    async with door.work(OFFICER) as work:
        with pytest.raises(OutcomeError):
            await apps.decide(work, system.id, "approved")
        made = await apps.decide(work, system.id, "approved", organization="Organization/h", purpose="PUBHLTH")
    assert (made.organization, made.purpose, made.decided_by) == ("Organization/h", "PUBHLTH", "officer")


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"redirect_uris": []}, "invalid_redirect_uri"),
        ({"redirect_uris": ["http://app.example/cb"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://app.example/cb#x"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["javascript:alert(1)"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://user@app.example/cb"]}, "invalid_redirect_uri"),
        ({"redirect_uris": "https://app.example/cb"}, "invalid_client_metadata"),
        ({"client_name": ""}, "invalid_client_metadata"),
        ({"client_name": "x" * 101}, "invalid_client_metadata"),
        ({"client_name": 7}, "invalid_client_metadata"),
        ({"scope": ""}, "invalid_client_metadata"),
        ({"scope": "patient/*.rs nonsense"}, "invalid_client_metadata"),
        ({"scope": "system/*.rs"}, "invalid_client_metadata"),
        ({"token_endpoint_auth_method": "client_secret_basic"}, "invalid_client_metadata"),
        ({"token_endpoint_auth_method": "private_key_jwt"}, "invalid_client_metadata"),
        ({"grant_types": ["implicit"]}, "invalid_client_metadata"),
        ({"grant_types": ["authorization_code", "client_credentials"]}, "invalid_client_metadata"),
        ({"jwks": {"keys": [{"kty": "oct", "k": "eHg"}]}}, "invalid_client_metadata"),
        ({"jwks": "x"}, "invalid_client_metadata"),
        ({"id_token_signed_response_alg": "none"}, "invalid_client_metadata"),
        ({"id_token_signed_response_alg": "HS256"}, "invalid_client_metadata"),
        ({"jwks": {"keys": []}, "jwks_uri": "https://app.example/k"}, "invalid_client_metadata"),
        ({"jwks_uri": "http://10.0.0.1/k"}, "invalid_client_metadata"),
        ({"initiate_login_uri": "ftp://x"}, "invalid_client_metadata"),
    ],
)
async def test_an_unfit_registration_is_refused(http: httpx.AsyncClient, change: dict[str, Any], error: str) -> None:
    answer = await http.post("/oauth/register", json=METADATA | change)
    assert (answer.status_code, answer.json()["error"]) == (400, error)


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b'"x"', b"null"])
async def test_what_is_no_registration_is_refused(http: httpx.AsyncClient, body: bytes) -> None:
    answer = await http.post("/oauth/register", content=body)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata")


async def test_a_native_app_may_have_a_scheme_of_its_own(http: httpx.AsyncClient) -> None:
    answer = await http.post("/oauth/register", json=METADATA | {"redirect_uris": ["cn.example.diary:/cb"]})
    assert answer.status_code == 201, answer.text


# -- keys -----------------------------------------------------------------------------------------------------------


async def test_a_new_key_signs_and_the_old_one_stays_published_for_a_day(oauth: Oauth, time: Time) -> None:
    store, vault = oauth.store, oauth.vault
    first = await oauth.signer.sign("ES256", {"sub": "a"})
    before = await kids(oauth)
    await keys.rotate(store, vault, "ES256")
    second = await oauth.signer.sign("ES256", {"sub": "a"})
    after = await kids(oauth)
    assert kid_of(first) in before & after
    assert kid_of(second) in after - before
    time.pass_(hours=25)
    assert kid_of(first) not in await kids(oauth)


async def test_a_key_is_replaced_by_age(oauth: Oauth, time: Time) -> None:
    first = await oauth.signer.sign("ES256", {"sub": "a"})
    time.pass_(days=91)
    assert kid_of(await oauth.signer.sign("ES256", {"sub": "a"})) != kid_of(first)


async def test_private_keys_are_sealed(oauth: Oauth) -> None:
    await oauth.signer.sign("ES256", {"sub": "a"})
    rows = await oauth.store.fetch("SELECT sealed, public FROM app_key")
    assert rows
    assert all(b'"d"' not in bytes(row["sealed"]) and '"d"' not in row["public"] for row in rows)


async def kids(oauth: Oauth) -> set[str]:
    return {key["kid"] for key in (await keys.published(oauth.store))["keys"]}


def kid_of(token: str) -> str:
    return str(jws.extract_compact(token.encode()).headers()["kid"])


# -- cross-origin ---------------------------------------------------------------------------------------------------


async def test_pages_of_registered_apps_may_call(http: httpx.AsyncClient, app_client: Client, time: Time) -> None:
    time.pass_(seconds=10)
    asked = {"origin": ORIGIN, "access-control-request-method": "GET"}
    for path in ("/fhir/Patient/1", "/oauth/token", "/fhir/.well-known/smart-configuration"):
        allowed = await http.options(path, headers=asked)
        assert allowed.status_code == 204
        assert allowed.headers["access-control-allow-origin"] == ORIGIN
        assert "authorization" in allowed.headers["access-control-allow-headers"]
        assert "access-control-allow-credentials" not in allowed.headers
    answer = await http.get("/fhir/metadata", headers={"origin": ORIGIN})
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert "etag" in answer.headers["access-control-expose-headers"]


async def test_pages_of_others_may_not(http: httpx.AsyncClient, app_client: Client) -> None:
    for origin in ("https://evil.example", "null", ORIGIN + ".evil.example"):
        asked = {"origin": origin, "access-control-request-method": "GET"}
        assert "access-control-allow-origin" not in (await http.options("/fhir/Patient/1", headers=asked)).headers
        answer = await http.get("/fhir/metadata", headers={"origin": origin})
        assert "access-control-allow-origin" not in answer.headers


# -- whatever comes ---------------------------------------------------------------------------------------------------

FIELDS = st.dictionaries(
    st.sampled_from(
        [
            *("grant_type", "code", "refresh_token", "client_id", "redirect_uri", "scope", "code_verifier", "token"),
            *("client_assertion", "client_assertion_type", "response_type", "code_challenge", "aud", "launch", "state"),
        ]
    ),
    st.one_of(
        st.text(max_size=30),
        st.sampled_from(["authorization_code", "refresh_token", "client_credentials", ASSERTION_TYPE, CALLBACK, FHIR]),
    ),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(FIELDS, st.sampled_from(["token", "introspect", "revoke", "register", "authorize"]))
async def test_whatever_is_sent_is_answered_below_500(
    http: httpx.AsyncClient, fields: dict[str, str], path: str
) -> None:
    sent = {name: value.encode("utf-8", "replace").decode() for name, value in fields.items()}
    assert (await http.post(f"/oauth/{path}", data=sent)).status_code < 500
    assert (await http.get("/oauth/authorize", params=sent)).status_code < 500


async def test_a_body_that_is_no_form_is_refused(http: httpx.AsyncClient) -> None:
    assert (await http.post("/oauth/token", json={"grant_type": "x"})).status_code == 415
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert (await http.post("/oauth/token", content=b"a=" + b"x" * 70_000, headers=form)).status_code == 413
    for body in (b"\xff=1", b"a=%00", b"a=%ff", b"&".join(b"a=1" for _ in range(60))):
        assert (await http.post("/oauth/token", content=body, headers=form)).status_code == 400


async def test_what_happens_stands_in_the_ledger(
    http: httpx.AsyncClient, app_client: Client, resident: Person, door: Door
) -> None:
    app = App(http, app_client, resident, scope=OFFLINE)
    given = await app.enter()
    await http.post("/oauth/revoke", data={"token": given["access_token"], "client_id": app_client.id})
    await app.redeem("invented")
    rows = await door.store.fetch("SELECT convert_from(entry, 'UTF8') AS entry FROM audit")
    mine = [row["entry"] for row in rows if app_client.id in row["entry"]]
    for what in ("app-allowed", "token", "token-revoked"):
        assert any(f'"what":"{what}"' in entry for entry in mine), what
    assert any('"outcome":"4"' in entry and "invalid_grant" in entry for entry in mine)
    assert not any(given["access_token"] in entry for entry in mine)


@pytest.mark.parametrize(
    "path",
    [
        *("/oauth/authorize?client_id=%00", "/oauth/authorize?client_id=a%FF", "/oauth/launch?client=%00"),
        *(
            "/oauth/launch?client=x&patient=%00",
            "/oauth/apps?patient=%00",
            "/oauth/apps?patient=Patient/1&encounter=%00",
        ),
        *("/oauth/apps?patient=../x", "/oauth/apps?patient=1&encounter=a,b", "/oauth/launch"),
    ],
)
async def test_strange_addresses_are_answered_below_500(http: httpx.AsyncClient, physician: Person, path: str) -> None:
    http.cookies.update({"session": physician.cookie})
    assert (await http.get(path)).status_code < 500


async def test_of_two_who_redeem_at_once_neither_keeps_a_token(
    http: httpx.AsyncClient, app_client: Client, resident: Person
) -> None:
    """A code is locked until it is decided: one is first, and the second use ends what the first was given."""
    app = App(http, app_client, resident, scope=OFFLINE)
    code = await app.code()
    answers = await asyncio.gather(*(app.redeem(code) for _ in range(4)))
    given = [one.json() for one in answers if one.status_code == 200]
    assert len(given) == 1
    assert (await app.refresh(given[0]["refresh_token"])).json()["error"] == "invalid_grant"


async def test_of_two_who_refresh_at_once_one_is_first(
    http: httpx.AsyncClient, app_client: Client, resident: Person
) -> None:
    app = App(http, app_client, resident, scope=OFFLINE)
    token = (await app.enter())["refresh_token"]
    answers = await asyncio.gather(*(app.refresh(token) for _ in range(4)))
    assert sorted(one.status_code for one in answers) == [200, 400, 400, 400]
