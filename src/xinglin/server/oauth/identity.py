"""Who somebody is, for apps: identity tokens, user information, and the context of a launch."""

from datetime import timedelta
from typing import Any, Final

from xinglin.server.oauth.addresses import Addresses
from xinglin.server.oauth.agreement import Agreement
from xinglin.server.oauth.service import Oauth
from xinglin.store.identity import sessions
from xinglin.store.identity.clients import Client
from xinglin.store.identity.tokens import AppSession

ID_TOKEN_LASTS: Final = timedelta(minutes=10)


async def claims_of(oauth: Oauth, at: Addresses, session: AppSession) -> dict[str, Any]:
    """Say who let the app in, as far as its scopes ask: the account's id, and its FHIR resource."""
    words = set(session.scopes.split())
    claims: dict[str, Any] = {"sub": session.account}
    live = await sessions.live(oauth.store, session.id, oauth.store.now)
    if live is not None and live.person is not None and words & {"fhirUser", "profile"}:
        who = f"{at.fhir}/{live.person}"
        claims |= {name: who for name in ("fhirUser", "profile") if name in words}
    return claims


async def id_token(oauth: Oauth, at: Addresses, client: Client, session: AppSession, agreed: Agreement) -> str:
    """Sign who let the app in (OpenID Connect Core, 2)."""
    now = oauth.store.now
    claims = await claims_of(oauth, at, session) | {
        "iss": at.issuer,
        "aud": session.client,
        "iat": int(now.timestamp()),
        "exp": int((now + ID_TOKEN_LASTS).timestamp()),
        "auth_time": int(agreed.authenticated),
    }
    if agreed.nonce:
        claims["nonce"] = agreed.nonce
    return await oauth.signer.sign(client.id_token_alg, claims)


def launch_context(session: AppSession) -> dict[str, Any]:
    """Give what the token's answer says of the launch."""
    context: dict[str, Any] = {}
    if session.patient is not None:
        context["patient"] = session.patient.rpartition("/")[2]
        # Our own pages show whose record it is; an app in a window of its own has to.
        context["need_patient_banner"] = True
    if session.encounter is not None:
        context["encounter"] = session.encounter.rpartition("/")[2]
    return context
