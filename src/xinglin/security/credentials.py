"""What a practitioner's credentials allow: pure values and decisions, all reasons at once.

A `Standing` is what the record says of a practitioner, a `Site` what it says of one place of work (PractitionerRole);
`xinglin.security.credential_forms` reads them. Dates are Beijing dates.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal

from xinglin.fhir.outcome import Issue
from xinglin.fhir.sources import cites
from xinglin.security.identifiers import NURSE_CERTIFICATE, PRACTISING_CERTIFICATE, QUALIFICATION_CERTIFICATE

Kind = Literal["qualification", "practising", "nurse", "licensed-pharmacist", "pharmacist-title", "tcm-training"]
Level = Literal["physician", "assistant-physician"]
State = Literal["valid", "expiring-60", "expiring-30", "expired", "not-yet"]
Antibiotic = Literal["", "non-restricted", "restricted", "special"]

# Where the number of each kind stands as an identifier; the others have no national structure.
SYSTEMS: Final = {
    "qualification": QUALIFICATION_CERTIFICATE,
    "practising": PRACTISING_CERTIFICATE,
    "nurse": NURSE_CERTIFICATE,
}
PHARMACIST: Final = frozenset({"licensed-pharmacist", "pharmacist-title"})
TCM_FAMILY: Final = frozenset({"tcm", "ethnic", "integrated"})
YEARS_INDEPENDENT: Final = cites("R1-031")(3)
YEARS_REGISTERED: Final = cites("R6-033", "R6-034")(5)
RENEWAL_DAYS: Final = cites("R6-033")(30)


@dataclass(frozen=True, slots=True)
class Credential:
    """One certificate. scope: departments or subjects (执业范围). since, until: first and last day it holds."""

    kind: Kind
    number: str
    level: Level | None = None
    category: str = ""
    scope: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """What the record says of a practitioner. person: identity number. insured_until: last day of the liability policy.

    title, title_level: e.g. 主任医师, senior. dispensing_since: of a pharmacist. active: Practitioner.active.
    """

    reference: str
    name: str = ""
    person: str | None = None
    active: bool = True
    credentials: tuple[Credential, ...] = ()
    independent_since: date | None = None
    policy: str = ""
    insured_until: date | None = None
    title: str = ""
    title_level: str = ""
    dispensing_since: date | None = None

    def credential(self, kind: str) -> Credential | None:
        """Give the credential of that kind that holds longest."""
        found = [one for one in self.credentials if one.kind == kind]
        return max(found, key=lambda one: last_day(one) or date.max, default=None)


@cites("R6-035")
@dataclass(frozen=True, slots=True)
class Site:
    """One place of work. main: the institution of registration, else one that is filed (多点执业).

    consent_since, consent_until: the institution's consent to online work; None: there is none, or no end.
    departments: codes of the national list (诊疗科目). rights: of ``western``, ``slices``, ``patent``.
    """

    reference: str
    organization: str
    active: bool = True
    main: bool = False
    registration: str = ""
    since: date | None = None
    until: date | None = None
    consent_since: date | None = None
    consent_until: date | None = None
    consent_scope: tuple[str, ...] = ()
    departments: tuple[str, ...] = ()
    rights: frozenset[str] = frozenset()
    antibiotic: Antibiotic = ""
    narcotic: bool = False
    certificate: str = ""


@cites("R6-033", "R6-034")
def last_day(credential: Credential) -> date | None:
    """Give the last day on which a credential holds; registrations of nurses and licensed pharmacists last 5 years."""
    if credential.until is not None or credential.since is None:
        return credential.until
    if credential.kind in {"nurse", "licensed-pharmacist"}:
        return years_after(credential.since, YEARS_REGISTERED) - timedelta(days=1)
    return None


@cites("R6-033")
def credential_state(credential: Credential, today: date) -> State:
    """Tell how a credential stands on a day by its dates alone; what the register says comes on top."""
    if credential.since is not None and today < credential.since:
        return "not-yet"
    end = last_day(credential)
    if end is None:
        return "valid"
    left = (end - today).days
    if left < 0:
        return "expired"
    return "expiring-30" if left <= RENEWAL_DAYS else "expiring-60" if left <= 60 else "valid"


@cites("R1-031", "R1-032")
def independent_enough(since: date | None, today: date) -> tuple[Issue, ...]:
    """Say why a physician lacks three years of independent clinical work (诊疗办法, 远程规范)."""
    if since is None:
        return (_no("independence-unknown", "It is not recorded since when the physician works independently."),)
    ready = years_after(since, YEARS_INDEPENDENT)
    if today < ready:
        text = f"Online work needs {YEARS_INDEPENDENT} years of independent clinical work: from {ready} on."
        return (_no("independence-short", text),)
    return ()


@cites("R1-031", "R1-034", "R1-036", "R1-037", "R2-011")
def may_practise_online(
    standing: Standing, sites: Iterable[Site], organization: str, today: date, *, department: str | None = None
) -> tuple[Issue, ...]:
    """Say why a physician may not see patients online for *organization*; empty when nothing stands against it.

    department: code of the department asked for. Source: 医师法 Art. 14, 15, 30; 诊疗办法; 医院办法.
    """
    return tuple(_against_online(standing, tuple(sites), organization, today, department))


def _against_online(
    standing: Standing, sites: tuple[Site, ...], organization: str, today: date, department: str | None
) -> Iterator[Issue]:
    if not standing.active:
        yield _no("practitioner-inactive", "This practitioner is not active.")
    practising = standing.credential("practising")
    if standing.credential("qualification") is None:
        yield _no("qualification-missing", "There is no physician's qualification certificate.")
    if practising is None:
        yield _no("practising-missing", "There is no practising certificate.")
    else:
        yield from _against_certificate(practising, today, department)
    yield from independent_enough(standing.independent_since, today)
    if standing.insured_until is None or today > standing.insured_until:
        yield _no("insurance-missing", "There is no liability insurance in force for this physician.")
    here = [site for site in sites if site.organization == organization and site_holds(site, today)]
    if not here:
        yield _no("site-missing", "The physician is neither registered nor filed at this institution.")
        return
    if not any(site.main for site in sites if site_holds(site, today)):
        yield _no("main-site-missing", "It is not recorded at which institution the physician is registered.")
    site = here[0]
    if not site.registration:
        yield _no("registration-missing", "The number of the registration or filing at this institution is missing.")
    yield from _against_consent(site, today, department)
    if department is not None and site.departments and not _within(department, site.departments):
        yield _no("department-elsewhere", "The physician does not work in this department here.")


def _against_certificate(practising: Credential, today: date, department: str | None) -> Iterator[Issue]:
    state = credential_state(practising, today)
    if state in {"expired", "not-yet"}:
        yield _no(f"practising-{state}", "The practising certificate is not in force today.")
    if practising.level != "physician":
        yield _no("assistant-physician", "An assistant physician does not receive patients online (R1-036).")
    if department is None:
        return
    yield from category_faults(practising.category, department)
    if practising.scope and not _within(department, practising.scope):
        yield _no("practice-scope", "The department lies outside the registered scope of practice.")


@cites("R1-034")
def _against_consent(site: Site, today: date, department: str | None) -> Iterator[Issue]:
    if site.consent_since is None or today < site.consent_since:
        yield _no("consent-missing", "The institution has not agreed to the physician's online work.")
    elif site.consent_until is not None and today > site.consent_until:
        yield _no("consent-ended", f"The institution's consent to online work ended on {site.consent_until}.")
    elif department is not None and site.consent_scope and not _within(department, site.consent_scope):
        yield _no("consent-scope", "The institution's consent does not cover this department.")


# First two digits of the departments (诊疗科目) that only some categories may serve, and categories that serve only
# some: stomatology 12, TCM 50, ethnic medicine 51, integrated 52, prevention 01.
_ONLY_BY: Final = {"12": {"stomatology"}, "50": TCM_FAMILY, "51": {"ethnic"}, "52": TCM_FAMILY}
_ONLY_IN: Final = {"stomatology": {"12"}, "public-health": {"01"}}


@cites("R6-032")
def category_faults(category: str, department: str) -> tuple[Issue, ...]:
    """Say why a physician of *category* may not work in *department*; an unknown category is not judged."""
    group = department[:2]
    if not category:
        return ()
    if group in _ONLY_BY and category not in _ONLY_BY[group]:
        return (_no("category-department", f"Department {department} is not for the category {category}."),)
    if category in _ONLY_IN and group not in _ONLY_IN[category]:
        return (_no("category-department", f"The category {category} may not work in department {department}."),)
    return ()


@cites("R6-032", "R6-035")
def may_prescribe(standing: Standing, site: Site, what: Literal["western", "patent", "slices"]) -> tuple[Issue, ...]:
    """Say why a physician may not prescribe western drugs, Chinese patent drugs or herbal slices at a site."""
    found = []
    if what not in site.rights:
        found.append(_no("prescribing-right", "The institution has not given the right to prescribe this."))
    practising = standing.credential("practising")
    trained = practising is not None and practising.category in TCM_FAMILY
    if what == "slices" and not trained and standing.credential("tcm-training") is None:
        text = "Herbal slices are for physicians of a Chinese-medicine category, or with a documented training."
        found.append(_no("slices-training", text))
    return tuple(found)


@cites("R6-033", "R6-034")
def may_work(standing: Standing, occupation: Literal["nurse", "pharmacist"], today: date) -> tuple[Issue, ...]:
    """Say why a nurse or pharmacist may not work today."""
    kinds = ["nurse"] if occupation == "nurse" else sorted(PHARMACIST)
    held = [found for kind in kinds if (found := standing.credential(kind)) is not None]
    issues = [] if standing.active else [_no("practitioner-inactive", "This practitioner is not active.")]
    if not held:
        issues.append(_no(f"{occupation}-missing", f"There is no credential of a {occupation}."))
    elif all(credential_state(one, today) in {"expired", "not-yet"} for one in held):
        issues.append(_no(f"{occupation}-expired", f"No credential of a {occupation} is in force today."))
    return tuple(issues)


def site_holds(site: Site, today: date) -> bool:
    """Tell whether a place of work counts on a day."""
    begun = site.since is None or site.since <= today
    return site.active and begun and (site.until is None or today <= site.until)


def years_after(day: date, years: int) -> date:
    """Give the same day *years* later; of 29 February, 1 March where there is none."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)


def _within(department: str, scope: Iterable[str]) -> bool:
    """Tell whether a department lies in a scope: 03.04 lies in 03."""
    return any(department == one or department.startswith(one + ".") for one in scope)


def _no(key: str, text: str) -> Issue:
    return Issue("business-rule", key, "", text)
