"""Background work of privacy: notices to the persons of an incident, and terms that are near."""

import structlog

from xinglin.capabilities.privacy.operations import incidents, remind
from xinglin.capabilities.privacy.operations.incidents import Terms
from xinglin.store.door import UnitOfWork


async def tell(terms: Terms, work: UnitOfWork, incident: str, start: int) -> None:
    """Tell the persons concerned by an incident."""
    await incidents.tell(terms, work, incident, start)


async def look(terms: Terms, work: UnitOfWork) -> None:
    """Tell of terms that are near or over."""
    structlog.get_logger().info("privacy.reminded", told=await remind.remind(terms, work))
