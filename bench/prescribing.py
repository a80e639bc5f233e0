"""How long the checks of a prescription take: five lines beside forty medicines that the patient has.

The bound is what a screen may take between two key strokes; beside it, what decoding such a request alone costs.
"""

import statistics
import time
from datetime import date
from decimal import Decimal
from typing import Final

import msgspec

from bench.measure import Measurement
from xinglin.care.prescribing.case import prepare
from xinglin.care.prescribing.checks import check
from xinglin.care.prescribing.forms import Current, DrugLine, Patient, Prescriber, Prescription, Setting
from xinglin.tables.catalogues import Drug, drugs

WANTED_MS: Final = 5.0
TIMES: Final = 300
AT_HAND: Final = 40
_DAY: Final = date(2026, 11, 22)
_LINES: Final = ("苯磺酸氨氯地平片", "盐酸二甲双胍片", "阿托伐他汀钙片", "阿司匹林肠溶片", "布洛芬缓释胶囊")


def measure() -> list[Measurement]:
    """Measure the middle and the 95th of a hundred checks, each with other medicines at hand."""
    patients = [_patient(start) for start in range(TIMES)]
    prescription, prescriber, setting = _prescription(), _prescriber(), Setting("online", "03.04")
    prepare()  # as a server does at its start
    check(prescription, patients[0], prescriber=prescriber, setting=setting, day=_DAY)
    took, worked, found = [], [], 0
    for patient in patients:
        began, working = time.perf_counter(), time.thread_time()
        found += len(check(prescription, patient, prescriber=prescriber, setting=setting, day=_DAY))
        took.append((time.perf_counter() - began) * 1e3)
        worked.append((time.thread_time() - working) * 1e3)
    p95, p95_worked = (sorted(one)[int(TIMES * 0.95)] for one in (took, worked))
    floor = _decoding(prescription, patients[0])
    notes: dict[str, object] = {
        "median": round(statistics.median(took), 3),
        "p95 of processor time": round(p95_worked, 3),
        "findings": round(found / TIMES, 1),
        "decoding alone": round(floor, 4),
    }
    return [Measurement("checks, 5 lines beside 40 medicines: p95", "ms", WANTED_MS, p95, 1.0, less=True, notes=notes)]


def _decoding(prescription: Prescription, patient: Patient) -> float:
    """Measure reading the same values from JSON, in ms: what no check can be quicker than."""
    raw = msgspec.json.encode([prescription, patient])
    began = time.perf_counter()
    for _ in range(TIMES):
        msgspec.json.decode(raw)
    return (time.perf_counter() - began) / TIMES * 1e3


def _prescription() -> Prescription:
    known = {one.name: one for one in drugs()}
    return Prescription(
        kind="ordinary",
        issued=_DAY,
        lines=tuple(_line(known[name]) for name in _LINES),
        diagnoses=("I10.x00x002", "E11.900", "E78.500"),
    )


def _line(drug: Drug) -> DrugLine:
    return DrugLine(drug.code, drug.adult_dose or Decimal(1), drug.dose_unit, drug.frequency, drug.route, 7, 1)


def _patient(start: int) -> Patient:
    """Give a patient with forty medicines, others for each *start*."""
    every = drugs()
    at_hand = tuple(Current(code=every[(start * 7 + number * 23) % len(every)].code) for number in range(AT_HAND))
    conditions = ("I10.x00x002", "E11.900", "I25.103", "N18.900", "J44.900")
    return Patient(born=date(1950, 3, 1), sex="female", allergies=("青霉素",), conditions=conditions, current=at_hand)


def _prescriber() -> Prescriber:
    return Prescriber(
        physician=True,
        here=True,
        title_level="senior",
        departments=("03.04",),
        rights=frozenset({"western", "patent", "slices"}),
        antibiotic="restricted",
        institution_level=3,
    )
