"""The authorization code flow, standalone: what goes well, and each way it does not."""

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.server.oauth.conftest import Time
from tests.server.oauth.people import BASE, CALLBACK, FHIR, App, Person, bearer, register, returned, sign_in
from xinglin.store.door import Door
from xinglin.store.identity import sessions
from xinglin.store.identity.clients import Client

OFFLINE = "launch/patient patient/*.rs openid fhirUser offline_access"


async def test_a_resident_lets_an_app_read_the_own_record(
    http: httpx.AsyncClient, app_client: Client, resident: Person
) -> None:
    given = await App(http, app_client, resident).enter()
    assert given["token_type"] == "Bearer"
    assert given["scope"] == "launch/patient patient/*.rs openid fhirUser"
    assert given["patient"] == "1"
    assert "refresh_token" not in given
    http.cookies.clear()
    headers = bearer(given["access_token"])
    assert (await http.get("/fhir/Patient/1", headers=headers)).status_code == 200
    found = (await http.get("/fhir/Observation", headers=headers)).json()
    assert {one["resource"]["id"] for one in found["entry"]} == {"lab-1", "vital-1"}
    assert (await http.get("/fhir/Patient/2", headers=headers)).status_code == 404


async def test_the_identity_token_says_who_let_the_app_in(
    http: httpx.AsyncClient, app_client: Client, resident: Person
) -> None:
    given = await App(http, app_client, resident, extra={"nonce": "n-1"}).enter()
    document = (await http.get("/oauth/jwks")).json()
    keys = KeySet.import_key_set(document)
    token = jwt.decode(given["id_token"], keys, algorithms=["RS256"])
    assert token.claims["iss"] == BASE
    assert token.claims["aud"] == app_client.id
    assert token.claims["sub"] == resident.account
    assert token.claims["nonce"] == "n-1"
    assert token.claims["fhirUser"] == f"{FHIR}/Patient/1"
    assert all("d" not in key for key in document["keys"])
    told = await http.get("/oauth/userinfo", headers=bearer(given["access_token"]))
    assert told.json() == {"sub": resident.account, "fhirUser": f"{FHIR}/Patient/1"}


async def test_an_app_may_have_identity_tokens_signed_by_a_curve(
    http: httpx.AsyncClient, door: Door, resident: Person
) -> None:
    given = await App(http, await register(door, id_token_alg="ES256"), resident).enter()
    keys = KeySet.import_key_set((await http.get("/oauth/jwks")).json())
    assert jwt.decode(given["id_token"], keys, algorithms=["ES256"]).claims["sub"] == resident.account


async def test_who_is_not_signed_in_is_not_asked(http: httpx.AsyncClient, app_client: Client) -> None:
    assert (await App(http, app_client, None).ask()).status_code == 401


async def test_the_page_speaks_plainly_and_leads_only_to_the_app(
    http: httpx.AsyncClient, app_client: Client, resident: Person
) -> None:
    page = await App(http, app_client, resident).ask()
    assert "“健康助手”请求您的授权" in page.text
    assert "查看" in page.text
    assert "form-action http://127.0.0.1:9999 'self'" in page.headers["content-security-policy"]
    assert page.headers["cache-control"] == "no-store"
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]


async def test_a_refusal_goes_home(http: httpx.AsyncClient, app_client: Client, resident: Person) -> None:
    app = App(http, app_client, resident)
    told = returned(await app.decide(await app.ask(), "deny"))
    assert told == {"error": "access_denied", "state": "st-ate"}


async def test_a_decision_needs_our_own_form(http: httpx.AsyncClient, app_client: Client, resident: Person) -> None:
    app = App(http, app_client, resident)
    assert (await app.decide(await app.ask(), csrf="forged")).status_code == 403


async def test_a_posted_request_is_asked_again_by_get(http: httpx.AsyncClient, app_client: Client) -> None:
    app = App(http, app_client, None)
    answer = await http.post("/oauth/authorize", data=app.wish | {"junk": "x"})
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/oauth/authorize?response_type=code&")
    assert "junk" not in answer.headers["location"]


