"""How a practitioner stands on the whole, as one code that lists can ask for."""

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

from xinglin.capabilities.practitioners.contract import STANDINGS
from xinglin.fhir.sources import cites
from xinglin.security.credentials import Credential, Standing, credential_state, last_day
from xinglin.security.verification import State, Verdict

# Kinds without which nobody works; a title or a training that ends stops nobody.
WORKING: Final = frozenset({"practising", "nurse", "licensed-pharmacist"})
_BY_DATE: Final = ("expired", "expiring-30", "expiring-60")
# What dates alone decided; the register had said valid.
_REGISTER_VALID: Final = frozenset({"valid", *_BY_DATE})


@cites("R6-036", "R1-030")
def overall(register: State | None, standing: Standing, today: date) -> str:
    """Join the register's last word with the dates of the certificates; None: it has never been asked."""
    if register is None:
        return "unknown"
    if register != "valid":
        return register
    by_date = {credential_state(one, today) for one in standing.credentials if one.kind in WORKING}
    return next((state for state in _BY_DATE if state in by_date), "valid")


@cites("R6-033")
def ending(standing: Standing, today: date) -> Iterator[tuple[Credential, date, int]]:
    """Give each certificate without which nobody works and that ends soon: its last day, and 60 or 30 days left."""
    for one in standing.credentials:
        last, state = last_day(one), credential_state(one, today)
        if one.kind in WORKING and last is not None and state in {"expiring-30", "expiring-60"}:
            yield one, last, int(state.removeprefix("expiring-"))


def register_part(mark: str) -> State | None:
    """Give back the register's word from a mark; None when there is none."""
    if not mark or mark == "unknown":
        return None
    return "valid" if mark in _REGISTER_VALID else mark  # type: ignore[return-value]  # the rest are states


def lapsed(mark: str, code: str) -> Verdict | None:
    """Give the verdict of a day on which a certificate ran out; None when nothing new happened."""
    return Verdict("expired") if code == "expired" and mark != "expired" else None


def mark_of(practitioner: Any) -> str:
    """Give the code on a Practitioner; empty when there is none."""
    tags = (practitioner.meta.tag if practitioner.meta is not None else None) or ()
    return next((tag.code for tag in tags if tag.system == STANDINGS.system and tag.code), "")


def marked(document: dict[str, Any], code: str) -> dict[str, Any]:
    """Give the JSON form of a Practitioner with the code in place of the one before."""
    meta = document.get("meta", {})
    tags = [tag for tag in meta.get("tag", ()) if tag.get("system") != STANDINGS.system]
    return document | {"meta": meta | {"tag": [*tags, {"system": STANDINGS.system, "code": code}]}}
