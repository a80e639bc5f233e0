"""What a physician typed: rows of the form, and the prescription they come to."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final, cast

from xinglin.capabilities.prescriptions import contract
from xinglin.care.prescribing import forms, quantities
from xinglin.fhir.outcome import Issue
from xinglin.store.door import UnitOfWork
from xinglin.tables import catalogues
from xinglin.web.codes import picked
from xinglin.web.view import Form

WESTERN: Final = 5  # R3-003
HERBS: Final = 12
HERBS_MOST: Final = 36
SKIN_TESTS: Final = ("negative", "positive", "exempt")
LONG: Final = ("first", "evaluated", "stable", "consented")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the form as typed. value: ``system|code`` of what was picked; options: what the text may mean.

    copied: it was taken over from before, and counts only once it is confirmed. amount: what is dispensed, in words.
    """

    number: int
    value: str = ""
    text: str = ""
    options: tuple[tuple[str, str], ...] = ()
    fault: str = ""
    dose: str = ""
    frequency: str = ""
    route: str = ""
    days: str = ""
    packs: str = ""
    skin: str = ""
    footnote: str = ""
    source: str = ""
    confirmed: bool = True

    @property
    def code(self) -> str:
        """The code of the drug or slice; empty when none was picked."""
        return self.value.rpartition("|")[2]

    @property
    def drug(self) -> catalogues.Drug | None:
        """The drug of the catalogue."""
        return catalogues.drug(self.code) if self.value.startswith(contract.DRUGS) else None

    @property
    def used(self) -> bool:
        """Whether the line counts: something was picked, and what was copied was confirmed."""
        return bool(self.value) and self.confirmed


@dataclass(frozen=True, slots=True)
class Typed:
    """The whole form. lines: of the prescription, with the rows they come from; issues: what cannot be read."""

    tcm: bool
    rows: tuple[Row, ...]
    lines: tuple[forms.Line, ...] = ()
    places: tuple[Row, ...] = ()
    reasons: tuple[str, ...] = ()
    extension_reason: str = ""
    extra_days: int = 0
    doses: str = ""
    usage: str = ""
    long: frozenset[str] | None = None
    second: dict[str, str] = field(default_factory=dict)
    issues: tuple[Issue, ...] = ()


async def read(work: UnitOfWork, form: Form) -> Typed:
    """Read the form."""
    tcm = form["kind"] == "tcm"
    issues: list[Issue] = []
    rows = [await _row(work, form, number, tcm=tcm) for number in range(1, count_of(form, tcm=tcm) + 1)]
    found: list[tuple[forms.Line, Row]] = []
    for place, row in enumerate(rows):
        line, filled = _line(row, len(found) + 1, issues) if row.used else (None, row)
        rows[place] = filled
        if line is not None:
            found.append((line, filled))
    extra = form["extra"]
    return Typed(
        tcm=tcm,
        rows=tuple(rows),
        lines=tuple(line for line, _ in found),
        places=tuple(row for _, row in found),
        reasons=tuple(dict.fromkeys(one for one in form.all("reason") if one)),
        extension_reason=form["why-long"] if form["why-long"] in forms.REASONS else "",
        extra_days=int(extra) if extra in {"1", "2"} else 0,
        doses=form["doses"].strip(),
        usage=form["usage"].strip()[:200],
        long=frozenset(form.all("long.is")) & set(LONG) if form["long"] == "yes" else None,
        second={
            name.removeprefix("why."): text.strip()[:500]
            for name, text in form.pairs
            if name.startswith("why.") and text.strip()
        },
        issues=tuple(issues),
    )


def count_of(form: Form, *, tcm: bool) -> int:
    """Give how many rows the form has."""
    least, most = (HERBS, HERBS_MOST) if tcm else (WESTERN, WESTERN)
    asked = int(form["rows"]) if form["rows"].isdecimal() and len(form["rows"]) < 4 else least
    return max(least, min(asked, most))


def prescription(typed: Typed, issued: date) -> forms.Prescription:
    """Give the prescription that was typed, as far as a draft of it is written; the rest is made when it is signed."""
    doses = int(typed.doses) if typed.doses.isdecimal() and len(typed.doses) < 4 else None
    long = None
    if typed.long is not None:
        long = forms.LongTerm(**{name: name in typed.long for name in LONG})
    return forms.Prescription(
        kind="tcm" if typed.tcm else "ordinary",
        issued=issued,
        lines=typed.lines,
        doses=doses if typed.tcm else None,
        usage=typed.usage if typed.tcm else "",
        long=long,
        extension_reason=cast("forms.ExtensionReason", typed.extension_reason),
        extra_days=typed.extra_days,
        signatures=tuple(forms.SecondSignature(code, reason) for code, reason in typed.second.items()),
    )


