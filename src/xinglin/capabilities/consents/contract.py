"""Kinds, profiles and operations of consents: what other capabilities may rely on."""

from dataclasses import dataclass
from typing import Final

from xinglin.fhir.declarations import CodeSet, NoticeKind, Operation, Profile, Text, canonical, valueset
from xinglin.fhir.r4.resources import Consent
from xinglin.fhir.sources import cites
from xinglin.registry import Portal

KINDS: Final = cites("R7-021")(
    CodeSet(
        url=valueset("consent-kind"),
        system=canonical("consent-kind", "CodeSystem"),
        codes={
            "care": Text("诊疗服务", "Care"),
            "sensitive": Text("敏感个人信息处理", "Sensitive data"),
            "sharing": Text("向第三方提供", "Sharing with others"),
            "research": Text("科学研究", "Research"),
            "marketing": Text("营销推送", "Marketing"),
            "face": Text("人脸识别", "Face recognition"),
            "restriction": Text("限制访问", "Restriction"),
        },
    )
)
# What a resident is told who withdrew one, so that nobody else does it unseen.
WITHDRAWN: Final = NoticeKind(
    code="consent-withdrawn",
    title=Text("已撤回一项同意", "A consent was withdrawn"),
    text=Text(
        "您的一项授权同意已撤回，即时生效。如非本人或监护人操作，请尽快修改密码并联系服务台。",
        "One of your consents was withdrawn and holds no longer. If neither you nor your guardian did that, change your"
        " password and tell the service desk.",
    ),
    sms=Text(
        "【杏林】您的一项授权同意已撤回。如非本人操作，请登录核对。",
        "[Xinglin] One of your consents was withdrawn. If that was not you, sign in and look.",
    ),
    channels=("wechat", "mail", "sms"),
    optional=True,
)
# Without a consent of this kind nothing is sent: nobody is asked to switch it off.
OFF_BY_DEFAULT: Final = frozenset({"marketing", "research", "face", "sharing"})
# Each kind is an object of its own, so that one can be withdrawn without the others.
PROFILES: Final = {
    kind: Profile(
        url=canonical(f"consent-{kind}"),
        on="Consent",
        required=("patient", "dateTime", "performer", "provision.type"),
        bindings={"category": KINDS.url},
    )
    for kind in KINDS.codes
}


@dataclass(frozen=True, slots=True)
class Give:
    """One consent to give.

    id: logical id of the patient. kind: of KINDS. actors: references of institutions or practitioners; roles: codes of
    roles (``insurer``); purposes: v3-ActReason; classes: resource types, data classes or special classes; until: last
    day. None named: all.
    """

    id: str
    kind: str
    actors: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    until: str | None = None


@dataclass(frozen=True, slots=True)
class Withdraw:
    """One consent to withdraw: logical ids of the patient and of the consent."""

    id: str
    consent: str


GIVE: Final = Operation(
    code="give-consent",
    on="Patient",
    takes=Give,
    gives=Consent,
    level="instance",
    title=Text("作出同意或限制", "Give a consent"),
)
WITHDRAW: Final = Operation(
    code="withdraw-consent",
    on="Patient",
    takes=Withdraw,
    gives=Consent,
    level="instance",
    title=Text("撤回同意", "Withdraw a consent"),
)

OWN: Final = Portal("consents", "/consents", frozenset({"resident", "guardian"}), Text("知情同意", "Consents"))
PAGE: Final = "/consents"
