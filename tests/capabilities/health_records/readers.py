"""Who reads the record of `person`, as a browser calls them."""

from dataclasses import replace

from tests.capabilities.access.ward import PHYSICIAN, RESIDENT, STRANGER
from tests.capabilities.health_records.person import ID
from xinglin.server.principals import DEVELOPER

MOTHER = replace(RESIDENT, id="r-mother", display="张桂兰", patient=f"Patient/{ID}", patients=(f"Patient/{ID}",))
PEOPLE = {
    "developer": DEVELOPER,
    "family-doctor": replace(
        PHYSICIAN, roles=frozenset({"family-doctor"}), display="李秀英", practitioner="Practitioner/li"
    ),
    # at the centre that keeps the record
    "desk-doctor": replace(
        PHYSICIAN,
        id="desk",
        roles=frozenset({"family-doctor"}),
        display="李秀英",
        practitioner="Practitioner/li",
        organization="Organization/centre",
    ),
    "stranger": STRANGER,
    "mother": MOTHER,
    "son": replace(
        RESIDENT,
        id="r-son",
        display="赵志强",
        patient="Patient/zhiqiang",
        patients=("Patient/zhiqiang", f"Patient/{ID}"),
    ),
    "unproved": replace(MOTHER, id="r-unproved", level="L1"),
}
