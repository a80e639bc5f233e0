"""What happens at the authorization server, as acts of the ledger."""

from datetime import datetime

from xinglin.fhir.search.keys import rid_of
from xinglin.security.ledger import DONE, REFUSED, Act
from xinglin.store.identity.clients import Client
from xinglin.store.identity.tokens import AppSession


def of_session(session: AppSession, at: datetime, what: str, *, address: str = "", detail: str = "") -> Act:
    """Write an event of an app that somebody let in. No session stands in it: it may end by this very event."""
    patient = session.patient or ""
    return Act(
        at,
        session.account,
        session.role,
        what,
        "E",
        DONE,
        patient=rid_of("Patient", patient.removeprefix("Patient/")) if patient else None,
        client=session.client,
        address=address or session.address,
        purpose=session.purpose,
        detail=detail,
    )


def of_client(client: Client, at: datetime, what: str, *, address: str = "", detail: str = "") -> Act:
    """Write that an app was refused; *detail* is the error."""
    return Act(at, client.id, "", what, "E", REFUSED, client=client.id, address=address, detail=detail)
