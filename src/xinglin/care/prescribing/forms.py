"""What a check of a prescription looks at: values only, read from resources by whoever asks."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final, Literal, TypeAlias

from xinglin.care.findings import Finding
from xinglin.fhir.sources import cites
from xinglin.security.credentials import Antibiotic, Site, Standing, credential_state

# Kinds as the extension `prescription-kind`; whether it is a long one is said apart.
Kind = Literal["ordinary", "emergency", "paediatric", "psychotropic-2", "narcotic", "tcm"]
# Where the patient is seen; anything but inpatient is an outpatient.
Place = Literal["online", "outpatient", "emergency", "inpatient"]
# How a line came to be there (R2-025); what a machine made is refused.
Source = Literal["typed", "picked-from-catalogue", "copied-from-own-previous", "template-of-own", "ai-generated"]
SkinTest = Literal["", "negative", "positive", "exempt"]
Told = Literal["yes", "no", "unknown"]
Impairment = Literal["", "mild", "moderate", "severe"]
ExtensionReason = Literal["", "chronic", "geriatric", "remote", "other"]

REASONS: Final = cites("R3-022")(("chronic", "geriatric", "remote", "other"))
MONTHS_OF_INFANT: Final = 12
DAYS_OF_NEWBORN: Final = 28


@dataclass(frozen=True, slots=True)
class DrugLine:
    """One western or Chinese patent drug.

    drug: code of the catalogue. dose: at a time, in *unit*; frequency: of `catalogues.FREQUENCIES`; quantity: packages,
    or when *loose* what is counted (片 支), as narcotics are handed out.
    name: as written, empty for the catalogue's; words: usage in free words; solvent: code of a drug; minutes: that an
    infusion takes.
    """

    drug: str
    dose: Decimal | None
    unit: str
    frequency: str
    route: str
    days: int | None
    quantity: int
    source: Source = "typed"
    name: str = ""
    words: str = ""
    skin_test: SkinTest = ""
    solvent: str = ""
    minutes: int | None = None
    loose: bool = False


@dataclass(frozen=True, slots=True)
class SliceLine:
    """One slice of Chinese medicine: code or name as written, grams in one dose (剂), footnote (先煎 后下 …)."""

    slice: str
    grams: Decimal
    footnote: str = ""
    source: Source = "typed"


Line: TypeAlias = DrugLine | SliceLine


@dataclass(frozen=True, slots=True)
class SecondSignature:
    """A physician's second signature (双签字) under what a check found: code of the finding, its lines, the reason."""

    code: str
    reason: str
    lines: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class LongTerm:
    """What stands behind a long prescription. first: the first issue; evaluated: examined again before this issue.

    stable: plan and illness stable, taken as told; consented: the patient signed for more than four weeks.
    """

    first: bool
    evaluated: bool
    stable: bool
    consented: bool = False


@dataclass(frozen=True, slots=True)
class Prescription:
    """One prescription as it lies before the reader.

    lines: numbered from 1 in findings. diagnoses: ICD-10 of the clinical edition; tcm_disease, tcm_syndrome: codes of
    GB/T 15657 or words. doses: of slices (剂), one a day; extra_days: of validity, beyond the day of issue.
    severe_pain: cancer pain, or moderate to severe chronic pain; special_use: a special case without a diagnosis.
    """

    kind: Kind
    issued: date
    lines: tuple[Line, ...]
    diagnoses: tuple[str, ...] = ()
    tcm_disease: str = ""
    tcm_syndrome: str = ""
    doses: int | None = None
    usage: str = ""
    long: LongTerm | None = None
    extension_reason: ExtensionReason = ""
    extra_days: int = 0
    severe_pain: bool = False
    special_use: bool = False
    signatures: tuple[SecondSignature, ...] = ()

    @property
    def drug_lines(self) -> tuple[tuple[int, DrugLine], ...]:
        """Western and Chinese patent drugs with their numbers."""
        return tuple((number, one) for number, one in enumerate(self.lines, 1) if isinstance(one, DrugLine))

    @property
    def slice_lines(self) -> tuple[tuple[int, SliceLine], ...]:
        """Slices with their numbers."""
        return tuple((number, one) for number, one in enumerate(self.lines, 1) if isinstance(one, SliceLine))


@dataclass(frozen=True, slots=True)
class Current:
    """A medicine the patient has by other prescriptions: code of a drug or slice of the catalogues.

    atc, substances: when the medicine is in neither. until: the last day it lasts, None when not known.
    """

    code: str = ""
    name: str = ""
    atc: str = ""
    substances: tuple[str, ...] = ()
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Patient:
    """What is known of the patient. sex: male, female or unknown. allergies: words of substances or classes (青霉素).

    conditions: ICD-10 on the problem list, beside the diagnoses of the prescription. current: up to 40 medicines.
    """

    born: date
    sex: str
    weight_kg: Decimal | None = None
    pregnant: Told = "unknown"
    lactating: Told = "unknown"
    allergies: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    renal: Impairment = ""
    hepatic: Impairment = ""
    current: tuple[Current, ...] = ()


