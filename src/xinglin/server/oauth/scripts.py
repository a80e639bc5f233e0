"""Access tokens for scripts, in a demonstration: without a browser, for its accounts alone."""

from typing import Final

from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.search.keys import bucket_of
from xinglin.security.accounts import PURPOSES
from xinglin.security.scopes import asked
from xinglin.server.oauth import events
from xinglin.server.oauth.service import Oauth
from xinglin.store.identity import accounts, clients, tokens
from xinglin.store.identity.clients import Client
from xinglin.store.identity.tokens import AppSession
from xinglin.store.transaction import Transaction

# Stands for all scripts. It has no grants, so nobody comes in with its id.
CLIENT: Final = "command-line"
SCOPES: Final = "user/*.cruds"
PREFIX: Final = "demo-"


async def token_for(oauth: Oauth, name: str, *, scope: str = SCOPES, patient: str | None = None) -> str:
    """Make an access token for an account of the demonstration, named by its role or login.

    patient: id of the patient that ``patient/`` scopes speak of. OutcomeError: not a demonstration on loopback, no such
    account, or scopes that are none.
    """
    if not (oauth.settings.demo and oauth.settings.loopback):
        text = "Tokens for scripts exist in a demonstration on loopback alone (XINGLIN_DEMO=on)."
        raise OutcomeError(Issue("forbidden", "not-a-demonstration", text=text))
    wanted = asked(scope)
    if wanted.faults or not wanted.resources:
        raise OutcomeError(Issue("value", "scope", text=f"No scopes: {' '.join(wanted.faults) or scope!r}."))
    async with oauth.store.begin() as work:
        session = await _session(oauth, work, name, " ".join(wanted.scopes), patient)
        await _client(work)
        await tokens.open_session(work, session)
        text = tokens.new_secret()
        await tokens.put(
            work,
            text,
            kind="access",
            client=CLIENT,
            session=session.id,
            scopes=session.scopes,
            made=work.now,
            expires=session.until,
        )
        if oauth.door.audited:
            work.note([events.of_session(session, work.now, "token", detail="command-line")])
    return text


async def _session(oauth: Oauth, work: Transaction, name: str, scopes: str, patient: str | None) -> AppSession:
    login = name if name.startswith(PREFIX) else PREFIX + name
    account = await accounts.by_handle(work, "login", oauth.vault.digest("login", login))
    if account is None or not account.demo or account.state != "active":
        raise OutcomeError(Issue("not-found", "account", text=f"The demonstration has no account {name}."))
    held = next(iter(await accounts.assignments(work, account.id, work.now)), None)
    role = held.role if held is not None else "resident"
    return AppSession(
        id=oauth.door.clock.new_id(bucket_of(account.id)),
        client=CLIENT,
        account=account.id,
        role=role,
        purpose=PURPOSES[role],
        scopes=scopes,
        created=work.now,
        until=work.now + oauth.access_lasts,
        assignment=held.id if held is not None else None,
        patient_for=account.person if account.kind == "resident" else None,
        strong=account.kind != "resident",
        device="xinglin token",
        patient=f"Patient/{patient.removeprefix('Patient/')}" if patient else None,
    )


async def _client(work: Transaction) -> None:
    await work.lock([CLIENT])
    if await clients.by_id(work, CLIENT) is None:
        made = Client(
            id=CLIENT, name="xinglin token", state="approved", method="none", grants=(), scopes="", made=work.now
        )
        await clients.add(work, made)