@pytest.mark.parametrize(
    ("extra", "error"),
    [
        ({"aud": "https://elsewhere.example/fhir"}, "invalid_request"),
        ({"aud": "-"}, "invalid_request"),
        ({"code_challenge": "-"}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": "-"}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "nonsense"}, "invalid_scope"),
        ({"scope": "system/*.rs"}, "invalid_scope"),
        ({"scope": "-"}, "invalid_scope"),
        ({"launch": "invented"}, "invalid_request"),
        ({"prompt": "none"}, "interaction_required"),
    ],
)
async def test_a_wrong_request_goes_home_as_an_error(
    http: httpx.AsyncClient, app_client: Client, resident: Person, extra: dict[str, str], error: str
) -> None:
    told = returned(await App(http, app_client, resident, extra=extra).ask())
    assert told["error"] == error
    assert told["state"] == "st-ate"
    assert "code" not in told


@pytest.mark.parametrize(
    "extra",
    [
        {"redirect_uri": CALLBACK + "/more"},
        {"redirect_uri": "https://evil.example/cb"},
        {"redirect_uri": "-"},
        {"client_id": "unknown"},
        {"client_id": "-"},
        {"redirect_uri": 'http://127.0.0.1:9999/callback"><script>'},
        {"response_type": "tökén"},
    ],
)
async def test_a_request_of_nobody_known_is_sent_nowhere(
    http: httpx.AsyncClient, app_client: Client, resident: Person, extra: dict[str, str]
) -> None:
    answer = await App(http, app_client, resident, extra=extra).ask()
    assert answer.status_code == 400
    assert "location" not in answer.headers
    assert "<script>" not in answer.text.replace('<script src="', "")


async def test_an_app_that_nobody_approved_is_unknown(http: httpx.AsyncClient, door: Door, resident: Person) -> None:
    for state in ("asked", "refused", "disabled"):
        client = await register(door, state=state)
        assert (await App(http, client, resident).ask()).status_code == 400


async def test_a_code_is_redeemed_once_and_twice_ends_all(
    http: httpx.AsyncClient, app_client: Client, resident: Person
) -> None:
    app = App(http, app_client, resident, scope=OFFLINE)
    code = await app.code()
    given = (await app.redeem(code)).json()
    again = await app.redeem(code)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert (await app.refresh(given["refresh_token"])).json()["error"] == "invalid_grant"
    http.cookies.clear()
    told = await http.post("/oauth/introspect", data={"token": given["access_token"], "client_id": app_client.id})
    assert told.json() == {"active": False}
    assert (await http.get("/fhir/Patient/1", headers=bearer(given["access_token"]))).status_code == 401


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"code_verifier": "w" * 43}, "invalid_grant"),
        ({"code_verifier": "-"}, "invalid_request"),
        ({"code_verifier": "short"}, "invalid_request"),
        ({"redirect_uri": "http://127.0.0.1:9999/other"}, "invalid_grant"),
        ({"redirect_uri": "-"}, "invalid_grant"),
        ({"code": "invented"}, "invalid_grant"),
        ({"code": "-"}, "invalid_request"),
        ({"client_id": "unknown"}, "invalid_client"),
        ({"client_id": "-"}, "invalid_client"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "-"}, "unsupported_grant_type"),
        ({"grant_type": "urn:ä"}, "invalid_request"),
        ({"grant_type": "client_credentials"}, "invalid_client"),
    ],
)
async def test_a_wrong_redemption_gets_no_token(
    http: httpx.AsyncClient, app_client: Client, resident: Person, fields: dict[str, str], error: str
) -> None:
    app = App(http, app_client, resident)
    code = await app.code()
    answer = await app.redeem(code, **fields)
    assert answer.status_code == 400
    assert answer.json()["error"] == error
    assert answer.headers["cache-control"] == "no-store"
    assert (await app.redeem(code)).status_code == 200  # the owner of the code is not shut out by it


async def test_a_code_of_another_app_is_none(
    http: httpx.AsyncClient, door: Door, app_client: Client, resident: Person
) -> None:
    other = await register(door)
    answer = await App(http, other, resident).redeem(await App(http, app_client, resident).code())
    assert answer.json()["error"] == "invalid_grant"


async def test_a_code_lasts_a_minute(http: httpx.AsyncClient, app_client: Client, resident: Person, time: Time) -> None:
    app = App(http, app_client, resident)
    code = await app.code()
    time.pass_(seconds=61)
    assert (await app.redeem(code)).json()["error"] == "invalid_grant"


