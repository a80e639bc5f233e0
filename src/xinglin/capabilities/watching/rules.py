"""What an entry in the list of destinations abroad must say."""

from datetime import date
from typing import Final

from xinglin.fhir.outcome import Issue
from xinglin.fhir.sources import cites
from xinglin.security.egress import Destination

NAME_MOST: Final = 200


@cites("R7-020")
def destination_faults(given: Destination, day: date) -> tuple[Issue, ...]:
    """Reasons why a destination cannot be listed."""
    faults = []
    if not 2 <= len(given.name) <= NAME_MOST:
        faults.append(Issue("required", "egress-name", text="Name the recipient."))
    if not 2 <= len(given.country) <= NAME_MOST:
        faults.append(Issue("required", "egress-country", text="Name the country or region."))
    if given.ground != "exempt" and not 2 <= len(given.number) <= NAME_MOST:
        faults.append(
            Issue("required", "egress-number", text="A ground has a number: of filing, certificate, decision.")
        )
    if given.until is not None and given.until < day:
        faults.append(Issue("value", "egress-until", text="The ground has ended already."))
    return tuple(faults)
