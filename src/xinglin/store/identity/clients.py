"""Apps and systems that may ask for rights: what they registered, and what the security officer decided."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from xinglin.fhir.search.keys import bucket_of
from xinglin.store.executor import Executor, Record

State = Literal["asked", "approved", "refused", "disabled"]
Method = Literal["none", "private_key_jwt"]

_COLUMNS: Final = (
    "id, name, state, method, redirect_uris, origins, grants, scopes, jwks, jwks_uri, launch_uri, client_uri, "
    "contacts, organization, purpose, made, decided, decided_by, reason, id_token_alg, abroad"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """One registration.

    method: how it proves itself at the token endpoint; ``none`` is a public app, which PKCE protects. redirect_uris:
    compared letter by letter. origins: of its pages that call us from a browser. grants: OAuth grant types. scopes:
    the widest it may be given. jwks: its public keys (JSON), or jwks_uri where they are published. launch_uri: where
    a clinician opens it from the record. organization, purpose: for whom and what for a system acts.
    id_token_alg: how identity tokens for it are signed. abroad: the destination where it stands; None in this country.
    """

    id: str
    name: str
    method: Method
    grants: tuple[str, ...]
    scopes: str
    made: datetime
    state: State = "asked"
    redirect_uris: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    jwks: str = ""
    jwks_uri: str = ""
    launch_uri: str = ""
    client_uri: str = ""
    contacts: tuple[str, ...] = ()
    organization: str | None = None
    purpose: str = ""
    decided: datetime | None = None
    decided_by: str | None = None
    reason: str = ""
    id_token_alg: str = "RS256"  # noqa: S105  an algorithm
    abroad: str | None = None


async def add(executor: Executor, client: Client) -> None:
    """Write a registration down."""
    await executor.fetch(
        f"INSERT INTO client (bucket, {_COLUMNS}) VALUES "
        "($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)",
        *(bucket_of(client.id), client.id, client.name, client.state, client.method, list(client.redirect_uris)),
        *(list(client.origins), list(client.grants), client.scopes, client.jwks, client.jwks_uri, client.launch_uri),
        *(client.client_uri, list(client.contacts), client.organization, client.purpose, client.made, client.decided),
        *(client.decided_by, client.reason, client.id_token_alg, client.abroad),
    )


async def by_id(executor: Executor, id: str) -> Client | None:
    """Find a registration."""
    found = await executor.fetch(f"SELECT {_COLUMNS} FROM client WHERE bucket = $1 AND id = $2", bucket_of(id), id)
    return _client(found[0]) if found else None


async def listed(executor: Executor, state: State, *, count: int = 200) -> list[Client]:
    """List registrations in a state, newest first."""
    found = await executor.fetch(
        f"SELECT {_COLUMNS} FROM client WHERE state = $1 ORDER BY made DESC, id LIMIT $2", state, count
    )
    return [_client(row) for row in found]


async def decide(
    executor: Executor,
    id: str,
    state: State,
    *,
    by: str,
    at: datetime,
    reason: str = "",
    scopes: str | None = None,
    organization: str | None = None,
    purpose: str | None = None,
    abroad: str | None = None,
) -> Client | None:
    """Approve, refuse or disable; None when there is no such registration.

    scopes: the widest it may be given from now on; None leaves what it asked for. abroad: None leaves it, empty is in
    this country. Sessions of an app that is not
    approved any more are ended by the caller (`tokens.end_client`).
    """
    found = await executor.fetch(
        "UPDATE client SET state = $3, decided = $4, decided_by = $5, reason = $6, scopes = COALESCE($7, scopes), "
        "organization = COALESCE($8, organization), purpose = COALESCE($9, purpose), "
        "abroad = NULLIF(COALESCE($10, abroad), '') "
        f"WHERE bucket = $1 AND id = $2 RETURNING {_COLUMNS}",
        *(bucket_of(id), id, state, at, by, reason, scopes, organization, purpose, abroad),
    )
    return _client(found[0]) if found else None


async def waiting(executor: Executor) -> int:
    """Count the registrations that nobody has decided."""
    return int((await executor.fetch("SELECT count(*) AS n FROM client WHERE state = 'asked'"))[0]["n"])


async def origins(executor: Executor) -> frozenset[str]:
    """Give the origins of all approved apps."""
    found = await executor.fetch("SELECT DISTINCT unnest(origins) AS origin FROM client WHERE state = 'approved'")
    return frozenset(str(row["origin"]) for row in found)


def _client(row: Record) -> Client:
    return Client(
        id=row["id"],
        name=row["name"],
        state=row["state"],
        method=row["method"],
        redirect_uris=tuple(row["redirect_uris"]),
        origins=tuple(row["origins"]),
        grants=tuple(row["grants"]),
        scopes=row["scopes"],
        jwks=row["jwks"],
        jwks_uri=row["jwks_uri"],
        launch_uri=row["launch_uri"],
        client_uri=row["client_uri"],
        contacts=tuple(row["contacts"]),
        organization=row["organization"],
        purpose=row["purpose"],
        made=row["made"],
        decided=row["decided"],
        decided_by=row["decided_by"],
        reason=row["reason"],
        id_token_alg=row["id_token_alg"],
        abroad=row["abroad"],
    )
