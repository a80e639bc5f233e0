"""What reviewing, dispensing and handing over need at a pharmacy's counter."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from xinglin.capabilities.pharmacy.contract import RELEASES, Choosing, Dispensing, Releasing, Returning, Reviewing
from xinglin.capabilities.prescriptions.contract import CHECKS, REASONS
from xinglin.fhir.outcome import Issue
from xinglin.fhir.sources import cites
from xinglin.security.credentials import Site, Standing, may_work, site_holds

TRACE: Final = re.compile(r"\d{20}", re.ASCII)
_PHONE: Final = re.compile(r"1\d{10}", re.ASCII)
# What a patient shows: version, ten digits, a mark by which only the platform knows its own.
VERSION: Final = "XL1R"
DIGITS: Final = 10
_MARK: Final = 16
_SHOWN: Final = re.compile(rf"{VERSION}\.(\d{{{DIGITS}}})\.([0-9a-f]{{{_MARK}}})", re.ASCII)
OWN_RELEASES: Final = ("no-stock", "closed", "unreachable", "other")

Mark = Callable[[str], bytes]


@cites("R3-086")
def pharmacist_faults(
    standing: Standing, sites: Iterable[Site], organization: str, day: object, *, retail: bool
) -> tuple[Issue, ...]:
    """Say why somebody may not review or check at a pharmacy; retail: a licensed pharmacist (执业药师) does."""
    issues = list(may_work(standing, "pharmacist", day))  # type: ignore[arg-type]
    if retail and standing.credential("licensed-pharmacist") is None:
        issues.append(_no("pharmacist-licence", "At a retail pharmacy a licensed pharmacist reviews."))
    if not any(one.organization == organization and site_holds(one, day) for one in sites):  # type: ignore[arg-type]
        issues.append(_no("pharmacist-place", "You do not work at this pharmacy."))
    return tuple(issues)


@cites("R3-085", "R3-088")
def choice_faults(given: Choosing, open_: frozenset[str], *, retail: bool, slices: bool) -> tuple[Issue, ...]:
    """Say why a way cannot be chosen: barred for the medicine, not of this pharmacy, or nobody to send it to."""
    issues = []
    hospital = given.way.startswith("hospital")
    if given.way not in open_:
        issues.append(_no("way-barred", "This medicine may not be supplied in this way."))
    elif hospital == retail:
        issues.append(_no("way-elsewhere", "This pharmacy does not supply in this way."))
    if given.decocted and not slices:
        issues.append(_no("not-decocted", "Only slices are decocted."))
    if given.way in {"hospital-delivery", "online-retail"}:
        if not given.name.strip() or not given.address.strip():
            issues.append(Issue("required", "recipient-missing", "address", "Say to whom and where it is sent."))
        if _PHONE.fullmatch(given.phone.strip()) is None:
            issues.append(Issue("value", "recipient-phone", "phone", "A mobile number has eleven digits."))
    return tuple(issues)


@cites("R3-086", "R3-055")
def review_faults(given: Reviewing) -> tuple[Issue, ...]:
    """Say what a review lacks: four checks for a pass, a coded reason and words for a refusal."""
    issues = []
    if given.outcome not in {"pass", "reject"}:
        issues.append(Issue("code-invalid", "supply-outcome", "outcome", "Pass or reject."))
    if any(one not in REASONS.codes for one in given.reason) or any(one not in CHECKS.codes for one in given.checked):
        issues.append(Issue("code-invalid", "supply-code", "reason", "There is no such reason or check."))
    if given.outcome == "pass" and set(given.checked) != set(CHECKS.codes):
        issues.append(Issue("required", "supply-checks", "checked", "All four checks come first."))
    if given.outcome == "reject" and (not given.reason or not given.note.strip()):
        issues.append(Issue("required", "supply-reason", "reason", "Say why, by a code and in words."))
    return tuple(issues)


@cites("R3-055", "R3-083", "R3-089")
def dispensing_faults(
    given: Dispensing, packs: Sequence[int], checker: str, colleagues: Mapping[str, str]
) -> tuple[Issue, ...]:
    """Say what dispensing lacks: two persons of this pharmacy, four checks, sound trace codes, no more than ordered."""
    issues = []
    if set(given.checked) != set(CHECKS.codes):
        issues.append(Issue("required", "supply-checks", "checked", "All four checks come first."))
    if given.preparer not in colleagues:
        issues.append(Issue("required", "preparer-missing", "preparer", "Say who of this pharmacy put it together."))
    elif given.preparer == checker:
        issues.append(_no("preparer-checks", "Whoever put it together does not check it."))
    if given.given and (
        len(given.given) != len(packs)
        or any(not 0 <= some <= most for some, most in zip(given.given, packs, strict=False))
    ):
        issues.append(Issue("value", "given-amount", "given", "Each line gives from nothing to what was ordered."))
    elif given.given and not any(given.given):
        issues.append(Issue("value", "given-nothing", "given", "Where nothing is given, give the prescription back."))
    elif given.given and any(some < most for some, most in zip(given.given, packs, strict=True)):
        issues.append(_no("short-not-agreed", "To give less than ordered, the prescriber is asked first."))
    traces = [one.partition("=") for one in given.trace]
    wrong = [code for line, _, code in traces if not _numbered(line, len(packs)) or TRACE.fullmatch(code) is None]
    if wrong:
        issues.append(Issue("value", "trace-code", "trace", f"A trace code has 20 digits: {', '.join(wrong)[:100]}."))
    if len({code for _, _, code in traces}) < len(traces):
        issues.append(Issue("value", "trace-twice", "trace", "A trace code was scanned twice."))
    if not wrong and any(sum(int(line) == n for line, _, _ in traces) > most for n, most in enumerate(packs, 1)):
        issues.append(Issue("value", "trace-many", "trace", "There are more trace codes than packages."))
    return tuple(issues)


def release_faults(given: Releasing) -> tuple[Issue, ...]:
    """Say what giving back lacks."""
    if given.reason not in OWN_RELEASES or given.reason not in RELEASES.codes:
        return (Issue("code-invalid", "release-reason", "reason", "Say why, by a code."),)
    if given.reason == "other" and not given.note.strip():
        return (Issue("required", "release-note", "note", "Say why in words."),)
    return ()


@cites("R3-088")
def return_faults(given: Returning) -> tuple[Issue, ...]:
    """Say why something is not taken back: only its quality counts, and what is wrong is said."""
    issues = []
    if given.reason != "quality":
        issues.append(_no("return-quality", "Medicine is taken back for its quality and for nothing else."))
    if not given.note.strip():
        issues.append(Issue("required", "return-note", "note", "Say what is wrong with it."))
    return tuple(issues)


@cites("R3-084")
def shown(digits: str, mark: Mark) -> str:
    """Write the text of a QR: no content of the prescription and no number of a person stands in it."""
    head = f"{VERSION}.{digits}"
    return f"{head}.{mark(head).hex()[:_MARK]}"


@cites("R3-084")
def digits_of(text: str, mark: Mark) -> str:
    """Read what was scanned or typed; empty when it is none of ours."""
    found = _SHOWN.fullmatch(text.strip())
    if found is not None:
        return found[1] if shown(found[1], mark) == text.strip() else ""
    typed = "".join(text.split())
    return typed if len(typed) == DIGITS and typed.isascii() and typed.isdecimal() else ""


def _numbered(line: str, many: int) -> bool:
    return line.isascii() and line.isdecimal() and len(line) < 4 and 1 <= int(line) <= many


def _no(key: str, text: str) -> Issue:
    return Issue("business-rule", key, text=text)
