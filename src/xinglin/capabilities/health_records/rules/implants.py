"""What is in the body: by codes of devices and of operations; by the name alone, and told so, where nothing is coded.

Pure. The codes are data: `tables/data/implants.csv`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from xinglin.capabilities.health_records.rules.documents import Document, codings, order
from xinglin.tables.codes import rows

ICD: Final = "https://xinglin.health/fhir/CodeSystem/icd-9-cm-3-cn"
SNOMED: Final = "http://snomed.info/sct"
_SYSTEMS: Final = {"icd-9-cm-3-cn": ICD, "sct": SNOMED}
_DEVICES: Final = "sct-device"
_GONE: Final = frozenset({"inactive", "entered-in-error"})
# Words that an implant without a known code is recognised by; what is found by them is told as a guess.
_WORDS: Final = (
    *("植入", "支架", "起搏", "除颤", "假体", "人工关节", "人工瓣膜", "人工晶体", "人工耳蜗", "钢板", "滤器", "节育环"),
    *("implant", "stent", "pacemaker", "defibrillator", "prosthe", "graft", "shunt", "intrauterine"),
)


@dataclass(frozen=True, slots=True)
class Implant:
    """What was put in. source: the Device or Procedure; guessed: only its name says so."""

    source: Document
    guessed: bool


@cache
def acts() -> Mapping[tuple[str, str], tuple[str, str]]:
    """Give kind and act (``in`` or ``out``) of each operation, by system and code."""
    found = (row for row in rows("implants.csv") if row["system"] in _SYSTEMS)
    return {(_SYSTEMS[row["system"]], row["code"]): (row["kind"], row["act"]) for row in found}


@cache
def _devices() -> frozenset[str]:
    return frozenset(row["code"] for row in rows("implants.csv") if row["system"] == _DEVICES)


def of_device(device: Document) -> Implant | None:
    """Tell an implant from a device that is only used: by its code, else (guessed) by what it is called."""
    if device.get("status", "active") in _GONE:
        return None
    kind = device.get("type") or {}
    if any(system == SNOMED and code in _devices() for system, code in codings(kind)):
        return Implant(device, guessed=False)
    said = [str(kind.get("text", "")), *(str(one.get("display", "")) for one in kind.get("coding", ()))]
    said += [str(one.get("name", "")) for one in device.get("deviceName", ())]
    named = any(word in text.lower() for text in said for word in _WORDS)
    return Implant(device, guessed=True) if named else None


def of_procedures(procedures: Iterable[Document]) -> tuple[Implant, ...]:
    """Give what operations put in and none took out later, the newest of each kind."""
    last: dict[str, tuple[str, Document]] = {}
    for document in sorted(procedures, key=order):
        known = next((acts()[one] for one in codings(document.get("code")) if one in acts()), None)
        if known is not None and document.get("status") == "completed":
            last[known[0]] = known[1], document
    return tuple(Implant(document, guessed=False) for act, document in last.values() if act == "in")
