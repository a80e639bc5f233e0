"""The token endpoint: codes, refresh tokens and assertions become access tokens (RFC 6749, RFC 7636, RFC 7523)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import msgspec
from joserfc import jws
from joserfc.errors import JoseError

from xinglin.fhir.search.keys import bucket_of
from xinglin.server.oauth import engine, events
from xinglin.server.oauth.addresses import Addresses
from xinglin.server.oauth.agreement import Agreement
from xinglin.server.oauth.engine import CODE_GRANT, REFRESH_GRANT, Agreed, Case, Verdict
from xinglin.server.oauth.identity import id_token, launch_context
from xinglin.server.oauth.service import REMEMBERED, Oauth
from xinglin.store.identity import clients, tokens
from xinglin.store.identity.clients import Client
from xinglin.store.identity.tokens import AppSession, Token
from xinglin.store.transaction import Transaction

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

Form = Sequence[tuple[str, str]]


async def answer(oauth: Oauth, at: Addresses, form: Form, *, address: str = "") -> Verdict:
    """Answer a request to the token endpoint; what it came to is written before it is answered."""
    form = await _named(oauth, form)
    client, keys = await client_of(oauth, form)
    case = Case(oauth.store.now, client, keys, audiences=at.audiences)
    given = dict(reversed(form))
    async with oauth.store.begin() as work:
        case.now = work.now
        await tokens.purge(work, work.now)
        found = await _presented(work, given)
        if found is not None and client is not None and found.client == client.id:
            if found.used is not None:
                await _alarm(oauth, work, found, address)
            elif found.expires > work.now and await _alive(work, found):
                _put_in(case, found)
        verdict = engine.judge_token(case, form)
        if not await accepted(work, case):
            verdict = Verdict(400, {"error": "invalid_client", "error_description": "The assertion was used before."})
        if verdict.status != 200 or client is None or case.issued is None:
            if client is not None and oauth.door.audited:
                error = str(verdict.body.get("error", ""))
                work.note([events.of_client(client, work.now, "token", address=address, detail=error)])
            return verdict
        session, agreement = await _session(oauth, work, case, verdict, given, address)
        body = await _issued(oauth, work, session, case.issued, given, verdict.grant)
        if oauth.door.audited:
            work.note([events.of_session(session, work.now, "token", address=address, detail=verdict.grant)])
    if agreement is not None and "openid" in session.scopes.split():
        body["id_token"] = await id_token(oauth, at, client, session, agreement)
    return replace(verdict, body=body | launch_context(session))


async def client_of(oauth: Oauth, form: Form) -> tuple[Client | None, Any]:
    """Find the approved client that a request names, by its id or its assertion, and its public keys.

    Nothing is believed yet: Authlib verifies the assertion with these keys.
    """
    given = dict(reversed(form))
    named, kid = given.get("client_id", ""), None
    if given.get("client_assertion_type") == ASSERTION_TYPE:
        claimed, kid = _claimed(given.get("client_assertion", ""))
        if named and named != claimed:
            return None, None
        named = claimed
    client = await clients.by_id(oauth.store, named) if named and "\0" not in named else None
    if client is None or client.state != "approved":
        return None, None
    return client, await oauth.client_keys.of(client, kid)


async def _named(oauth: Oauth, form: Form) -> Form:
    """Name the public app that refreshes without saying who it is, as the JavaScript fhirclient does.

    RFC 6749, 6 asks for no client_id there; the token knows for whom it was made, and proves as much as a name would.
    """
    given = dict(reversed(form))
    if given.get("grant_type") != REFRESH_GRANT or given.keys() & {"client_id", "client_assertion"}:
        return form
    found = await tokens.find(oauth.store, given.get("refresh_token", ""))
    return form if found is None else [*form, ("client_id", found.client)]


async def accepted(work: Transaction, case: Case) -> bool:
    """Write down the number of the assertion that was accepted; False when it was accepted before."""
    if case.assertion is None or case.client is None:
        return True
    number, ends = case.assertion
    text = f"jti:{case.client.id}:{number}"
    return await tokens.put(work, text, kind="jti", client=case.client.id, made=work.now, expires=ends)


def _claimed(assertion: str) -> tuple[str, str | None]:
    try:
        token = jws.extract_compact(assertion.encode())
        claims = msgspec.json.decode(token.payload, type=dict[str, Any])
        subject, kid = claims.get("sub"), token.headers().get("kid")
    except (JoseError, msgspec.DecodeError, msgspec.ValidationError, ValueError, TypeError, KeyError):
        return "", None
    return subject if isinstance(subject, str) else "", kid if isinstance(kid, str) else None


async def _presented(work: Transaction, given: Mapping[str, str]) -> Token | None:
    """Find what the request presents, held until it is decided, so that two cannot redeem it."""
    kind = {CODE_GRANT: "code", REFRESH_GRANT: "refresh"}.get(given.get("grant_type", ""))
    text = given.get("code" if kind == "code" else "refresh_token", "")
    found = await tokens.find(work, text, lock=True) if kind and text else None
    return found if found is not None and found.kind == kind else None


async def _alarm(oauth: Oauth, work: Transaction, found: Token, address: str) -> None:
    """Somebody has a code or token that was used already: one of the two is a thief, so both lose all."""
    session = await tokens.session(work, found.session, work.now) if found.session is not None else None
    if session is None:
        return
    await tokens.end_session(work, session.id, work.now, f"{found.kind}-used-twice")
    if oauth.door.audited:
        work.note([events.of_session(session, work.now, "token-used-twice", address=address, detail=found.kind)])


async def _alive(work: Transaction, found: Token) -> bool:
    """Tell whether the session of a refresh token lives; a code has none yet."""
    return found.session is None or await tokens.session(work, found.session, work.now) is not None


def _put_in(case: Case, found: Token) -> None:
    if found.kind == "refresh":
        case.refresh = found
        return
    agreed = msgspec.json.decode(found.data, type=Agreement)
    case.code = Agreed(found.client, agreed.redirect_uri, agreed.code_challenge, found.scopes, agreed.account)


async def _session(
    oauth: Oauth, work: Transaction, case: Case, verdict: Verdict, given: Mapping[str, str], address: str
) -> tuple[AppSession, Agreement | None]:
    """Open the session of an app that comes with a code or an assertion, or find the one of its refresh token."""
    client = case.client
    if client is None or case.issued is None:
        raise LookupError("an accepted request has a client and scopes")
    if verdict.grant == REFRESH_GRANT and case.refresh is not None and case.refresh.session is not None:
        found = await tokens.session(work, case.refresh.session, work.now, seen=True)
        if found is None:
            raise LookupError("the session of a valid refresh token is alive")
        await tokens.use(work, given["refresh_token"], work.now, session=found.id)
        return found, None
    if verdict.grant == CODE_GRANT:
        row = await tokens.find(work, given["code"])
        agreed = msgspec.json.decode(row.data if row else "", type=Agreement)
        made = _of_agreement(oauth, work, client, agreed, case.issued, address)
        await tokens.open_session(work, made)
        await tokens.use(work, given["code"], work.now, session=made.id)
        return made, agreed
    made = AppSession(
        id=oauth.door.clock.new_id(),
        client=client.id,
        account=client.id,
        role="partner",
        purpose=client.purpose,
        scopes=case.issued,
        created=work.now,
        until=work.now + oauth.access_lasts,
        strong=True,  # it proved that it holds the private key
        device=client.name,
        address=address,
    )
    await tokens.open_session(work, made)
    return made, None


def _of_agreement(
    oauth: Oauth, work: Transaction, client: Client, agreed: Agreement, scopes: str, address: str
) -> AppSession:
    until = work.now + oauth.offline_lasts
    if not agreed.offline:
        until = max(work.now + oauth.access_lasts, datetime.fromtimestamp(agreed.parent_until, tz=work.now.tzinfo))
    return AppSession(
        id=oauth.door.clock.new_id(bucket_of(agreed.account)),
        client=client.id,
        account=agreed.account,
        role=agreed.role,
        purpose=agreed.purpose,
        scopes=scopes,
        created=work.now,
        until=until,
        assignment=agreed.assignment,
        patient_for=agreed.patient_for,
        strong=agreed.strong,
        device=client.name,
        address=address or agreed.address,
        patient=agreed.patient,
        encounter=agreed.encounter,
        parent=None if agreed.offline else agreed.parent,
    )


async def _issued(
    oauth: Oauth, work: Transaction, session: AppSession, scopes: str, given: Mapping[str, str], grant: str
) -> dict[str, Any]:
    """Make and write the tokens of an answer."""
    expires = min(work.now + oauth.access_lasts, session.until)
    access = tokens.new_secret()
    await tokens.put(
        work,
        access,
        kind="access",
        client=session.client,
        session=session.id,
        scopes=scopes,
        made=work.now,
        expires=expires,
    )
    body: dict[str, Any] = {
        "access_token": access,
        "token_type": "Bearer",
        "expires_in": int((expires - work.now).total_seconds()),
        "scope": scopes,
    }
    words = set(session.scopes.split())
    if grant == REFRESH_GRANT or (grant == CODE_GRANT and words & {"offline_access", "online_access"}):
        refresh = tokens.new_secret()
        await tokens.put(
            work,
            refresh,
            kind="refresh",
            client=session.client,
            session=session.id,
            scopes=session.scopes,
            made=work.now,
            expires=session.until,
            until=session.until + REMEMBERED,
        )
        body["refresh_token"] = refresh
    return body
