"""People who are signed in, apps and systems that are registered, and what one of them does in a flow."""

import hashlib
import html
import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from xinglin.fhir.declarations import Text
from xinglin.registry import Capability
from xinglin.security.grants import INTERACTIONS, Grant
from xinglin.store.door import Door
from xinglin.store.identity import accounts, clients, sealed, sessions
from xinglin.store.identity.accounts import Account, Assignment
from xinglin.store.identity.clients import Client
from xinglin.store.identity.sessions import Beginning

BASE: Final = "http://localhost"
FHIR: Final = f"{BASE}/fhir"
CALLBACK: Final = "http://127.0.0.1:9999/callback"
VERIFIER: Final = "v" * 43
ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

_ALL: Final = INTERACTIONS - {"operate"}
# Residents reach their own and their dependants' records, physicians all.
CLINIC: Final = Capability(
    "clinic",
    Text("诊所", "Clinic"),
    grants=(
        Grant("resident", _ALL, "Patient", "_id={patients.id}"),
        Grant("resident", _ALL, "Observation", "patient={patients}"),
        Grant("resident", frozenset({"read", "search"}), "Practitioner"),
        Grant("physician", _ALL, "*"),
        Grant("partner", frozenset({"read", "search"}), "Patient"),
        Grant("partner", frozenset({"read", "search"}), "Observation"),
    ),
)


def patient(id: str, family: str = "张") -> dict[str, Any]:
    return {
        "resourceType": "Patient",
        "id": id,
        "name": [{"family": family, "given": ["小梅"]}],
        "birthDate": "1999-03-08",
    }


