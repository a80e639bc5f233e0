"""The weekly verification of everything that was signed, page by page."""

import structlog

from xinglin.capabilities.signatures.contract import SWEEP
from xinglin.capabilities.signatures.gateways import Gateways
from xinglin.capabilities.signatures.operations.verify import page
from xinglin.fhir.sources import cites
from xinglin.store.door import UnitOfWork


@cites("R6-051")
async def sweep(work: UnitOfWork, token: str = "", *, gateways: Gateways) -> None:
    """Verify one page of signatures, and go on with the next; what does not hold goes to log and ledger."""
    found, following = await page(work, token or None, gateways)
    for of, verdict in found:
        if not verdict.valid:
            work.note("signature-broken", type="Provenance", refs=(of, verdict.target), detail=" ".join(verdict.faults))
            structlog.get_logger().error("signatures.broken", provenance=of, faults=list(verdict.faults))
    if following is not None:
        await work.defer(SWEEP, token=following)
