"""Relatives, their illnesses, contracts and insurance, as lines of a record. Pure."""

from typing import Any

from xinglin.capabilities.health_records.pages import words
from xinglin.capabilities.health_records.pages.shown import Line, Teller
from xinglin.capabilities.health_records.rules.documents import Document
from xinglin.web.brief import brief, name
from xinglin.web.format import masked_phone


def relative(one: Document, teller: Teller) -> Line:
    """Tell a relative."""
    given: list[dict[str, Any]] = one.get("name") or [{}]
    phone = next((str(found.get("value", "")) for found in one.get("telecom", ())), "")
    return Line(
        text=name(given[0]) or brief(one.get("relationship"), teller.language),
        href=teller.entry("RelatedPerson", str(one["id"])),
        detail=brief(one.get("relationship"), teller.language),
        who=phone if teller.whose.whole else masked_phone(phone),
    )


def history(one: Document, teller: Teller) -> Line:
    """Tell what a relative has or had."""
    told = [words.concept(found.get("code"), teller.language) for found in one.get("condition", ())]
    return Line(
        text=brief(one.get("relationship"), teller.language),
        href=teller.entry("FamilyMemberHistory", str(one["id"])),
        detail=("、" if teller.language == "zh" else ", ").join(told),
    )


def contract(one: Document, teller: Teller) -> Line:
    """Tell a contract with a family doctor, or an episode of care."""
    kinds = one.get("category") or one.get("type") or []
    members = [found.get("member") for found in one.get("participant", ())] or [one.get("careManager")]
    keeper = one.get("managingOrganization")
    return Line(
        text=str(one.get("name") or words.concept(kinds[0] if kinds else None, teller.language)),
        href=teller.entry(str(one["resourceType"]), str(one["id"])),
        detail=words.concept(kinds[0], teller.language) if kinds and one.get("name") else "",
        date=brief(one.get("period"), teller.language),
        where=words.person(keeper[0] if isinstance(keeper, list) and keeper else keeper, teller.names, teller.language),
        who=words.person(next((found for found in members if found), None), teller.names, teller.language),
    )


def coverage(one: Document, teller: Teller) -> Line:
    """Tell an insurance."""
    payor = (one.get("payor") or [None])[0]
    return Line(
        text=words.concept(one.get("type"), teller.language) or brief(one.get("type"), teller.language),
        href=teller.entry("Coverage", str(one["id"])),
        detail=words.person(payor, teller.names, teller.language),
    )
