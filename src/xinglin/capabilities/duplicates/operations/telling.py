"""Residents are told, in plain words, when their records were put together or taken apart again."""

from xinglin.capabilities.duplicates.contract import RECORDS_JOINED, RECORDS_PARTED
from xinglin.capabilities.notifications.contract import NOTIFY, Notice
from xinglin.fhir.declarations import NoticeKind
from xinglin.fhir.document import document_of
from xinglin.store.door import UnitOfWork


async def tell_joined(work: UnitOfWork, patient: str) -> None:
    """Tell whoever the surviving record is of."""
    await _tell(work, RECORDS_JOINED, patient)


async def tell_parted(work: UnitOfWork, *patients: str) -> None:
    """Tell whom the records are of that stand for themselves again: perhaps two persons."""
    for patient in patients:
        await _tell(work, RECORDS_PARTED, patient)


async def _tell(work: UnitOfWork, kind: NoticeKind, patient: str) -> None:
    record = document_of((await work.platform.read("Patient", patient)).body())
    if record.get("deceasedDateTime") or record.get("deceasedBoolean"):
        return
    keeper = str(record.get("managingOrganization", {}).get("reference", ""))
    key = f"{kind.code} {patient} {work.now.isoformat()}"
    await work.platform.operate(NOTIFY, Notice(kind.code, f"Patient/{patient}", (), key=key, sender=keeper))