def observation(id: str, of: str, category: str = "laboratory", **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": id,
        "status": "final",
        "category": [
            {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": category}]}
        ],
        "code": {"text": "x"},
        "subject": {"reference": f"Patient/{of}"},
    } | more


@dataclass(frozen=True)
class Person:
    """Somebody who is signed in."""

    account: str
    cookie: str

    @property
    def session(self) -> str:
        return self.cookie.partition(".")[0]


async def sign_in(
    door: Door,
    role: str,
    person: str,
    *,
    dependants: tuple[str, ...] = (),
    lasts: timedelta = timedelta(hours=8),
) -> Person:
    """Make an account that acts in a role, with a session."""
    kind = "resident" if role == "resident" else "staff"
    async with door.store.begin() as work:
        id = door.clock.new_id()
        name = sealed.seal(door.vault, sealed.name_place(id), "张小梅" if kind == "resident" else "王建国")
        level = "L2" if kind == "resident" else ""
        await accounts.add(work, Account(id, kind, "active", name, work.now, person=person, level=level), {})
        assignment = None
        if kind == "staff":
            assignment = door.clock.new_id()
            given = Assignment(id, assignment, role, work.now, "test", organization="Organization/h")
            await accounts.assign(work, given)
        for one in dependants:
            await work.fetch(
                "INSERT INTO dependant (bucket, account, id, patient, relation, state, name, born, until, made) "
                "SELECT bucket, id, $2, $3, 'child', 'bound', name, name, $4, made FROM account WHERE id = $1",
                *(id, door.clock.new_id(), one, work.now + timedelta(days=3650)),
            )
        beginning = Beginning(
            account=id,
            role=role,
            purpose="PATRQT" if kind == "resident" else "TREAT",
            strong=kind == "staff",
            now=work.now,
            expires=work.now + lasts,
            until=work.now + lasts,
            assignment=assignment,
            patient=person if kind == "resident" else None,
        )
        cookie = await sessions.begin(work, door.clock, beginning)
    return Person(id, cookie)


async def register(door: Door, **fields: Any) -> Client:
    """Register an app that is approved."""
    given: dict[str, Any] = {
        "id": door.clock.new_id(),
        "name": "健康助手",
        "state": "approved",
        "method": "none",
        "grants": ("authorization_code", "refresh_token"),
        "scopes": "openid fhirUser profile launch launch/patient launch/encounter offline_access online_access "
        "patient/*.cruds user/*.cruds",
        "made": door.store.now,
        "redirect_uris": (CALLBACK,),
        "origins": ("http://127.0.0.1:9999",),
        "launch_uri": "http://127.0.0.1:9999/launch",
    }
    client = Client(**(given | fields))
    async with door.store.begin() as work:
        await clients.add(work, client)
    return client


async def register_system(door: Door, keys: str, **fields: Any) -> Client:
    return await register(
        door,
        **{
            "name": "区域平台",
            "method": "private_key_jwt",
            "grants": ("client_credentials",),
            "scopes": "system/*.rs",
            "redirect_uris": (),
            "origins": (),
            "launch_uri": "",
            "jwks": keys,
            "organization": "Organization/h",
            "purpose": "PUBHLTH",
        }
        | fields,
    )


def challenge(verifier: str = VERIFIER) -> str:
    return urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def assertion(client: str, key: RSAKey | ECKey, now: datetime, alg: str = "ES384", **claims: Any) -> str:
    """Sign a client's assertion; a claim that is None is left out."""
    at = int(now.timestamp())
    made = {
        "iss": client,
        "sub": client,
        "aud": f"{BASE}/oauth/token",
        "exp": at + 240,
        "iat": at,
        "jti": now.isoformat(),
    }
    made |= claims
    header = {"alg": alg, "typ": "JWT", "kid": key.kid or "k"}
    return jwt.encode(header, {k: v for k, v in made.items() if v is not None}, key, algorithms=[alg])


@dataclass
class App:
    """An app in the browser of a person."""

    http: httpx.AsyncClient
    client: Client
    person: Person | None
    scope: str = "launch/patient patient/*.rs openid fhirUser"
    extra: dict[str, str] = field(default_factory=dict)
    said: httpx.Response | None = None

    @property
    def wish(self) -> dict[str, str]:
        made = {
            "response_type": "code",
            "client_id": self.client.id,
            "redirect_uri": CALLBACK,
            "scope": self.scope,
            "state": "st-ate",
            "aud": FHIR,
            "code_challenge": challenge(),
            "code_challenge_method": "S256",
        } | self.extra
        return {name: value for name, value in made.items() if value != "-"}

    @property
    def cookies(self) -> dict[str, str]:
        return {"session": self.person.cookie} if self.person else {}

    async def ask(self, **more: str) -> httpx.Response:
        """Open the authorization page."""
        self.http.cookies.update(self.cookies)
        return await self.http.get("/oauth/authorize", params=self.wish | more)

    async def decide(self, page: httpx.Response, decision: str = "allow", **fields: str) -> httpx.Response:
        """Send the form of the page as it stands, except for *fields*."""
        sent = form_of(page.text) | {"decision": decision} | fields
        self.http.cookies.update(self.cookies)
        return await self.http.post("/oauth/decision", data=sent)

    async def code(self, **fields: Any) -> str:
        """Be let in: give the code."""
        page = await self.ask()
        assert page.status_code == 200, page.headers.get("location", page.text)
        back = returned(await self.decide(page, **fields))
        assert back["state"] == "st-ate"
        return back["code"]

    async def redeem(self, code: str, /, **fields: str) -> httpx.Response:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": CALLBACK,
            "client_id": self.client.id,
            "code_verifier": VERIFIER,
        } | fields
        return await self.http.post("/oauth/token", data={k: v for k, v in form.items() if v != "-"})

    async def enter(self, **fields: Any) -> dict[str, Any]:
        """Do the whole flow: give the token's answer."""
        answer = await self.redeem(await self.code(**fields))
        assert answer.status_code == 200, answer.text
        given: dict[str, Any] = answer.json()
        return given

    async def refresh(self, token: str, /, **fields: str) -> httpx.Response:
        form = {"grant_type": "refresh_token", "refresh_token": token, "client_id": self.client.id} | fields
        return await self.http.post("/oauth/token", data={k: v for k, v in form.items() if v})


def returned(answer: httpx.Response) -> dict[str, str]:
    """Give what a redirect takes home to the app."""
    assert answer.status_code == 303, answer.text
    assert answer.headers["location"].startswith(CALLBACK), answer.headers["location"]
    told = dict(parse_qsl(urlsplit(answer.headers["location"]).query))
    assert told.pop("iss") == BASE  # RFC 9207
    return told


def form_of(page: str) -> dict[str, Any]:
    """Read the consent form as a browser would send it: hidden fields, what is ticked, the radio that is checked."""
    form = page[page.index('action="/oauth/decision"') :]
    fields: dict[str, Any] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        attributes = dict(re.findall(r'([a-z-]+)="([^"]*)"', tag))
        if attributes["type"] in {"checkbox", "radio"} and " checked" not in tag:
            continue
        name, value = attributes["name"], html.unescape(attributes["value"])
        fields[name] = (
            [*fields[name], value]
            if isinstance(fields.get(name), list)
            else ([fields[name], value] if name in fields else value)
        )
    return fields


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}
