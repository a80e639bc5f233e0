"""The rule base: symptoms, words, red flags and departments as data, read and checked once."""

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from xinglin.care.triage.model import URGENCIES, Urgency
from xinglin.fhir.declarations import Text

FOLDER: Final = Path(__file__).parent.parent / "data/triage"

# Facts that are no symptoms: of the person, of time and strength, of what was measured.
DERIVED: Final[Mapping[str, Text]] = {
    "male": Text("男", "Male"),
    "female": Text("女", "Female"),
    "child": Text("14岁以下", "Younger than 14"),
    "under-3m": Text("3个月以下", "Younger than 3 months"),
    "under-1": Text("1岁以下", "Younger than 1 year"),
    "under-6": Text("6岁以下", "Younger than 6"),
    "under-26": Text("25岁及以下", "25 or younger"),
    "over-40": Text("40岁及以上", "40 or older"),
    "over-60": Text("60岁及以上", "60 or older"),
    "pregnant": Text("怀孕", "Pregnant"),
    "notpregnant": Text("没有怀孕", "Not pregnant"),
    "postpartum": Text("产后", "After giving birth"),
    "hours": Text("不到一天", "Less than a day"),
    "days-3": Text("三天以上", "Three days or more"),
    "weeks-2": Text("两周以上", "Two weeks or more"),
    "months-3": Text("三个月以上", "Three months or more"),
    "sudden": Text("突然出现", "Sudden"),
    "severe": Text("很厉害", "Severe"),
    "worse": Text("越来越重", "Getting worse"),
    "mild": Text("轻微", "Mild"),
    "exertion": Text("活动时出现", "On exertion"),
    "temp-38": Text("体温≥38℃", "38 °C or more"),
    "temp-39": Text("体温≥39℃", "39 °C or more"),
    "temp-40": Text("体温≥40℃", "40 °C or more"),
    "low-temp": Text("体温偏低", "Low temperature"),
    "bp-160": Text("收缩压≥160", "Systolic 160 or more"),
    "bp-180": Text("血压≥180/110", "Pressure 180/110 or more"),
    "bp-200": Text("收缩压≥200", "Systolic 200 or more"),
    "bp-low": Text("收缩压<90", "Systolic below 90"),
    "sugar-low": Text("血糖<3.9", "Sugar below 3.9"),
    "sugar-high": Text("血糖≥16.7", "Sugar 16.7 or more"),
    "spo2-low": Text("血氧<94%", "Oxygen below 94 %"),
    "pulse-fast": Text("心率≥150", "Pulse 150 or more"),
    "pulse-slow": Text("心率<40", "Pulse below 40"),
    "anticoagulant": Text("在用抗凝、抗血小板药", "Takes blood thinners"),
    "several-ill": Text("多人同时发病", "Several people at once"),
    "food": Text("进食时", "While eating"),
    "loc": Text("昏过或嗜睡", "Was out or is drowsy"),
    "at-head": Text("头部", "Head"),
    "at-face": Text("面部", "Face"),
    "at-neck": Text("颈部", "Neck"),
    "at-back": Text("后背", "Back"),
}


