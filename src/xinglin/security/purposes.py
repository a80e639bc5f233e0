"""Purposes of use (v3-ActReason): why somebody looks, which grants, consents and the ledger speak of."""

from typing import Final

from xinglin.fhir.sources import cites

SYSTEM: Final = "http://terminology.hl7.org/CodeSystem/v3-ActReason"

# code → Chinese, English
PURPOSES: Final = cites("R7-032")(
    {
        "TREAT": ("诊疗", "Treatment"),
        "HPAYMT": ("支付", "Payment"),
        "HMGT": ("管理", "Management"),
        "PUBHLTH": ("公共卫生", "Public health"),
        "HLEGAL": ("监管", "Supervision"),
        "HRESCH": ("科研", "Research"),
        "HMARKT": ("营销", "Marketing"),
        "PATRQT": ("本人请求", "Request of the patient"),
        "ETREAT": ("紧急救治", "Emergency"),
        "HSYSADMIN": ("系统管理", "Administration of systems"),
    }
)
# What is treatment in an emergency is treatment.
_PARENTS: Final = {"ETREAT": "TREAT"}


def broader(purpose: str) -> tuple[str, ...]:
    """Give a purpose and those that comprise it."""
    found = [purpose] if purpose else []
    while found and found[-1] in _PARENTS:
        found.append(_PARENTS[found[-1]])
    return tuple(found)