async def test_an_access_token_lasts_half_an_hour(
    http: httpx.AsyncClient, app_client: Client, resident: Person, time: Time
) -> None:
    given = await App(http, app_client, resident).enter()
    http.cookies.clear()
    assert given["expires_in"] == 1800
    time.pass_(seconds=1790)
    assert (await http.get("/fhir/Patient/1", headers=bearer(given["access_token"]))).status_code == 200
    time.pass_(seconds=20)
    assert (await http.get("/fhir/Patient/1", headers=bearer(given["access_token"]))).status_code == 401


async def test_a_refresh_token_is_replaced_and_its_second_use_ends_all(
    http: httpx.AsyncClient, app_client: Client, resident: Person
) -> None:
    app = App(http, app_client, resident, scope=OFFLINE)
    first = await app.enter()
    second = (await app.refresh(first["refresh_token"])).json()
    assert second["patient"] == "1"
    assert second["refresh_token"] != first["refresh_token"]
    assert second["scope"] == first["scope"]
    stolen = await app.refresh(first["refresh_token"])
    assert stolen.json()["error"] == "invalid_grant"
    assert (await app.refresh(second["refresh_token"])).json()["error"] == "invalid_grant"
    http.cookies.clear()
    assert (await http.get("/fhir/Patient/1", headers=bearer(second["access_token"]))).status_code == 401


async def test_a_public_app_refreshes_without_its_name(
    http: httpx.AsyncClient, app_client: Client, resident: Person
) -> None:
    app = App(http, app_client, resident, scope=OFFLINE)
    given = await app.enter()
    assert (await app.refresh(given["access_token"], client_id="")).json()["error"] == "invalid_grant"
    assert (await app.refresh(given["refresh_token"], client_id="")).status_code == 200
    assert (await app.refresh("invented", client_id="")).json()["error"] == "invalid_client"


async def test_a_refresh_narrows_and_never_widens(
    http: httpx.AsyncClient, app_client: Client, resident: Person
) -> None:
    app = App(http, app_client, resident, scope="launch/patient patient/*.rs offline_access")
    given = await app.enter()
    wider = await app.refresh(given["refresh_token"], scope="patient/*.cruds")
    assert wider.json()["error"] == "invalid_scope"
    narrowed = (await app.refresh(given["refresh_token"], scope="patient/*.rs")).json()
    assert narrowed["scope"] == "patient/*.rs"
    assert (await app.refresh(narrowed["refresh_token"])).json()["scope"] == given["scope"]


async def test_a_refresh_token_of_another_app_is_none(
    http: httpx.AsyncClient, door: Door, app_client: Client, resident: Person
) -> None:
    given = await App(http, app_client, resident, scope=OFFLINE).enter()
    other = await register(door)
    assert (await App(http, other, resident).refresh(given["refresh_token"])).json()["error"] == "invalid_grant"
    assert (await App(http, app_client, resident).refresh(given["refresh_token"])).status_code == 200


async def test_an_online_app_leaves_with_the_person(
    http: httpx.AsyncClient, app_client: Client, door: Door, resident: Person
) -> None:
    online = App(http, app_client, resident, scope="launch/patient patient/*.rs online_access")
    offline = App(http, app_client, resident, scope=OFFLINE)
    here, away = await online.enter(), await offline.enter()
    async with door.store.begin() as work:
        await sessions.end_sessions(work, account=resident.account, session=resident.session, why="signed-out")
    assert (await online.refresh(here["refresh_token"])).json()["error"] == "invalid_grant"
    assert (await offline.refresh(away["refresh_token"])).status_code == 200


async def test_an_account_that_is_ended_takes_its_apps_along(
    http: httpx.AsyncClient, app_client: Client, door: Door, resident: Person
) -> None:
    app = App(http, app_client, resident, scope=OFFLINE)
    given = await app.enter()
    async with door.store.begin() as work:
        await sessions.end_sessions(work, account=resident.account, why="disabled")
    assert (await app.refresh(given["refresh_token"])).json()["error"] == "invalid_grant"
    http.cookies.clear()
    assert (await http.get("/fhir/Patient/1", headers=bearer(given["access_token"]))).status_code == 401