@dataclass(frozen=True, slots=True)
class Prescriber:
    """What the prescriber may do at this place. title_level: senior, associate-senior, intermediate, junior or empty.

    departments: national codes of the specialties. institution_level: 1 to 3, 0 for a clinic; primary: a town's or
    village's institution. here: the place of work is registered and holds today.
    """

    physician: bool
    here: bool
    assistant: bool = False
    title_level: str = ""
    departments: tuple[str, ...] = ()
    rights: frozenset[str] = frozenset()
    antibiotic: Antibiotic = ""
    narcotic: bool = False
    institution_level: int = 0
    primary: bool = False
    countersigned: bool = False


@dataclass(frozen=True, slots=True)
class Guardian:
    """Who accompanies a child: named and identified (real name), and present on the video."""

    verified: bool
    present: bool


@dataclass(frozen=True, slots=True)
class Setting:
    """Where and how the patient is seen. department: national code. attending: departments of physicians beside."""

    place: Place
    department: str = ""
    guardian: Guardian | None = None
    attending: tuple[str, ...] = ()

    @property
    def online(self) -> bool:
        """Whether the bans of online care hold."""
        return self.place == "online"


@dataclass(frozen=True, slots=True)
class Policy:
    """What a region or institution may set ([CFG]), with the values of the books. Days are of supply."""

    most_kinds: int = 5  # R3-003
    ordinary_days: int = 7
    emergency_days: int = 3
    extended_days: int = 30  # with a reason, and not long (E60)
    long_usual_days: int = 28
    long_days: int = 84
    validity_days: int = 3  # R3-020, the day of issue counted
    child_online_years: int = 6  # R1-055: 6 counts as a child
    child_years: int = 18  # E05
    elder_years: int = 65  # E53
    fertile_years: tuple[int, int] = (12, 55)  # RA-001
    refill_days: int = 7  # a medicine at hand that ends within is no duplicate
    most_slices: int = 30  # R3-093
    slice_factor: Decimal = Decimal(3)  # R3-093, of the greatest daily amount
    stored_cold_in_long: bool = False  # R3-031: special storage allowed in a long prescription
    banned_online: frozenset[str] = frozenset()  # codes of drugs, of high risk (R1-050), that are banned online too


BOOK: Final = cites("R3-021", "R3-093", "RA-001")(Policy())


@dataclass(frozen=True, slots=True)
class Age:
    """An exact age (R3-004)."""

    years: int
    months: int  # of the last, unfinished year
    days: int  # since birth

    @property
    def shown(self) -> str:
        """As it is written on a prescription: of a newborn days, of an infant months, else years."""
        if self.days < DAYS_OF_NEWBORN:
            return f"{self.days}天"
        return f"{self.months}月" if self.years < 1 else f"{self.years}岁"


@cites("R3-004")
def age_on(born: date, day: date) -> Age:
    """Give the age on a day; ValueError when born after it."""
    if born > day:
        raise ValueError("born after the day of the prescription")
    months = (day.year - born.year) * MONTHS_OF_INFANT + day.month - born.month - (day.day < born.day)
    return Age(months // MONTHS_OF_INFANT, months % MONTHS_OF_INFANT, (day - born).days)


@cites("R3-012")
def prescriber(
    standing: Standing, site: Site, day: date, *, institution_level: int, primary: bool, countersigned: bool = False
) -> Prescriber:
    """Read what a physician may do at a place of work from credentials (`security.credential_forms`)."""
    practising = standing.credential("practising")
    holds = practising is not None and credential_state(practising, day) not in {"expired", "not-yet"}
    begun = site.since is None or site.since <= day
    return Prescriber(
        physician=standing.active and holds,
        here=site.active and begun and (site.until is None or day <= site.until),
        assistant=practising is not None and practising.level == "assistant-physician",
        title_level=standing.title_level,
        departments=site.departments,
        rights=site.rights,
        antibiotic=site.antibiotic,
        narcotic=site.narcotic,
        institution_level=institution_level,
        primary=primary,
        countersigned=countersigned,
    )


def outstanding(findings: tuple[Finding, ...], signatures: tuple[SecondSignature, ...]) -> tuple[Finding, ...]:
    """Give the findings of weight ``sign`` under which nobody has put a second signature with a reason.

    A signature without lines covers every finding of its code.
    """
    signed: Mapping[str, list[tuple[int, ...]]] = _by_code(signatures)
    return tuple(
        one
        for one in findings
        if one.weight == "sign" and not any(not lines or lines == one.lines for lines in signed.get(one.code, ()))
    )


def _by_code(signatures: tuple[SecondSignature, ...]) -> dict[str, list[tuple[int, ...]]]:
    found: dict[str, list[tuple[int, ...]]] = {}
    for one in signatures:
        if one.reason.strip():
            found.setdefault(one.code, []).append(one.lines)
    return found
