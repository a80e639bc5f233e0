"""Addresses, portals and operations of the health record: what other capabilities may rely on."""

from typing import Final
from urllib.parse import quote

from xinglin.fhir.declarations import Text
from xinglin.registry import CLINIC, Portal

# The record of a patient, for who treats; the door decides what each of them sees of it.
RECORDS: Final = Portal(
    "record", "/patients", CLINIC.roles | {"developer"}, Text("健康档案", "Health records"), part_of=CLINIC
)
OWN: Final = "/my/record"


def record(id: str) -> str:
    """Give the page of a patient's record."""
    return f"/patients/{quote(id)}"


def trend(id: str, code: str) -> str:
    """Give the page of how a result of a patient went."""
    return f"/patients/{quote(id)}/trend/{quote(code, safe='')}"


def source(id: str, type: str, rid: str) -> str:
    """Give the page of one resource of a patient's record."""
    return f"/patients/{quote(id)}/entries/{quote(type)}/{quote(rid)}"