async def test_a_parent_picks_the_child(http: httpx.AsyncClient, app_client: Client, parent: Person) -> None:
    app = App(http, app_client, parent)
    page = await app.ask()
    assert 'value="Patient/1"' in page.text
    assert 'value="Patient/2"' in page.text
    unpicked = await app.decide(page)
    assert unpicked.status_code == 200
    assert "请先选一个人" in unpicked.text
    stranger = await app.decide(page, patient="Patient/3")
    assert stranger.status_code == 200
    code = returned(await app.decide(page, patient="Patient/2"))["code"]
    given = (await app.redeem(code)).json()
    assert given["patient"] == "2"
    http.cookies.clear()
    found = (await http.get("/fhir/Observation", headers=bearer(given["access_token"]))).json()
    assert [one["resource"]["id"] for one in found["entry"]] == ["lab-2"]


async def test_a_physician_finds_the_patient(http: httpx.AsyncClient, app_client: Client, physician: Person) -> None:
    app = App(http, app_client, physician, scope="launch/patient user/*.rs patient/*.rs openid fhirUser")
    assert "Patient/3" not in (await app.ask()).text
    page = await app.ask(q="李")
    assert "Patient/3" in page.text
    given = (await app.redeem(returned(await app.decide(page))["code"])).json()
    assert given["patient"] == "3"
    http.cookies.clear()
    assert (await http.get("/fhir/Patient/2", headers=bearer(given["access_token"]))).status_code == 200


async def test_a_person_gives_less_than_asked(http: httpx.AsyncClient, app_client: Client, resident: Person) -> None:
    app = App(http, app_client, resident, scope="launch/patient patient/Patient.r patient/Observation.rs")
    given = await app.enter(allowed="patient/Patient.r")
    assert given["scope"] == "launch/patient patient/Patient.r"
    http.cookies.clear()
    denied = await http.get("/fhir/Observation", headers=bearer(given["access_token"]))
    assert denied.status_code == 403
    assert denied.headers["www-authenticate"] == 'Bearer error="insufficient_scope"'
    assert denied.json()["resourceType"] == "OperationOutcome"


async def test_more_than_the_page_offered_cannot_be_given(
    http: httpx.AsyncClient, app_client: Client, resident: Person
) -> None:
    app = App(http, app_client, resident, scope="launch/patient patient/Patient.r")
    given = await app.enter(allowed="user/*.cruds")
    assert given["scope"] == "launch/patient"


async def test_a_too_wide_scope_becomes_what_the_app_may_have(
    http: httpx.AsyncClient, door: Door, resident: Person
) -> None:
    client = await register(door, scopes="openid launch/patient patient/*.rs")
    given = await App(http, client, resident, scope="launch/patient patient/*.* user/*.* offline_access openid").enter()
    assert given["scope"] == "launch/patient patient/*.rs openid"


async def test_someone_without_a_record_has_none_to_give(
    http: httpx.AsyncClient, app_client: Client, door: Door
) -> None:
    nobody = await sign_in(door, "resident", "Patient/none")
    app = App(http, app_client, nobody)
    page = await app.ask()
    assert "还没有可以授权的健康档案" in page.text
    assert (await app.decide(page, patient="Patient/1")).status_code == 200


async def test_an_account_that_lost_its_role_keeps_no_app(
    http: httpx.AsyncClient, app_client: Client, door: Door, physician: Person
) -> None:
    app = App(http, app_client, physician, scope="user/*.rs offline_access")
    given = await app.enter()
    async with door.store.begin() as work:
        await work.fetch("UPDATE assignment SET ended = $2 WHERE account = $1", physician.account, work.now)
    assert (await app.refresh(given["refresh_token"])).json()["error"] == "invalid_grant"
    told = await http.post("/oauth/introspect", data={"token": given["access_token"], "client_id": app_client.id})
    assert told.json() == {"active": False}


async def test_neither_codes_nor_tokens_stand_in_the_log(
    http: httpx.AsyncClient, app_client: Client, resident: Person, capfd: pytest.CaptureFixture[str]
) -> None:
    app = App(http, app_client, resident, scope=OFFLINE)
    code = await app.code()
    given = (await app.redeem(code)).json()
    http.cookies.clear()
    await http.get("/fhir/Patient/1", headers=bearer(given["access_token"]))
    await http.get("/fhir/Patient/1", headers=bearer("somebody-elses"))
    said = "".join(capfd.readouterr())
    for text in (code, given["access_token"], given["refresh_token"], given["id_token"], "somebody-elses"):
        assert text not in said
