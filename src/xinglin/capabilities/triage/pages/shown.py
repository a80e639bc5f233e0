"""Facts, reasons and departments as a reader sees them."""

from typing import Final

from xinglin.care.triage import Department, Facts, Fired, knowledge
from xinglin.fhir.declarations import Text
from xinglin.tables.codes import by_code
from xinglin.web.format import said
from xinglin.web.view import Language

# Regions of the body in the order of the list. In the picture: `picture.html`.
REGIONS: Final = {
    "head": Text("头部", "Head"),
    "eye": Text("眼睛", "Eyes"),
    "ear": Text("耳朵", "Ears"),
    "nose": Text("鼻子", "Nose"),
    "mouth": Text("口腔、牙齿", "Mouth and teeth"),
    "throat": Text("咽喉", "Throat"),
    "neck": Text("脖子", "Neck"),
    "chest": Text("胸部、呼吸", "Chest and breath"),
    "abdomen": Text("肚子、肠胃", "Belly"),
    "shoulder": Text("肩膀", "Shoulders"),
    "back": Text("后背", "Upper back"),
    "waist": Text("腰部", "Lower back"),
    "groin": Text("大腿根、男性", "Groin, men's health"),
    "urine": Text("小便", "Urination"),
    "women": Text("妇科、怀孕", "Women, pregnancy"),
    "limbs": Text("手脚、关节", "Limbs and joints"),
    "skin": Text("皮肤", "Skin"),
    "mind": Text("睡眠、情绪", "Sleep and mood"),
    "child": Text("儿童发育", "Children"),
    "whole": Text("全身、其他", "Whole body, other"),
}


def regions(language: Language, chosen: tuple[str, ...]) -> list[dict[str, object]]:
    """Give the regions with their symptoms: (code, name, chosen)."""
    found: dict[str, list[tuple[str, str, bool]]] = {code: [] for code in REGIONS}
    for one in knowledge.symptoms().values():
        found[one.region].append((one.code, said(one.name, language), one.code in chosen))
    return [{"code": code, "name": said(REGIONS[code], language), "symptoms": rows} for code, rows in found.items()]


def heard(facts: Facts, language: Language) -> dict[str, list[str]]:
    """Name what was understood, what was denied, and what was long ago."""
    symptoms = knowledge.symptoms()
    hidden = {"male", "female", "child", "under-26", "under-6", "under-1", "over-40", "over-60"}
    return {
        "present": _names(facts.present - hidden, language),
        "denied": _names(frozenset(one for one in facts.denied if one in symptoms), language),
        "past": _names(facts.past, language),
    }


def reason(one: Fired, language: Language) -> dict[str, object]:
    """Give a rule that fired: its code, what it says, and the facts it needed."""
    return {"code": one.code, "text": said(one.text, language), "facts": _names(frozenset(one.facts), language)}


def department(one: Department, language: Language) -> dict[str, object]:
    """Give a department: its name of the national list, what it sees, and why."""
    return {
        "code": one.code,
        "name": title(one.code, language),
        "what": said(knowledge.subjects()[one.code].name, language),
        "weight": one.weight,
        "reasons": [reason(each, language) for each in one.reasons],
    }


def title(code: str, language: Language) -> str:
    """Name a department as a resident knows it: without 「专业」."""
    name = by_code("departments")[code].name.removesuffix("专业")
    return name if language == "zh" else said(knowledge.subjects()[code].name, "en")


def _names(facts: frozenset[str], language: Language) -> list[str]:
    return [said(knowledge.name_of(fact), language) for fact in sorted(facts)]
