"""Security labels: how sensitive a resource is (levels 1 to 5 of GB/T 39725), what class of data, which special class.

Level and class follow from the type by a table; special classes from the contents: codes, and words in free text,
contained ones included. A label that does not follow from the type is stamped into ``meta.security``, where the index
finds it; those that do follow are kept nowhere, stand in every answer (`addition`) and are found by
`fhir.search.sensitivity.implied` (ADR 0083).
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from typing import Any, Final

import msgspec

from xinglin.fhir.search import keys
from xinglin.fhir.search.sensitivity import BESIDE, CLASS, HIGHEST, LEVEL, belongs, class_of, level_of
from xinglin.fhir.sources import cites
from xinglin.security import wordings
from xinglin.tables.codes import rows

__all__ = ["BESIDE", "CLASS", "LEVEL", "belongs", "class_of", "level_of"]

SPECIAL: Final = "https://xinglin.health/fhir/CodeSystem/sensitive-class"

SPECIAL_CODES: Final = cites("R7-031")(
    {
        "mental": ("精神障碍", "Mental disorder"),
        "hiv": ("艾滋病", "HIV"),
        "std": ("性传播疾病", "Sexually transmitted disease"),
        "reproductive": ("生殖健康", "Reproductive health"),
        "gene": ("遗传信息", "Genetic information"),
        "minor": ("未满十四周岁", "Under 14"),
    }
)
CLASSES: Final = cites("R7-030")(
    {
        "personal": ("个人属性数据", "Personal attributes"),
        "status": ("健康状况数据", "Health status"),
        "application": ("医疗应用数据", "Medical application"),
        "payment": ("医疗支付数据", "Medical payment"),
        "resource": ("卫生资源数据", "Health resources"),
        "public-health": ("公共卫生数据", "Public health"),
    }
)
# The special classes whose data are of level 5; data of minors are sensitive (R7-001), but not of few hands only.
LEVEL_5: Final = cites("R7-022", "R7-031")(frozenset({"mental", "hiv", "std", "reproductive", "gene"}))
MINOR_YEARS: Final = cites("R7-001", "R7-003")(14)

# -- special classes ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Codes:
    """Codes that make data special: all that begin with any of the prefixes, in any of the systems."""

    label: str
    systems: frozenset[str]
    prefixes: tuple[str, ...]
    source: str


_ICD_10: Final = frozenset(
    {
        "http://hl7.org/fhir/sid/icd-10-cn",
        "http://hl7.org/fhir/sid/icd-10",
        "http://hl7.org/fhir/sid/icd-10-cm",
        "urn:oid:2.16.840.1.113883.6.3",
        "urn:oid:2.16.840.1.113883.6.90",
        "urn:oid:2.16.156.10011.2.3.3.11",
    }
)
_LOINC: Final = frozenset({"http://loinc.org"})
_SNOMED: Final = frozenset({"http://snomed.info/sct"})
_ATC: Final = frozenset({"http://www.whocc.no/atc"})
_DEPARTMENTS: Final = frozenset({"https://xinglin.health/fhir/CodeSystem/department"})
_DRUGS: Final = frozenset({"https://xinglin.health/fhir/CodeSystem/drug"})
_LABORATORY: Final = frozenset({"https://xinglin.health/fhir/CodeSystem/laboratory-item"})
_SERVICES: Final = frozenset({"https://xinglin.health/fhir/CodeSystem/service-item"})
_PROGRAMMES: Final = frozenset({f"https://xinglin.health/fhir/CodeSystem/{name}" for name in ("episode", "follow-up")})

# Nucleosides that are given for hepatitis B (J05AF05 07 08 10 11 13) tell of no HIV by themselves.
_HIV_ATC: Final = (
    *("J05AR", "J05AG", "J05AJ", *(f"J05AE{number:02}" for number in range(1, 11))),
    *("J05AF01", "J05AF02", "J05AF03", "J05AF04", "J05AF06", "J05AF09"),
)
_MENTAL_ATC: Final = ("N05A", "N06A")


def _drugs(of: tuple[str, ...]) -> tuple[str, ...]:
    """Give the codes of our catalogue of drugs that stand under ATC codes."""
    return tuple(row["code"] for row in rows("drugs.csv") if row["atc"].startswith(of))


VERSION: Final = "2026-11"
TABLE: Final = cites("R7-022", "R7-031")(
    (
        Codes("mental", _ICD_10, ("F",), "ICD-10 chapter V, F00-F99"),
        Codes("hiv", _ICD_10, ("B20", "B21", "B22", "B23", "B24", "Z21", "R75"), "ICD-10 B20-B24, Z21, R75"),
        Codes("std", _ICD_10, ("A50", "A51", "A52", "A53", "A54", "A55", "A56", "A57", "A58", "A59"), "ICD-10 A50-A64"),
        Codes("std", _ICD_10, ("A60", "A61", "A62", "A63", "A64"), "ICD-10 A50-A64"),
        Codes(
            "reproductive", _ICD_10, ("O00", "O01", "O02", "O03", "O04", "O05", "O06", "O07", "O08"), "ICD-10 O00-O08"
        ),
        Codes("reproductive", _ICD_10, ("Z30", "Z31", "Z64.0", "N46", "N97", "N98"), "ICD-10 N46, N97-N98, Z30-Z31"),
        Codes("gene", _ICD_10, ("Z15", "Z14"), "ICD-10-CM Z14-Z15, genetic carrier and susceptibility"),
        Codes(
            "gene",
            _LOINC,
            (
                "81247-9",
                "69548-6",
                "48018-6",
                "81252-9",
                "51968-6",
                "51969-4",
                "55233-1",
                "55207-5",
                "69547-8",
                "81258-6",
            ),
            "LOINC panel 81247-9 (master HL7 genetic variant reporting)",
        ),
        Codes(
            "hiv", _LOINC, ("7917-8", "75622-1", "56888-1", "29893-5", "25835-0", "20447-9"), "LOINC class MICRO, HIV"
        ),
        Codes("std", _LOINC, ("20507-0", "31147-2", "47238-1", "24312-1"), "LOINC, Treponema pallidum"),
        Codes("hiv", _SNOMED, ("86406008", "165816005", "62479008"), "SNOMED CT, human immunodeficiency virus"),
        Codes("mental", _SNOMED, ("74732009", "58214004", "370143000", "13746004", "35489007"), "SNOMED CT 74732009"),
        Codes("std", _SNOMED, ("8098009", "76272004", "15628003"), "SNOMED CT 8098009"),
        Codes("hiv", _ATC, _HIV_ATC, "ATC J05A, antivirals against HIV"),
        Codes("hiv", _DRUGS, _drugs(_HIV_ATC), "ATC J05A, by the catalogue of drugs"),
        Codes("mental", _ATC, _MENTAL_ATC, "ATC N05A antipsychotics, N06A antidepressants"),
        Codes("mental", _DRUGS, _drugs(_MENTAL_ATC), "ATC N05A, N06A, by the catalogue of drugs"),
        Codes("hiv", _LABORATORY, ("HIV",), "catalogue of laboratory items: HIVAB, HIVRNA"),
        Codes("std", _LABORATORY, ("TPAB", "RPR", "TRUST"), "catalogue of laboratory items: Treponema pallidum"),
        Codes("std", _SERVICES, ("F0103",), "catalogue of services: 梅毒螺旋体抗体"),
        Codes("gene", _SERVICES, ("F0127", "F0184"), "catalogue of services: 无创产前基因检测, 基因检测(EGFR)"),
        Codes("reproductive", _SERVICES, ("F0197",), "catalogue of services: 人工流产术"),
        Codes("mental", _SERVICES, ("F0249",), "catalogue of services: 心理治疗"),
        Codes("mental", _PROGRAMMES, ("severe-mental",), "国家基本公共卫生服务规范: 严重精神障碍患者管理"),
        Codes("mental", _DEPARTMENTS, ("15",), "诊疗科目名录 15 精神科"),
        Codes("std", _DEPARTMENTS, ("12.02",), "诊疗科目名录 12.02 性传播疾病专业"),
        Codes("reproductive", _DEPARTMENTS, ("05.03", "05.04", "05.05"), "诊疗科目名录 05.03-05.05"),
    )
)
_SYSTEMS: Final = frozenset(system for codes in TABLE for system in codes.systems)
_PREFIXES: Final = "|".join(
    sorted({re.escape(prefix) for codes in TABLE for prefix in codes.prefixes}, key=lambda one: (-len(one), one))
)
# A look at the bytes first: most resources hold no such code, and must not pay for a walk. Each mark by itself, as only
# a pattern that begins with plain characters is sought at the speed of memory.
_SUSPECT: Final = re.compile(rf'"code"\s*:\s*"(?:{_PREFIXES})'.encode())
_OUR_MARK: Final = SPECIAL.rpartition("/")[2].encode()
_LEVEL_MARK: Final = LEVEL.rpartition("/")[2].encode()
_CLOSE: Final = ord("}")

# Types that gather others: they inherit the labels of what they name (R7-031).
GATHERING: Final = frozenset({"Composition", "List", "DocumentReference", "DocumentManifest", "Bundle"})


@cites("R7-001", "R7-022", "R7-031")
def labels(type: str, tail: bytes) -> frozenset[str]:
    """Give the special classes that the contents of a resource have, contained ones included.

    tail: its JSON after meta.lastUpdated, as `store.body` cuts it.
    """
    worded = type in TOLD and wordings.suspect(tail)
    if not worded and _OUR_MARK not in tail and b"\\u00" not in tail and _SUSPECT.search(tail) is None:
        return _GENE if type == "MolecularSequence" else _NONE
    found: set[str] = {"gene"} if type == "MolecularSequence" else set()
    document = _whole(tail)
    for system, code in _codings(document):
        found |= special(system, code)
    if worded:
        for text in _texts(document):
            found |= wordings.classes(text)
    return frozenset(found)


# Types whose texts tell of one patient's health; questions, agreements and messages about them name diseases freely.
TOLD: Final = frozenset(
    {
        *("AllergyIntolerance", "CarePlan", "ClinicalImpression", "Composition", "Condition", "DetectedIssue"),
        *("DiagnosticReport", "Encounter", "EpisodeOfCare", "FamilyMemberHistory", "Flag", "ImagingStudy", "Media"),
        *("MedicationAdministration", "MedicationDispense", "MedicationRequest", "MedicationStatement", "Observation"),
        *("Procedure", "RiskAssessment", "ServiceRequest", "Specimen"),
    }
)
# Members that hold no words of a clinician: numbers, addresses, names of others.
_WORDLESS: Final = frozenset({"meta", "identifier", "reference", "system", "code", "url", "extension", "data"})
_TAG: Final = re.compile(r"<[^>]*>")
_NONE: Final[frozenset[str]] = frozenset()
_GENE: Final = frozenset({"gene"})


def named(tail: bytes) -> list[tuple[str, str]]:
    """Give the (type, id) of every resource of ours that a tail refers to, each once."""
    return _targets(tail if b"\\" not in tail else msgspec.json.encode(_whole(tail)))


def _targets(raw: bytes) -> list[tuple[str, str]]:
    found = _REFERENCE.finditer(raw)
    return list(
        dict.fromkeys((one[1].decode(), one[2].decode()) for one in found if one[1].decode() in keys.TYPE_CODES)
    )


_REFERENCE: Final = re.compile(
    rb'"reference"\s*:\s*"(?:[^"]*/)?([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})(?:/_history/[^"]*)?"'
)


def _whole(tail: bytes) -> Any:
    """Read a tail, or a whole resource."""
    return msgspec.json.decode(tail if tail.startswith(b"{") else b'{"meta":{"lastUpdated":""' + tail)


def special(system: str, code: str) -> set[str]:
    """Give the special classes of one coded value; a label of ours is its own."""
    if system == SPECIAL:
        return {code} & SPECIAL_CODES.keys()
    if system not in _SYSTEMS:
        return set()
    return {codes.label for codes in TABLE if system in codes.systems and code.startswith(codes.prefixes)}


def is_minor(born: str, today: date) -> bool:
    """Tell whether somebody born then (a FHIR date, perhaps only a year) may be under 14."""
    latest = (born + "-12-31"[len(born) - 4 :]) if len(born) in {4, 7} else born
    year, month, day = int(latest[:4]), int(latest[5:7]), int(latest[8:10])
    return today.year - year - ((today.month, today.day) < (month, day)) < MINOR_YEARS


def _codings(value: Any) -> Iterator[tuple[str, str]]:
    """Walk a JSON document for values with system and code."""
    if isinstance(value, dict):
        system, code = value.get("system"), value.get("code")
        if isinstance(system, str) and isinstance(code, str):
            yield system, code
        for inner in value.values():
            if isinstance(inner, dict | list):
                yield from _codings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _codings(inner)


def _texts(value: Any) -> Iterator[str]:
    """Walk a JSON document for texts; the narrative without its tags."""
    members = value.items() if isinstance(value, dict) else enumerate(value)
    for name, inner in members:
        if isinstance(inner, str):
            if name not in _WORDLESS:
                yield _TAG.sub(" ", inner) if name == "div" else inner
        elif isinstance(inner, dict | list) and (name not in _WORDLESS or name == "code"):
            yield from _texts(inner)


# -- meta.security --------------------------------------------------------------------------------------------------


def may_state(tail: bytes) -> bool:
    """Tell quickly whether a tail may state a label of ours."""
    return _OUR_MARK in tail or _LEVEL_MARK in tail or b"\\u" in tail


def stated(meta: Any) -> frozenset[str]:
    """Read the special classes, and ``5`` for the level, that ``meta.security`` states."""
    found = set()
    for coding in (meta.security if meta is not None else None) or ():
        if coding.system == SPECIAL and coding.code in SPECIAL_CODES:
            found.add(coding.code)
        if coding.system == LEVEL and coding.code == "5":
            found.add("5")
    return frozenset(found)


def complete(found: Iterable[str]) -> frozenset[str]:
    """Add level 5 where a special class asks for it."""
    every = frozenset(found)
    return every | {"5"} if every & LEVEL_5 else every


def codings(found: Iterable[str]) -> list[dict[str, str]]:
    """Spell labels as codings of ``meta.security``, always in the same order."""
    every = sorted(found)
    made = [{"system": LEVEL, "code": "5"}] if "5" in every else []
    return made + [{"system": SPECIAL, "code": code} for code in every if code != "5"]


def is_implied(coding: Any, type: str) -> bool:
    """Tell whether a coding (a dict, or with attributes) says a level or class that needs no keeping on a type.

    The class follows from the type whatever is stated; so does the level, unless a higher one is stated.
    """
    system, code = (
        (coding.get("system"), coding.get("code")) if isinstance(coding, dict) else (coding.system, coding.code)
    )
    return system == CLASS or (system == LEVEL and not _raises(type, code))


def overstated(meta: Any, type: str) -> bool:
    """Tell whether ``meta.security`` states what follows from the type."""
    return any(is_implied(coding, type) for coding in (meta.security if meta is not None else None) or ())


def _raises(type: str, code: str | None) -> bool:
    return code is not None and code in {str(level) for level in range(level_of(type) + 1, HIGHEST + 1)}


@cites("R7-031")
def without_implied(tail: bytes, type: str) -> bytes:
    """Take out of a tail the level and class that its type has anyway; a level that is lower counts for nothing."""
    security = _whole(tail)["meta"]["security"]
    kept = [one for one in security if not is_implied(one, type)]
    found = _Scanner(tail).member(b"security")
    if found is None or len(kept) == len(security):
        return tail
    start, end = found
    if kept:
        return tail[:start] + msgspec.json.encode(kept) + tail[end:]
    return tail[: tail.rindex(b",", 0, tail.rindex(b'"security"', 0, start))] + tail[end:]


@lru_cache(maxsize=256)
def _whole_addition(type: str) -> bytes:
    return b',"security":' + msgspec.json.encode(_implied(type, frozenset()))


def _implied(type: str, levels: frozenset[str]) -> list[dict[str, str]]:
    """Give the level, unless a higher one is stated, and the class of a type as codings."""
    made = [] if any(_raises(type, level) for level in levels) else [{"system": LEVEL, "code": str(level_of(type))}]
    return [*made, {"system": CLASS, "code": class_of(type)}]


@cites("R7-030", "R7-031")
def addition(type: str, tail: bytes) -> tuple[int, bytes]:
    """Give what an answer says of level and class besides what is kept, and where in the tail that belongs."""
    if tail[0] == _CLOSE or b'"security"' not in tail:
        return 0, _whole_addition(type)
    found = _Scanner(tail).member(b"security")
    if found is None:
        return 0, _whole_addition(type)
    start, end = found
    listed = msgspec.json.decode(tail[start:end])
    if not listed:
        return start + 1, msgspec.json.encode(_implied(type, frozenset()))[1:-1]
    codings_ = [one for one in listed if isinstance(one, dict)]
    levels = frozenset(str(one.get("code")) for one in codings_ if one.get("system") == LEVEL)
    return start + 1, msgspec.json.encode(_implied(type, levels))[1:-1] + b","


def stamped(tail: bytes, meta: Any, wanted: frozenset[str]) -> bytes:
    """Put labels into the tail of a resource (`store.body`: what follows the value of meta.lastUpdated).

    meta: that of the resource as given. Without meta.security a few bytes are inserted; else its list is written anew.
    """
    missing = wanted - stated(meta)
    if not missing:
        return tail
    kept = list((meta.security if meta is not None else None) or ())
    if not kept:
        return b',"security":' + msgspec.json.encode(codings(missing)) + tail
    document = _whole(tail)
    document["meta"]["security"] += codings(missing)
    made = msgspec.json.encode(document["meta"]["security"])
    return _replaced(tail, made)


def _replaced(tail: bytes, made: bytes) -> bytes:
    """Replace the value of meta.security in a tail, touching nothing else."""
    scanner = _Scanner(tail)
    found = scanner.member(b"security")
    if found is None:
        raise ValueError("the tail has no meta.security")
    return tail[: found[0]] + made + tail[found[1] :]


class _Scanner:
    """Finds a member of meta in a tail; the JSON has been judged before, so its form is sound."""

    def __init__(self, tail: bytes) -> None:
        self.tail = tail

    def member(self, name: bytes) -> tuple[int, int] | None:
        """Give where the value of a member of meta begins and ends; None when meta has none of that name."""
        at = 0
        while True:
            at = self._skip(at)  # the comma before a member
            if self.tail[at] == _CLOSE:
                return None
            key_end = self._string(at)
            key = self.tail[at:key_end]
            value = self._skip(key_end)  # the colon
            end = self._value(value)
            if key == b'"' + name + b'"':
                return value, end
            at = end

    def _skip(self, at: int) -> int:
        while self.tail[at] in b" \t\r\n,:":
            at += 1
        return at

    def _string(self, at: int) -> int:
        at += 1
        while self.tail[at] != 0x22:
            at += 2 if self.tail[at] == 0x5C else 1
        return at + 1

    def _value(self, at: int) -> int:
        first = self.tail[at]
        if first == 0x22:
            return self._string(at)
        if first not in b"{[":
            while self.tail[at] not in b",]} \t\r\n":
                at += 1
            return at
        depth = 0
        while True:
            byte = self.tail[at]
            if byte == 0x22:
                at = self._string(at)
                continue
            depth += 1 if byte in b"{[" else -1 if byte in b"}]" else 0
            at += 1
            if not depth:
                return at


def gathers_key(type: str, id: str) -> int:
    """Give the key under which the index finds what gathers a resource (`GATHERING`)."""
    return _GATHERS ^ keys.rid_of(type, id)


def gathered(resource: Any) -> list[int]:
    """Give the keys of everything of patients that a gathering resource names, each once."""
    found = _targets(msgspec.json.encode(resource))
    return list(dict.fromkeys(gathers_key(type, id) for type, id in found if belongs(type)))


_GATHERS: Final = keys.hash64("~gathers")


@cache
def label_keys(type: str) -> dict[str, int]:
    """Give the index key of each label on a type: ``5`` and the special classes."""
    made = {code: keys.token_key(type, "_security", SPECIAL, code) for code in SPECIAL_CODES}
    return made | {"5": keys.token_key(type, "_security", LEVEL, "5")}


@cache
def keyed_labels(type: str) -> dict[int, str]:
    """Give the labels that are handed on by their index keys: all but that of a child."""
    return {key: label for label, key in label_keys(type).items() if label != "minor"}