async def _row(work: UnitOfWork, form: Form, number: int, *, tcm: bool) -> Row:
    system = contract.SLICES if tcm else contract.DRUGS
    found = await picked(work, form, f"d{number}", systems=(system,))
    value = f"{found.system}|{found.code}" if found.code else ""
    was = form[f"src{number}"]
    source = was if was in contract.SOURCES.codes else "picked-from-catalogue"
    return Row(
        number=number,
        value=value,
        text=(f"{found.code} {found.display}" if found.code else found.text)[:200],
        options=found.options,
        fault=found.fault,
        dose=form[f"dose{number}"].strip()[:12],
        frequency=form[f"freq{number}"],
        route=form[f"route{number}"],
        days=form[f"days{number}"].strip()[:4],
        packs=form[f"packs{number}"].strip()[:5],
        skin=form[f"skin{number}"],
        footnote=form[f"note{number}"].strip()[:40],
        source=source,
        confirmed=was != "copied-from-own-previous" or form[f"ok{number}"] == "yes",
    )


def _line(row: Row, number: int, issues: list[Issue]) -> tuple[forms.Line | None, Row]:
    """Make the line of a row; the row comes back with the packages that were reckoned."""
    dose = number_of(row.dose)
    if row.dose and dose is None:
        issues.append(Issue("value", "dose-number", f"line[{number - 1}]", f"Line {number}: the dose is a number."))
    drug = row.drug
    if drug is None:
        if dose is None or dose <= 0:
            issues.append(Issue("value", "grams-missing", f"line[{number - 1}]", f"Line {number}: write the grams."))
            return None, row
        return forms.SliceLine(row.code, dose, row.footnote, cast("forms.Source", row.source)), row
    days = int(row.days) if row.days.isdecimal() else None
    line = forms.DrugLine(
        drug=drug.code,
        dose=dose,
        unit=drug.dose_unit,
        frequency=row.frequency if row.frequency in catalogues.FREQUENCIES else "",
        route=row.route or drug.route,
        days=days,
        quantity=int(row.packs) if row.packs.isdecimal() else 0,
        source=cast("forms.Source", row.source),
        skin_test=cast("forms.SkinTest", row.skin if row.skin in SKIN_TESTS else ""),
    )
    if not line.quantity and days is not None and dose is not None and line.frequency:
        line = replace(line, quantity=quantities.packs_for(drug, line, days) or 0)
    if not line.quantity:
        text = f"Line {number}: write the number of packages."
        issues.append(Issue("required", "packs-missing", f"line[{number - 1}]", text))
    return line, row


def number_of(text: str) -> Decimal | None:
    """Read a positive number as typed; None when it is none."""
    try:
        found = Decimal(text)
    except InvalidOperation:
        return None
    return found if found.is_finite() and 0 < found < 1_000_000 else None


def rows_of(lines: Iterable[forms.Line], least: int, source: str) -> tuple[Row, ...]:
    """Give the rows of lines that are taken over, each to be confirmed; empty ones up to *least*."""
    made = []
    for number, one in enumerate(lines, 1):
        if isinstance(one, forms.DrugLine):
            drug = catalogues.drug(one.drug)
            made.append(
                Row(
                    number,
                    f"{contract.DRUGS}|{drug.code}",
                    f"{drug.code} {drug.name}",
                    dose="" if one.dose is None else f"{one.dose.normalize():f}",
                    frequency=one.frequency,
                    route=one.route,
                    days=str(one.days or ""),
                    packs=str(one.quantity or ""),
                    skin=one.skin_test,
                    source=source,
                    confirmed=source != "copied-from-own-previous",
                )
            )
        else:
            herb = catalogues.tcm_slice(one.slice)
            made.append(
                Row(
                    number,
                    f"{contract.SLICES}|{herb.code}",
                    f"{herb.code} {herb.name}",
                    dose=f"{one.grams.normalize():f}",
                    footnote=one.footnote,
                    source=source,
                    confirmed=source != "copied-from-own-previous",
                )
            )
    return (*made, *(Row(number) for number in range(len(made) + 1, least + 1)))
