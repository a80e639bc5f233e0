"""How credentials stand in FHIR: Practitioner.qualification and extensions of Practitioner and PractitionerRole.

Reading takes what is there and leaves out what is not; whether it suffices is decided in `credentials`.
"""

from calendar import monthrange
from collections.abc import Iterator
from datetime import date
from typing import Any, Final, cast

from msgspec import Struct

from xinglin.fhir.declarations import canonical
from xinglin.fhir.sources import cites
from xinglin.security.credentials import Antibiotic, Credential, Kind, Level, Site, Standing
from xinglin.security.identifiers import IDENTITY_CARD, normal

KINDS: Final = canonical("credential", "CodeSystem")
PRACTICE_REGISTRATION: Final = "https://xinglin.health/id/practice-registration"

# extensions of Practitioner.qualification, Practitioner and PractitionerRole, in this order
CREDENTIAL: Final = canonical("credential")
INDEPENDENT_SINCE: Final = canonical("independent-since")
DISPENSING_SINCE: Final = canonical("dispensing-since")
LIABILITY_INSURANCE: Final = canonical("liability-insurance")
PROFESSIONAL_TITLE: Final = canonical("professional-title")
SITE_KIND: Final = canonical("practice-site")
ONLINE_CONSENT: Final = canonical("online-consent")
PRESCRIBING: Final = canonical("prescribing")
SIGNATURE_CERTIFICATE: Final = canonical("signature-certificate")


@cites("R6-035", "R6-030", "R6-034")
def standing_of(practitioner: Struct) -> Standing:
    """Read a Practitioner."""
    one = cast("Any", practitioner)
    insurance = _extension(one, LIABILITY_INSURANCE)
    title = _extension(one, PROFESSIONAL_TITLE)
    return Standing(
        reference=f"Practitioner/{one.id}",
        name=name_of(one),
        person=next((normal(i.value) for i in one.identifier or () if i.system == IDENTITY_CARD and i.value), None),
        active=one.active is not False,
        credentials=tuple(found for each in one.qualification or () if (found := _credential(each)) is not None),
        independent_since=first_day(_value(one, INDEPENDENT_SINCE)),
        policy=_value(insurance, "policy") or "",
        insured_until=_end(_value(insurance, "period")),
        title=_value(title, "title") or "",
        title_level=_value(title, "level") or "",
        dispensing_since=first_day(_value(one, DISPENSING_SINCE)),
    )


@cites("R6-035", "R1-034")
def site_of(role: Struct) -> Site:
    """Read a PractitionerRole."""
    one = cast("Any", role)
    consent = _extension(one, ONLINE_CONSENT)
    prescribing = _extension(one, PRESCRIBING)
    period = _value(consent, "period")
    return Site(
        reference=f"PractitionerRole/{one.id}",
        organization=one.organization.reference or "" if one.organization else "",
        active=one.active is not False,
        main=_value(one, SITE_KIND) == "main",
        registration=next((i.value or "" for i in one.identifier or () if i.system == PRACTICE_REGISTRATION), ""),
        since=_start(one.period),
        until=_end(one.period),
        consent_since=_start(period),
        consent_until=_end(period),
        consent_scope=tuple(_values(consent, "scope")),
        departments=tuple(code.code for each in one.specialty or () for code in each.coding or () if code.code),
        rights=frozenset(_values(prescribing, "right")),
        antibiotic=cast("Antibiotic", _value(prescribing, "antibiotic") or ""),
        narcotic=_value(prescribing, "narcotic") is True,
        certificate=_value(one, SIGNATURE_CERTIFICATE) or "",
    )


def name_of(practitioner: Any) -> str:
    """Give the name as text: as written, else family and given joined the Chinese way."""
    for name in practitioner.name or ():
        if name.text:
            return str(name.text)
        joined = "".join([name.family or "", *(part or "" for part in name.given or ())])
        if joined:
            return joined
    return ""


def first_day(text: str | None) -> date | None:
    """Give the first day that a FHIR date, perhaps only a year or month, may mean."""
    return None if not text else date.fromisoformat((text[:10] + "-01-01")[:10])


def final_day(text: str | None) -> date | None:
    """Give the last day that a FHIR date may mean."""
    if not text:
        return None
    if len(text) >= 10:
        return date.fromisoformat(text[:10])
    year, month = int(text[:4]), int(text[5:7] or "12")
    return date(year, month, monthrange(year, month)[1])


def _credential(qualification: Any) -> Credential | None:
    kind = next((code.code for code in qualification.code.coding or () if code.system == KINDS), None)
    if kind is None:
        return None
    form = _extension(qualification, CREDENTIAL)
    return Credential(
        kind=cast("Kind", kind),
        number=next((normal(each.value) for each in qualification.identifier or () if each.value), ""),
        level=cast("Level | None", _value(form, "level")),
        category=_value(form, "category") or "",
        scope=tuple(_values(form, "scope")),
        since=_start(qualification.period),
        until=_end(qualification.period),
    )


def _start(period: Any) -> date | None:
    return first_day(period.start) if period is not None else None


def _end(period: Any) -> date | None:
    return final_day(period.end) if period is not None else None


def _extension(holder: Any, url: str) -> Any:
    return next((one for one in holder.extension or () if one.url == url), None) if holder is not None else None


def _values(holder: Any, url: str) -> Iterator[Any]:
    """Give the values of the extensions *url*, of the types that these forms use."""
    for one in (holder.extension or ()) if holder is not None else ():
        if one.url == url:
            for name in ("valueCode", "valueString", "valueDate", "valueBoolean", "valuePeriod"):
                if (value := getattr(one, name)) is not None:
                    yield value


def _value(holder: Any, url: str) -> Any:
    return next(_values(holder, url), None)