@dataclass(frozen=True, slots=True)
class Symptom:
    """A symptom. region: of the body picture. departments: code → weight. words: how people say it."""

    code: str
    name: Text
    region: str
    departments: Mapping[str, int]
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class When:
    """A condition: any of *cases*; a case holds when all of its facts hold and none of its others."""

    cases: tuple[tuple[frozenset[str], frozenset[str]], ...]

    def met(self, facts: frozenset[str]) -> tuple[str, ...]:
        """Give the facts of the first case that holds, in order; empty: none holds."""
        for wanted, unwanted in self.cases:
            if wanted <= facts and not unwanted & facts:
                return tuple(sorted(wanted))
        return ()

    @property
    def facts(self) -> frozenset[str]:
        """Every fact that it looks at."""
        return frozenset().union(*(wanted | unwanted for wanted, unwanted in self.cases))


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the rule base. departments: what it adds; urgency: what it asks for."""

    code: str
    when: When
    text: Text
    departments: Mapping[str, int]
    urgency: Urgency = "unknown"


@dataclass(frozen=True, slots=True)
class Subject:
    """A department as residents know it. child: what replaces it below 14. otherwise: where it is missing."""

    code: str
    child: str
    otherwise: str
    bring: tuple[str, ...]
    name: Text


class Flawed(ValueError):
    """The rule base names something that is not in it."""


def rows(name: str) -> Iterator[Mapping[str, str]]:
    """Give the rows of one table of the rule base."""
    with (FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


@cache
def symptoms() -> Mapping[str, Symptom]:
    """Give all symptoms by code."""
    return {
        row["code"]: Symptom(
            row["code"], _text(row), row["region"], _weights(row["departments"]), tuple(row["words"].split())
        )
        for row in rows("symptoms")
    }


@cache
def flags() -> tuple[Rule, ...]:
    """Give the red flags."""
    return tuple(_rule(row) for row in rows("flags"))


@cache
def rules() -> tuple[Rule, ...]:
    """Give the rules that lead to departments."""
    return tuple(_rule(row) for row in rows("rules"))


@cache
def urgencies() -> tuple[Rule, ...]:
    """Give the rules that say how soon."""
    return tuple(_rule(row) for row in rows("urgencies"))


@cache
def subjects() -> Mapping[str, Subject]:
    """Give the departments that triage knows, by code."""
    return {
        row["code"]: Subject(row["code"], row["child"], row["else"], tuple(row["bring"].split()), _text(row))
        for row in rows("departments")
    }


@cache
def questions() -> Mapping[str, Text]:
    """Give what can be asked: fact → question, in the order of asking."""
    return {row["fact"]: _text(row) for row in rows("questions")}


@cache
def screen() -> Mapping[str, Text]:
    """Give the danger signs that everybody is asked for by name, whatever was understood: fact → words."""
    return {row["fact"]: _text(row) for row in rows("screen")}


@cache
def things() -> Mapping[str, Text]:
    """Give what may be brought along, by code."""
    return {row["code"]: _text(row) for row in rows("bring")}


@cache
def patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Give phrases with gaps that no list of words can hold: (symptom, pattern), for one clause."""
    found = tuple((row["symptom"], re.compile(row["pattern"])) for row in rows("patterns"))
    if unknown := {code for code, _ in found} - symptoms().keys():
        raise Flawed(f"patterns for no symptom: {sorted(unknown)}")
    return found


def name_of(fact: str) -> Text:
    """Name a fact for people."""
    return DERIVED[fact] if fact in DERIVED else symptoms()[fact].name


def known(fact: str) -> bool:
    """Tell whether a fact is in the rule base."""
    return fact in DERIVED or fact in symptoms()


def when(text: str) -> When:
    """Read a condition: cases between ``|``, facts between ``&``, ``!`` before what must not hold."""
    return When(tuple(_case(case) for case in text.split("|")))


def _case(text: str) -> tuple[frozenset[str], frozenset[str]]:
    facts = [one.strip() for one in text.split("&")]
    for fact in facts:
        if not known(fact.removeprefix("!")):
            raise Flawed(f"{fact} in {text.strip()!r} is no fact")
    wanted = frozenset(one for one in facts if not one.startswith("!"))
    if not wanted:
        raise Flawed(f"{text.strip()!r} holds for everybody")
    return wanted, frozenset(one[1:] for one in facts if one.startswith("!"))


def _rule(row: Mapping[str, str]) -> Rule:
    found = row.get("urgency", "unknown")
    urgency = next((one for one in URGENCIES if one == found), None)
    if urgency is None:
        raise Flawed(f"{found} is no urgency")
    return Rule(row["code"], when(row["when"]), _text(row), _weights(row.get("departments") or ""), urgency)


def _weights(text: str) -> Mapping[str, int]:
    return {code: int(weight) for code, _, weight in (one.partition(":") for one in text.split())}


def _text(row: Mapping[str, str]) -> Text:
    return Text(row["zh"], row["en"])
