"""Results in plain words: which everyday subject a code belongs to, and how far it lies off. No diagnosis. Pure."""

from collections.abc import Iterable
from typing import Any, Final, Literal

from xinglin.capabilities.health_records.rules.documents import codes
from xinglin.capabilities.health_records.rules.results import Flag, Reading

# normal, high, low, urgent, off (abnormal without a direction), unknown (no range)
Standing = Literal["normal", "high", "low", "urgent", "off", "unknown"]

# subject → LOINC codes
_SUBJECTS: Final[dict[str, Iterable[str]]] = {
    "pressure": ("85354-9", "55284-4", "8480-6", "8462-4"),
    "pulse": ("8867-4",),
    "temperature": ("8310-5", "8331-1"),
    "oxygen": ("59408-5", "2708-6"),
    "weight": ("29463-7", "39156-5", "8280-0", "56086-2"),
    "sugar": ("1558-6", "2339-0", "2345-7", "14749-6", "14771-0", "1521-4", "15074-8", "4548-4", "59261-8"),
    "fat": ("2093-3", "2571-8", "2089-1", "2085-9", "13457-7", "18262-6", "14647-2", "14927-8", "22748-8", "14646-4"),
    "kidney": ("2160-0", "14682-9", "3094-0", "22664-7", "33914-3", "48642-3", "62238-1", "9318-7", "14959-1"),
    "uric-acid": ("3084-1", "14933-6"),
    "liver": ("1742-6", "1920-8", "1975-2", "14631-6", "2324-2", "6768-6", "1751-7"),
    "blood": ("718-7", "789-8", "4544-3", "787-2", "785-6"),
    "white-cells": ("6690-2", "770-8", "736-9", "751-8", "731-0"),
    "platelets": ("777-3", "26515-7"),
    "salts": ("2823-3", "2951-2", "2075-0", "17861-6", "2000-8", "2601-3"),
    "thyroid": ("3016-3", "3024-7", "3051-0", "11580-8"),
    "inflammation": ("1988-5", "30522-7", "4537-7", "30341-2", "33959-8"),
    "urine": ("5804-0", "20454-5", "5770-3", "25428-4", "5792-7", "2514-8"),
}
_OF_CODE: Final = {code: subject for subject, these in _SUBJECTS.items() for code in these}


def subject(concept: Any) -> str:
    """Give the everyday subject of a result; empty for what has no plain word here."""
    return next((_OF_CODE[code] for code in sorted(codes(concept)) if code in _OF_CODE), "")


def standing(flag: Flag) -> Standing:
    """Say how a result lies: critical values want a doctor at once, whatever their direction."""
    plain: dict[Flag, Standing] = {"HH": "urgent", "LL": "urgent", "H": "high", "L": "low", "A": "off", "N": "normal"}
    return plain.get(flag, "unknown")


def of(reading: Reading) -> tuple[str, Standing]:
    """Give subject and standing of a result."""
    return subject(reading.concept), standing(reading.flag)
