"""What an institution's licence allows: names, departments, verification, services over the internet.

Pure values and decisions, all reasons at once; `institution_forms` reads an `Institution` from the record. Dates are
Beijing dates. Departments are codes of the national list (诊疗科目).
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from xinglin.fhir.outcome import Issue
from xinglin.fhir.sources import cites
from xinglin.security.credentials import years_after

Naming = Literal["alone", "with-partner", "independent"]
Mode = Literal["internet-care", "internet-hospital", "remote-medicine"]
VerificationState = Literal["valid", "due-90", "due-60", "due-30", "overdue", "unknown"]

INTERNET_HOSPITAL: Final = "互联网医院"
NAMINGS: Final[tuple[Naming, ...]] = ("alone", "with-partner", "independent")
MODES: Final[tuple[Mode, ...]] = ("internet-care", "internet-hospital", "remote-medicine")
# Licences of fewer beds are verified every year, of more every third (医疗机构管理条例实施细则).
MANY_BEDS: Final = cites("R6-023")(100)
YEARS_FEW: Final = cites("R6-023", "R2-003")(1)
YEARS_MANY: Final = cites("R6-023")(3)
REMIND_DAYS: Final = cites("R2-003")((30, 60, 90))


@dataclass(frozen=True, slots=True)
class Agreement:
    """A cooperation agreement (合作协议), as far as its contents can be told apart by fields.

    parties: name and unified social credit code of each. signatures: names of those who signed.
    """

    parties: tuple[tuple[str, str], ...] = ()
    scope: str = ""
    data_annex: str = ""
    liability: str = ""
    income: str = ""
    since: date | None = None
    until: date | None = None
    signatures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verification:
    """One verification of a licence (校验). passed: what it came to."""

    on: date
    passed: bool = True


@dataclass(frozen=True, slots=True)
class Licence:
    """The licence record of an institution (R6-023).

    number: of the registration; empty for a body that is no medical institution. since, until: its period, both
    included. modes: services beyond those at its door, of MODES. legal, principal: legal representative (法定代表人)
    and principal (主要负责人). ownership: as registered. beds: 0 when it has none.
    """

    number: str = ""
    since: date | None = None
    until: date | None = None
    legal: str = ""
    principal: str = ""
    ownership: str = ""
    beds: int = 0
    modes: frozenset[str] = frozenset()
    verifications: tuple[Verification, ...] = ()


@dataclass(frozen=True, slots=True)
class Institution:
    """What decisions ask of an institution. host: reference of the physical institution of an internet hospital.

    naming: the case by which an internet hospital has its name; empty for every other institution.
    """

    reference: str
    name: str = ""
    active: bool = True
    licence: Licence = Licence()
    departments: frozenset[str] = frozenset()
    host: str = ""
    naming: str = ""
    partner: str = ""

    @property
    def is_internet_hospital(self) -> bool:
        """Whether it is an internet hospital, of either kind."""
        return bool(self.naming)


@cites("R1-010")
def naming_faults(name: str, *, naming: str, host: str, partner: str = "") -> tuple[Issue, ...]:
    """Say what is wrong with the name of an internet hospital (医院办法).

    host: registered name of the physical institution; partner: name by which the third party is known.
    ``alone``: host + 互联网医院; ``with-partner``: host + partner + 互联网医院; ``independent``: partner + 互联网医院.
    """
    return tuple(_against_name(name, naming, host, partner))


def _against_name(name: str, naming: str, host: str, partner: str) -> Iterator[Issue]:
    if naming not in NAMINGS:
        yield _no("hospital-naming", "Say in which way the internet hospital is set up.")
        return
    if not name.endswith(INTERNET_HOSPITAL):
        yield _no("hospital-name-ending", f"The name of an internet hospital ends with {INTERNET_HOSPITAL}.")
    if naming != "independent" and not (host and name.startswith(host)):
        yield _no("hospital-name-host", f"The name begins with the registered name of the institution: {host}.")
    if naming != "alone" and not partner:
        yield _no("hospital-name-partner", "The name by which the third party is known is missing.")
        return
    wanted = {
        "alone": host + INTERNET_HOSPITAL,
        "with-partner": host + partner + INTERNET_HOSPITAL,
        "independent": partner + INTERNET_HOSPITAL,
    }[naming]
    if name.endswith(INTERNET_HOSPITAL) and (naming == "independent" or name.startswith(host)) and name != wanted:
        yield _no("hospital-name-pattern", f"In this case the name is {wanted}.")


@cites("R1-004")
def scope_faults(offered: Iterable[str], approved: Collection[str]) -> tuple[Issue, ...]:
    """Say which departments of an internet hospital the physical institution is not approved for (基本标准)."""
    beyond = sorted(one for one in set(offered) if not _within(one, approved))
    if not beyond:
        return ()
    text = f"The physical institution is not approved for: {', '.join(beyond)}."
    return (_no("scope-beyond", text, ", ".join(beyond)),)


@cites("R1-001")
def provider_faults(one: Institution, today: date) -> tuple[Issue, ...]:
    """Say why a body may not be the provider of diagnosis, prescription or consult report (诊疗办法 Art. 5)."""
    licence = one.licence
    if not licence.number:
        return (_no("provider-unlicensed", "Only a medical institution with a licence provides care."),)
    issues = []
    if not one.active:
        issues.append(_no("provider-inactive", "This institution is not active."))
    if (licence.since is not None and today < licence.since) or (licence.until is not None and today > licence.until):
        issues.append(_no("licence-not-in-force", "The licence of this institution is not in force today."))
    if verification_state(one, today) == "overdue":
        issues.append(_no("verification-overdue", "The verification of the licence is overdue."))
    return tuple(issues)


@cites("R1-002")
def may_offer(one: Institution, mode: str, today: date) -> tuple[Issue, ...]:
    """Say why an institution may not offer *mode* (诊疗办法 Art. 3): it needs the licence and the mode on it.

    An internet hospital may offer internet care and remote medicine as long as it is active.
    """
    found = list(provider_faults(one, today))
    allowed = one.licence.modes | (set(MODES) if one.is_internet_hospital else set())
    # Remote medicine between institutions needs the department and no separate licence (远程规范).
    if mode != "remote-medicine" and mode not in allowed:
        found.append(_no("mode-not-allowed", f"The licence does not name this way of service: {mode}."))
    return tuple(found)


@cites("R1-003")
def invitation_faults(performers: Iterable[tuple[str, str]]) -> tuple[Issue, ...]:
    """Say why a remote consultation may not be asked for as it is: who is invited is an institution (远程规范).

    performers: reference of each, and the organization that its PractitionerRole names, empty when there is none.
    """
    alone = [one for one, organization in performers if not one.startswith("Organization/") and not organization]
    if not alone:
        return ()
    text = "A remote consultation invites an institution; to invite staff directly needs an internet hospital."
    return (_no("invited-person", text),)


@cites("R1-007")
def agreement_faults(agreement: Agreement) -> tuple[Issue, ...]:
    """Say what a cooperation agreement lacks (诊疗办法, 医院办法)."""
    lacking = [
        name
        for name, there in (
            ("parties", len(agreement.parties) >= 2 and all(name and code for name, code in agreement.parties)),
            ("scope", agreement.scope),
            ("data", agreement.data_annex),
            ("liability", agreement.liability),
            ("income", agreement.income),
            ("period", agreement.since is not None and agreement.until is not None),
            ("signatures", len(agreement.signatures) >= len(agreement.parties) > 0),
        )
        if not there
    ]
    return tuple(_no(f"agreement-{name}", f"The cooperation agreement says nothing of: {name}.") for name in lacking)


@cites("R6-023", "R2-003")
def next_verification(one: Institution) -> date | None:
    """Give the last day by which the licence has to be verified again; None when no verification is recorded.

    An institution with 100 beds or more: three years after the last one; every other, and an internet hospital with a
    licence of its own: one year. One under a second name goes with its physical institution.
    """
    passed = [each.on for each in one.licence.verifications if each.passed]
    if not passed:
        return None
    own = one.naming == "independent"
    many = one.licence.beds >= MANY_BEDS and not own
    return years_after(max(passed), YEARS_MANY if many else YEARS_FEW)


@cites("R2-003")
def verification_state(one: Institution, today: date) -> VerificationState:
    """Tell how the verification of a licence stands; a failed one after the last that was passed counts as overdue."""
    done = sorted(one.licence.verifications, key=lambda each: each.on)
    if not done:
        return "unknown"
    due = next_verification(one)
    if due is None or not done[-1].passed or today > due:
        return "overdue"
    left = (due - today).days
    stage = next((days for days in REMIND_DAYS if left <= days), None)
    return {None: "valid", 30: "due-30", 60: "due-60", 90: "due-90"}[stage]  # type: ignore[return-value]  # its words


@cites("R6-020")
def number_disagreements(licence: str, credit_code: str) -> tuple[Issue, ...]:
    """Compare the organization code inside the licence number (22 characters) with that of the credit code."""
    if len(licence) != 22 or len(credit_code) != 18 or licence[:9] == credit_code[8:17]:
        return ()
    text = "The organization codes inside the licence number and the credit code differ."
    return (Issue("business-rule", "licence-credit-code", "Organization.identifier", text, "warning"),)


def _within(department: str, approved: Collection[str]) -> bool:
    """Tell whether a department is approved: 03.04 lies in 03."""
    return any(department == one or department.startswith(f"{one}.") for one in approved)


def _no(key: str, text: str, where: str = "") -> Issue:
    return Issue("business-rule", key, where, text)
