"""The labelled complaints: `cases.csv` to tune by, `held_out.csv` and `fresh.csv` written without tuning to them."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from xinglin.care.triage import Advice, Complaint, Person, assess

FOLDER = Path(__file__).parent
SETS = ("cases", "held_out", "fresh")


@dataclass(frozen=True, slots=True)
class Case:
    """One complaint. red: must lead to emergency. departments: any of these is right as the first."""

    text: str
    red: bool
    departments: frozenset[str]
    person: Person

    def advice(self) -> Advice:
        return assess(Complaint(self.text), self.person)


def cases(name: str) -> Iterator[Case]:
    with (FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            days = int(float(row["age"]) * 365) if row["age"] else None
            yield Case(
                row["text"], row["red"] == "1", frozenset(row["departments"].split("|")), Person(days, row["sex"])
            )
