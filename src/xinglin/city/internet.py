"""An internet hospital that is being set up at the largest one: not active until its checklist is done (R1-020)."""

from typing import Final

from xinglin.city.institutions import address, by_id, position
from xinglin.city.terms import HL7, META, Json, coding, nested, reference
from xinglin.security import institution_forms as forms

ID: Final = "jz-renmin-internet"
_HOST: Final = "jz-renmin"


def internet_hospital() -> Json:
    """Write the Organization; its name begins with that of its host (R1-010)."""
    host = by_id()[_HOST]
    kinds = [coding(forms.KINDS, forms.INTERNET_HOSPITAL, "互联网医院"), coding(f"{HL7}/organization-type", "prov")]
    return {
        "resourceType": "Organization",
        "id": ID,
        "meta": META,
        "active": False,
        "type": [{"coding": kinds, "text": "互联网医院"}],
        "name": f"{host.name}互联网医院",
        "partOf": reference("Organization", host.id, host.name),
        "address": [address(host)],
        "extension": [nested(forms.SET_UP, ("naming", {"valueCode": "alone"})), position(host)],
    }
